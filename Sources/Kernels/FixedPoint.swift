/// `number` with `decimals` digits after the point, right-aligned in `width` characters.
///
/// Correctly rounded, halves to the even digit: the text of C's `%*.*f`, for any number and up to
/// 12 decimals, without a C library.
package func fixedPoint(_ number: Double, decimals: Int, width: Int) -> String {
    precondition(decimals >= 1 && decimals <= 12, "5¹² × 2⁵³ × 2¹² fits 128 bits")
    let sign = number.sign == .minus && !number.isNaN ? "-" : ""
    let text: String
    if number.isNaN {
        text = "nan"
    } else if number.isInfinite {
        text = sign + "inf"
    } else {
        text = sign + digits(of: number.magnitude, decimals: decimals)
    }
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

private func digits(of magnitude: Double, decimals: Int) -> String {
    let exponentMin = -1_074
    let isNormal = magnitude.isNormal
    let fraction = UInt128(magnitude.significandBitPattern)
    let significand = isNormal ? fraction | 1 << 52 : fraction
    let exponent = isNormal ? Int(magnitude.exponent) - 52 : exponentMin
    guard exponent < 0 else {
        return wholeDigits(significand, exponent: exponent) + "."
            + String(repeating: "0", count: decimals)
    }
    var power: UInt128 = 1
    for _ in 0..<decimals { power *= 10 }
    let (whole, rest) = rounded(significand * power, shift: -exponent)
        .quotientAndRemainder(dividingBy: power)
    return String(whole) + "." + String(rest + power).dropFirst()
}

/// `number` ÷ 2^`shift`, rounded to the nearest, halves to even; `number` is below 2⁹⁴.
private func rounded(_ number: UInt128, shift: Int) -> UInt128 {
    guard shift < 127 else { return 0 }
    let quotient = number >> UInt128(shift)
    let rest = number - quotient << UInt128(shift)
    let half: UInt128 = 1 << UInt128(shift - 1)
    let isUp = rest > half || rest == half && quotient & 1 == 1
    return isUp ? quotient + 1 : quotient
}

/// The digits of `significand` × 2^`exponent`, by long division of limbs of nine digits.
private func wholeDigits(_ significand: UInt128, exponent: Int) -> String {
    let base: UInt128 = 1_000_000_000
    var limbs: [UInt64] = []
    var rest = significand
    while rest > 0 {
        limbs.append(UInt64(rest % base))
        rest /= base
    }
    for _ in 0..<exponent {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let doubled = 2 * limbs[index] + carry
            (carry, limbs[index]) = doubled.quotientAndRemainder(dividingBy: UInt64(base))
        }
        if carry > 0 { limbs.append(carry) }
    }
    guard let last = limbs.last else { return "0" }
    return limbs.dropLast().reversed().reduce(String(last)) { text, limb in
        text + String(limb + UInt64(base)).dropFirst()
    }
}
