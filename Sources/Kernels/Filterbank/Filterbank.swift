package import Primitives

/// Where the samples of a filterbank stand: in memory, in a file, or compressed in one.
package protocol SampleSource: Sendable {
    /// The bytes of `channels` at `step`, little-endian, in the order of the channels.
    ///
    /// Both are inside the shape that the filterbank has; threads may ask at the same time.
    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8>
}

/// A filterbank: its header, and where its samples are.
///
/// Power per channel and step, shape [step][channel], unitless.
package struct Filterbank: Sendable {
    /// What the samples mean.
    package let header: FilterbankHeader
    /// Steps in the file.
    package let stepCount: Int
    private var source: any SampleSource

    /// A filterbank of `stepCount` steps whose samples are in `source`.
    package init(
        header: FilterbankHeader,
        stepCount: Int,
        source: any SampleSource
    ) throws(InputError) {
        try header.checkNumbers()
        guard stepCount >= header.announcedStepCount else {
            throw .malformed(
                "the header announces \(header.announcedStepCount) steps, the file has "
                    + "\(stepCount)"
            )
        }
        guard stepCount >= 2, stepCount <= KernelLimits.stepCountMax else {
            throw .unsuitable(
                "the file has \(stepCount) steps; 2 to \(KernelLimits.stepCountMax) can be "
                    + "searched"
            )
        }
        self.header = header
        self.stepCount = stepCount
        self.source = source
    }

    /// The SIGPROC file that `bytes` are; all samples must be there.
    package init(_ bytes: Bytes) throws(InputError) {
        let (header, start) = try FilterbankHeader.read(bytes)
        let steps = try header.stepCount(payloadByteCount: bytes.count - start)
        let source = SamplesInMemory(bytes: bytes, start: start, header: header)
        try self.init(header: header, stepCount: steps, source: source)
    }

    /// The same, but its samples are read through what `wrap` makes of their source.
    package func reading(
        through wrap: (any SampleSource) -> any SampleSource
    ) -> Filterbank {
        var other = self
        other.source = wrap(source)
        return other
    }

    /// The bytes of `channels` at `step`.
    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        let bytes = try source.samples(step: step, channels: channels)
        precondition(bytes.count == channels.count * header.sampleByteCount, "a whole row's part")
        return bytes
    }

    /// The samples of `channels` at `step`, all finite.
    package func numbers(step: Int, channels: Range<Int>) throws(InputError) -> [Float] {
        var numbers: [Float] = []
        try read(step: step, channels: channels, into: &numbers)
        return numbers
    }

    /// Puts the samples of `channels` at `step` into `numbers`, in place of what was there.
    func read(
        step: Int,
        channels: Range<Int>,
        into numbers: inout [Float]
    ) throws(InputError) {
        let bytes = try samples(step: step, channels: channels)
        numbers.removeAll(keepingCapacity: true)
        numbers.append(contentsOf: repeatElement(0, count: channels.count))
        let bits = header.sampleBits
        let bad = unsafe numbers.withUnsafeMutableBufferPointer { numbers -> Int? in
            guard let start = numbers.baseAddress else { return nil }
            return unsafe decodeSamples(bytes, bits: bits, into: start)
        }
        guard let bad else { return }
        throw .unsuitable(
            "the sample of channel \(channels.lowerBound + bad) at step \(step) is "
                + "\(numbers[bad]); replace what is not a number or beyond 1e30"
        )
    }
}

extension FilterbankHeader {
    /// How many steps `payloadByteCount` bytes of samples are; a part of a step is refused.
    package func stepCount(payloadByteCount: Int) throws(InputError) -> Int {
        let rowByteCount = channelCount * sampleByteCount
        let (rows, rest) = payloadByteCount.quotientAndRemainder(dividingBy: rowByteCount)
        guard rest == 0 else {
            throw .malformed(
                "the last step has \(rest) of \(rowByteCount) bytes; the file was cut off"
            )
        }
        return rows
    }
}

/// The samples of a file that is whole in memory.
private struct SamplesInMemory: SampleSource {
    let bytes: Bytes
    let start: Int
    let header: FilterbankHeader

    func samples(step: Int, channels: Range<Int>) -> ArraySlice<UInt8> {
        let size = header.sampleByteCount
        let row = start + step * header.channelCount * size
        return bytes[(row + channels.lowerBound * size)..<(row + channels.upperBound * size)]
    }
}
