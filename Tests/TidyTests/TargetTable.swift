/// The table of targets in docs/ARCHITECTURE.md, held against the folders of the targets.
enum TargetTable {
    /// The page with the table.
    static let path = "docs/ARCHITECTURE.md"

    /// A row: a target, and whether the page says that it does not exist yet.
    struct Row: Equatable {
        let target: String
        let isPlanned: Bool
        let line: Int
    }

    /// The rows whose second column names one target in backticks.
    static func rows(in text: String) -> [Row] {
        var rows: [Row] = []
        for (index, line) in SwiftFile.lines(of: text).enumerated() where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map { cell in
                String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard cells.count > 2, cells[1].hasPrefix("`"), cells[1].hasSuffix("`") else {
                continue
            }
            let target = String(cells[1].dropFirst().dropLast())
            let isPlanned = cells[2].hasPrefix("*(planned)*")
            rows.append(Row(target: target, isPlanned: isPlanned, line: index + 1))
        }
        return rows
    }

    /// The `existing` targets that no row names or that a row calls planned, and the targets of
    /// the page and of ``ImportRule`` that the other does not have.
    static func findings(rows: [Row], existing: [String]) -> [Finding] {
        var findings: [Finding] = []
        for row in rows {
            if row.isPlanned && existing.contains(row.target) {
                let remedy = "\(row.target) exists; remove its *(planned)* mark"
                findings.append(Finding(file: path, line: row.line, remedy: remedy))
            }
            if ImportRule.sources[row.target] == nil {
                let remedy = "add \(row.target) to Tests/TidyTests/ImportRule.swift"
                findings.append(Finding(file: path, line: row.line, remedy: remedy))
            }
        }
        let named = rows.map(\.target)
        for target in existing + ImportRule.sources.keys.sorted() where !named.contains(target) {
            let remedy = "add a row for \(target) to the table of targets"
            findings.append(Finding(file: path, line: 1, remedy: remedy))
        }
        return findings
    }
}
