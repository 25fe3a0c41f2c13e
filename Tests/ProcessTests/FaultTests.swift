import Foundation
import Glibc
import Testing

/// What befalls a machine while it computes, and what it must not cost: a job ends all the same,
/// with the table of a search, and every vote that was won counts once.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FaultTests {
    private static let units = FaultGrid.unitCount

    // MARK: - Peers that stand still

    @Test func workerThatStandsStillBeyondItsLeaseIsReplaced() async throws {
        let gate = try GatedExecutor()
        let grid = try await FaultGrid(cores: 1, environment: gate.environment)
        try gate.shut()
        let worker = grid.workers[0]
        let job = try await grid.submit()
        try await wait(for: worker) { $0.work.contains { $0.stage == "running" } }
        worker.program.send(SIGSTOP)
        gate.open()
        // The last seat is free again when the lease of one unit is over.
        try await grid.expectComplete(job)
        try await passTwoLeases(of: grid.workers[1])
        let identity = try await identity(of: 1, in: grid)
        for unit in 0..<Self.units {
            #expect(try await !voters(of: unit, job, grid).contains(identity))
        }
        worker.program.send(SIGCONT)
        try await grid.expectCredit(won: 2 * Self.units)
        try await wait(for: worker) { $0.work.isEmpty }
        try await grid.end()
    }

    @Test func stewardThatStandsStillGoesOnWhereItWas() async throws {
        let gate = try GatedExecutor()
        let grid = try await FaultGrid(environment: gate.environment)
        try gate.shut()
        let job = try await grid.submit()
        try await wait(for: grid.workers[0]) { $0.work.contains { $0.stage == "running" } }
        grid.submitter.program.send(SIGSTOP)
        gate.open()
        // They compute what they have leased, and promise it to nobody.
        for worker in grid.workers {
            try await wait(for: worker) { status in
                status.activity == "idle" && status.work.allSatisfy { $0.stage == "waiting" }
            }
        }
        try await passTwoLeases(of: grid.workers[0])
        #expect(try await grid.workers[0].object(Status.self, "status").work.isEmpty == false)
        grid.submitter.program.send(SIGCONT)
        try await grid.expectComplete(job)
        try await grid.expectCredit(won: 2 * Self.units)
        try await grid.end()
    }

    /// Waits for twice the lease of one unit, 15 s, by the clock of a peer that runs.
    private func passTwoLeases(of peer: Donor) async throws {
        let begin = try await peer.object(Status.self, "status").uptimeSeconds
        try await wait(for: peer) { $0.uptimeSeconds > begin + 2 * 15 }
    }

    // MARK: - Ledgers that are lost

    /// What becomes of a grid.sqlite while its peer is stopped.
    enum Loss: CaseIterable {
        case deleted
        case noise
    }

    @Test(arguments: zip(Loss.allCases, [1, 0]))
    func ledgerThatIsLostComesBackFromOthers(loss: Loss, victim: Int) async throws {
        let grid = try await FaultGrid(homes: [Folder(), Folder(), Folder()])
        let first = try await grid.submit()
        try await grid.expectComplete(first)
        // A second job is under way, which cannot end without the worker.
        _ = try await grid.workers[0].text("pause")
        let second = try await grid.submit()
        try await wait(for: grid.workers[1]) { !$0.work.isEmpty }
        let peer = grid.peers[victim]
        let outcome = try await peer.end()
        #expect(outcome.status == 0, "\(outcome.errors)")
        try lose("\(peer.folder)/grid.sqlite", loss)
        let restarted = try await grid.restart(victim, cores: victim == 0 ? 0 : 1)
        let notice = loss == .deleted ? "grid.sqlite is gone, and is begun anew" : "is damaged: "
        #expect(restarted.program.errors.contains(notice), "\(restarted.program.errors)")
        #expect(restarted.program.errors.contains("The ledger comes back from other peers"))
        if victim != 1 { _ = try await grid.workers[0].text("resume") }
        for job in [first, second] { try await grid.expectComplete(job) }
        try await grid.expectCredit(won: 2 * 2 * Self.units)
        try await grid.end()
    }

    private func lose(_ path: String, _ loss: Loss) throws {
        for suffix in ["-wal", "-shm"] { _ = unlink(path + suffix) }
        switch loss {
        case .deleted: try FileManager.default.removeItem(atPath: path)
        case .noise:
            var generator = SystemRandomNumberGenerator()
            let noise = (0..<100_000).map { _ in UInt8.random(in: .min ... .max, using: &generator)
            }
            try Data(noise).write(to: URL(filePath: path))
        }
    }

    // MARK: - Disks that are full

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"))
    func workerOnAFullDiskDrainsThenStopsAndTakesPartAgain() async throws {
        let disk = try SmallDisk()
        let grid = try await FaultGrid(homes: [nil, disk.folder, nil])
        let worker = grid.workers[0]
        // Alone, the worker computes what it may and waits for the others' promises.
        _ = try await grid.workers[1].text("pause")
        var jobs = [try await grid.submit()]
        try await wait(for: worker) { !$0.work.isEmpty }
        try disk.fill()
        // Another job is something to write down, for which only the ballast makes room.
        jobs.append(try await grid.submit())
        try await wait(for: worker) { status in
            status.reason?.hasPrefix("the disk of \(worker.folder) is nearly full") == true
        }
        #expect(access("\(worker.folder)/ballast", F_OK) != 0)
        #expect(try await worker.program.says("note: the disk of \(worker.folder) is nearly full"))
        // The other one computes a job alone, of which the worker would have its share.
        _ = try await grid.workers[1].text("resume")
        let single = try await grid.submit(policy: "single")
        try await grid.expectComplete(single)
        let identity = try await identity(of: 1, in: grid)
        for unit in 0..<Self.units {
            #expect(try await !voters(of: unit, single, grid).contains(identity))
        }
        try disk.fill()
        jobs.append(try await grid.submit())
        let outcome = try await worker.program.outcome()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("the disk of \(worker.folder) is full; free some space"))
        try disk.empty()
        let restarted = try await grid.restart(1, cores: 1)
        #expect(restarted.program.errors.isEmpty, "\(restarted.program.errors)")
        for job in jobs { try await grid.expectComplete(job) }
        try await grid.expectCredit(won: 2 * Self.units * jobs.count + Self.units)
        try await grid.end()
    }

    // MARK: - What peers say

    /// Waits until a peer's status is as it should be; the suite's time limit bounds it.
    private func wait(for peer: Donor, until isSo: (Status) -> Bool) async throws {
        // No command waits for a status, so it is asked for again and again.
        while !isSo(try await peer.object(Status.self, "status")) {}
    }

    /// The id of a peer, as the submitter knows it: it may stand still, or have ended.
    private func identity(of index: Int, in grid: FaultGrid) async throws -> String {
        let peers = try await grid.submitter.object(Peers.self, "peers").peers
        let folder = grid.peers[index].folder
        let output = grid.peers[index].program.output
        let short = output.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let found = peers.filter { !short.isEmpty && $0.peer.hasPrefix(short) }
        try #require(found.count == 1, "\(folder): \(output)")
        return found[0].peer
    }

    /// Who voted on a unit.
    private func voters(of unit: Int, _ job: String, _ grid: FaultGrid) async throws -> [String] {
        let story = try await grid.submitter.object(Why.self, "why", "\(job)/\(unit)").unit
        let certificates = try #require(story).certificates
        #expect(!certificates.isEmpty)
        return certificates.flatMap { $0.votes.map(\.peer) }
    }
}
