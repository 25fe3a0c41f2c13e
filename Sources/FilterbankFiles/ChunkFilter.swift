import CZlib
import Kernels
import Primitives

/// A filter of HDF5 itself that chunks may have gone through.
/// - Source: HDF5 file format specification 3.0, filter pipeline message; HDF5 1.10 library,
///   `H5Zshuffle.c` and `H5checksum.c`.
enum ChunkFilter: Sendable {
    /// Compressed by zlib.
    case deflate
    /// The first bytes of all elements, then the second ones, and so on.
    case shuffle
    /// Followed by a check sum of four bytes.
    case checksum

    /// Bytes that filters may have added to a chunk before others came to it; HDF5 has at most 32.
    static let extraByteCountMax = 32 * 4

    init(_ filter: Hdf5Filter) throws(InputError) {
        switch filter.number {
        case 1: self = .deflate
        case 2: self = .shuffle
        case 3: self = .checksum
        case Hdf5Filter.bitshuffle:
            throw .unsuitable(
                "the dataset has other filters beside bitshuffle; write it with one or the other"
            )
        default:
            throw .unsuitable(
                "the samples went through HDF5 filter \(filter.number), which is not known here; "
                    + "convert the file with blimpy's h52fil"
            )
        }
    }

    /// What `bytes` were before the filter, at most `limit` bytes; nil when they are damaged.
    func restore(_ bytes: Bytes, upTo limit: Int, elementByteCount: Int) -> Bytes? {
        switch self {
        case .deflate: Self.inflated(bytes, upTo: limit)
        case .shuffle: Self.unshuffled(bytes, elementByteCount)
        case .checksum: Self.checked(bytes)
        }
    }

    private static func inflated(_ bytes: Bytes, upTo limit: Int) -> Bytes? {
        var status: CInt = Z_OK
        let output = Bytes(unsafeUninitializedCapacity: limit) { buffer, done in
            var count = uLongf(limit)
            status = uncompress(buffer.baseAddress, &count, bytes, uLong(bytes.count))
            done = status == Z_OK ? Int(count) : 0
        }
        return status == Z_OK ? output : nil
    }

    /// What is less than an element at the end was not moved.
    private static func unshuffled(_ bytes: Bytes, _ size: Int) -> Bytes {
        let count = bytes.count / size
        guard size > 1, count > 1 else { return bytes }
        var output = bytes
        output.withUnsafeMutableBufferPointer { output in
            bytes.withUnsafeBufferPointer { bytes in
                for place in 0..<size {
                    let plane = UnsafeBufferPointer(rebasing: bytes[(place * count)...])
                    for element in 0..<count { output[element * size + place] = plane[element] }
                }
            }
        }
        return output
    }

    private static func checked(_ bytes: Bytes) -> Bytes? {
        guard bytes.count >= 4 else { return nil }
        let content = Bytes(bytes.dropLast(4))
        var reader = LittleEndianReader(bytes, at: content.count)
        guard let low = reader.integer(UInt16.self), let high = reader.integer(UInt16.self) else {
            return nil
        }
        let sums = fletcherSums(content)
        // Sums of 65 535 and of zero are one and the same.
        return (UInt64(low) % 65_535, UInt64(high) % 65_535) == sums ? content : nil
    }

    /// Fletcher's sums of 16-bit words, the first byte higher, modulo 65 535.
    private static func fletcherSums(_ bytes: Bytes) -> (first: UInt64, second: UInt64) {
        var (first, second): (UInt64, UInt64) = (0, 0)
        var index = 0
        while index < bytes.count {
            let low = index + 1 < bytes.count ? bytes[index + 1] : 0
            first = (first + UInt64(bytes[index]) << 8 + UInt64(low)) % 65_535
            second = (second + first) % 65_535
            index += 2
        }
        return (first, second)
    }
}
