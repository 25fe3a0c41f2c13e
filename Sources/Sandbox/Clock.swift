import Glibc

/// Nanoseconds of the system's monotonic clock, which stands still while the machine sleeps.
///
/// Not `SuspendingClock`, which would make the executor carry Swift's concurrency runtime.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

extension Duration {
    /// The length in nanoseconds, between zero and the largest number.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, isOver) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return isOver ? .max : whole + min(UInt64(attoseconds / 1_000_000_000), .max - whole)
    }
}

/// A clock that can be halted.
struct Stopwatch {
    private var elapsedBefore: UInt64 = 0
    private var startedAt: UInt64?

    /// Nanoseconds during which it ran.
    var elapsed: UInt64 {
        guard let startedAt else { return elapsedBefore }
        return elapsedBefore + monotonicNanoseconds() - startedAt
    }

    mutating func start() {
        if startedAt == nil { startedAt = monotonicNanoseconds() }
    }

    mutating func halt() {
        elapsedBefore = elapsed
        startedAt = nil
    }
}
