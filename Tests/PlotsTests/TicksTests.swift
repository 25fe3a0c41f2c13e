import Foundation
import Plots
import Testing

/// Numbers along an axis are round, inside the range, and neither few nor many.
struct TicksTests {
    private static let ranges: [(low: Double, high: Double)] = {
        var ranges = [
            (0.0, 1.0), (-1, 1), (6, 24), (0, 292.057776), (8421.020503, 8421.386719), (-4.4, 4.4),
            (1e-9, 3e-9), (-7e12, 2e11), (0, 0.1), (99.999, 100.001),
        ]
        var state: UInt64 = 7
        func draw() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 33) / Double(1 << 31)
        }
        for _ in 0..<500 {
            let span = pow(10, 12 * draw() - 6)
            let low = (draw() - 0.5) * span * pow(10, 3 * draw())
            ranges.append((low, low + span))
        }
        return ranges
    }()

    @Test func fourToNineRoundNumbersLieInTheRange() {
        for (low, high) in Self.ranges {
            let values = Ticks(from: low, to: high).values
            #expect(values.allSatisfy { low <= $0 && $0 <= high }, "\(low) to \(high)")
            let step = values.count > 1 ? values[1] - values[0] : .nan
            let mantissa = step / pow(10, (log10(step) + 1e-6).rounded(.down))
            #expect([1, 2, 5].contains { abs($0 - mantissa) < 1e-4 }, "step \(step)")
            for value in values {
                #expect(abs(value / step - (value / step).rounded()) < 1e-4, "\(value)")
            }
            // From 6 to 24 there are three multiples of 5 and ten of 2.
            let isBetween = fits(low, high)
            #expect((isBetween ? 4...9 : 3...3).contains(values.count), "\(low) to \(high)")
        }
    }

    /// Whether any round step has four to nine multiples in the range.
    private func fits(_ low: Double, _ high: Double) -> Bool {
        let decade = log10(high - low).rounded(.down)
        return [-2.0, -1, 0].contains { power in
            [1.0, 2, 5].contains { factor in
                let step = factor * pow(10, decade + power)
                let room = 1e-9 * (high - low)
                let count =
                    ((high + room) / step).rounded(.down)
                    - ((low - room) / step).rounded(.up) + 1
                return (4...9).contains(count)
            }
        }
    }

    @Test func labelsTellNeighboursApart() {
        for (low, high) in Self.ranges {
            let labels = Ticks(from: low, to: high).labels
            #expect(Set(labels).count == labels.count, "\(labels)")
        }
        #expect(Ticks(from: -1, to: 1).labels == ["−1.0", "−0.5", "0.0", "0.5", "1.0"])
        #expect(Ticks(from: 0, to: 4e9).labels == ["0", "1e9", "2e9", "3e9", "4e9"])
    }

    @Test func rangesWithoutNumbersHaveNone() {
        for (low, high) in [
            (1.0, 1.0), (2, 1), (.nan, 1), (0, .infinity), (1e16, 1e16 + 4),
            (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude),
        ] {
            #expect(Ticks(from: low, to: high).values.isEmpty)
        }
    }

    @Test func fewerAreMadeWhereRoomIsShort() {
        for countMax in 1...9 {
            let ticks = Ticks(from: 0.3, to: 9.7, countMax: countMax)
            #expect(ticks.values.count <= countMax)
        }
    }

    @Test func decimalsAreRounded() {
        #expect(decimal(2.9005, places: 2) == "2.90")
        #expect(decimal(-0.001, places: 2) == "0.00")
        #expect(decimal(-12.5, places: 0) == "−13")
        #expect(decimal(.nan, places: 2) == "nan")
    }
}
