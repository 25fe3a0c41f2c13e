import Foundation
import Kernels
import Ledger
import Primitives

/// What the demo came to.
struct DemoReport {
    private struct Figures: Encodable {
        let peers: Int
        let units: Int
        let certified: Int
        let replicasPerUnit: Double
        let disagreements: Int
        let wrongAccepted: Int
        let seconds: Double
        let hits: [SearchReport.Row]
        let leaderboard: [BoardLine]
        let auditOK: Bool
        let tableEqualsSearch: Bool
        let disputes: [DemoLies.Dispute]
        let deceivers: [DemoLies.Deceiver]
    }

    /// The grid's table.
    let table: Bytes
    private let figures: Figures
    private let state: DemoState
    private let outcome: JobOutcome
    private let tones: [SyntheticTone]
    private let command: DemoCommand
    private let lies: DemoLies
    private let audit: AuditLine

    init(
        _ state: DemoState,
        command: DemoCommand,
        search: DemoSearch,
        table: Bytes,
        seconds: Duration
    ) throws {
        guard let first = state.findings[0], let outcome = first.outcome else {
            throw CommandFailure("the demo has not ended")
        }
        self.table = table
        self.state = state
        self.outcome = outcome
        audit = first.audit
        tones = search.tones
        self.command = command
        lies = DemoLies(state, first, command: command, search: search)
        let replicas = outcome.votes.reduce(0) { $0 + $1.winners.count + $1.losers.count }
        let wrong = outcome.votes.count { !search.isRight($0) }
        let components = seconds.components
        figures = Figures(
            peers: command.peers,
            units: outcome.votes.count,
            certified: outcome.votes.count { $0.kind != "open" },
            replicasPerUnit: Double(replicas) / Double(max(1, outcome.votes.count)),
            disagreements: outcome.votes.count { !$0.losers.isEmpty },
            wrongAccepted: wrong,
            seconds: Double(components.seconds) + Double(components.attoseconds) / 1e18,
            hits: outcome.hits,
            leaderboard: first.board,
            auditOK: state.findings.values.allSatisfy { $0.audit.findings == 0 },
            tableEqualsSearch: table == search.table,
            disputes: lies.disputes,
            deceivers: lies.deceivers
        )
    }

    /// Whether everything is as it must be.
    var isGood: Bool {
        figures.auditOK && figures.wrongAccepted == 0 && figures.tableEqualsSearch
            && figures.certified == figures.units && missedTones.isEmpty
            && lies.deceivers.allSatisfy(\.isPunished)
    }

    /// The figures as JSON.
    func json() throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Bytes(try encoder.encode(figures)) + [UInt8(ascii: "\n")]
    }

    // MARK: - Text

    var text: String {
        let deceit =
            lies.deceivers.isEmpty
            ? [] : [lies.disputesText { name($0) }, lies.standingText { name($0) }]
        let boards = [
            board("provisional", state.provisional), board("final", figures.leaderboard),
        ]
        return ([signals, votes] + deceit + boards + [summary]).joined(separator: "\n\n")
    }

    /// Channels by which a hit may lie beside its tone.
    private static let reach = 4

    private func hit(of tone: SyntheticTone) -> SearchReport.Row? {
        figures.hits.first { abs($0.index - tone.channel) <= Self.reach }
    }

    private var missedTones: [SyntheticTone] { tones.filter { hit(of: $0) == nil } }

    private var signals: String {
        guard !tones.isEmpty else {
            let rows = figures.hits.map { hit in
                String(
                    format: "  channel %8d  %9.4f Hz/s  SNR %8.2f  %14.6f MHz",
                    hit.index,
                    hit.driftHertzPerSecond,
                    hit.snr,
                    hit.frequencyMegahertz
                )
            }
            return (["Signals found"] + rows).joined(separator: "\n")
        }
        let rows = tones.map { tone in
            let injected = String(
                format: "  channel %7d %8.4f Hz/s",
                tone.channel,
                tone.drift
            )
            guard let hit = hit(of: tone) else { return injected + "   not found" }
            return injected
                + String(
                    format: "   channel %7d %8.4f Hz/s  SNR %7.2f",
                    hit.index,
                    hit.driftHertzPerSecond,
                    hit.snr
                )
        }
        return (["Signals injected                       found"] + rows).joined(separator: "\n")
    }

    private var votes: String {
        let rows = outcome.votes.map { vote in
            let winners = vote.winners.map { name($0) }.joined(separator: " ")
            let losers = vote.losers.map { name($0) }.joined(separator: " ")
            let dissent = losers.isEmpty ? "" : "   outvoted: \(losers)"
            let unit = String(format: "%4d", vote.unit)
            let kind = vote.kind.padding(toLength: 7, withPad: " ", startingAt: 0)
            return "  unit \(unit)  \(kind) \(winners)\(dissent)"
        }
        return (["Votes"] + rows).joined(separator: "\n")
    }

    private func board(_ title: String, _ lines: [BoardLine]) -> String {
        let rows = lines.map { line in
            let final = cobblestones(line.finalOperations)
            let provisional = cobblestones(line.provisionalOperations)
            return "  \(name(line.peer))  "
                + String(
                    format: "%10.6f %12.6f %5d %5d",
                    final,
                    provisional,
                    line.won,
                    line.lost
                )
        }
        let head = "Board, \(title)   final  provisional   won  lost   (credit in cobblestones)"
        return ([head] + rows).joined(separator: "\n")
    }

    private func cobblestones(_ operations: UInt64) -> Double {
        Double(operations) / Double(operationsPerCobblestone)
    }

    /// A peer's place in the demo, and the beginning of its key.
    private func name(_ peer: String) -> String {
        let index = state.ids.first { $0.value == peer }?.key
        let role = index.map { command.role(of: $0) } ?? .worker
        let place = index.map(String.init) ?? "?"
        return "\(place):\(peer.prefix(8))" + (role == .worker ? "" : "(\(role))")
    }

    private var summary: String {
        let lines = [
            "\(figures.certified) of \(figures.units) units certified with "
                + String(format: "%.2f", figures.replicasPerUnit) + " replicas a unit, "
                + "\(figures.disagreements) with a disagreement, "
                + "\(figures.wrongAccepted) wrong accepted",
            "\(audit.valid) of \(audit.certificates) certificates verify, at every peer; all "
                + "ledgers and boards are equal",
            figures.tableEqualsSearch
                ? "the grid's table equals the table of a search without a grid, byte for byte"
                : "THE GRID'S TABLE DIFFERS from the table of a search without a grid",
            String(format: "%.1f s", figures.seconds),
        ]
        return lines.joined(separator: "\n")
    }
}
