/// A Swift file as the rules see it.
struct SwiftFile {
    /// Where it is, relative to the root of the repository: `Sources/Wire/Message.swift`.
    let path: String
    /// The lines as they are written.
    let lines: [String]
    /// What is left of them without comments and strings, in order.
    let tokens: [Token]

    init(path: String, text: String) {
        self.path = path
        lines = SwiftFile.lines(of: text)
        tokens = Token.all(in: CodeStripper.strip(Array(text.utf8)))
    }

    /// `Sources`, `Tests` or whichever other folder the file is in.
    var area: String { folder(0) }

    /// The target that the file belongs to.
    var target: String { folder(1) }

    /// A finding at `line` of this file.
    func finding(_ line: Int, _ remedy: String) -> Finding {
        Finding(file: path, line: line, remedy: remedy)
    }

    /// The text of the token at `index`; empty outside.
    func text(_ index: Int) -> String {
        tokens.indices.contains(index) ? tokens[index].text : ""
    }

    /// The index after the bracket that closes the one at `index`; the end when nothing does.
    func indexAfterBracket(at index: Int) -> Int {
        var depth = 0
        for position in index..<tokens.count {
            switch tokens[position].text {
            case "(", "[", "{": depth += 1
            case ")", "]", "}": depth -= 1
            default: break
            }
            if depth == 0 { return position + 1 }
        }
        return tokens.count
    }

    /// The lines of `text`; a newline at its end does not begin another.
    static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private func folder(_ index: Int) -> String {
        let folders = path.split(separator: "/")
        return index < folders.count ? String(folders[index]) : ""
    }
}
