/// Puts bits back that the bitshuffle filter has sorted.
///
/// A block of n elements of s bytes, n a multiple of 8, is stored as 8·s rows of n/8 bytes. Row
/// 8·j + k has bit k of byte j of each element, the first element in the lowest bit.
/// - Source: bitshuffle 0.5, `src/bitshuffle_core.c`.
enum Bitshuffle {
    /// Puts the bits of one block back into elements of `elementByteCount` bytes.
    ///
    /// Both buffers have the size of the block.
    static func restore(
        _ rows: UnsafeRawBufferPointer,
        into elements: UnsafeMutableRawBufferPointer,
        elementByteCount: Int
    ) {
        precondition(rows.count == elements.count, "one block")
        precondition(rows.count.isMultiple(of: 8 * elementByteCount), "eight elements at a time")
        guard let source = rows.baseAddress, let target = elements.baseAddress else { return }
        let rowByteCount = rows.count / (8 * elementByteCount)
        for byte in 0..<elementByteCount {
            let plane = source + 8 * byte * rowByteCount
            for group in 0..<rowByteCount {
                var bits: UInt64 = 0
                for row in 0..<8 {
                    let part = plane.load(
                        fromByteOffset: row &* rowByteCount &+ group,
                        as: UInt8.self
                    )
                    bits |= UInt64(part) << UInt64(8 &* row)
                }
                bits = transposed(bits)
                let first = target + (8 &* group &* elementByteCount &+ byte)
                for element in 0..<8 {
                    first.storeBytes(
                        of: UInt8(truncatingIfNeeded: bits >> UInt64(8 &* element)),
                        toByteOffset: element &* elementByteCount,
                        as: UInt8.self
                    )
                }
            }
        }
    }

    /// A matrix of 8 × 8 bits, one byte a row, with rows and columns swapped.
    private static func transposed(_ matrix: UInt64) -> UInt64 {
        var bits = matrix
        var swap = (bits ^ (bits >> 7)) & 0x00aa_00aa_00aa_00aa
        bits ^= swap ^ (swap << 7)
        swap = (bits ^ (bits >> 14)) & 0x0000_cccc_0000_cccc
        bits ^= swap ^ (swap << 14)
        swap = (bits ^ (bits >> 28)) & 0x0000_0000_f0f0_f0f0
        return bits ^ swap ^ (swap << 28)
    }
}
