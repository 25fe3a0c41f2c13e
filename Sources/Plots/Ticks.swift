import Glibc

/// Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.
package struct Ticks: Hashable, Sendable {
    /// Ascending, all inside the range.
    package let values: [Double]
    /// The power of ten of the last digit that tells neighbours apart.
    let exponent: Int

    /// Four to `countMax` numbers from `low` to `high`, as few as possible.
    ///
    /// Where no round step gives so many, they are three, or fewer when `countMax` is below ten or
    /// `low` and `high` are too close to be told apart.
    package init(from low: Double, to high: Double, countMax: Int = 9) {
        var best: (values: [Double], exponent: Int) = ([], 0)
        let span = high - low
        guard span.isFinite, span > 0, span > 1e-12 * max(low.magnitude, high.magnitude) else {
            self.init(values: [], exponent: 0)
            return
        }
        let decade = Int(log10(span).rounded(.down))
        // From coarse to fine: the first with four or more wins.
        search: for exponent in stride(from: decade, through: decade - 2, by: -1) {
            for factor in [5.0, 2, 1] {
                let values = Self.multiples(factor, exponent, low, high)
                if values.count > countMax { break search }
                best = (values, exponent)
                if values.count >= 4 { break search }
            }
        }
        self.init(values: best.values, exponent: best.exponent)
    }

    private init(values: [Double], exponent: Int) {
        self.values = values
        self.exponent = exponent
    }

    /// The text of each number; with a power of ten, as 2e9, where it would be long otherwise.
    package var labels: [String] {
        let largest = values.map(\.magnitude).max() ?? 0
        guard largest >= 1e7 || exponent < -9 || largest < 1e-4 else {
            return values.map { decimal($0, places: -exponent) }
        }
        return values.map { scientific($0, exponent: exponent) }
    }

    /// The text of a number that stands alone and has one digit that is not zero.
    static func label(of number: Double) -> String {
        let exponent = Int(log10(number.magnitude).rounded(.down))
        guard number.magnitude >= 1e7 || number.magnitude < 1e-4 else {
            return decimal(number, places: -exponent)
        }
        return scientific(number, exponent: exponent)
    }

    private static func multiples(
        _ factor: Double,
        _ exponent: Int,
        _ low: Double,
        _ high: Double
    ) -> [Double] {
        // Division by a whole power of ten is exact to the last digit, multiplication is not.
        let scale = pow(10, Double(exponent.magnitude))
        func value(_ index: Double) -> Double {
            exponent < 0 ? index * factor / scale : index * factor * scale
        }
        let step = value(1)
        // A hair of room, so that ends that are round themselves count.
        let room = 1e-9 * (high - low)
        var index = ((low - room) / step).rounded(.up)
        var values: [Double] = []
        while values.count < 100, value(index) <= high + room {
            // No negative zero.
            values.append(min(max(value(index), low), high) + 0)
            index += 1
        }
        return values
    }
}

/// `number` with `places` digits behind the point and a real minus sign.
package func decimal(_ number: Double, places: Int) -> String {
    let places = min(max(0, places), 15)
    let scaled = (number.magnitude * pow(10, Double(places))).rounded()
    guard scaled.isFinite, scaled < 9e15 else { return plain(number) }
    var digits = String(Int(scaled))
    digits = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = number < 0 && scaled > 0 ? "−" : ""
    guard places > 0 else { return sign + digits }
    return "\(sign)\(digits.dropLast(places)).\(digits.suffix(places))"
}

private func plain(_ number: Double) -> String {
    let text = "\(number.magnitude)"
    return number < 0 ? "−" + text : text
}

/// `number` as digits and a power of ten, down to the digit of 10^`exponent`.
private func scientific(_ number: Double, exponent: Int) -> String {
    // In two steps, for no number of 64 bits holds the smallest power of ten.
    let half = exponent / 2
    let scaled = (number.magnitude / pow(10, Double(half)) / pow(10, Double(exponent - half)))
        .rounded()
    guard scaled > 0, scaled < 9e15 else { return decimal(number, places: 0) }
    var digits = String(Int(scaled))
    let power = exponent + digits.count - 1
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let rest = digits.count > 1 ? ".\(digits.dropFirst())" : ""
    let sign = number < 0 ? "−" : ""
    return "\(sign)\(digits.prefix(1))\(rest)e\(power < 0 ? "−" : "")\(power.magnitude)"
}

/// A unit with its prefix, in which numbers of some size are short.
struct Unit: Hashable, Sendable {
    let name: String
    /// One of it, in the unit without prefix.
    let size: Double

    /// The unit in which `magnitude`, hertz, is 1 to 1 000.
    static func frequency(_ magnitude: Double) -> Unit {
        let prefixes: [(name: String, size: Double)] = [
            ("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3), ("Hz", 1), ("mHz", 1e-3),
        ]
        let fit = prefixes.first { magnitude >= 2 * $0.size } ?? ("µHz", 1e-6)
        return Unit(name: fit.name, size: fit.size)
    }

    /// The unit for times up to `magnitude` seconds.
    static func time(_ magnitude: Double) -> Unit {
        let units: [(name: String, size: Double)] = [
            ("d", 86_400), ("h", 3_600), ("s", 1), ("ms", 1e-3), ("µs", 1e-6),
        ]
        let fit = units.first { magnitude >= 3 * $0.size } ?? ("ns", 1e-9)
        return Unit(name: fit.name, size: fit.size)
    }
}
