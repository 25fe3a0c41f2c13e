import Foundation
import Ledger
import PeerNode
import Primitives
import Wire
import WorkUnits

/// A line of the board.
struct BoardLine: Codable, Sendable, Equatable {
    let peer: String
    let finalOperations: UInt64
    let provisionalOperations: UInt64
    let won: UInt64
    let lost: UInt64

    init(_ row: BoardRow) {
        peer = row.peer.description
        finalOperations = row.finalOperations
        provisionalOperations = row.provisionalOperations
        won = row.won
        lost = row.lost
    }
}

/// A bundle that the peer has leased.
struct WorkLine: Codable, Sendable, Equatable {
    enum Stage: String, Codable, Sendable {
        case preparing, fetching, running, sealed, waiting, revealing, revealed
    }

    let job: String
    let units: [UInt32]
    let stage: Stage
    let steward: String
    let leaseEnd: Date
    /// The unit that runs; missing when none does.
    let runningUnit: UInt32?
    /// The part of that unit that is done, 0 to 1; missing when none runs.
    let fraction: Double?

    init(_ work: WorkView) {
        let bundle = work.bundle
        job = bundle.manifest.description
        units = bundle.units
        stage =
            switch bundle.stage {
            case .preparing: .preparing
            case .fetching: .fetching
            case .running: .running
            case .sealed: .sealed
            case .waiting: .waiting
            case .revealing: .revealing
            case .revealed: .revealed
            }
        steward = bundle.steward.description
        leaseEnd = work.leaseEnd
        runningUnit = work.order?.unit
        fraction = work.order?.fraction
    }
}

/// Work that this peer could not do.
struct FailureLine: Codable, Sendable, Equatable {
    let job: String
    let reason: String

    init(_ failure: OrderFailure) {
        job = failure.manifest.description
        reason = Printable.text(failure.reason)
    }
}

/// Why a peer takes no work.
struct PauseReport: Codable, Sendable, Equatable {
    let isPaused: Bool
    let since: Date?
    let until: Date?
    /// What was begun before; what runs of it is halted.
    let work: [WorkLine]
}

/// What a peer is and does.
struct StatusReport: Codable, Sendable {
    /// What it does with its processors.
    enum Activity: String, Codable, Sendable {
        case computing, idle, paused, donatesNothing
    }

    let peer: String
    let project: String
    let address: String
    let network: String
    let folder: String
    let process: Int32
    let uptimeSeconds: Int64
    let cores: Int
    /// The implementation of the search that its units run in; missing when none may.
    let implementation: String?
    /// What its owner must know of faster implementations, which fail their self-test.
    let notice: String?
    let activity: Activity
    /// Why it is idle or paused; missing when it computes.
    let reason: String?
    let pause: PauseReport
    let firstJob: String?
    let work: [WorkLine]
    let links: Int
    /// How it looks for others; missing once it has a link.
    let search: SearchLine?
    let knownPeers: Int
    let jobs: Int
    let openJobs: Int
    /// Jobs that would be open, and that their submitters have put on hold.
    let heldJobs: Int
    let certificates: Int
    /// Why work failed here since the start, oldest first; only the newest hundred.
    let failures: [FailureLine]
    let credit: BoardLine?
}

/// A peer as its record and the links say.
struct PeerLine: Codable, Sendable {
    enum Role: String, Codable, Sendable {
        case hub, leaf
    }

    let peer: String
    let isOwn: Bool
    let address: String
    let isLinked: Bool
    let roundTripMilliseconds: Double?
    let cores: UInt32
    /// Of one core.
    let operationsPerSecond: UInt64
    let role: Role
    /// Until when its record counts.
    let expiry: Date
    /// Why it could not be dialled; missing while it is linked or was not tried.
    let dialFailure: String?
    let dialFailureDate: Date?

    init(_ view: PeerView) {
        let record = view.record
        peer = record.peer.description
        isOwn = view.isOwn
        address =
            record.controlEndpoints.first.map { endpoint in
                JoinAddress(endpoint: endpoint, peer: record.peer, curveKey: record.curveKey)
                    .description
            } ?? ""
        isLinked = view.isLinked
        roundTripMilliseconds = view.roundTrip.map { Double($0.nanoseconds / 1_000) / 1_000 }
        cores = record.cores
        operationsPerSecond = record.kernels.map(\.operationsPerSecond).max() ?? 0
        role = record.role == .hub ? .hub : .leaf
        expiry = Moment.end(ofEpoch: record.expiry)
        dialFailure = view.dialFailure.map { Printable.text($0.reason) }
        dialFailureDate = view.dialFailure?.date
    }

    /// `host:port`, for a table.
    var endpoint: String {
        let rest = address.split(separator: "/", omittingEmptySubsequences: true)
        return rest.count > 1 ? String(rest[1]) : "-"
    }
}

/// The peers whose records a peer has.
struct PeersReport: Codable, Sendable {
    let peers: [PeerLine]
}

// MARK: - Text

/// Operations as BOINC's unit of credit, with the figures that a small job needs.
func cobblestones(_ operations: UInt64) -> String {
    Printable.decimals(Double(operations) / Double(operationsPerCobblestone), 6)
}

extension WorkLine {
    var text: String {
        let progress =
            if let runningUnit, let fraction {
                "unit \(runningUnit) runs, \(Int(fraction * 100)) % done"
            } else {
                stage.sentence
            }
        return "job \(Printable.short(job)), units \(Printable.units(units)): \(progress)"
    }
}

extension WorkLine.Stage {
    /// What happens to the bundle.
    var sentence: String {
        switch self {
        case .preparing, .fetching: "its data is on its way"
        case .running: "runs"
        case .sealed: "computed, the promise is being signed"
        case .waiting: "computed, waits for the other workers to promise"
        case .revealing: "the result is being signed"
        case .revealed: "the result is out, waits for the certificate"
        }
    }
}

extension PauseReport {
    var text: String {
        guard isPaused else { return "this peer takes work" }
        let end = until.map { " \(Moment.until($0))" } ?? ", and ends with: starling resume"
        let running = work.filter { [.preparing, .fetching, .running].contains($0.stage) }
        guard !running.isEmpty else { return "paused\(end); nothing was begun" }
        let lines = running.map { line in
            "\n  job \(Printable.short(line.job)), units \(Printable.units(line.units)): lost to "
                + "others after \(Moment.text(line.leaseEnd))"
        }
        return "paused\(end); what was begun stands still:\(lines.joined())"
    }
}

extension StatusReport {
    var text: String {
        let credit =
            credit.map { line in
                "\(cobblestones(line.finalOperations)) final, "
                    + "\(cobblestones(line.provisionalOperations)) provisional, "
                    + "\(line.won) won, \(line.lost) lost"
            } ?? "none yet"
        let lines = [
            "peer          \(peer)",
            "address       \(address)",
            "network       \(network)",
            "folder        \(folder) (process \(process))",
            "uptime        \(Printable.span(seconds: Double(uptimeSeconds)))",
            "cores         \(cores)",
            "activity      \(activityText)",
            "links         \(links) of \(Printable.count(knownPeers, "known peer"))",
            "jobs          \(openJobs) open\(heldText), \(jobs) known",
            "certificates  \(certificates)",
            "credit        \(credit)",
        ]
        let failed = failures.suffix(Self.failuresShown).map { failure in
            "failed        job \(Printable.short(failure.job)): \(failure.reason)"
        }
        let notes = [notice].compactMap { $0 }.map { "note          \($0)" }
        let tries = (search?.sentences ?? []).enumerated().map { index, sentence in
            "\(index == 0 ? "search" : "      ")        \(sentence)"
        }
        let working = work.map { "work          \($0.text)" }
        return (lines + tries + notes + working + failed).joined(separator: "\n")
    }

    /// Failures that are shown to people; `--json` has them all.
    private static let failuresShown = 3

    private var heldText: String { heldJobs > 0 ? ", \(heldJobs) on hold" : "" }

    private var activityText: String {
        let words = activity == .donatesNothing ? "donates nothing" : activity.rawValue
        return reason.map { "\(words): \($0)" } ?? words
    }
}

extension PeersReport {
    var text: String {
        var table = TextTable(
            "PEER",
            "LINK",
            ">ROUND TRIP",
            ">CORES",
            ">SPEED OF A CORE",
            "ROLE",
            "ENDPOINT",
            ""
        )
        for peer in peers {
            let trip = peer.roundTripMilliseconds.map { "\(Printable.decimals($0, 1)) ms" }
            table.add(
                Printable.short(peer.peer),
                peer.isOwn ? "-" : peer.isLinked ? "linked" : "no",
                trip ?? "-",
                "\(peer.cores)",
                peer.cores > 0 ? Printable.figure(peer.operationsPerSecond, "op/s") : "-",
                peer.role.rawValue,
                peer.endpoint,
                peer.isOwn ? "this peer" : peer.dialFailure ?? ""
            )
        }
        return table.text
    }
}
