package import Primitives

/// A filterbank file in memory: its header, and where each sample stands.
///
/// Power per channel and step, shape [step][channel], row-major, unitless.
package struct Filterbank: Sendable {
    /// What the samples mean.
    package let header: FilterbankHeader
    /// Steps in the file.
    package let stepCount: Int

    let bytes: Bytes
    let payloadOffset: Int

    /// Reads the header of `bytes` and checks that all samples are there; O(1) beside the header.
    package init(_ bytes: Bytes) throws(InputError) {
        let (header, payloadOffset) = try FilterbankHeader.read(bytes)
        let rowByteCount = header.channelCount * header.sampleByteCount
        let (rows, rest) = (bytes.count - payloadOffset).quotientAndRemainder(
            dividingBy: rowByteCount
        )
        guard rest == 0 else {
            throw .malformed(
                "the last step has \(rest) of \(rowByteCount) bytes; the file was cut off"
            )
        }
        guard rows >= header.announcedStepCount else {
            throw .malformed(
                "the header announces \(header.announcedStepCount) steps, the file has \(rows)"
            )
        }
        guard rows >= 2, rows <= KernelLimits.stepCountMax else {
            throw .unsuitable(
                "the file has \(rows) steps; 2 to \(KernelLimits.stepCountMax) can be searched"
            )
        }
        self.header = header
        self.bytes = bytes
        self.payloadOffset = payloadOffset
        stepCount = rows
    }

    /// The bytes of `channels` at `step`.
    func sampleBytes(step: Int, channels: Range<Int>) -> ArraySlice<UInt8> {
        let size = header.sampleByteCount
        let row = payloadOffset + step * header.channelCount * size
        return bytes[(row + channels.lowerBound * size)..<(row + channels.upperBound * size)]
    }
}
