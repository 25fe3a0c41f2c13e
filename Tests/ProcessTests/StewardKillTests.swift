import Testing

/// A steward that is killed wherever a unit may wait, and what that must not cost.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct StewardKillTests {
    /// What a unit waits for when its steward is killed, as `why` names it there.
    private enum Moment: String, CaseIterable {
        // A steward has the bytes of the same search ever after, so these come first.
        case resultBytes
        // What takes longest: when nobody publishes the opening, a worker does so at last.
        case opening
        case workers
        case promise
        case signedPromises
        case result
        case secondHolder
        case certificate

        /// Whether nothing can keep a unit there: its steward signs, and goes on.
        var isBrief: Bool { self == .signedPromises || self == .certificate }
    }

    private static let submitter = 0
    private static let steward = 1
    private static let workers = [2, 3]

    @Test func anotherStewardTakesOverWhateverAUnitWaitsFor() async throws {
        try await withThrowingTaskGroup { group in
            for moment in Moment.allCases {
                // One after another, for a lease does not wait; what follows takes its time.
                let grid = try await RelayedGrid(cores: [0, 0, 1, 1], units: 1)
                let job = try await arrive(at: moment, in: grid)
                try await grid.kill(Self.steward)
                grid.gate.open()
                group.addTask { try await finish(job, killedAt: moment, in: grid) }
            }
            // One that comes back at once needs no time, so it is one grid that does it all.
            group.addTask { try await comeBack() }
            try await group.waitForAll()
        }
    }

    /// Its links stay up, and it says nothing.
    @Test func anotherStewardTakesOverFromOneThatStandsStill() async throws {
        let grid = try await RelayedGrid(cores: [0, 0, 1, 1], units: 2)
        let job = try await arrive(at: .workers, in: grid)
        await grid.setRunning(false, Self.steward)
        try await grid.setWorking(true, Self.workers)
        try await grid.expectComplete(job)
        #expect(try await grid.isLinked(Self.steward))
        let names = await grid.names
        let stewards = try await grid.unit(0, of: job).certificates.map(\.steward)
        #expect(!stewards.contains(names[Self.steward]))
        await grid.setRunning(true, Self.steward)
        try await grid.expectAgreement()
        try await grid.end()
    }

    @Test func whatIsComputedIsCertifiedWithoutTheSubmitter() async throws {
        // It is the steward of its jobs, and nobody else has their data.
        let grid = try await RelayedGrid(cores: [0, 1, 1], units: 4)
        try grid.gate.shut()
        let workers = [1, 2]
        let job = try await grid.submit(anchor: Self.submitter, pausing: workers)
        try await lease(job, to: workers, in: grid)
        try await grid.kill(Self.submitter)
        grid.gate.open()
        while try await grid.certified(job, at: workers[0]) == 0 {}
        try await grid.restart(Self.submitter)
        try await grid.expectComplete(job)
        try await grid.expectAgreement()
        try await grid.end()
    }

    /// The steward is killed at one moment after another, and starts again each time.
    private func comeBack() async throws {
        let grid = try await RelayedGrid(cores: [0, 0, 1, 1], units: 1)
        for moment in Moment.allCases {
            let job = try await arrive(at: moment, in: grid)
            try await grid.kill(Self.steward)
            grid.gate.open()
            try await grid.restart(Self.steward)
            try await grid.setWorking(true, Self.workers)
            try await grid.expectComplete(job)
        }
        try await grid.expectAgreement()
        try await grid.end()
    }

    private func finish(
        _ job: String,
        killedAt moment: Moment,
        in grid: RelayedGrid
    ) async throws {
        try await grid.setWorking(true, Self.workers)
        try await grid.expectComplete(job)
        if moment != .opening, !moment.isBrief {
            let names = await grid.names
            let stewards = try await grid.unit(0, of: job).certificates.map(\.steward)
            #expect(!stewards.contains(names[Self.steward]), "another one has taken over")
        }
        try await grid.restart(Self.steward)
        try await grid.expectAgreement()
        try await grid.end()
    }

    // MARK: - The way there

    /// Submits a job, and returns once a unit of it is there.
    private func arrive(at moment: Moment, in grid: RelayedGrid) async throws -> String {
        if moment.isBrief { return try await catchBrief(moment, in: grid) }
        if moment != .workers { try grid.gate.shut() }
        let job = try await grid.submit(anchor: Self.steward, pausing: Self.workers) { stewards in
            moment != .opening || Self.workers.contains(stewards[1])
        }
        switch moment {
        case .workers:
            try await grid.setWorking(true, [Self.workers[0]])
            // One has promised, and there is nobody for the other seat.
            try await grid.wait(for: job, at: Self.steward) { waits in
                waits.map(\.waitsFor) == ["workers"] && waits[0].count == 1
            }
            return job
        case .promise:
            try await lease(job, to: Self.workers, in: grid)
        case .result:
            try await withholdSet(of: job, from: Self.workers, in: grid)
        case .resultBytes:
            try await withholdSet(of: job, from: Self.workers, in: grid)
            try await passSet(of: job, to: Self.workers, in: grid)
        case .secondHolder:
            grid.network.hold(from: Self.steward, to: Self.submitter)
            try await lease(job, to: Self.workers, in: grid)
            grid.gate.open()
        case .opening:
            let stewards = try await grid.unit(0, of: job).stewards
            let names = await grid.names
            let next = try #require(names.firstIndex(of: stewards[1]))
            // It gets the set and nothing after that, the opening least of all.
            try await withholdSet(of: job, from: [next], in: grid)
            try await passSet(of: job, to: [next], in: grid)
        case .signedPromises, .certificate:
            break
        }
        try await grid.wait(for: job, at: Self.steward) { waits in
            waits.contains { $0.waitsFor == moment.rawValue }
        }
        return job
    }

    /// The workers compute, and come no further before the gate is open.
    private func lease(_ job: String, to workers: [Int], in grid: RelayedGrid) async throws {
        try await grid.setWorking(true, workers)
        for worker in workers { try await grid.wait(for: "running", of: job, at: worker) }
    }

    /// All promise their results, and `kept` hear no more from the steward.
    private func withholdSet(
        of job: String,
        from kept: [Int],
        in grid: RelayedGrid
    ) async throws {
        try await lease(job, to: Self.workers, in: grid)
        for worker in kept { grid.network.hold(from: Self.steward, to: worker) }
        grid.gate.open()
        let names = await grid.names
        try await grid.wait(for: job, at: Self.steward) { waits in
            waits.allSatisfy { $0.waitsFor == "result" }
                && Set(waits.compactMap(\.peer)) == Set(kept.map { names[$0] })
        }
    }

    /// The set reaches `kept`, who reveal their results, and nothing after it does.
    private func passSet(of job: String, to kept: [Int], in grid: RelayedGrid) async throws {
        // As long as one result is missing, the steward has nothing more to say that could slip in.
        let last = kept[kept.count - 1]
        grid.network.hold(from: last, to: Self.steward)
        for worker in kept {
            while try await !grid.stages(of: job, at: worker).contains("revealed") {
                grid.network.letThrough(from: Self.steward, to: worker)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        grid.network.release(from: last, to: Self.steward)
    }

    /// Runs jobs until a unit is seen where it stays for no longer than a signature takes.
    private func catchBrief(_ moment: Moment, in grid: RelayedGrid) async throws -> String {
        while true {
            let job = try await grid.submit(anchor: Self.steward, pausing: Self.workers)
            try await grid.setWorking(true, Self.workers)
            var isOver = false
            while !isOver {
                guard let waits = try await grid.waits(of: job, at: Self.steward) else { continue }
                if waits.contains(where: { $0.waitsFor == moment.rawValue }) { return job }
                isOver = waits.allSatisfy { $0.waitsFor == "settling" }
            }
        }
    }
}
