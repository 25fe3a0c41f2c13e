/// Thirty-two bytes: a SHA-256 digest or a public key, ordered as unsigned big-endian numbers.
///
/// Held as four words, so that comparing and hashing touch no memory outside the value.
public struct Digest: Hashable, Comparable, Sendable {
    /// Bytes in a digest.
    public static let byteCount = 32

    /// The digest of all zero bits, used where a slot has nothing to say.
    public static let zero = Digest(0, 0, 0, 0)

    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// A digest from four big-endian words, most significant first.
    public init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    /// A digest from exactly 32 bytes; nil for any other count.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ index: Int) -> UInt64 {
            var word: UInt64 = 0
            let start = bytes.startIndex + index * 8
            for offset in start..<start + 8 { word = word << 8 | UInt64(bytes[offset]) }
            return word
        }
        self.init(word(0), word(1), word(2), word(3))
    }

    /// A digest from exactly 32 bytes; nil for any other count.
    package init?(_ bytes: Bytes) { self.init(bytes[...]) }

    /// A digest from 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        guard let bytes = Primitives.bytes(hexadecimal: text) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes, most significant first.
    package var bytes: Bytes {
        var result: Bytes = []
        result.reserveCapacity(Self.byteCount)
        append(to: &result)
        return result
    }

    /// The four words, most significant first.
    public var words: (UInt64, UInt64, UInt64, UInt64) { (first, second, third, fourth) }

    /// The first eight bytes as a big-endian number.
    public var prefix: UInt64 { first }

    /// Appends the 32 bytes to `bytes`.
    package func append(to bytes: inout Bytes) {
        let words = (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
        unsafe withUnsafeBytes(of: words) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The sum of two digests as 256-bit numbers, modulo 2²⁵⁶.
    public static func &+ (left: Digest, right: Digest) -> Digest {
        let (d, carryD) = left.fourth.addingReportingOverflow(right.fourth)
        let (c, carryC) = add(left.third, right.third, carryD)
        let (b, carryB) = add(left.second, right.second, carryC)
        let (a, _) = add(left.first, right.first, carryB)
        return Digest(a, b, c, d)
    }

    /// Half of the words are enough for a hash table: nobody can make two digests that share them.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(first)
        hasher.combine(fourth)
    }

    /// The order of unsigned big-endian numbers.
    public static func < (left: Digest, right: Digest) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        if left.third != right.third { return left.third < right.third }
        return left.fourth < right.fourth
    }

    private static func add(_ x: UInt64, _ y: UInt64, _ carry: Bool) -> (UInt64, Bool) {
        let (partial, over) = x.addingReportingOverflow(y)
        let (sum, overAgain) = partial.addingReportingOverflow(carry ? 1 : 0)
        return (sum, over || overAgain)
    }
}

extension Digest: CustomStringConvertible {
    /// All 64 hexadecimal digits.
    public var description: String { hexadecimal(bytes) }
}
