/// Replaces comments and the text of string literals by spaces, so that rules see code alone.
///
/// Every byte keeps its place and every line its number. Code inside an interpolation stays, for it
/// runs. Regex literals are not known: nobody uses them here.
///
/// ```
/// CODE ── " ──▶ STRING ── \( ──▶ CODE (of the interpolation)
///   ▲              │ "                  │ ) that closes it
///   └──────────────┘        STRING ◀────┘
/// ```
struct CodeStripper {
    private enum Context {
        case code(openParentheses: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    private let source: [UInt8]
    private var result: [UInt8]
    private var position = 0
    private var contexts: [Context] = [.code(openParentheses: 0)]

    /// The code of `source`, the rest blank.
    static func strip(_ source: [UInt8]) -> [UInt8] {
        var stripper = CodeStripper(source)
        while stripper.position < source.count { stripper.step() }
        return stripper.result
    }

    private init(_ source: [UInt8]) {
        self.source = source
        result = source
    }

    private mutating func step() {
        switch contexts[contexts.count - 1] {
        case .code(let openParentheses):
            stepCode(openParentheses)
        case .string(let hashes, let isMultiline):
            stepString(hashes, isMultiline)
        }
    }

    private mutating func stepCode(_ openParentheses: Int) {
        if starts(with: "//") { return blankLineComment() }
        if starts(with: "/*") { return blankBlockComment() }
        if opensString() { return }
        switch source[position] {
        case UInt8(ascii: "("):
            contexts[contexts.count - 1] = .code(openParentheses: openParentheses + 1)
        case UInt8(ascii: ")"):
            if openParentheses == 0 && contexts.count > 1 {
                contexts.removeLast()
                return blank(1)
            }
            contexts[contexts.count - 1] = .code(openParentheses: openParentheses - 1)
        default:
            break
        }
        position += 1
    }

    private mutating func stepString(_ hashes: Int, _ isMultiline: Bool) {
        let delimiter = String(repeating: "#", count: hashes)
        let quotes = isMultiline ? "\"\"\"" : "\""
        if starts(with: quotes + delimiter) {
            contexts.removeLast()
            blank(quotes.utf8.count + hashes)
        } else if starts(with: "\\" + delimiter + "(") {
            contexts.append(.code(openParentheses: 0))
            blank(2 + hashes)
        } else if starts(with: "\\" + delimiter) {
            blank(2 + hashes)
        } else {
            if source[position] == UInt8(ascii: "\n") && !isMultiline { contexts.removeLast() }
            blank(1)
        }
    }

    /// Enters a string when one begins here; returns whether one did.
    private mutating func opensString() -> Bool {
        var hashes = 0
        while byte(at: position + hashes) == UInt8(ascii: "#") { hashes += 1 }
        guard byte(at: position + hashes) == UInt8(ascii: "\"") else { return false }
        let isMultiline = starts(with: "\"\"\"\n", at: position + hashes)
        contexts.append(.string(hashes: hashes, isMultiline: isMultiline))
        blank(hashes + (isMultiline ? 3 : 1))
        return true
    }

    private mutating func blankLineComment() {
        while position < source.count && source[position] != UInt8(ascii: "\n") { blank(1) }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                blank(2)
            } else if starts(with: "*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && position < source.count
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where position < source.count {
            if source[position] != UInt8(ascii: "\n") { result[position] = UInt8(ascii: " ") }
            position += 1
        }
    }

    private func starts(with text: String, at start: Int? = nil) -> Bool {
        var index = start ?? position
        for character in text.utf8 {
            guard byte(at: index) == character else { return false }
            index += 1
        }
        return true
    }

    private func byte(at index: Int) -> UInt8? { index < source.count ? source[index] : nil }
}
