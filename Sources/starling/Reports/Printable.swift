import Glibc
import JobFiles
import Primitives

/// How figures and other peers' words are shown to people.
enum Printable {
    /// A stranger's text without anything that could steer a terminal.
    static func text(_ text: String) -> String { Plain.text(text) }

    /// The first eight digits of an id: enough to name it again.
    static func short(_ id: String) -> String { String(id.prefix(8)) }

    /// Units as `0-3 7`.
    static func units(_ units: [UInt32]) -> String {
        var runs: [(first: UInt32, last: UInt32)] = []
        for unit in units {
            if let run = runs.last, run.last &+ 1 == unit {
                runs[runs.count - 1].last = unit
            } else {
                runs.append((unit, unit))
            }
        }
        return runs.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }
            .joined(separator: " ")
    }

    /// `count` of something, whose name grows an s beyond one.
    static func count(_ count: some BinaryInteger, _ noun: String) -> String {
        count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
    }

    /// `once`, `twice`, `3 times`.
    static func times(_ count: Int) -> String {
        switch count {
        case 1: "once"
        case 2: "twice"
        default: "\(count) times"
        }
    }

    /// A length of time in its two largest parts.
    static func span(seconds: Double) -> String {
        guard seconds >= 0.95 else { return "under 1 s" }
        let whole = UInt64(min(seconds.rounded(), 1e15))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3_600: return "\(whole / 60) min \(whole % 60) s"
        case ..<86_400: return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
        default: return "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
        }
    }

    /// A number with a decimal prefix, as `1.5 G`.
    static func figure(_ number: UInt64, _ unit: String) -> String {
        let prefixes = ["", "k", "M", "G", "T", "P", "E"]
        var value = Double(number)
        var index = 0
        while value >= 999.5, index < prefixes.count - 1 {
            value /= 1_000
            index += 1
        }
        let digits = index == 0 ? "\(number)" : decimals(value, value < 9.95 ? 2 : 1)
        return "\(digits) \(prefixes[index])\(unit)"
    }

    /// A number with so many decimal places.
    static func decimals(_ number: Double, _ places: Int) -> String {
        var text = [CChar](repeating: 0, count: 64)
        let count = withVaList([CInt(places), number]) {
            vsnprintf(&text, text.count, "%.*f", $0)
        }
        let bytes = text.prefix(max(0, min(Int(count), text.count - 1))).map(
            UInt8.init(bitPattern:)
        )
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Rows with columns of one width each, for a terminal.
struct TextTable {
    private var rows: [[String]]
    private let isRight: [Bool]

    /// A table with the given heads; a head that begins with `>` has its column to the right.
    init(_ heads: String...) {
        isRight = heads.map { $0.hasPrefix(">") }
        rows = [heads.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    mutating func add(_ cells: String...) { rows.append(cells) }

    var text: String {
        let widths = isRight.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return isRight[column] ? space + row[column] : row[column] + space
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
