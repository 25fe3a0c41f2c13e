import Foundation
import Glibc
import Primitives
import Testing

/// Peers that are killed at random moments, and started again.
///
/// `STARLING_KILLS` says how many times in all; `make kills` is the long campaign.
@Suite(.serialized, .timeLimit(.minutes(60)))
struct KillTests {
    private static let units = 48
    private static let killsPerJob = 5
    private static let kills =
        ProcessInfo.processInfo.environment["STARLING_KILLS"].flatMap { Int($0) } ?? killsPerJob

    private let outputs: Folder
    private let search: SmallSearch

    init() async throws {
        outputs = try Folder()
        search = try await SmallSearch(units: Self.units, channelCount: 24_576)
    }

    @Test func whatIsKilledLosesNothing() async throws {
        let grid = try await KillableGrid(peers: 3)
        var random = PRNG(seed: 11)
        var jobs = 0
        for _ in stride(from: 0, to: Self.kills, by: Self.killsPerJob) {
            let submitter = Int(random.below(3))
            let id = try await search.submit(at: grid.donors[submitter])
            for _ in 0..<Self.killsPerJob {
                // Any moment: of leases, commits, results, certificates, or of a start.
                try await Task.sleep(for: .milliseconds(Int(random.below(700))))
                try await grid.kill(Int(random.below(3)))
            }
            let path = outputs.file("\(jobs).dat")
            let result = try await grid.donors[submitter].outcome(
                "results",
                id,
                "--wait",
                "--output",
                path
            )
            try #require(result.status == 0, "\(result.errors)")
            #expect(FileManager.default.contents(atPath: path) == search.table, "job \(jobs)")
            jobs += 1
        }
        try await grid.expectEqualBoards(units: jobs * Self.units)
        try await grid.end()
    }
}

/// Some peers on this machine, each of which can be killed and started again.
private final class KillableGrid {
    private let homes: [Folder]
    private(set) var donors: [Donor] = []

    init(peers: Int) async throws {
        homes = try (0..<peers).map { _ in try Folder() }
        let first = try await Donor(in: homes[0])
        donors = [first]
        let address = try await first.address()
        for home in homes.dropFirst() {
            donors.append(try await Donor(["--join", address], in: home))
        }
        for donor in donors { try await donor.waitForLinks(peers - 1) }
    }

    /// Ends a peer without a word, and starts it again; nobody tells it whom to join.
    func kill(_ index: Int) async throws {
        let outcome = try await donors[index].end(SIGKILL)
        #expect(outcome.isKilled)
        donors[index] = try await Donor(in: homes[index])
    }

    /// Everybody holds one board, on which every unit is paid to two at least, and to nobody twice.
    func expectEqualBoards(units: Int) async throws {
        var boards: [[Leaderboard.Tally]] = []
        // No command waits for a board, so it is asked for until it has settled everywhere.
        while true {
            boards = []
            for donor in donors {
                let board = try await donor.object(Leaderboard.self, "leaderboard")
                boards.append(board.hosts.sorted { $0.peer < $1.peer }.map(\.tally))
            }
            let isSettled = boards.allSatisfy { $0.allSatisfy { $0.provisionalOperations == 0 } }
            if isSettled, boards.allSatisfy({ $0 == boards[0] }) { break }
        }
        for tally in boards[0] {
            #expect(tally.won <= units, "nobody is paid twice for a unit")
            #expect(tally.lost == 0)
        }
        #expect(boards[0].map(\.won).reduce(0, +) >= 2 * units)
        for donor in donors { #expect(try await donor.outcome("audit").status == 0) }
    }

    func end() async throws {
        for donor in donors { #expect(try await donor.end().status == 0) }
    }
}
