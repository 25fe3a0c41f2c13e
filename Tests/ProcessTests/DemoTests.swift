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
        let arguments =
            ["demo", "--peers", "6", "--liars", "1", "--json", "--input", input] + Self.coarse
        let program = try Program(arguments)
        let outcome = try await program.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try JSONDecoder().decode(Report.self, from: outcome.output)
        let losers = report.leaderboard.filter { $0.lost > 0 }
        #expect(losers.count == 1)
        #expect(losers.allSatisfy { $0.won == 0 })
        #expect(report.certified == report.units)
        #expect(report.wrongAccepted == 0)
        #expect(report.auditOK)
        #expect(report.tableEqualsSearch)
        try expectNothingLeft(of: program)
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
