/// What is unfinished is finished, or written down where people look for it, not left in a file.
enum MarkerRule {
    /// Put together here, so that this file does not find itself.
    static let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]

    /// The markers of unfinished work in `text`.
    static func findings(path: String, text: String) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in SwiftFile.lines(of: text).enumerated() {
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            for word in words where markers.contains(String(word)) {
                let remedy = "finish what `\(word)` stands for, or open an issue, and remove it"
                findings.append(Finding(file: path, line: index + 1, remedy: remedy))
            }
        }
        return findings
    }
}
