import Foundation
import Testing

/// Units that a submitter's machine finds out by itself, in the real program.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RingerTests {
    private func complete(_ id: String, at donor: Donor) async throws -> Job {
        #expect(try await donor.outcome("watch", id).status == 0)
        return try #require(
            try await donor.object(Jobs.self, "jobs").jobs.first { $0.job == id }
        )
    }

    @Test func ringersAreComparedAndMoreAreTakenWhileTheJobRuns() async throws {
        let search = try await SmallSearch(units: 4)
        let first = try await Donor()
        let id = try await search.submit(at: first, ringers: 1)
        let short = String(id.prefix(8))
        #expect(try await first.object(Job.self, "plant", short, "2").ringers == 3)
        #expect(try await first.text("jobs").contains(short))
        #expect(try await first.object(Job.self, "plant", short, "9").ringers == 4)
        let full = try await first.outcome("plant", short, "1")
        #expect(full.status == 1 && full.errors.contains("each of the 4 units"))

        let second = try await Donor(["--join", try await first.address()])
        let job = try await complete(id, at: first)
        #expect(job.stage == "complete" && job.ringersAgreed == 4 && job.ringersFailed == 0)
        let told = try await first.text("watch", id)
        #expect(told.contains("4 of 4 ringers agree"))
        let late = try await first.outcome("plant", id, "1")
        #expect(late.status == 1 && late.errors.contains("there is nothing to compare"))
        let foreign = try await second.outcome("plant", id, "1")
        #expect(foreign.status == 1 && foreign.errors.contains("which alone can plant ringers"))
        #expect(try await first.outcome("plant", id, "0").status == 64)
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    /// Whoever computes for this submitter lies, all in the same way.
    @Test func whatColludersCertifyIsOverruled() async throws {
        let search = try await SmallSearch(units: 4)
        let first = try await Donor()
        var colluders: [Donor] = []
        for name in ["left", "right"] {
            let join = ["--join", try await first.address(), "--collude"]
            colluders.append(try await Donor(join, in: first.home, named: name))
        }
        try await first.waitForLinks(2)
        let id = try await search.submit(at: first, ringers: 4)
        let job = try await complete(id, at: first)
        #expect(job.stage == "complete" && job.ringersAgreed == 4)
        let results = try await first.outcome("results", id)
        #expect(results.status == 0 && results.output == search.table)
        let hosts = try await first.object(Leaderboard.self, "leaderboard").hosts
        for colluder in colluders {
            let peer = try await colluder.object(Status.self, "status").peer
            let line = try #require(hosts.first { $0.peer == peer })
            #expect(line.tally.won == 0 && line.tally.lost > 0)
            let story = try await first.object(Why.self, "why", peer).peer?.standing
            #expect(story?.projects.first?.class == "newcomer")
        }
        for donor in colluders + [first] { #expect(try await donor.end().status == 0) }
    }
}
