/// Every declaration that another module can see says what it is.
///
/// Exempt are `==`, `<`, `hash(into:)` and `description`, whose meaning the language fixes, and the
/// cases of an enum, which the enum's own comment covers. A member that meets a requirement needs
/// none when a protocol of this repository documents the requirement. An extension needs none.
enum DocumentationRule {
    private static let modifiers = [
        "static", "final", "override", "mutating", "nonmutating", "lazy", "weak", "unowned",
        "indirect", "required", "convenience", "consuming", "borrowing", "prefix", "postfix",
        "infix", "nonisolated", "unsafe", "private", "fileprivate", "internal", "package",
        "public", "open",
    ]

    /// The visible declarations of `file` without a `///` comment directly above, except those
    /// that meet one of `requirements`.
    static func findings(in file: SwiftFile, requirements: Set<String> = []) -> [Finding] {
        var findings: [Finding] = []
        for index in file.tokens.indices where isFirstOnLine(index, in: file) {
            guard let keyword = visibleDeclaration(at: index, in: file) else { continue }
            let line = file.tokens[index].line
            guard !isExempt(keyword, in: file), !isDocumented(line, in: file) else { continue }
            guard !requirements.contains(signature(at: keyword, in: file)) else { continue }
            let name = "\(file.text(keyword)) \(file.text(keyword + 1))"
            let remedy = "`\(name)` is visible to other modules; say what it is in a /// comment"
            findings.append(file.finding(line, remedy))
        }
        return findings
    }

    /// The signatures of all documented requirements of the protocols in `file`.
    static func requirements(in file: SwiftFile) -> Set<String> {
        var signatures: Set<String> = []
        for index in file.tokens.indices where file.text(index) == "protocol" {
            var position = index + 1
            while position < file.tokens.count && file.text(position) != "{" { position += 1 }
            guard position < file.tokens.count else { break }
            for member in position..<file.indexAfterBracket(at: position) {
                let isMember = ["func", "var", "init", "subscript"].contains(file.text(member))
                guard isMember, isDocumented(file.tokens[member].line, in: file) else { continue }
                signatures.insert(signature(at: member, in: file))
            }
        }
        return signatures
    }

    /// The name and the parameters, as written, of the declaration whose keyword is at `keyword`.
    private static func signature(at keyword: Int, in file: SwiftFile) -> String {
        guard ["func", "init", "subscript"].contains(file.text(keyword)) else {
            return file.text(keyword + 1)
        }
        var position = keyword
        while position < file.tokens.count && file.text(position) != "(" { position += 1 }
        guard position < file.tokens.count else { return "" }
        let words = file.tokens[keyword..<file.indexAfterBracket(at: position)]
        return words.map(\.text).joined(separator: " ")
    }

    private static func isFirstOnLine(_ index: Int, in file: SwiftFile) -> Bool {
        index == 0 || file.tokens[index - 1].line < file.tokens[index].line
    }

    /// The index of `func`, `var` or the like when the declaration that begins at `index` is
    /// `package`, `public` or `open`.
    private static func visibleDeclaration(at index: Int, in file: SwiftFile) -> Int? {
        let line = file.tokens[index].line
        var position = index
        var isVisible = false
        while position < file.tokens.count && file.tokens[position].line == line {
            let text = file.text(position)
            if text == "@" {
                position += 2
            } else if modifiers.contains(text) {
                let isAccess = ["package", "public", "open"].contains(text)
                if isAccess && file.text(position + 1) != "(" { isVisible = true }
                position += 1
            } else {
                break
            }
            if file.text(position) == "(" { position = file.indexAfterBracket(at: position) }
        }
        return isVisible ? position : nil
    }

    private static func isExempt(_ keyword: Int, in file: SwiftFile) -> Bool {
        let name = file.text(keyword + 1)
        switch file.text(keyword) {
        case "import", "extension":
            return true
        case "func":
            let isEqual = name == "=" && file.text(keyword + 2) == "="
            let isLess = name == "<" && file.text(keyword + 2) == "("
            let isHash = name == "hash" && file.text(keyword + 3) == "into"
            return isEqual || isLess || isHash
        default:
            return name == "description"
        }
    }

    /// Whether a `///` comment with a word in it stands above `line`, attributes between allowed.
    private static func isDocumented(_ line: Int, in file: SwiftFile) -> Bool {
        var isComment = false
        for above in file.lines[..<(line - 1)].reversed() {
            let text = above.drop { $0 == " " }
            if text.hasPrefix("///") {
                isComment = true
                if text.contains(where: \.isLetter) { return true }
            } else if isComment || !text.hasPrefix("@") {
                return false
            }
        }
        return false
    }
}
