import Ledger
import PeerNode
import Primitives

/// What one line of a board adds up; all in operations.
struct TallyLine: Codable, Sendable, Equatable {
    let finalOperations: UInt64
    let provisionalOperations: UInt64
    /// Of late; work counts half after a week.
    let recentOperationsPerDay: UInt64
    let won: UInt64
    let lost: UInt64

    init(_ tally: Tally) {
        finalOperations = tally.finalOperations
        provisionalOperations = tally.provisionalOperations
        recentOperationsPerDay = tally.recentAverage
        won = tally.won
        lost = tally.lost
    }
}

/// Who has computed how much, and for whom: three boards.
struct LeaderboardReport: Codable, Sendable {
    /// What the rows of a board stand for.
    enum Subject: String, Codable, Sendable, CaseIterable {
        case users, hosts, projects
    }

    /// All machines of an owner.
    struct User: Codable, Sendable {
        let rank: Int
        let isOwn: Bool
        let owner: String
        let tally: TallyLine
        let donatedOperations: UInt64
        let consumedOperations: UInt64
        /// What was donated more than consumed.
        let shareOperations: Int64
    }

    /// A machine.
    struct Host: Codable, Sendable {
        let rank: Int
        let isOwn: Bool
        let peer: String
        let tally: TallyLine
    }

    /// Those who submit under one key.
    struct Project: Codable, Sendable {
        let rank: Int
        let isOwn: Bool
        let project: String
        let tally: TallyLine
    }

    /// The project whose jobs alone were counted; missing when all were.
    let project: String?
    let users: [User]
    let hosts: [Host]
    let projects: [Project]

    /// The boards as the peer of `names` shows them to its owner.
    init(_ boards: Boards, of project: ProjectID?, names: OwnNames) {
        self.project = project?.description
        users = boards.users.enumerated().map { index, row in
            User(
                rank: index + 1,
                isOwn: names.owners.contains(row.owner),
                owner: row.owner.description,
                tally: TallyLine(row.tally),
                donatedOperations: row.donated,
                consumedOperations: row.consumed,
                shareOperations: row.share
            )
        }
        hosts = boards.hosts.enumerated().map { index, row in
            Host(
                rank: index + 1,
                isOwn: row.peer == names.peer,
                peer: row.peer.description,
                tally: TallyLine(row.tally)
            )
        }
        projects = boards.projects.enumerated().map { index, row in
            Project(
                rank: index + 1,
                isOwn: row.project == names.project,
                project: row.project.description,
                tally: TallyLine(row.tally)
            )
        }
    }
}

// MARK: - Text

extension LeaderboardReport {
    /// One of the boards as a table.
    func text(by subject: Subject) -> String {
        let scope = project.map { " of jobs of project \(Printable.short($0))" } ?? ""
        guard !hosts.isEmpty else { return "nobody has a certified unit\(scope) yet" }
        let table =
            switch subject {
            case .users: userTable
            case .hosts: hostTable
            case .projects: projectTable
            }
        return table.text
            + "\ncredit\(scope) in cobblestones; provisional credit could still be contradicted; "
            + "recent is\nthe average of a day, in which work counts half after a week"
    }

    private var userTable: TextTable {
        var table = TextTable(
            ">RANK",
            "OWNER",
            ">FINAL",
            ">PROVISIONAL",
            ">RECENT",
            ">WON",
            ">LOST",
            ">DONATED",
            ">CONSUMED",
            ">SHARE",
            ""
        )
        for row in users {
            let sign = row.shareOperations < 0 ? "-" : ""
            table.add(
                "\(row.rank)",
                Printable.short(row.owner),
                cobblestones(row.tally.finalOperations),
                cobblestones(row.tally.provisionalOperations),
                cobblestones(row.tally.recentOperationsPerDay),
                "\(row.tally.won)",
                "\(row.tally.lost)",
                cobblestones(row.donatedOperations),
                cobblestones(row.consumedOperations),
                sign + cobblestones(row.shareOperations.magnitude),
                row.isOwn ? "this peer's owner" : ""
            )
        }
        return table
    }

    private var hostTable: TextTable {
        table("PEER", hosts.map { ($0.rank, $0.peer, $0.tally, $0.isOwn ? "this peer" : "") })
    }

    private var projectTable: TextTable {
        let rows = projects.map { row in
            (row.rank, row.project, row.tally, row.isOwn ? "this peer's project" : "")
        }
        return table("PROJECT", rows)
    }

    private func table(
        _ head: String,
        _ rows: [(rank: Int, id: String, tally: TallyLine, mark: String)]
    ) -> TextTable {
        var table = TextTable(
            ">RANK",
            head,
            ">FINAL",
            ">PROVISIONAL",
            ">RECENT",
            ">WON",
            ">LOST",
            ""
        )
        for row in rows {
            table.add(
                "\(row.rank)",
                Printable.short(row.id),
                cobblestones(row.tally.finalOperations),
                cobblestones(row.tally.provisionalOperations),
                cobblestones(row.tally.recentOperationsPerDay),
                "\(row.tally.won)",
                "\(row.tally.lost)",
                row.mark
            )
        }
        return table
    }
}
