/// Decodes LZ4 blocks; every length and distance in them may be a lie.
///
/// - Source: LZ4 block format, https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
enum LZ4Block {
    /// Decodes `input` into `output`; false unless that fills it, and uses all of the input.
    static func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let source = input.baseAddress, let target = output.baseAddress else { return false }
        var read = 0
        var written = 0
        while read < input.count {
            let token = Int(source.load(fromByteOffset: read, as: UInt8.self))
            read += 1
            guard let literals = length(token >> 4, input, &read),
                literals <= input.count - read, literals <= output.count - written
            else { return false }
            (target + written).copyMemory(from: source + read, byteCount: literals)
            read += literals
            written += literals
            // The last sequence has no match.
            if read == input.count { return written == output.count }
            guard input.count - read >= 2 else { return false }
            let distance = Int(
                UInt16(littleEndian: source.loadUnaligned(fromByteOffset: read, as: UInt16.self))
            )
            read += 2
            guard distance > 0, distance <= written, let extra = length(token & 15, input, &read),
                extra + leastMatch <= output.count - written
            else { return false }
            repeatBytes(target + written, distance: distance, count: extra + leastMatch)
            written += extra + leastMatch
        }
        return false
    }

    /// Bytes of the shortest match.
    private static let leastMatch = 4

    /// A length of four bits, which goes on in further bytes when all are set.
    private static func length(
        _ bits: Int,
        _ input: UnsafeRawBufferPointer,
        _ read: inout Int
    ) -> Int? {
        guard bits == 15 else { return bits }
        var length = 15
        while true {
            guard read < input.count else { return nil }
            let byte = Int(input[read])
            read += 1
            length += byte
            if byte < 255 { return length }
        }
    }

    /// Copies `count` bytes from `distance` before `target`, where they may overlap.
    private static func repeatBytes(_ target: UnsafeMutableRawPointer, distance: Int, count: Int) {
        let source = target - distance
        if distance >= count {
            return target.copyMemory(from: source, byteCount: count)
        }
        var done = 0
        if distance >= 8 {
            while done + 8 <= count {
                let word = source.loadUnaligned(fromByteOffset: done, as: UInt64.self)
                target.storeBytes(of: word, toByteOffset: done, as: UInt64.self)
                done += 8
            }
        }
        while done < count {
            let byte = source.load(fromByteOffset: done, as: UInt8.self)
            target.storeBytes(of: byte, toByteOffset: done, as: UInt8.self)
            done += 1
        }
    }
}
