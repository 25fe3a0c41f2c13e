import Foundation
import Primitives

/// What became of the demo's lies: the disputes, how they were settled, and those who lied.
struct DemoLies: Encodable {
    /// A unit on which not all said the same.
    struct Dispute: Encodable {
        struct Voter: Encodable {
            let peer: String
            let role: DemoRole
            /// The hash of what it said; missing when nobody has opened that.
            let core: String?
            let didWin: Bool
        }

        let unit: Int
        /// Every vote that the unit had, in their turn; the last one settled it.
        let votes: [String]
        /// Those who said what won first.
        let voters: [Voter]
        /// Whether what won is what a search without a grid finds.
        let isRight: Bool
    }

    /// A peer that lied.
    struct Deceiver: Encodable {
        let peer: String
        let role: DemoRole
        let operations: UInt64
        let won: UInt64
        let lost: UInt64
        let standing: StandingReport?

        /// Whether it earned nothing, and each of its lies that was seen counts against it.
        var isPunished: Bool {
            guard operations == 0, won == 0 else { return false }
            return lost == 0 || standing?.projects.contains { $0.mistakes > 0 } == true
        }
    }

    let disputes: [Dispute]
    let deceivers: [Deceiver]

    /// What `findings` of the peer that submitted tell of it.
    init(
        _ state: DemoState,
        _ findings: PeerFindings,
        command: DemoCommand,
        search: DemoSearch
    ) {
        let role = { (peer: String) -> DemoRole in
            state.ids.first { $0.value == peer }.map { command.role(of: $0.key) } ?? .worker
        }
        let votes = findings.outcome?.votes ?? []
        disputes = votes.filter { !$0.losers.isEmpty }.map { vote in
            let voters = vote.voters.filter(\.didWin) + vote.voters.filter { !$0.didWin }
            return Dispute(
                unit: vote.unit,
                votes: vote.kinds,
                voters: voters.map { voter in
                    Dispute.Voter(
                        peer: voter.peer,
                        role: role(voter.peer),
                        core: voter.core,
                        didWin: voter.didWin
                    )
                },
                isRight: search.isRight(vote)
            )
        }
        deceivers = command.deceivers.compactMap { index in
            guard let peer = state.ids[index] else { return nil }
            let line = findings.board.first { $0.peer == peer }
            return Deceiver(
                peer: peer,
                role: command.role(of: index),
                operations: (line?.finalOperations ?? 0) + (line?.provisionalOperations ?? 0),
                won: line?.won ?? 0,
                lost: line?.lost ?? 0,
                standing: findings.standings.first { $0.keys.contains(peer) }
            )
        }
    }

    /// The disputes, for people; `name` names a peer.
    func disputesText(_ name: (String) -> String) -> String {
        let head = "Disputes: who said the same has the same letter; A is what won"
        guard !disputes.isEmpty else { return "Disputes: none" }
        return ([head] + disputes.map { $0.text(name) }).joined(separator: "\n")
    }

    /// Where those who lied stand, for people; `name` names a peer.
    func standingText(_ name: (String) -> String) -> String {
        let rows = deceivers.flatMap { deceiver in
            ["  \(name(deceiver.peer)): \(deceiver.text)"]
                + (deceiver.standing?.lines(events: Self.eventsShown) ?? []).map { "    \($0)" }
        }
        return (["Standing of those who lied, as starling why PEER tells it"] + rows)
            .joined(separator: "\n")
    }

    /// Events of each standing that are shown to people; `--json` has more.
    private static let eventsShown = 5
}

extension DemoLies.Dispute {
    fileprivate func text(_ name: (String) -> String) -> String {
        var cores: [String?] = []
        for voter in voters where !cores.contains(voter.core) { cores.append(voter.core) }
        let sides = zip(cores, "ABCDEFGHIJKLMNOPQRSTUVWXYZ").map { core, letter in
            let names = voters.filter { $0.core == core }.map { name($0.peer) }
            return "\(letter) \(names.joined(separator: " "))"
        }
        let number = String(repeating: " ", count: max(0, 4 - "\(unit)".count)) + "\(unit)"
        let truth = isRight ? "" : "   A IS WRONG"
        return "  unit \(number)  \(votes.joined(separator: ", "))\(truth)"
            + sides.map { "\n    \($0)" }.joined()
    }
}

extension DemoLies.Deceiver {
    fileprivate var text: String {
        "paid \(cobblestones(operations)); \(Printable.count(won, "result")) won, \(lost) lost"
    }
}
