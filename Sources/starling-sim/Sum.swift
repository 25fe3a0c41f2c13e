import Primitives
import Simulator

/// What many seeds came to.
struct Sum {
    private(set) var seeds: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private var fields: [(name: String, value: UInt64)] = []

    mutating func add(_ report: Report) {
        seeds += 1
        if !report.violations.isEmpty { failed += 1 }
        let counts = report.counts
        if fields.isEmpty {
            fields = counts
        } else {
            for index in fields.indices { fields[index].value += counts[index].value }
        }
    }

    /// What must happen in every long campaign and did not; empty for a short one.
    var missing: [String] {
        guard seeds >= Self.longCampaign else { return [] }
        return fields.filter { $0.value == 0 && Self.expected.contains($0.name) }.map(\.name)
    }

    /// Seeds from which on everything must have happened once.
    private static let longCampaign: UInt64 = 1_000
    private static let expected = [
        "lost", "duplicated", "splits", "cut", "crashes", "damaged", "quorums", "panels", "rulings",
        "held",
        "reopened",
        "kept", "late", "resealed", "twice", "self-opened", "reconciled", "refetched",
        "hostile", "punished", "resumed", "succeeded", "shared", "released", "dropped",
    ]

    var json: String {
        let all = [("seeds", seeds), ("failed", failed)] + fields.map { ($0.name, $0.value) }
        return "{" + all.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    var text: String {
        let list = fields.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        return "\(seeds) seeds, \(failed) failed; \(list)"
    }
}

extension Report {
    /// The figures of the report, in a fixed order.
    var counts: [(name: String, value: UInt64)] {
        [
            ("events", events), ("delivered", delivered), ("lost", lost),
            ("duplicated", duplicated), ("splits", splits), ("cut", cut), ("crashes", crashes),
            ("damaged", damaged),
            ("certified", certified),
            ("wrong", wrong), ("quorums", quorums), ("panels", panels), ("rulings", rulings),
            ("paid", paid), ("held", held), ("reopened", reopened), ("kept", kept),
            ("late", late), ("resealed", resealed), ("twice", twice),
            ("self-opened", selfOpened), ("reconciled", reconciled),
            ("refetched", refetched), ("hostile", hostile), ("punished", punished),
            ("resumed", resumed), ("succeeded", succeeded), ("shared", shared),
            ("released", released), ("dropped", dropped),
        ]
    }

    var json: String {
        let numbers = counts.map { "\"\($0.name)\": \($0.value)" }.joined(separator: ", ")
        let list = violations.map { "\"\($0.escaped)\"" }.joined(separator: ", ")
        return """
            {"seed": \(options.seed), "peers": \(options.peers), \(numbers), \
            "trace": "\(String(trace, radix: 16))", "violations": [\(list)]}
            """
    }

    var text: String {
        let list = counts.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        let head = "seed \(options.seed), \(options.peers) peers, \(options.units) units: \(list), "
        let seconds = finishedAt.nanoseconds / 1_000_000_000
        let tail = "done after \(seconds) virtual s, trace \(String(trace, radix: 16))"
        return ([head + tail] + violations.map { "VIOLATION: \($0)" }).joined(separator: "\n")
    }
}

extension String {
    fileprivate var escaped: String {
        reduce(into: "") { text, character in
            switch character {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
