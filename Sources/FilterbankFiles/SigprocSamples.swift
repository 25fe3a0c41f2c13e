import Kernels
import Primitives

/// The samples of a SIGPROC file on disk.
struct SigprocSamples: SampleSource {
    private let file: OpenFile
    private let start: Int
    private let channelCount: Int
    private let sampleByteCount: Int

    /// Samples that begin at byte `start` of `file`.
    init(_ file: OpenFile, start: Int, _ header: FilterbankHeader) {
        self.file = file
        self.start = start
        channelCount = header.channelCount
        sampleByteCount = header.sampleByteCount
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        let first = step * channelCount + channels.lowerBound
        let bytes = try file.bytes(
            at: start + first * sampleByteCount,
            count: channels.count * sampleByteCount
        )
        return bytes[...]
    }
}
