import Foundation
import Glibc
import Kernels
import Testing

/// The walk of a submitter and a donor, as they type it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WalkTests {
    private let inputs: Folder
    private let input: String
    /// One unit for each coarse channel.
    private static let coarse = 16

    init() throws {
        inputs = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 8_192, toneCount: 16).make()
        input = try inputs.write(made.file, to: "small.fil")
    }

    /// The table of a search without a grid.
    private func tableAlone() async throws -> Data {
        let outcome = try await Program.run(
            ["search", input, "--coarse-channels", "\(Self.coarse)"]
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }

    /// The worker `peers[0]`, and `peers[1]`, which submitted.
    private func expectStandings(of peers: [String], _ donor: Donor, _ job: String) async throws {
        let answers = [
            try await donor.object(Why.self, "why", peers[0]),
            try await donor.object(Why.self, "why", peers[1]),
        ]
        let stories = try answers.map { try #require($0.peer) }
        #expect(stories.map { $0.line?.peer } == peers)
        for (story, peer) in zip(stories, peers) {
            let standing = story.standing
            #expect(standing.keys == [peer] && standing.projects.count == 1)
            #expect(standing.events.map(\.kind) == ["adoption"] && standing.furtherEvents == 0)
            let project = try #require(standing.projects.first)
            #expect(project.units == 16 && project.streak == 16 && project.mistakes == 0)
            #expect(project.job == job && project.unitsMissing == 984)
        }
        let (worker, submitter) = (stories[0].standing.projects[0], stories[1].standing.projects[0])
        #expect(worker.class == "newcomer" && worker.reason == "nothing")
        #expect(worker.streakMissing == 34)
        #expect(submitter.class == "anchor" && submitter.reason == "submitter")
    }

    private func pair() async throws -> (Donor, Donor) {
        let first = try await Donor()
        let second = try await Donor(["--join", try await first.address()])
        try await first.waitForLinks(1)
        return (first, second)
    }

    @Test func submitterAndDonorInText() async throws {
        let (first, second) = try await pair()
        let status = try await first.text("status")
        #expect(status.contains("links         1 of 1 known peer\n"))
        let jobFile = try inputs.write(
            "file: small.fil\ncoarse-channels: \(Self.coarse)\nname: tones\n".utf8,
            to: "job.yaml"
        )
        let cost = try await first.text("submit", jobFile, "--dry-run")
        #expect(cost.contains("units       16, each computed twice"))
        #expect(cost.contains("on 2 donors known now"))
        #expect(cost.contains("simulated   ") && cost.contains("results a unit"))
        #expect(try await first.text("jobs").contains("no job is known"))

        let submitted = try await first.text("submit", jobFile)
        #expect(submitted.contains("link starling://"))
        #expect(submitted.contains("keep this machine online until every unit is certified"))
        let id = try #require(submitted.split(separator: "\n").first?.dropFirst(4))
        let short = String(id.prefix(8))
        let watched = try await first.text("watch", short)
        #expect(watched.contains("job \(short) (tones): 16 of 16 certified, 16 final; complete\n"))
        #expect(watched.contains("this machine may go offline"))
        let table = try await tableAlone()
        let output = inputs.file("grid.dat")
        #expect(try await first.text("results", short, "--output", output).isEmpty)
        #expect(FileManager.default.contents(atPath: output) == table)
        #expect(Data(try await first.text("results", short).utf8) == table)

        #expect(try await first.text("jobs").contains("tones"))
        let board = try await second.text("leaderboard", "--by", "hosts").split(separator: "\n")
        #expect(board.count == 5)
        #expect(board.filter { $0.hasSuffix("this peer") }.count == 1)
        #expect(board[1...2].allSatisfy { $0.contains("  16     0") })
        let peers = try await second.text("peers").split(separator: "\n")
        #expect(peers.count == 3)
        #expect(peers[1].hasSuffix("this peer"))
        #expect(peers[2].contains("linked"))
        let unit = try await second.text("why", "\(short)/3")
        #expect(unit.hasPrefix("unit 3 of job \(short) is final\n"))
        #expect(unit.components(separatedBy: "voted for the result that won").count == 3)
        #expect(unit.contains("waits for nothing"))
        #expect(try await first.text("why", short).contains("complete"))
        let peer = String(peers[2].prefix(8))
        let story = try await second.text("why", peer)
        #expect(story.contains("linked, an answer takes"))
        #expect(story.contains("anchor in jobs of project"))
        #expect(story.contains("16 units, 16 right in a row, 0 mistakes\n"))
        #expect(story.contains("adopted by owner"))
        #expect(try await second.text("why", String(peers[1].prefix(8))).contains("idle: no known"))
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test func submitterAndDonorInJSON() async throws {
        let (first, second) = try await pair()
        let lines = try await first.outcome(
            "submit",
            "--file",
            input,
            "--coarse-channels",
            "\(Self.coarse)",
            "--priority",
            "7",
            "--wait",
            "--json"
        )
        #expect(lines.status == 0, "\(lines.errors)")
        let parts = lines.output.split(separator: UInt8(ascii: "\n")).map { Data($0) }
        let submission = try JSONDecoder().decode(Submission.self, from: parts[0])
        #expect(submission.units == Self.coarse)
        #expect(submission.replicas == 2)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let progress = try parts.dropFirst().compactMap { part in
            try decoder.decode(Watched.self, from: part).progress
        }
        let last = try #require(progress.last)
        #expect(progress.map(\.certified) == progress.map(\.certified).sorted())
        #expect(last.stage == "complete")
        let figures = [last.units, last.certified, last.final, last.held]
        #expect(figures == [16, 16, 16, 16])
        #expect(last.unitsThatNeedThisMachine == 0)
        #expect(last.priority == 7)
        #expect(last.policy == "strict")

        let board = try await first.object(Leaderboard.self, "leaderboard")
        #expect(board.hosts.map(\.rank) == [1, 2])
        #expect(board.hosts.count { $0.isOwn } == 1)
        #expect(board.hosts.allSatisfy { $0.tally.won == 16 && $0.tally.lost == 0 })
        #expect(board.hosts.allSatisfy { $0.tally.provisionalOperations == 0 })
        let status = try await first.object(Status.self, "status")
        let counts = [status.links, status.knownPeers, status.jobs, status.openJobs]
        #expect(counts == [1, 1, 1, 0])
        #expect(status.certificates > 0)
        #expect(status.activity == "idle")
        #expect(status.folder == first.folder)
        let peers = try await second.object(Peers.self, "peers").peers
        #expect(peers.map(\.isOwn) == [true, false])
        #expect(peers[1].isLinked)
        #expect(try #require(peers[1].roundTripMilliseconds) > 0)
        #expect(peers[1].peer == status.peer)
        #expect(peers[1].address == status.address)
        #expect(peers.allSatisfy { $0.cores == 1 && $0.operationsPerSecond > 0 })
        let unit = try #require(
            try await second.object(Why.self, "why", "\(submission.job)/0").unit
        )
        #expect(unit.stage == "final")
        #expect(unit.certificates.map(\.kind) == ["quorum"])
        #expect(Set(unit.certificates[0].votes.map(\.peer)) == Set(peers.map(\.peer)))
        #expect(unit.certificates[0].votes.allSatisfy { $0.didWin == true })
        try await expectStandings(of: peers.map(\.peer), first, submission.job)
        #expect(unit.waits.isEmpty)
        let own = try #require(try await first.object(Why.self, "why", status.peer).peer)
        #expect(own.status?.activity == "idle")
        let known = try await second.object(Jobs.self, "jobs").jobs
        #expect(known.map(\.job) == [submission.job])
        #expect(known.map(\.isOwn) == [false])
        #expect(known.map(\.name) == ["small.fil"])
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test func jobWithoutDonorsSaysWhatItWaitsFor() async throws {
        let alone = try await Donor()
        let submission = try await alone.object(
            Submission.self,
            "submit",
            "--file",
            input,
            "--coarse-channels",
            "\(Self.coarse)"
        )
        let id = submission.job
        let story = try #require(try await alone.object(Why.self, "why", id).job)
        #expect(story.donors.count == 1)
        #expect(story.replicas == 2)
        #expect(story.groups.flatMap(\.units).count >= Self.coarse)
        #expect(story.groups.contains { $0.wait.waitsFor == "workers" })
        #expect(try await alone.text("why", id).contains("; each unit needs 2"))
        #expect(try await alone.text("why", id).contains("keep this machine online"))
        let early = try await alone.outcome("results", id, "--output", inputs.file("early.dat"))
        #expect(early.status == 1)
        #expect(early.errors.contains("has no table yet: 0 of 16 units are final"))
        #expect(early.errors.contains("--wait"))
        let partial = try await alone.outcome("results", id, "--partial")
        #expect(partial.errors.contains("no unit of job \(id.prefix(8)) is final yet"))
        #expect(!(try inputs.names.contains("early.dat")))
        let outside = try await alone.outcome("why", "\(id)/16")
        #expect(outside.errors.contains("has no unit 16; its units are 0 to 15"))
        // A watcher of a job that is cancelled hears of it.
        let watcher = try Program(["watch", id, "--folder", alone.folder])
        #expect(try await watcher.says("of 16 certified"))
        #expect(try await alone.text("cancel", id).contains("cancelled"))
        let end = try await watcher.outcome()
        #expect(end.status == 1)
        #expect(end.errors.contains("without result: \(id.prefix(8))"))
        #expect(try await alone.object(Job.self, "cancel", id).stage == "cancelled")
        let late = try await alone.outcome("results", id)
        #expect(late.errors.contains("and no more come; take them with --partial"))
        #expect(try await alone.end().status == 0)
    }

    @Test func linkBringsAStrangerToTheJob() async throws {
        let submitter = try await Donor(cores: 0)
        let submission = try await submitter.object(
            Submission.self,
            "submit",
            "--file",
            input,
            "--policy",
            "single"
        )
        let watcher = try await Donor(cores: 0)
        let watched = try Program(
            ["watch", submission.link, "--json", "--folder", watcher.folder]
        )
        try await watcher.waitForLinks(1)
        let donor = try await Donor(["--job", submission.link])
        let outcome = try await watched.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let events = try outcome.output.split(separator: UInt8(ascii: "\n")).map { line in
            try decoder.decode(Watched.self, from: Data(line))
        }
        #expect(events.last?.progress?.stage == "complete")
        #expect(events.last?.progress?.isOwn == false)
        #expect(try await donor.object(Status.self, "status").firstJob == nil)
        let elsewhere = try await watcher.outcome("results", submission.job)
        #expect(elsewhere.status == 1)
        #expect(elsewhere.errors.contains("its submitter, peer"))
        let foreign = try await watcher.outcome("cancel", submission.job)
        #expect(foreign.errors.contains("which alone can cancel it"))
        for each in [submitter, watcher, donor] { #expect(try await each.end().status == 0) }
    }

    @Test func pausedPeerComputesNothingAndPartOfATableSaysSo() async throws {
        let alone = try await Donor()
        let made = SyntheticFilterbank(seed: 5, channelCount: 32_768, toneCount: 8).make()
        let large = try inputs.write(made.file, to: "large.fil")
        let submission = try await alone.object(
            Submission.self,
            "submit",
            "--file",
            large,
            "--coarse-channels",
            "64",
            "--policy",
            "single"
        )
        let id = submission.job
        var job = try #require(try await alone.object(Jobs.self, "jobs").jobs.first)
        while job.certified == 0 {
            job = try #require(try await alone.object(Jobs.self, "jobs").jobs.first)
        }
        #expect(try await alone.text("pause").contains("ends with: starling resume"))
        #expect(try await alone.object(Status.self, "status").activity == "paused")
        // What runs is halted at once; what has ended is reaped, and nothing new begins.
        while try await alone.childStates().contains(where: { !"TZ".contains($0) }) {}
        while job.final == 0 || job.final < job.certified {
            job = try #require(try await alone.object(Jobs.self, "jobs").jobs.first)
        }
        #expect(job.certified < job.units, "half of the units are in the first bundle")
        let partial = try await alone.text("results", id, "--partial")
        #expect(partial.hasPrefix("# ---"))
        let last = try #require(partial.split(separator: "\n").last)
        #expect(last.hasPrefix("# PARTIAL: \(job.units - job.final) of 64 units missing: "))
        let timed = try await alone.object(Status.Pause.self, "pause", "1h")
        #expect(try #require(timed.until).timeIntervalSinceNow > 3_500)
        #expect(try await alone.text("resume").contains("this peer takes work"))
        #expect(try await alone.object(Status.self, "status").pause.isPaused == false)
        let output = inputs.file("large.dat")
        let rest = try await alone.outcome("results", id, "--wait", "--output", output)
        #expect(rest.status == 0)
        #expect(rest.errors.contains("unit 63 is final"))
        let search = try await Program.run(["search", large, "--coarse-channels", "64"])
        #expect(FileManager.default.contents(atPath: output) == search.output)
        #expect(try await alone.end().status == 0)
    }

    @Test func watcherOfAPeerThatEndsIsTold() async throws {
        let alone = try await Donor(cores: 0)
        let id = try await alone.text(
            "submit",
            "--quiet",
            "--file",
            input,
            "--coarse-channels",
            "1"
        ).trimmingCharacters(in: .newlines)
        #expect(id.count == 64)
        let watcher = try Program(["watch", "--folder", alone.folder])
        #expect(try await watcher.says("certified"))
        #expect(try await alone.end(SIGINT).status == 0)
        let outcome = try await watcher.outcome()
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("ended before it had answered"))
    }
}
