import Foundation
import Ledger
import PeerNode
import Primitives
import Wire

/// The report of an audit for people and for programs.
struct AuditView {
    private struct Figures: Encodable {
        struct Finding: Encodable {
            let offset: UInt64?
            let statement: String
            let id: String?
            let job: String?
            let units: [UInt32]
            let key: String?
            let problem: String
            let explanation: String
        }

        struct Line: Encodable {
            let peer: String
            let operations: UInt64
            let won: UInt64
            let lost: UInt64
        }

        struct Units: Encodable {
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
        let board: [Line]
        let findings: [Finding]
        let findingCount: Int
        let isGood: Bool
        let seconds: Double
        let certificatesPerSecond: Double
    }

    private let report: AuditReport
    private let seconds: Double

    init(_ report: AuditReport, took duration: Duration) {
        self.report = report
        let components = duration.components
        seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    private var certificatesPerSecond: Double { Double(report.certificates) / max(seconds, 1e-6) }

    // MARK: - JSON

    /// The report as indented text with sorted keys.
    func json() throws -> Bytes {
        let figures = Figures(
            network: report.network.description,
            epoch: report.epoch,
            items: Dictionary(uniqueKeysWithValues: report.kinds.map { ($0.name, $0.count) }),
            certificates: report.certificates,
            validCertificates: report.valid,
            signatures: report.signatures,
            units: Figures.Units(
                certified: report.units.certified,
                sealed: report.units.sealed,
                disputed: report.units.disputed
            ),
            ledger: report.ledgerHash.description,
            board: board.map { line in
                Figures.Line(
                    peer: line.peer.description,
                    operations: line.operations,
                    won: line.won,
                    lost: line.lost
                )
            },
            findings: report.findings.map(Self.figures),
            findingCount: report.findingCount,
            isGood: report.isGood,
            seconds: seconds,
            certificatesPerSecond: certificatesPerSecond
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Bytes(try encoder.encode(figures)) + [UInt8(ascii: "\n")]
    }

    private static func figures(_ finding: AuditFinding) -> Figures.Finding {
        Figures.Finding(
            offset: finding.offset,
            statement: finding.subject.kind,
            id: finding.subject.id?.description,
            job: finding.subject.job?.description,
            units: finding.subject.units,
            key: finding.subject.key?.description,
            problem: finding.problem.name,
            explanation: finding.problem.description
        )
    }

    // MARK: - Text

    /// Most operations first.
    private var board: [ExportLine] {
        report.board.sorted { left, right in
            (right.operations, left.peer) < (left.operations, right.peer)
        }
    }

    /// The report in some lines.
    var text: String {
        ([head, items] + boardText + findings + [verdict]).joined(separator: "\n")
    }

    private var head: String {
        let date = Date(timeIntervalSince1970: Double(min(report.epoch, 1 << 40)) * 3_600)
        return "network \(report.network.short), epoch \(report.epoch) "
            + "(\(date.formatted(.iso8601)))"
    }

    private var items: String {
        let kinds = report.kinds.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        return "items: \(kinds.isEmpty ? "none" : kinds)\n"
            + "\(report.valid) of \(report.certificates) certificates are valid; units: "
            + "\(report.units.certified) certified, \(report.units.sealed) sealed, "
            + "\(report.units.disputed) disputed\n"
            + String(
                format: "%d signatures in %.2f s: %.0f certificates a second",
                report.signatures,
                seconds,
                certificatesPerSecond
            )
    }

    private var boardText: [String] {
        guard !board.isEmpty else { return [] }
        let rows = board.map { line in
            let credit = Double(line.operations) / Double(operationsPerCobblestone)
            return "  \(line.peer.short)  "
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

    private var findings: [String] {
        let hidden = report.findingCount - report.findings.count
        return report.findings.map(\.description)
            + (hidden > 0 ? ["and \(hidden) findings more"] : [])
    }

    private var verdict: String {
        switch report.findingCount {
        case 0: "right: every statement proves itself, and the board is the one that is stated"
        case 1: "WRONG: 1 finding; docs/AUDITING.md says what it means"
        case let count: "WRONG: \(count) findings; docs/AUDITING.md says what they mean"
        }
    }
}
