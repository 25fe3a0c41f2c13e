import Primitives
import Simulator

/// What many seeds came to.
struct Sum {
    private(set) var seeds: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private var units: UInt64 = 0
    private var peerSeconds: UInt64 = 0
    private var messages = [UInt64](repeating: 0, count: messageKinds.count)
    private var transitions = [UInt64](repeating: 0, count: transitionNames.count)
    private var violations: [String] = []
    private var fields: [(name: String, value: UInt64)] = []
    /// Whether lies that stand are no failure, and are counted.
    private var isMeasured = false
    private let start = ContinuousClock.now

    /// Violations that the sum repeats.
    private static let violationsMax = 100

    mutating func add(_ report: Report) {
        seeds += 1
        isMeasured = isMeasured || report.options.isMeasured
        if !report.violations.isEmpty { failed += 1 }
        let room = Self.violationsMax - violations.count
        violations += report.violations.prefix(room).map { "seed \(report.options.seed): \($0)" }
        units += report.units
        peerSeconds += UInt64(report.options.peers) * report.finishedAt.nanoseconds / 1_000_000_000
        for index in messages.indices { messages[index] += report.messages[index] }
        for index in transitions.indices { transitions[index] += report.transitions[index] }
        let counts = report.counts
        if fields.isEmpty {
            fields = counts
        } else {
            for index in fields.indices { fields[index].value += counts[index].value }
        }
    }

    /// What must happen in every long campaign and did not; empty for a short one.
    var uncovered: [String] {
        guard seeds >= Self.longCampaign, !isMeasured else { return [] }
        let events = fields.filter { $0.value == 0 && Self.expected.contains($0.name) }.map(\.name)
        let kinds = messageKinds.indices.filter { messages[$0] == 0 }
        let edges = transitionNames.indices.filter { transitions[$0] == 0 }
        return events + kinds.map { "sent as a \(messageKinds[$0]) message" }
            + edges.map { "seen as \"\(transitionNames[$0])\"" }
    }

    /// Seeds from which on everything must have happened once.
    private static let longCampaign: UInt64 = 1_000
    private static let expected = [
        "lost", "duplicated", "splits", "cut", "sleeps", "departures", "losses", "fast-clocks",
        "crashes",
        "damaged",
        "drifting", "clocks-ahead", "clocks-behind",
        "disks-lost", "vaults-torn", "bits-flipped", "results-damaged", "chunks-damaged",
        "datasets-damaged", "drained", "disks-full", "orders-unkept",
        "quorums", "panels",
        "rulings", "singles", "audits", "caught", "ringers",
        "held", "reopened",
        "kept", "late", "resealed", "twice", "self-opened", "reconciled", "refetched",
        "hostile", "forged", "checked", "punished", "resumed", "named", "faults", "lies",
        "renewed", "farmed", "succeeded",
        "shared", "apart",
        "released",
        "dropped",
    ]

    private func count(_ name: String) -> UInt64 { fields.first { $0.name == name }?.value ?? 0 }

    /// Results paid for each certified unit or, where lies are counted, computed.
    private var replicasPerUnit: Double {
        Double(count(isMeasured ? "results" : "paid")) / Double(max(1, count("certified")))
    }

    /// Units of which a wrong result stands in the end.
    private var wrongAccepted: UInt64 { count("wrong") + (isMeasured ? count("fooled") : 0) }

    /// Results of machines that are not bound by the protocol, for each lie that stands.
    private var resultsPerLie: String {
        guard wrongAccepted > 0 else { return "null" }
        return decimal(Double(count("strangers-results")) / Double(wrongAccepted))
    }

    private var eventsPerSecond: Double {
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        return Double(count("events")) / max(elapsed, 1e-3)
    }

    var json: String {
        let kinds = messageKinds.indices.map { "\"\(messageKinds[$0])\": \(messages[$0])" }
        let edges = transitionNames.indices.map { "\"\(transitionNames[$0])\": \(transitions[$0])" }
        let main: [(String, String)] = [
            ("seeds", "\(seeds)"), ("failed", "\(failed)"), ("events", "\(count("events"))"),
            ("peerHours", decimal(Double(peerSeconds) / 3_600)), ("units", "\(units)"),
            ("certified", "\(count("certified"))"), ("wrongAccepted", "\(wrongAccepted)"),
            ("resultsPerLie", resultsPerLie), ("replicasPerUnit", decimal(replicasPerUnit)),
            ("honestPunished", "\(count("honest-punished"))"),
            ("violations", list(violations)), ("uncovered", list(uncovered)),
            ("eventsPerSecond", "\(Int(eventsPerSecond))"),
            ("messages", "{\(kinds.joined(separator: ", "))}"),
            ("transitions", "{\(edges.joined(separator: ", "))}"),
        ]
        let known = ["events", "certified", "wrong", "honest-punished"]
        let rest = fields.filter { !known.contains($0.name) }.map { ($0.name, "\($0.value)") }
        return "{" + (main + rest).map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    private func decimal(_ number: Double) -> String {
        let thousandths = Int((number * 1_000).rounded())
        return "\(thousandths / 1_000).\(String(1_000 + thousandths % 1_000).dropFirst())"
    }

    private func list(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0.escaped)\"" }.joined(separator: ", ") + "]"
    }

    var text: String {
        let list = fields.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        return """
            \(seeds) seeds, \(failed) failed; \(units) units, \(decimal(replicasPerUnit)) replicas \
            each, \(decimal(Double(peerSeconds) / 3_600)) peer hours, \
            \(Int(eventsPerSecond)) events a second; \(list)
            """
    }
}

extension Report {
    /// The figures of the report, in a fixed order.
    var counts: [(name: String, value: UInt64)] {
        [
            ("events", events), ("delivered", delivered), ("lost", lost),
            ("duplicated", duplicated), ("splits", splits), ("cut", cut), ("sleeps", sleeps),
            ("departures", departures),
            ("losses", losses),
            ("fast-clocks", fastClocks),
            ("crashes", crashes),
            ("damaged", damaged),
            ("drifting", drifting), ("clocks-ahead", clocksAhead), ("clocks-behind", clocksBehind),
            ("disks-lost", disksLost), ("vaults-torn", vaultsTorn), ("bits-flipped", bitsFlipped),
            ("results-damaged", resultsDamaged), ("chunks-damaged", chunksDamaged),
            ("datasets-damaged", datasetsDamaged), ("drained", drained),
            ("disks-full", disksFull), ("orders-unkept", ordersUnkept),
            ("certified", certified),
            ("wrong", wrong), ("honest-punished", honestPunished), ("quorums", quorums),
            ("panels", panels), ("rulings", rulings), ("singles", singles),
            ("audits", audits), ("caught", caught), ("fooled", fooled), ("ringers", ringers),
            ("paid", paid), ("held", held), ("reopened", reopened), ("kept", kept),
            ("late", late), ("resealed", resealed), ("twice", twice),
            ("self-opened", selfOpened), ("reconciled", reconciled),
            ("refetched", refetched), ("hostile", hostile), ("forged", forged),
            ("checked", checked), ("punished", punished),
            ("resumed", resumed), ("named", named), ("faults", faults),
            ("results", results), ("lies", lies), ("strangers-results", strangersResults),
            ("renewed", renewed), ("farmed", farmed), ("succeeded", succeeded),
            ("shared", shared), ("apart", apart),
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
