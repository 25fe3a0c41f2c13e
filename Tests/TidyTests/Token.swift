/// A word, a number or a single sign of Swift code.
struct Token: Equatable {
    enum Kind { case word, number, sign }

    let kind: Kind
    let text: String
    /// The line, counted from one.
    let line: Int
    /// Whether no space stands between the token before and this one.
    let isAdjacent: Bool

    /// The tokens of `code`, which holds no comment and no string any more.
    static func all(in code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var position = 0
        var end = -1
        while position < code.count {
            if code[position] == UInt8(ascii: "\n") { line += 1 }
            if isSpace(code[position]) {
                position += 1
                continue
            }
            let start = position
            let kind = Self.kind(of: code[start])
            switch kind {
            case .word:
                while position < code.count && isWord(code[position]) { position += 1 }
            case .number:
                position = endOfNumber(in: code, from: start, isMember: tokens.last?.text == ".")
            case .sign:
                position += 1
            }
            let text = String(decoding: code[start..<position], as: UTF8.self)
            tokens.append(Token(kind: kind, text: text, line: line, isAdjacent: start == end))
            end = position
        }
        return tokens
    }

    /// Whether this is a number with a fraction or an exponent.
    var isFloatingPoint: Bool {
        guard kind == .number else { return false }
        if text.hasPrefix("0x") { return text.contains(".") || text.contains("p") }
        return text.contains(".") || text.contains("e") || text.contains("E")
    }

    private static func kind(of byte: UInt8) -> Kind {
        if isDigit(byte) { return .number }
        return isWord(byte) ? .word : .sign
    }

    /// `isMember` tells the `1` of `pair.1`, which a dot may follow, from a fraction.
    private static func endOfNumber(in code: [UInt8], from start: Int, isMember: Bool) -> Int {
        var position = start
        while position < code.count {
            let isPoint = code[position] == UInt8(ascii: ".")
            let digitFollows = position + 1 < code.count && isDigit(code[position + 1])
            guard isPoint ? digitFollows && !isMember : isWord(code[position]) else { break }
            position += 1
        }
        return position
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte <= UInt8(ascii: " ") }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "_"), UInt8(ascii: "`"), 128...: true
        default: isDigit(byte)
        }
    }
}
