import Kernels
import Primitives

/// Samples that stand in a file as they are: [step][channel], little-endian.
struct PlainSamples: SampleSource {
    private let file: OpenFile
    private let start: Int
    private let shape: SampleShape

    /// Samples that begin at byte `start` of `file`.
    init(_ file: OpenFile, start: Int, _ shape: SampleShape) {
        self.file = file
        self.start = start
        self.shape = shape
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        let first = step * shape.channelCount + channels.lowerBound
        let bytes = try file.bytes(
            at: start + first * shape.sampleByteCount,
            count: channels.count * shape.sampleByteCount
        )
        return bytes[...]
    }
}

/// Samples whose bytes stand the other way round in the file.
struct SwappedSamples: SampleSource {
    private let source: any SampleSource
    private let sampleByteCount: Int

    /// The samples of `source`, each of so many bytes.
    init(_ source: any SampleSource, sampleByteCount: Int) {
        self.source = source
        self.sampleByteCount = sampleByteCount
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        var bytes = try source.samples(step: step, channels: channels)
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: sampleByteCount) {
            bytes[start..<(start + sampleByteCount)].reverse()
        }
        return bytes
    }
}

/// How many samples there are, and how wide each is.
struct SampleShape: Sendable {
    let stepCount: Int
    let channelCount: Int
    let sampleByteCount: Int

    /// As many as `header` and the number of steps say.
    init(_ header: FilterbankHeader, stepCount: Int) {
        self.stepCount = stepCount
        channelCount = header.channelCount
        sampleByteCount = header.sampleByteCount
    }

    /// Bytes of all samples; huge where a file claims what none can hold.
    var byteCount: Double {
        Double(stepCount) * Double(channelCount) * Double(sampleByteCount)
    }
}
