package import Primitives

/// Reads little-endian fields from untrusted bytes; past the end every read gives nil.
package struct LittleEndianReader {
    private let bytes: Bytes
    private(set) var offset: Int

    /// A reader of `bytes` from `offset` on, which is not negative.
    package init(_ bytes: Bytes, at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Bytes that are left.
    package var remaining: Int { bytes.count - offset }

    /// The next integer of that type.
    package mutating func integer<Word: FixedWidthInteger>(_ type: Word.Type) -> Word? {
        let size = Word.bitWidth / 8
        guard remaining >= size else { return nil }
        var word: Word = 0
        for index in 0..<size {
            word |= Word(truncatingIfNeeded: bytes[offset + index]) << Word(8 * index)
        }
        offset += size
        return word
    }

    mutating func float() -> Float? { integer(UInt32.self).map { Float(bitPattern: $0) } }

    mutating func double() -> Double? { integer(UInt64.self).map { Double(bitPattern: $0) } }

    /// The next `count` bytes.
    package mutating func slice(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }
}

extension Bytes {
    /// Appends the bytes of `word`, the least significant one first.
    package mutating func append<Word: FixedWidthInteger>(littleEndian word: Word) {
        for shift in stride(from: 0, to: Word.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: word >> Word(shift)))
        }
    }

    mutating func append(littleEndian number: Float) { append(littleEndian: number.bitPattern) }

    mutating func append(littleEndian number: Double) { append(littleEndian: number.bitPattern) }
}
