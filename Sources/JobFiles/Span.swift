import Primitives

/// Lengths of time as people write them: `90s`, `30m`, `1h30m`, `2d`.
package enum Span {
    /// The longest that is taken: ten years.
    package static let secondsMax: UInt64 = 10 * 365 * 86_400

    /// The seconds of `text`; nil for anything else than numbers, each with its unit.
    package static func seconds(_ text: String) -> UInt64? {
        var sum: UInt64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let factor = factor(of: character), let number = UInt64(digits) else {
                return nil
            }
            sum = saturatingSum(sum, saturatingProduct(number, factor))
            digits = ""
        }
        guard digits.isEmpty, (1...secondsMax).contains(sum) else { return nil }
        return sum
    }

    private static func factor(of unit: Character) -> UInt64? {
        switch unit {
        case "s": 1
        case "m": 60
        case "h": 3_600
        case "d": 86_400
        default: nil
        }
    }
}
