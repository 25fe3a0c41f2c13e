import Glibc
import Kernels
import Synchronization

/// Processor time that reading samples takes, on all threads together.
final class ReadingTime: Sendable {
    private let nanoseconds = Atomic<UInt64>(0)

    /// A filterbank whose reading is timed.
    func timing(_ filterbank: Filterbank) -> Filterbank {
        filterbank.reading { TimedSamples(source: $0, time: self) }
    }

    /// Seconds since the last call.
    func take() -> Double { Double(nanoseconds.exchange(0, ordering: .relaxed)) / 1e9 }

    private struct TimedSamples: SampleSource {
        let source: any SampleSource
        let time: ReadingTime

        func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
            let start = ReadingTime.now
            defer { time.nanoseconds.add(ReadingTime.now &- start, ordering: .relaxed) }
            return try source.samples(step: step, channels: channels)
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
