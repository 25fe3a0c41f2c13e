import Foundation
import Glibc
import Testing

/// Peers on this machine whose links a test holds up and cuts; the first of them submits.
actor RelayedGrid {
    nonisolated let network: FaultyNetwork
    nonisolated let search: SmallSearch
    /// Shut, it keeps every worker from computing.
    nonisolated let gate: GatedExecutor
    /// The ids of the peers.
    private(set) var names: [String] = []
    /// The search's jobs that were not cancelled.
    private(set) var jobs: [String] = []
    private var peers: [Donor] = []
    private let cores: [Int]
    private let liars: [Int]

    /// Starts a peer for each number of `cores`, of which some lie, and links them all.
    init(cores: [Int], units: Int, liars: [Int] = []) async throws {
        self.cores = cores
        self.liars = liars
        network = try FaultyNetwork(peers: cores.count)
        search = try await SmallSearch(units: units)
        gate = try GatedExecutor()
        for index in cores.indices {
            let join = index == 0 ? [] : ["--join", try await peers[0].address()]
            peers.append(try await start(index, in: Folder(), join))
            names.append(try await peers[index].object(Status.self, "status").peer)
        }
        try await waitForLinks()
    }

    private func start(
        _ index: Int,
        in home: Folder,
        _ arguments: [String] = []
    ) async throws -> Donor {
        let donor = try await Donor(
            ["--advertise", "127.0.0.1:\(network.port(of: index))"]
                + (liars.contains(index) ? ["--lie"] : []) + arguments,
            cores: cores[index],
            in: home,
            environment: gate.environment
        )
        let note = try String(contentsOfFile: "\(donor.folder)/port", encoding: .utf8)
        let port = try #require(UInt16(note.trimmingCharacters(in: .newlines)))
        network.place(index, port: port, process: donor.program.number)
        return donor
    }

    /// One of the peers.
    func peer(_ index: Int) -> Donor { peers[index] }

    /// Waits until every peer is linked to every other.
    func waitForLinks() async throws {
        for index in peers.indices { try await waitForLinks(peers.count - 1, at: index) }
    }

    /// Waits until a peer has so many links, and no more.
    func waitForLinks(_ count: Int, at index: Int) async throws {
        try await wait(at: index) { $0.links == count }
    }

    // MARK: - Faults

    /// Ends a peer without a word; nothing that it has said and nobody has heard arrives any more.
    func kill(_ index: Int) async throws {
        let outcome = try await peers[index].end(SIGKILL)
        #expect(outcome.isKilled)
        network.part([index], from: peers.indices.filter { $0 != index })
    }

    /// Makes a peer stand still with its links up, or go on.
    func setRunning(_ isRunning: Bool, _ index: Int) {
        peers[index].program.send(isRunning ? SIGCONT : SIGSTOP)
    }

    /// Whether the first peer has a link to another.
    func isLinked(_ index: Int) async throws -> Bool {
        let list = try await peers[0].object(Peers.self, "peers").peers
        return list.first { $0.peer == names[index] }?.isLinked == true
    }

    /// Starts a peer that was killed, in a network that is whole.
    func restart(_ index: Int) async throws {
        network.heal()
        peers[index] = try await start(index, in: peers[index].home)
        try await waitForLinks()
    }

    /// Whether a worker takes new work.
    func setWorking(_ isWorking: Bool, _ workers: [Int]) async throws {
        for index in workers { _ = try await peers[index].text(isWorking ? "resume" : "pause") }
    }

    // MARK: - Jobs

    /// Submits the search at a peer, for `anchor` to schedule as long as it is there.
    func submit(
        at index: Int = 0,
        policy: String = "strict",
        anchor: Int
    ) async throws -> String {
        let job = try await search.submit(
            at: peers[index],
            policy: policy,
            anchor: names[anchor]
        )
        jobs.append(job)
        return job
    }

    /// Submits the search at the first peer while `workers` are paused, until the job's stewards
    /// are as wanted, the acting one, `anchor`, first.
    ///
    /// A job's other stewards follow from its id, so it takes as many jobs as chance will have it.
    func submit(
        policy: String = "strict",
        anchor: Int,
        pausing workers: [Int],
        where isMeant: @Sendable ([Int]) -> Bool = { _ in true }
    ) async throws -> String {
        try await setWorking(false, workers)
        while true {
            let job = try await submit(policy: policy, anchor: anchor)
            let stewards = try await unit(0, of: job).stewards
            #expect(stewards[0] == names[anchor])
            if isMeant(stewards.compactMap { names.firstIndex(of: $0) }) { return job }
            _ = try await peers[0].text("cancel", job)
            jobs.removeLast()
        }
    }

    /// What the first peer knows of a unit.
    func unit(_ unit: Int, of job: String) async throws -> Why.Unit {
        try #require(try await peers[0].object(Why.self, "why", "\(job)/\(unit)").unit)
    }

    /// What the units of a job wait for, as a peer sees it; nil while it does not know the job.
    func waits(of job: String, at index: Int) async throws -> [Why.Wait]? {
        let story = try await peers[index].ask(Why.self, "why", ["subject": job])?.job
        return story?.groups.map(\.wait)
    }

    /// Waits until what a job waits for at a peer is as it should be.
    func wait(
        for job: String,
        at index: Int,
        until isSo: @Sendable ([Why.Wait]) -> Bool
    ) async throws {
        // No command waits for this, so it is asked for again and again.
        while try await waits(of: job, at: index).map(isSo) != true {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits until a worker's part in a job is at a stage.
    func wait(for stage: String, of job: String, at index: Int) async throws {
        try await wait(at: index) { status in
            status.work.contains { $0.job == job && $0.stage == stage }
        }
    }

    /// Waits until a peer's status is as it should be; the suite's time limit bounds it.
    func wait(at index: Int, until isSo: @Sendable (Status) -> Bool) async throws {
        while try await peers[index].ask(Status.self, "status").map(isSo) != true {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// What a worker does for a job; empty when it does nothing for it.
    func stages(of job: String, at index: Int) async throws -> [String] {
        let status = try #require(try await peers[index].ask(Status.self, "status"))
        return status.work.filter { $0.job == job }.map(\.stage)
    }

    /// How many units of a job a peer has certificates for.
    func certified(_ job: String, at index: Int) async throws -> Int {
        let list = try await peers[index].object(Jobs.self, "jobs").jobs
        return list.first { $0.job == job }?.certified ?? 0
    }

    // MARK: - The end

    /// Waits until a job is complete at the peer that submitted it, and compares its table.
    func expectComplete(_ job: String, at index: Int = 0) async throws {
        let watched = try await peers[index].outcome("watch", job)
        #expect(watched.status == 0, "\(watched.errors)")
        let results = try await peers[index].outcome("results", job)
        #expect(results.output == search.table, "\(results.errors)")
    }

    /// Waits until all ledgers are equal byte by byte and settled; the board that follows from
    /// them.
    func settledBoard() async throws -> [String: Leaderboard.Tally] {
        var boards: [[String: Leaderboard.Tally]] = []
        var ledgers: [Data] = []
        var isSettled = false
        // No command waits for another peer's ledger, so they are asked again and again.
        while !isSettled {
            (boards, ledgers) = ([], [])
            for peer in peers {
                let hosts = try await peer.object(Leaderboard.self, "leaderboard").hosts
                boards.append(.init(uniqueKeysWithValues: hosts.map { ($0.peer, $0.tally) }))
                let path = peer.home.file("ledger")
                _ = try await peer.text("export", path)
                ledgers.append(try Data(contentsOf: URL(filePath: path)))
            }
            isSettled =
                boards.allSatisfy { $0 == boards[0] } && ledgers.allSatisfy { $0 == ledgers[0] }
                && boards[0].values.allSatisfy { $0.provisionalOperations == 0 }
        }
        for peer in peers { #expect(try await peer.outcome("audit").status == 0) }
        return boards[0]
    }

    /// Waits until all agree, and checks that every worker is paid once for each unit on whose
    /// certificates it stands.
    func expectAgreement() async throws {
        let board = try await settledBoard()
        var won: [String: Int] = [:]
        for job in jobs {
            for index in 0..<search.units {
                let unit = try await unit(index, of: job)
                #expect(unit.stage == "final")
                let voters = Set(unit.certificates.flatMap { $0.votes.map(\.peer) })
                #expect(voters.count >= 2)
                for voter in voters { won[voter, default: 0] += 1 }
            }
        }
        #expect(board.mapValues(\.won) == won)
        #expect(board.values.allSatisfy { $0.lost == 0 })
    }

    /// Ends every peer in order.
    func end() async throws {
        for peer in peers {
            let outcome = try await peer.end()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }
}
