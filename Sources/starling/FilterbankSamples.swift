import Kernels
import Plots
import Primitives

extension Samples {
    /// The samples of a filterbank file that was searched, and so is whole.
    init(_ file: InputFile) throws {
        let (header, payloadOffset) = try FilterbankHeader.read(file.bytes)
        let rowByteCount = header.channelCount * header.sampleByteCount
        let bytes = file.bytes
        self.init(
            stepCount: (bytes.count - payloadOffset) / rowByteCount,
            channelCount: header.channelCount
        ) { step, channels in
            let row = payloadOffset + step * rowByteCount
            let first = row + channels.lowerBound * header.sampleByteCount
            let end = row + channels.upperBound * header.sampleByteCount
            return decoded(bytes[first..<end], bits: header.sampleBits)
        }
    }
}

/// Little-endian samples of `bits` bits as numbers.
private func decoded(_ bytes: ArraySlice<UInt8>, bits: Int) -> [Float] {
    bytes.withUnsafeBytes { raw in
        switch bits {
        case 8:
            raw.map { Float($0) }
        case 16:
            (0..<(raw.count / 2)).map { index in
                let word = raw.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                return Float(UInt16(littleEndian: word))
            }
        default:
            (0..<(raw.count / 4)).map { index in
                let word = raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: word))
            }
        }
    }
}
