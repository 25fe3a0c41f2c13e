import Foundation
import Glibc
import Kernels
import Testing

/// What `starling demo --json` writes.
private struct Report: Decodable {
    struct Hit: Decodable {}

    struct Line: Decodable {
        let peer: String
        let won: Int
        let lost: Int
    }

    struct Dispute: Decodable {
        struct Voter: Decodable {
            let peer: String
            let role: String
            let core: String?
            let didWin: Bool
        }

        let unit: Int
        let votes: [String]
        let voters: [Voter]
        let isRight: Bool
    }

    struct Deceiver: Decodable {
        let peer: String
        let role: String
        let operations: Int
        let won: Int
        let lost: Int
        let standing: Standing
    }

    let peers: Int
    let units: Int
    let certified: Int
    let replicasPerUnit: Double
    let disagreements: Int
    let wrongAccepted: Int
    let hits: [Hit]
    let leaderboard: [Line]
    let auditOK: Bool
    let tableEqualsSearch: Bool
    let disputes: [Dispute]
    let deceivers: [Deceiver]
}

/// The demo as a person starts it: real processes, which leave nothing behind.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DemoTests {
    private let inputs: Folder
    private let input: String
    /// One unit for each coarse channel.
    private static let coarse = ["--coarse-channels", "16"]

    init() throws {
        inputs = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 8_192, toneCount: 16).make()
        input = try inputs.write(made.file, to: "small.fil")
    }

    @Test func fourPeersCertifyEveryUnitTwice() async throws {
        let program = try Program(["demo", "--json", "--input", input] + Self.coarse)
        let outcome = try await program.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try JSONDecoder().decode(Report.self, from: outcome.output)
        #expect(report.peers == 4)
        #expect(report.units > 1)
        #expect(report.certified == report.units)
        // Two for each unit, and one more where somebody looked at the vote again.
        #expect((2...3).contains(report.replicasPerUnit))
        #expect(report.disagreements == 0)
        #expect(report.wrongAccepted == 0)
        #expect(!report.hits.isEmpty)
        let won = report.leaderboard.reduce(0) { $0 + $1.won }
        #expect((2 * report.units...3 * report.units).contains(won))
        #expect(report.leaderboard.allSatisfy { $0.lost == 0 })
        #expect(report.auditOK)
        #expect(report.tableEqualsSearch)
        try expectNothingLeft(of: program)
    }

    @Test func liarIsOutvotedAndPaidNothing() async throws {
        let report = try await expectLiesFail(["--liars", "1"], peers: 6, roles: ["liar"])
        let losers = report.leaderboard.filter { $0.lost > 0 }
        #expect(losers.map(\.peer) == report.deceivers.map(\.peer))
        for dispute in report.disputes {
            // A lead of three, unless nobody came in time, and the submitter ruled.
            let winners = dispute.voters.count { $0.didWin }
            #expect((dispute.votes == ["panel"] && winners >= 4) || dispute.votes == ["ruling"])
        }
        let events = report.deceivers[0].standing.events
        #expect(events.filter { $0.kind == "wrongResult" }.allSatisfy { $0.isShared == false })
    }

    @Test func colludersAreOutvotedAndPaidNothing() async throws {
        let roles = ["colluder", "colluder"]
        let report = try await expectLiesFail(["--colluders", "2"], peers: 10, roles: roles)
        let names = Set(report.deceivers.map(\.peer))
        for dispute in report.disputes {
            let lies = dispute.voters.filter { !$0.didWin }
            // They say the same, and nobody else does.
            #expect(Set(lies.map(\.core)).count == 1 && names.isSuperset(of: lies.map(\.peer)))
            #expect(lies.allSatisfy { $0.role == "colluder" })
            guard lies.count == 2 else { continue }
            for deceiver in report.deceivers {
                let event = deceiver.standing.events.first {
                    $0.kind == "wrongResult" && $0.unit == dispute.unit
                }
                #expect(event?.isShared == true && event?.cost?.unitsLeft == 0)
                #expect(event?.sharedWith.map(Set.init) == names.subtracting([deceiver.peer]))
            }
        }
    }

    /// Runs a demo in which some lie, and checks that this comes to nothing and is told.
    private func expectLiesFail(
        _ arguments: [String],
        peers: Int,
        roles: [String]
    ) async throws -> Report {
        let program = try Program(
            ["demo", "--json", "--input", input] + arguments + Self.coarse
        )
        let outcome = try await program.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try JSONDecoder().decode(Report.self, from: outcome.output)
        #expect(report.peers == peers)
        #expect(report.certified == report.units)
        #expect(report.wrongAccepted == 0)
        #expect(report.auditOK)
        #expect(report.tableEqualsSearch)
        #expect(!report.disputes.isEmpty && report.disputes.allSatisfy(\.isRight))
        #expect(report.disputes.count == report.disagreements)
        #expect(report.deceivers.map(\.role) == roles)
        for deceiver in report.deceivers {
            #expect(deceiver.operations == 0 && deceiver.won == 0)
            let disputes = report.disputes.filter { dispute in
                dispute.voters.contains { $0.peer == deceiver.peer && !$0.didWin }
            }
            #expect(deceiver.lost == disputes.count)
            let wrong = deceiver.standing.events.filter { $0.kind == "wrongResult" }
            #expect(Set(wrong.compactMap(\.unit)) == Set(disputes.map(\.unit)))
            let project = try #require(deceiver.standing.projects.first)
            #expect(project.class == "newcomer" && project.mistakes == deceiver.lost)
            #expect(project.units == 0 && project.streak == 0)
        }
        try expectNothingLeft(of: program)
        return report
    }

    @Test(arguments: [
        (["--colluders", "1"], "one alone is a liar"),
        (["--colluders", "2", "--peers", "9"], "--colluders 2 needs --peers 10 or more"),
        (
            ["--liars", "1", "--colluders", "2", "--peers", "14"],
            "--liars 1 --colluders 2 needs --peers 15 or more"
        ),
        (["--liars", "7"], "--peers is 36; it must be 2 to 32"),
    ])
    func tooFewToOutvoteThemAreRefused(arguments: [String], reason: String) async throws {
        let outcome = try await Program.run(["demo"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    }

    @Test func tableOfTheGridIsTheTableOfASearchByteForByte() async throws {
        let (grid, alone) = (inputs.file("grid.dat"), inputs.file("alone.dat"))
        let demo = try await Program.run(
            ["demo", "--input", input, "--output", grid] + Self.coarse
        )
        #expect(demo.status == 0, "\(demo.errors)")
        let search = try await Program.run(["search", input, "--output", alone] + Self.coarse)
        #expect(search.status == 0, "\(search.errors)")
        let table = try #require(FileManager.default.contents(atPath: alone))
        #expect(!table.isEmpty)
        #expect(FileManager.default.contents(atPath: grid) == table)
        let text = String(decoding: demo.output, as: UTF8.self)
        #expect(text.contains("replicas a unit"))
        #expect(text.contains("equals the table of a search without a grid, byte for byte"))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func interruptedDemoLeavesNothing(signal: Int32) async throws {
        let program = try Program(["demo", "--input", input] + Self.coarse)
        #expect(try await program.says("peers are linked"))
        #expect(program.descendants.count >= 4)
        program.send(signal)
        let outcome = try await program.outcome()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("interrupted"))
        try expectNothingLeft(of: program)
    }

    @Test func killedDemoLeavesNoProcess() async throws {
        let program = try Program(["demo", "--input", input] + Self.coarse)
        #expect(try await program.says("peers are linked"))
        program.send(SIGKILL)
        #expect(try await program.outcome().isKilled)
        // Its peers end because their standard input does; that they do is the assertion.
        while !program.descendants.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func demoThatIsKilledBeforeItsPeersStartLeavesNothing() async throws {
        let program = try Program(["demo"])
        #expect(try await program.says("searching the file without a grid"))
        program.send(SIGTERM)
        _ = try await program.outcome()
        try expectNothingLeft(of: program)
    }

    private func expectNothingLeft(of program: Program) throws {
        #expect(program.descendants == [])
        #expect(try program.folder.names == [])
    }
}
