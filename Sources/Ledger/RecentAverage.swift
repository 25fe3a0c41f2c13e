/// How much old work still counts: half after a week, in whole numbers, alike on every machine.
///
/// Work of an hour *a* hours ago counts with the weight `2^(−a/168)`. Weights are fractions of 2⁶³:
/// ```
/// factor    = 2^(−1/168) · 2⁶³, rounded to the nearest number
/// hour[0]   = 2⁶³        hour[n] = ⌊hour[n−1] · factor / 2⁶³⌋
/// weight(a) = ⌊hour[a mod 168] / 2^⌊a/168⌋⌋
/// average   = ⌊⌊Σ operations · weight / 2⁶³⌋ · 24 · (2⁶³ − factor) / 2⁶³⌋
/// ```
/// The average is in operations a day: a peer that computes alike in every hour has what it does
/// in a day. It differs from the one in real numbers by less than 2, and 2⁻⁵⁸ of all operations.
package struct RecentAverage: Sendable {
    /// Hours until work counts half.
    package static let halfLife: UInt64 = 168
    /// One, as a weight.
    package static let one: UInt64 = 1 << 63
    /// What is left of a weight after an hour.
    package static let factor: UInt64 = 9_185_395_943_039_508_846

    private let hours: [UInt64]

    /// Works out the weights.
    package init() {
        var hours = [Self.one]
        for _ in 1..<Self.halfLife {
            let product = UInt128(hours[hours.count - 1]) * UInt128(Self.factor)
            hours.append(UInt64(product >> 63))
        }
        self.hours = hours
    }

    /// The weight of work `age` hours ago.
    package func weight(age: UInt64) -> UInt64 {
        let halvings = age / Self.halfLife
        return halvings < 64 ? hours[Int(age % Self.halfLife)] >> halvings : 0
    }

    /// Operations a day, from the sum of operations times their weights.
    package static func average(of sum: UInt128) -> UInt64 {
        let scaled = (sum >> 63) * UInt128(24 * (one - factor))
        return UInt64(scaled >> 63)
    }
}
