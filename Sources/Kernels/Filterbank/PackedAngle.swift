/// Packs an angle of `decimal` hours or degrees as (d)ddmmss.s, the seconds to eight decimals.
///
/// An angle beyond 1e5 either way, or one that is not finite, gives a number that no header may
/// have, so that checking refuses it.
/// - Source: astropy 7, `_decimal_to_sexagesimal_string`, which turboSETI's tables come from.
package func packedAngle(decimal: Double) -> Double {
    let whole = decimal.magnitude
    guard whole < 1e5 else { return .infinity }
    var degrees = whole.rounded(.down)
    let inMinutes = (whole - degrees) * 60
    var minutes = inMinutes.rounded(.down)
    var seconds = (((inMinutes - minutes) * 60) * 1e8).rounded(.toNearestOrEven) / 1e8
    if seconds >= 60 {
        seconds = 0
        minutes += 1
    }
    if minutes >= 60 {
        minutes = 0
        degrees += 1
    }
    let packed = degrees * 10_000 + minutes * 100 + seconds
    return decimal.sign == .minus ? -packed : packed
}
