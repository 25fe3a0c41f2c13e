import Foundation

/// What keeps the pages under docs, and every other Markdown file, in order.
enum PageRule {
    /// The headings of a decision record, in this order.
    static let headings = ["## Motivation", "## Choice", "## Alternatives", "## Consequences"]

    /// What is wrong with the name and the headings of a decision record.
    static func decision(path: String, text: String) -> [Finding] {
        var findings: [Finding] = []
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if !isDecisionName(name) {
            let remedy = "name a decision record NNNN-title.md, in lower-case words and hyphens"
            findings.append(Finding(file: path, line: 1, remedy: remedy))
        }
        let found = SwiftFile.lines(of: text).filter { $0.hasPrefix("## ") }
        if found != headings {
            let remedy = "a decision record has the headings \(headings.joined(separator: ", "))"
            findings.append(Finding(file: path, line: 1, remedy: remedy))
        }
        return findings
    }

    /// The decision records whose number another one has too.
    static func sharedNumbers(paths: [String]) -> [Finding] {
        var seen: Set<String> = []
        var findings: [Finding] = []
        for path in paths {
            let name = path.split(separator: "/").last ?? ""
            if seen.insert(String(name.prefix(4))).inserted { continue }
            findings.append(Finding(file: path, line: 1, remedy: "take the next free number"))
        }
        return findings
    }

    /// The relative links of a Markdown file that lead nowhere.
    static func links(path: String, text: String, exists: (String) -> Bool) -> [Finding] {
        var findings: [Finding] = []
        let folder = path.split(separator: "/").dropLast().map(String.init)
        for (target, line) in relativeLinks(in: text) {
            guard let destination = resolve(target, from: folder), exists(destination) else {
                let remedy = "link to `\(target)`: there is no such file; correct or remove it"
                findings.append(Finding(file: path, line: line, remedy: remedy))
                continue
            }
        }
        return findings
    }

    /// The rows of a glossary that stand out of order or twice.
    static func glossary(path: String, text: String) -> [Finding] {
        var findings: [Finding] = []
        var previous = ""
        for (term, line) in terms(in: text) {
            let key = term.lowercased()
            if key == previous {
                let remedy = "`\(term)` stands here twice; keep one row"
                findings.append(Finding(file: path, line: line, remedy: remedy))
            } else if key < previous {
                let remedy = "`\(term)` belongs above `\(previous)`; sort the rows"
                findings.append(Finding(file: path, line: line, remedy: remedy))
            }
            previous = key
        }
        return findings
    }

    /// The first column of each row of the tables in `text`, without the tables' heads.
    static func terms(in text: String) -> [(term: String, line: Int)] {
        var terms: [(term: String, line: Int)] = []
        var isBody = false
        for (index, line) in SwiftFile.lines(of: text).enumerated() {
            guard line.hasPrefix("|") else {
                isBody = false
                continue
            }
            if line.hasPrefix("|--") || line.hasPrefix("| --") || line.hasPrefix("|:-") {
                isBody = true
            } else if isBody {
                let cell = line.split(separator: "|", omittingEmptySubsequences: false)[1]
                terms.append((cell.trimmingCharacters(in: .whitespaces), index + 1))
            }
        }
        return terms
    }

    private static func isDecisionName(_ name: String) -> Bool {
        guard name.hasSuffix(".md") else { return false }
        let parts = name.dropLast(3).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0].count == 4 else { return false }
        let isNumbered = parts[0].allSatisfy { $0.isASCII && $0.isNumber }
        return isNumbered
            && parts.dropFirst().allSatisfy { word in
                !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
            }
    }

    /// The targets of `[text](target)` outside code, without those that begin with a scheme or `#`.
    private static func relativeLinks(in text: String) -> [(target: String, line: Int)] {
        var links: [(target: String, line: Int)] = []
        var isFenced = false
        for (index, line) in SwiftFile.lines(of: text).enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isFenced.toggle() }
            if isFenced { continue }
            for piece in withoutInlineCode(line).components(separatedBy: "](").dropFirst() {
                let whole = piece.prefix { $0 != ")" && $0 != " " }
                let target = String(whole.prefix { $0 != "#" })
                if !target.isEmpty && !whole.contains(":") { links.append((target, index + 1)) }
            }
        }
        return links
    }

    private static func withoutInlineCode(_ line: String) -> String {
        let pieces = line.components(separatedBy: "`")
        return pieces.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
    }

    /// `target` seen from `folder`, as a path from the root; nil when it leaves the repository.
    private static func resolve(_ target: String, from folder: [String]) -> String? {
        var parts = target.hasPrefix("/") ? [] : folder
        for part in target.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(String(part))
            } else if parts.popLast() == nil {
                return nil
            }
        }
        return parts.joined(separator: "/")
    }
}
