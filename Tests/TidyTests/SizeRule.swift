/// How large lines, functions and files may grow.
enum SizeRule {
    /// Characters in a line.
    static let lineMax = 100
    /// Lines of a function, from its first word to its last brace.
    static let functionMax = 70
    /// Lines of a file.
    static let fileMax = 600

    /// The lines of a Swift, C or header file that are too long, and the file if it is.
    static func findings(path: String, lines: [String]) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in lines.enumerated() where line.count > lineMax {
            let remedy = "\(line.count) characters; break the line, at most \(lineMax)"
            findings.append(Finding(file: path, line: index + 1, remedy: remedy))
        }
        if lines.count > fileMax {
            let remedy = "\(lines.count) lines; split off Type+Topic.swift, at most \(fileMax)"
            findings.append(Finding(file: path, line: fileMax + 1, remedy: remedy))
        }
        return findings
    }

    /// The functions, initializers and subscripts of `file` that are too long.
    static func functions(in file: SwiftFile) -> [Finding] {
        var findings: [Finding] = []
        for index in file.tokens.indices where isFunction(index, in: file) {
            guard let body = body(after: index, in: file) else { continue }
            let last = file.indexAfterBracket(at: body) - 1
            let first = file.tokens[index].line
            let count = file.tokens[last].line - first + 1
            guard count > functionMax else { continue }
            let remedy = "function of \(count) lines; split it, at most \(functionMax)"
            findings.append(file.finding(first, remedy))
        }
        return findings
    }

    private static func isFunction(_ index: Int, in file: SwiftFile) -> Bool {
        let isKeyword = ["func", "init", "deinit", "subscript"].contains(file.text(index))
        return isKeyword && file.text(index - 1) != "."
    }

    /// The brace that opens the body; nil for the requirement of a protocol.
    private static func body(after index: Int, in file: SwiftFile) -> Int? {
        let ends = ["}", "func", "init", "deinit", "subscript", "var", "let", "case", "static"]
        var position = index + 1
        while position < file.tokens.count {
            let text = file.text(position)
            if text == "{" { return position }
            if ends.contains(text) { return nil }
            let opens = text == "(" || text == "["
            position = opens ? file.indexAfterBracket(at: position) : position + 1
        }
        return nil
    }
}
