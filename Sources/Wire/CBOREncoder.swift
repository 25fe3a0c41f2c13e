package import Primitives

/// Writes deterministic CBOR (RFC 8949 §4.2.1): shortest heads, definite lengths, and map keys that
/// the caller gives in ascending order.
package struct CBOREncoder: Sendable {
    /// What has been written.
    package private(set) var bytes: Bytes = []

    /// An encoder that has written nothing.
    package init() { bytes.reserveCapacity(Self.byteCountExpected) }

    /// Bytes for which there is room from the start: most of what is hashed or signed.
    private static let byteCountExpected = 224

    /// An unsigned number (major type 0).
    package mutating func unsigned(_ number: UInt64) { head(0, number) }

    /// A negative number −1 − `number` (major type 1).
    package mutating func negative(_ number: UInt64) { head(1, number) }

    /// A byte string (major type 2).
    package mutating func byteString(_ content: Bytes) {
        head(2, UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// A digest as a byte string of 32 bytes.
    package mutating func digest(_ digest: Digest) {
        head(2, UInt64(Digest.byteCount))
        digest.append(to: &bytes)
    }

    /// An identifier as a byte string of 32 bytes.
    package mutating func identifier(_ identifier: some Identifier) { digest(identifier.digest) }

    /// A signature as a byte string of 64 bytes.
    package mutating func signature(_ signature: Signature) { byteString(signature.bytes) }

    /// A text string (major type 3).
    package mutating func text(_ content: String) {
        head(3, UInt64(content.utf8.count))
        bytes.append(contentsOf: content.utf8)
    }

    /// The head of an array; `count` items follow.
    package mutating func array(_ count: Int) { head(4, UInt64(count)) }

    /// The head of a map; `count` pairs follow, keys ascending.
    package mutating func map(_ count: Int) { head(5, UInt64(count)) }

    /// A tag (major type 6); the tagged item follows.
    package mutating func tag(_ number: UInt64) { head(6, number) }

    /// True or false.
    package mutating func bool(_ value: Bool) { bytes.append(value ? 0xf5 : 0xf4) }

    /// Null, which stands for a field that has no value.
    package mutating func null() { bytes.append(0xf6) }

    /// An array of numbers.
    package mutating func unsigneds(_ numbers: some Collection<UInt64>) {
        array(numbers.count)
        for number in numbers { unsigned(number) }
    }

    /// An array of unit indices.
    package mutating func units(_ units: [UInt32]) {
        array(units.count)
        for unit in units { unsigned(UInt64(unit)) }
    }

    /// An array of digests.
    package mutating func digests(_ digests: [Digest]) {
        array(digests.count)
        for each in digests { digest(each) }
    }

    /// An array of identifiers.
    package mutating func identifiers(_ identifiers: [some Identifier]) {
        array(identifiers.count)
        for each in identifiers { identifier(each) }
    }

    private mutating func head(_ major: UInt8, _ number: UInt64) {
        let type = major << 5
        switch number {
        case 0..<24:
            bytes.append(type | UInt8(number))
        case 24...0xff:
            bytes.append(type | 24)
            bigEndian(number, byteCount: 1)
        case 0x100...0xffff:
            bytes.append(type | 25)
            bigEndian(number, byteCount: 2)
        case 0x1_0000...0xffff_ffff:
            bytes.append(type | 26)
            bigEndian(number, byteCount: 4)
        default:
            bytes.append(type | 27)
            bigEndian(number, byteCount: 8)
        }
    }

    private mutating func bigEndian(_ number: UInt64, byteCount: UInt64) {
        for index in 0..<byteCount {
            bytes.append(UInt8(truncatingIfNeeded: number >> (8 * (byteCount - 1 - index))))
        }
    }
}
