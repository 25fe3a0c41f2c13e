package import Primitives

/// Reads deterministic CBOR and refuses every other form of the same value.
///
/// It never traps, and it allocates no more than the input is long: every count is checked against
/// its limit and against the bytes that are left before anything is reserved.
package struct CBORDecoder: Sendable {
    private let bytes: Bytes
    /// Offset of the next byte to read.
    package private(set) var position: Int

    /// A decoder of `bytes` from the byte at `position` on, which is not beyond their end.
    package init(_ bytes: Bytes, at position: Int = 0) {
        precondition((0...bytes.count).contains(position), "a decoder begins within its input")
        self.bytes = bytes
        self.position = position
    }

    /// Fails unless every byte has been read.
    package func finish() throws(DecodeError) {
        guard position == bytes.count else { throw .trailing(count: bytes.count - position) }
    }

    /// An unsigned number.
    package mutating func unsigned() throws(DecodeError) -> UInt64 {
        try head(0, expected: "unsigned number")
    }

    /// An unsigned number of at most `limit`.
    package mutating func unsigned(
        upTo limit: UInt64,
        field: String
    ) throws(DecodeError) -> UInt64 {
        let start = position
        let number = try unsigned()
        guard number <= limit else { throw .outOfRange(at: start, field: field) }
        return number
    }

    /// An unsigned number that fits 32 bits.
    package mutating func unsigned32(field: String) throws(DecodeError) -> UInt32 {
        UInt32(try unsigned(upTo: UInt64(UInt32.max), field: field))
    }

    /// A small unsigned number that fits 8 bits.
    package mutating func unsigned8(field: String) throws(DecodeError) -> UInt8 {
        UInt8(try unsigned(upTo: UInt64(UInt8.max), field: field))
    }

    /// A byte string of at most `limit` bytes.
    package mutating func byteString(upTo limit: Int) throws(DecodeError) -> Bytes {
        let count = try length(2, limit: limit, expected: "byte string")
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// A byte string of exactly `count` bytes.
    package mutating func byteString(exactly count: Int) throws(DecodeError) -> Bytes {
        let start = position
        let content = try byteString(upTo: count)
        guard content.count == count else { throw .outOfRange(at: start, field: "length") }
        return content
    }

    /// A digest: a byte string of exactly 32 bytes.
    package mutating func digest() throws(DecodeError) -> Digest {
        let start = position
        let count = try length(2, limit: Digest.byteCount, expected: "byte string")
        guard let digest = Digest(bytes[position..<position + count]) else {
            throw .outOfRange(at: start, field: "length")
        }
        position += count
        return digest
    }

    /// An identifier: a byte string of exactly 32 bytes.
    package mutating func identifier<ID: Identifier>() throws(DecodeError) -> ID {
        ID(try digest())
    }

    /// A signature: a byte string of exactly 64 bytes.
    package mutating func signature() throws(DecodeError) -> Signature {
        let start = position
        guard let signature = Signature(try byteString(upTo: Signature.byteCount)) else {
            throw .outOfRange(at: start, field: "length")
        }
        return signature
    }

    /// A text string of at most `limit` bytes of UTF-8.
    package mutating func text(upTo limit: Int) throws(DecodeError) -> String {
        let count = try length(3, limit: limit, expected: "text string")
        let start = position
        position += count
        guard let text = String(validating: bytes[start..<start + count], as: UTF8.self) else {
            throw .invalidText(at: start)
        }
        return text
    }

    /// A name: printable ASCII of at most `Limits.nameByteCount` bytes, so that equal names have
    /// equal bytes, names sort alike everywhere, and no name can upset a terminal.
    package mutating func name() throws(DecodeError) -> String {
        let start = position
        let name = try text(upTo: Limits.nameByteCount)
        guard name.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw .invalidText(at: start)
        }
        return name
    }

    /// Whether the next item is a text string.
    package var isAtText: Bool { position < bytes.count && bytes[position] >> 5 == 3 }

    /// True or false.
    package mutating func bool() throws(DecodeError) -> Bool {
        switch try peek() {
        case 0xf4:
            position += 1
            return false
        case 0xf5:
            position += 1
            return true
        default:
            throw .unexpectedType(at: position, expected: "true or false")
        }
    }

    /// Consumes a null if one is next, and says whether it did.
    package mutating func null() throws(DecodeError) -> Bool {
        guard try peek() == 0xf6 else { return false }
        position += 1
        return true
    }

    /// The head of an array of at most `limit` items.
    package mutating func array(upTo limit: Int) throws(DecodeError) -> Int {
        try length(4, limit: limit, expected: "array")
    }

    /// The head of an array of exactly `count` items.
    package mutating func array(exactly count: Int) throws(DecodeError) {
        let start = position
        guard try array(upTo: count) == count else {
            throw .outOfRange(at: start, field: "array count")
        }
    }

    /// The head of a map of exactly `count` pairs.
    package mutating func map(exactly count: Int) throws(DecodeError) {
        let start = position
        guard try length(5, limit: count, expected: "map") == count else {
            throw .outOfRange(at: start, field: "map count")
        }
    }

    /// The map key `key`, which is due here.
    package mutating func key(_ key: UInt64) throws(DecodeError) {
        let start = position
        guard try unsigned() == key else { throw .unexpectedKey(at: start, expected: key) }
    }

    /// The tag `number`, which is due here.
    package mutating func tag(_ number: UInt64) throws(DecodeError) {
        let start = position
        guard try head(6, expected: "tag") == number else {
            throw .unexpectedType(at: start, expected: "tag \(number)")
        }
    }

    /// An array of at most `limit` items, each read by `item`.
    package mutating func list<Element>(
        upTo limit: Int,
        _ item: (inout CBORDecoder) throws(DecodeError) -> Element
    ) throws(DecodeError) -> [Element] {
        let count = try array(upTo: limit)
        var list: [Element] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try item(&self)) }
        return list
    }

    /// An array of at most `limit` items whose `order` strictly ascends.
    package mutating func ascending<Element, Order: Comparable>(
        upTo limit: Int,
        field: String,
        by order: (Element) -> Order,
        _ item: (inout CBORDecoder) throws(DecodeError) -> Element
    ) throws(DecodeError) -> [Element] {
        let start = position
        let list = try list(upTo: limit, item)
        for (left, right) in zip(list, list.dropFirst()) where order(left) >= order(right) {
            throw .notAscending(at: start, field: field)
        }
        return list
    }

    /// The index of one unit, below `Limits.unitsPerManifest`.
    package mutating func unit() throws(DecodeError) -> UInt32 {
        UInt32(try unsigned(upTo: UInt64(Limits.unitsPerManifest - 1), field: "unit"))
    }

    /// The index of a shard, below `Limits.shardsPerManifest`.
    package mutating func shard() throws(DecodeError) -> UInt32 {
        UInt32(try unsigned(upTo: UInt64(Limits.shardsPerManifest - 1), field: "shard"))
    }

    /// Unit indices: 1 to `Limits.unitsPerBundle` numbers, strictly ascending.
    package mutating func units() throws(DecodeError) -> [UInt32] {
        let start = position
        let units = try ascending(
            upTo: Limits.unitsPerBundle,
            field: "units",
            by: { $0 },
            { (decoder) throws(DecodeError) in try decoder.unit() }
        )
        guard !units.isEmpty else { throw .outOfRange(at: start, field: "units") }
        return units
    }

    /// Shards of one manifest, ascending, one at least.
    package mutating func shards() throws(DecodeError) -> [UInt32] {
        let start = position
        let shards = try ascending(
            upTo: Int(Limits.shardsPerManifest),
            field: "shards",
            by: { $0 },
            { (decoder) throws(DecodeError) in try decoder.shard() }
        )
        guard !shards.isEmpty else { throw .outOfRange(at: start, field: "shards") }
        return shards
    }

    private func peek() throws(DecodeError) -> UInt8 {
        guard position < bytes.count else { throw .truncated(at: position) }
        return bytes[position]
    }

    private mutating func length(
        _ major: UInt8,
        limit: Int,
        expected: String
    ) throws(DecodeError) -> Int {
        let start = position
        let number = try head(major, expected: expected)
        guard number <= UInt64(limit) else { throw .tooLong(at: start, limit: limit) }
        // Every item takes at least one byte, so a count beyond the rest cannot be honest.
        guard number <= UInt64(bytes.count - position) else { throw .truncated(at: bytes.count) }
        return Int(number)
    }

    private mutating func head(_ major: UInt8, expected: String) throws(DecodeError) -> UInt64 {
        let start = position
        let first = try peek()
        guard first >> 5 == major else { throw .unexpectedType(at: start, expected: expected) }
        position += 1
        let argument = first & 31
        guard argument >= 24 else { return UInt64(argument) }
        guard argument <= 27 else { throw .notDeterministic(at: start) }
        let byteCount = 1 << Int(argument - 24)
        guard bytes.count - position >= byteCount else { throw .truncated(at: bytes.count) }
        var number: UInt64 = 0
        for byte in bytes[position..<position + byteCount] { number = number << 8 | UInt64(byte) }
        position += byteCount
        let smallest: UInt64 = byteCount == 1 ? 24 : 1 << UInt64(4 * byteCount)
        guard number >= smallest else { throw .notDeterministic(at: start) }
        return number
    }
}
