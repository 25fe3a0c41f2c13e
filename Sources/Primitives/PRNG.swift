/// A seeded generator of pseudo-random numbers, for jitter and for the simulator.
///
/// Never for secrets. Noncopyable: two copies would silently repeat each other.
/// - Source: SplitMix64, Steele, Lea and Flood, OOPSLA 2014.
public struct PRNG: ~Copyable, Sendable {
    private var state: UInt64

    /// A generator whose whole sequence follows from `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number in `0..<bound`, by multiply and shift; `bound` is above zero.
    public mutating func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0, "a range needs at least one number")
        return next().multipliedFullWidth(by: bound).high
    }

    /// True with the probability `ratio`.
    public mutating func chance(_ ratio: Ratio) -> Bool {
        below(ratio.denominator) < ratio.numerator
    }

    /// A length of time below `span`; zero for no span.
    public mutating func jitter(below span: TimeSpan) -> TimeSpan {
        span == .zero ? .zero : TimeSpan(nanoseconds: below(span.nanoseconds))
    }

    /// An independent generator.
    public mutating func split() -> PRNG { PRNG(seed: next()) }
}

/// A probability or share as a fraction of whole numbers; decisions use no floating point.
public struct Ratio: Hashable, Sendable {
    /// The part.
    public let numerator: UInt64
    /// The whole, above zero.
    public let denominator: UInt64

    /// `numerator` of `denominator`, which is above zero.
    public init(_ numerator: UInt64, of denominator: UInt64) {
        precondition(denominator > 0, "a share of nothing has no meaning")
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Never.
    public static let never = Ratio(0, of: 1)
}
