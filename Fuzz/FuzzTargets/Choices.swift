import Primitives

/// Decisions taken from an input, one after another; zeros once it is at its end.
struct Choices {
    private let bytes: Bytes
    private var position: Int

    /// Decisions from `bytes`, from the byte at `position` on.
    init(_ bytes: Bytes, from position: Int = 0) {
        self.bytes = bytes
        self.position = min(position, bytes.count)
    }

    /// Whether every byte has been used.
    var isAtEnd: Bool { position == bytes.count }

    /// The next byte.
    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// A number below `bound`, which is at least 1 and at most 65 536.
    mutating func below(_ bound: Int) -> Int {
        guard bound > 256 else { return Int(byte()) % bound }
        return (Int(byte()) << 8 | Int(byte())) % bound
    }

    /// One chance in `count`; never once the input is at its end.
    mutating func oneIn(_ count: Int) -> Bool { below(count) == count - 1 }

    /// One of `values`, which are not empty.
    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// A number: small, at a bound of its type, or any.
    mutating func number() -> UInt64 {
        switch below(8) {
        case 0...3: UInt64(byte())
        case 4: UInt64(byte()) << 8 | UInt64(byte())
        case 5: .max - UInt64(byte())
        case 6: 1 << UInt64(byte() & 63)
        default: (0..<8).reduce(0) { number, _ in number << 8 | UInt64(byte()) }
        }
    }

    /// A digest that nothing in the protocol makes.
    mutating func digest() -> Digest { Digest(UInt64(byte()), 0xF022, 0, 0) }

    /// The next `count` bytes, or those that are left.
    mutating func bytes(_ count: Int) -> Bytes {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Bytes(bytes[position..<end])
    }
}
