import Foundation
import Ledger
import PeerNode
import Primitives
import Wire

/// What an audit found: what `audit --json` writes, and from which its text is made.
struct AuditFigures: Codable, Sendable {
    /// Something that is wrong.
    struct Finding: Codable, Sendable {
        let offset: UInt64?
        let statement: String
        let id: String?
        let job: String?
        let units: [UInt32]
        let key: String?
        let problem: String
        let explanation: String
        /// All of that in one line for people.
        let text: String
    }

    /// A line of the board that follows.
    struct Line: Codable, Sendable {
        let peer: String
        let operations: UInt64
        let won: UInt64
        let lost: UInt64
    }

    /// Somebody who is proven to have signed two statements of a kind for one slot.
    struct Culprit: Codable, Sendable {
        let peer: String
        let job: String
        let fault: String
        let statement: String
    }

    /// Units that have a certificate, by verdict.
    struct Units: Codable, Sendable {
        let certified: Int
        let sealed: Int
        let disputed: Int
    }

    let network: String
    let epoch: UInt64
    let items: [String: Int]
    let certificates: Int
    let validCertificates: Int
    let signatures: Int
    let units: Units
    let ledger: String
    /// Most operations first.
    let board: [Line]
    let culprits: [Culprit]
    let culpritCount: Int
    let findings: [Finding]
    let findingCount: Int
    let isGood: Bool
    let seconds: Double
    let certificatesPerSecond: Double

    init(_ report: AuditReport, took duration: Duration) {
        network = report.network.description
        epoch = report.epoch
        items = Dictionary(uniqueKeysWithValues: report.kinds.map { ($0.name, $0.count) })
        certificates = report.certificates
        validCertificates = report.valid
        signatures = report.signatures
        units = Units(
            certified: report.units.certified,
            sealed: report.units.sealed,
            disputed: report.units.disputed
        )
        ledger = report.ledgerHash.description
        let lines = report.board.sorted { left, right in
            (right.operations, left.peer) < (left.operations, right.peer)
        }
        board = lines.map { line in
            Line(
                peer: line.peer.description,
                operations: line.operations,
                won: line.won,
                lost: line.lost
            )
        }
        culprits = report.culprits.map { culprit in
            Culprit(
                peer: culprit.peer.description,
                job: culprit.job.description,
                fault: culprit.fault.description,
                statement: culprit.statement.name
            )
        }
        culpritCount = report.culpritCount
        findings = report.findings.map { Finding($0) }
        findingCount = report.findingCount
        isGood = report.isGood
        let components = duration.components
        seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        certificatesPerSecond = Double(report.certificates) / max(seconds, 1e-6)
    }

    /// Indented, with sorted keys.
    func json() throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Bytes(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}

extension AuditFigures.Finding {
    init(_ finding: AuditFinding) {
        self.init(
            offset: finding.offset,
            statement: finding.subject.kind,
            id: finding.subject.id?.description,
            job: finding.subject.job?.description,
            units: finding.subject.units,
            key: finding.subject.key?.description,
            problem: finding.problem.name,
            explanation: finding.problem.description,
            text: finding.description
        )
    }
}

/// What was audited.
enum AuditSource {
    /// A file, which states a board.
    case export
    /// The ledger of a running peer.
    case peer
}

/// The report of an audit for people.
struct AuditView {
    let figures: AuditFigures
    let source: AuditSource

    /// The report in some lines.
    var text: String {
        ([head, items] + board + culprits + findings + [verdict]).joined(separator: "\n")
    }

    private var head: String {
        let date = Date(timeIntervalSince1970: Double(min(figures.epoch, 1 << 40)) * 3_600)
        return "network \(Printable.short(figures.network)), epoch \(figures.epoch) "
            + "(\(date.formatted(.iso8601)))"
    }

    private var items: String {
        let kinds = figures.items.sorted { $0.key < $1.key }
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return "items: \(kinds.isEmpty ? "none" : kinds)\n"
            + "\(figures.validCertificates) of \(figures.certificates) certificates are valid; "
            + "units: \(figures.units.certified) certified, \(figures.units.sealed) sealed, "
            + "\(figures.units.disputed) disputed\n"
            + String(
                format: "%d signatures in %.2f s: %.0f certificates a second",
                figures.signatures,
                figures.seconds,
                figures.certificatesPerSecond
            )
    }

    private var board: [String] {
        guard !figures.board.isEmpty else { return [] }
        let rows = figures.board.map { line in
            let credit = Double(line.operations) / Double(operationsPerCobblestone)
            return "  \(Printable.short(line.peer))  "
                + String(
                    format: "%14.6f %20llu %6llu %6llu",
                    credit,
                    line.operations,
                    line.won,
                    line.lost
                )
        }
        return ["board      cobblestones           operations    won   lost"] + rows
    }

    private var culprits: [String] {
        let hidden = figures.culpritCount - figures.culprits.count
        return figures.culprits.map { culprit in
            "culprit \(Printable.short(culprit.peer)): signed two of \(culprit.statement) for one "
                + "slot of job \(Printable.short(culprit.job)), as fault "
                + "\(Printable.short(culprit.fault)) proves"
        } + (hidden > 0 ? ["and \(hidden) proofs more"] : [])
    }

    private var findings: [String] {
        let hidden = figures.findingCount - figures.findings.count
        return figures.findings.map(\.text)
            + (hidden > 0 ? ["and \(hidden) findings more"] : [])
    }

    private var verdict: String {
        switch figures.findingCount {
        case 0: right
        case 1: "WRONG: 1 finding; docs/AUDITING.md says what it means"
        case let count: "WRONG: \(count) findings; docs/AUDITING.md says what they mean"
        }
    }

    private var right: String {
        switch source {
        case .export:
            "right: every statement proves itself, and the board is the one that is stated"
        case .peer: "right: every statement proves itself"
        }
    }
}
