import Foundation
import Glibc
import Kernels
import Testing

/// Boards, exports and audits of a running peer, jobs on hold, and a key that is replaced.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct LedgerCommandTests {
    private let folder: Folder
    private let input: String
    private static let coarse = 16

    init() throws {
        folder = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 8_192, toneCount: 16).make()
        input = try folder.write(made.file, to: "small.fil")
    }

    private func pair() async throws -> (Donor, Donor) {
        let first = try await Donor()
        let second = try await Donor(["--join", try await first.address()])
        try await first.waitForLinks(1)
        return (first, second)
    }

    private func submit(at donor: Donor) async throws -> String {
        let submission = try await donor.object(
            Submission.self,
            "submit",
            "--file",
            input,
            "--coarse-channels",
            "\(Self.coarse)"
        )
        return submission.job
    }

    // MARK: - Hold

    @Test func jobOnHoldWaitsUntilItIsReleased() async throws {
        let first = try await Donor()
        let id = try await submit(at: first)
        let held = try await first.object(Job.self, "hold", id)
        #expect(held.isHeld && held.stage == "open")
        #expect(try await first.object(Job.self, "hold", id).isHeld, "a second time it is so too")
        #expect(try await first.text("jobs").contains("  on hold  "))
        let status = try await first.object(Status.self, "status")
        #expect(status.openJobs == 0 && status.heldJobs == 1)
        #expect(try await first.text("status").contains("0 open, 1 on hold, 1 known"))
        let why = try await first.text("why", id)
        #expect(why.contains("let it go on with: starling release \(id.prefix(8))"))
        let story = try #require(try await first.object(Why.self, "why", id).job)
        #expect(story.line.isHeld)
        #expect(!story.groups.contains { $0.wait.waitsFor == "workers" })
        #expect(story.groups.contains { $0.wait.waitsFor == "release" })
        let unit = try #require(try await first.object(Why.self, "why", "\(id)/0").unit)
        #expect(unit.isHeld)

        // A donor that comes now hears of the hold, and cannot end it.
        let second = try await Donor(["--join", try await first.address()])
        while try await second.object(Jobs.self, "jobs").jobs.first?.isHeld != true {}
        let foreign = try await second.outcome("release", id)
        #expect(foreign.status == 1)
        #expect(foreign.errors.contains("which alone can release it"))
        let other = try await second.outcome("hold", id)
        #expect(other.errors.contains("which alone can put it on hold"))
        #expect(try await second.text("why", id).contains("alone can release it"))

        let watcher = try Program(["watch", id, "--folder", first.folder])
        #expect(try await watcher.says("; on hold"))
        #expect(try await first.object(Job.self, "release", id).isHeld == false)
        let end = try await watcher.outcome()
        #expect(end.status == 0, "\(end.errors)")
        let late = try await first.outcome("hold", id)
        #expect(late.errors.contains("is complete; there is nothing to hold"))
        let later = try await first.outcome("release", id)
        #expect(later.errors.contains("is complete; there is nothing to release"))
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    // MARK: - Boards

    @Test func boardsShowUsersHostsAndProjects() async throws {
        let (first, second) = try await pair()
        #expect(try await first.text("leaderboard").contains("nobody has a certified unit yet"))
        let id = try await submit(at: first)
        _ = try await first.text("watch", id)
        let own = try await first.object(Status.self, "status")
        let board = try await first.object(Leaderboard.self, "leaderboard")
        #expect(board.project == nil)
        #expect(board.users.map(\.rank) == [1, 2])
        #expect(board.users.map(\.shareOperations).reduce(0, +) == 0)
        let submitter = try #require(board.users.first { $0.isOwn })
        let donor = try #require(board.users.first { !$0.isOwn })
        #expect(submitter.consumedOperations == 2 * submitter.donatedOperations)
        #expect(donor.consumedOperations == 0 && donor.donatedOperations > 0)
        #expect(donor.shareOperations == donor.tally.finalOperations)
        #expect(donor.tally.recentOperationsPerDay > 0)
        #expect(board.hosts.first { $0.isOwn }?.peer == own.peer)
        #expect(board.projects.map(\.project) == [own.project])
        #expect(board.projects[0].isOwn && board.projects[0].tally.won == 2 * Self.coarse)

        let users = try await second.text("leaderboard")
        #expect(users.contains("CONSUMED") && users.contains("this peer's owner"))
        let projects = try await second.text("leaderboard", "--by", "projects")
        #expect(projects.contains("  \(own.project.prefix(8))  "))
        #expect(!projects.contains("this peer's project"))
        let short = String(own.project.prefix(4))
        let scoped = try await second.object(
            Leaderboard.self,
            "leaderboard",
            "--project",
            short
        )
        #expect(scoped.project == own.project)
        #expect(scoped.hosts.map(\.tally) == board.hosts.map(\.tally))
        let unknown = try await second.outcome("leaderboard", "--project", own.peer)
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("no project \(own.peer) has a job here"))
        let wrong = try await second.outcome("leaderboard", "--project", "xyz")
        #expect(wrong.errors.contains("'xyz' is no id"))
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    // MARK: - Exports and audits

    @Test func ledgerOfARunningPeerIsExportedAndAudited() async throws {
        let (first, second) = try await pair()
        let id = try await submit(at: first)
        _ = try await first.text("watch", id)
        struct Export: Decodable {
            let file: String
            let items: Int
        }
        let path = try folder.write("replaced".utf8, to: "ledger.cbor")
        let export = try await second.object(Export.self, "export", path)
        #expect(export.file == path && export.items > 4)
        #expect(try folder.names == ["ledger.cbor", "small.fil"])

        struct Audit: Decodable {
            let isGood: Bool
            let certificates: Int
            let ledger: String
            let items: [String: Int]
        }
        let file = try await Program.run(["audit", path, "--json"])
        #expect(file.status == 0, "\(file.errors)")
        let ofFile = try JSONDecoder().decode(Audit.self, from: file.output)
        let ofPeer = try await second.object(Audit.self, "audit")
        #expect(ofPeer.isGood && ofPeer.certificates > 0)
        #expect(ofPeer.ledger == ofFile.ledger)
        #expect(ofPeer.items == ofFile.items)
        #expect(ofPeer.items.values.reduce(0, +) == export.items)
        let text = try await second.text("audit")
        #expect(text.hasSuffix("right: every statement proves itself\n"))

        let own = try await second.outcome("export", "\(second.folder)/vault.sqlite")
        #expect(own.status == 1)
        #expect(own.errors.contains("lies in the peer's own folder; name a file in another one"))
        let nowhere = folder.file("nowhere/ledger")
        let missing = try await second.outcome("export", nowhere)
        #expect(missing.errors == "Error: cannot write \(nowhere): No such file or directory\n")
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
        for verb in [["audit"], ["export", path]] {
            let outcome = try await Program.run(verb + ["--folder", second.folder])
            #expect(outcome.status == 3)
            #expect(outcome.errors.contains("no peer runs in \(second.folder)"))
        }
    }

    // MARK: - Keys

    @Test func stolenKeyIsReplacedAndItsCreditMoves() async throws {
        let home = try Folder()
        let first = try await Donor(in: home)
        let second = try await Donor(["--join", try await first.address()])
        try await first.waitForLinks(1)
        let id = try await submit(at: first)
        _ = try await first.text("watch", id)
        let open = try await submit(at: first)
        _ = try await first.text("hold", open)
        let old = try await first.object(Status.self, "status").peer
        let running = try await first.outcome("key", "successor")
        #expect(running.status == 1)
        #expect(running.errors.contains("a peer runs in \(first.folder) already"))
        #expect(try await first.end().status == 0)

        let text = try await first.text("key", "successor")
        #expect(text.hasPrefix("peer \(old)\ngoes on as "))
        #expect(text.contains("starling key backup FILE --folder \(first.folder)"))
        let again = try await first.outcome("key", "successor")
        #expect(again.status == 1)
        #expect(again.errors.contains("successor.key; start the peer once to make one"))

        let heir = try await Donor(["--join", try await second.address()], in: home)
        let new = try await heir.object(Status.self, "status").peer
        #expect(text.contains("goes on as \(new)\n"))
        var hosts: [String] = []
        while !hosts.contains(new) {
            hosts = try await second.object(Leaderboard.self, "leaderboard").hosts.map(\.peer)
        }
        #expect(hosts.count == 2 && !hosts.contains(old))
        // The jobs of the old key are the new one's.
        #expect(try await heir.object(Job.self, "release", open).isOwn)
        #expect(try await heir.object(Job.self, "cancel", open).stage == "cancelled")
        let backup = home.file("backup")
        _ = try await heir.text("key", "backup", backup)
        let held = try String(contentsOfFile: backup, encoding: .utf8)
        #expect(held.contains("purpose successor\n"))
        for donor in [heir, second] { #expect(try await donor.end().status == 0) }
        let nowhere = home.file("nowhere")
        let none = try await Program.run(["key", "successor", "--folder", nowhere])
        #expect(none.status == 1)
        #expect(none.errors.contains("there is no key file \(nowhere)/peer.key"))
        #expect(!FileManager.default.fileExists(atPath: nowhere))
    }
}
