import Foundation
import Glibc
import Testing

/// A peer's folder, key and all, is copied, and both go on with it: what becomes of the two, and of
/// the jobs in which they work.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CopiedFolderTests {
    private static let warning = "another process uses this peer's key, at tcp://127.0.0.1:"

    private struct Audit: Decodable {
        struct Culprit: Decodable, Equatable {
            let peer: String
            let job: String
            let statement: String
        }

        let isGood: Bool
        let culprits: [Culprit]
    }

    /// Neither need hear of the other, and both compute the same.
    @Test func nothingIsProvenOfTwoThatSayTheSame() async throws {
        let search = try await SmallSearch(units: 2)
        let submitter = try await Donor()
        let join = ["--join", try await submitter.address()]
        let (worker, original) = (try await Donor(join), try await Donor(join))
        for peer in [submitter, worker, original] { try await peer.waitForLinks(2) }
        let home = try original.copyOfFolder()
        let refused = try await Program.run(["donate", "--folder", home.file("peer")] + join)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("was copied or moved"), "\(refused.errors)")
        let copy = try await Donor(["--accept-move"] + join, in: home)

        let job = try await search.submit(at: submitter)
        #expect(try await submitter.outcome("watch", job).status == 0)
        #expect(try await submitter.outcome("results", job).output == search.table)
        for peer in [submitter, worker] {
            let audit = try await peer.object(Audit.self, "audit")
            #expect(audit.isGood && audit.culprits.isEmpty)
            #expect(try await peer.end().status == 0)
        }
        // Whichever was shown the other's record has stopped by itself.
        for peer in [original, copy] {
            let outcome = try await peer.end()
            #expect(outcome.status == 0 || outcome.errors.contains(Self.warning))
        }
    }

    /// The links of the one are cut while the other says something else for the same seat.
    @Test func copyThatSaysSomethingElseIsProvenToAll() async throws {
        let grid = try await RelayedGrid(cores: [1, 1, 1, 1], units: 2)
        let (culprit, others) = (await grid.names[1], [0, 2, 3])
        let original = await grid.peer(1)
        let home = try original.copyOfFolder()
        try grid.gate.shut()
        try await grid.setWorking(false, others)
        let job = try await grid.submit(anchor: 0)
        try await grid.wait(for: "running", of: job, at: 1)
        grid.network.part([1], from: others)
        try await grid.waitForLinks(0, at: 1)

        let join = ["--join", try await grid.peer(0).directAddress()]
        let copy = try await Donor(["--lie", "--accept-move"] + join, in: home)
        while try await !hasPromised(culprit, job, grid) {}
        #expect(try await copy.end(SIGKILL).isKilled)
        grid.gate.open()
        // Whoever has promised waits for the others, whether the steward heard of it or not.
        try await grid.wait(for: "waiting", of: job, at: 1)
        grid.network.heal()
        let outcome = try await original.program.outcome()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(Self.warning), "\(outcome.errors)")

        try await grid.setWorking(true, others)
        try await grid.expectComplete(job)
        for index in others { try await expectProof(of: culprit, job, at: grid.peer(index)) }
        try await grid.restart(1)
        let again = await grid.peer(1)
        try await expectProof(of: culprit, job, at: again)
        let status = try await again.object(Status.self, "status")
        #expect(status.activity == "idle")
        #expect(status.reason?.contains("its key said two things") == true)
        try await grid.end()
    }

    /// Whether a worker has promised a result for any unit of a job.
    private func hasPromised(_ worker: String, _ job: String, _ grid: RelayedGrid) async throws
        -> Bool
    {
        for unit in 0..<grid.search.units {
            let seats = try await grid.unit(unit, of: job).seats
            if seats.contains(where: { $0.peer == worker && $0.stage == "committed" }) {
                return true
            }
        }
        return false
    }

    /// Waits until a peer knows the proof, and checks what it tells of it.
    private func expectProof(of culprit: String, _ job: String, at peer: Donor) async throws {
        var proof: Standing.Event?
        var standing: Standing?
        // No command waits for an item of the ledger, so it is asked for again and again.
        while proof == nil {
            standing = try await peer.object(Why.self, "why", culprit).peer?.standing
            proof = standing?.events.first { $0.kind == "fault" }
        }
        #expect(proof?.job == job && proof?.statement == "commit")
        #expect(proof?.statements?.count == 2 && proof?.peer == culprit)
        #expect(standing?.projects.map(\.nextClass) == ["newcomer"])
        let text = try await peer.text("why", culprit)
        #expect(text.contains("proven to have signed two of commit"))
        let audit = try await peer.object(Audit.self, "audit")
        #expect(audit.isGood)
        #expect(audit.culprits == [.init(peer: culprit, job: job, statement: "commit")])
        #expect(try await peer.text("audit").contains("culprit \(culprit.prefix(8)): signed two"))
        let hosts = try await peer.object(Leaderboard.self, "leaderboard").hosts
        let tally = hosts.first { $0.peer == culprit }?.tally
        #expect((tally?.won ?? 0) == 0 && (tally?.finalOperations ?? 0) == 0)
        #expect((tally?.provisionalOperations ?? 0) == 0, "it is paid for nothing in that job")
    }
}
