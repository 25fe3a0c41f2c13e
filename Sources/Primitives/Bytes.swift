/// Raw bytes, the currency between the codec, the kernels and the drivers.
package typealias Bytes = [UInt8]

/// Lower-case hexadecimal text of `bytes`, two characters a byte.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits: Bytes = Array("0123456789abcdef".utf8)
    var text: Bytes = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that hexadecimal `text` spells, or nil when it is not pairs of digits.
package func bytes(hexadecimal text: some StringProtocol) -> Bytes? {
    let characters = Array(text.utf8)
    guard characters.count.isMultiple(of: 2) else { return nil }
    var result: Bytes = []
    result.reserveCapacity(characters.count / 2)
    for index in stride(from: 0, to: characters.count, by: 2) {
        guard let high = nibble(characters[index]), let low = nibble(characters[index + 1]) else {
            return nil
        }
        result.append(high << 4 | low)
    }
    return result
}

private func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}
