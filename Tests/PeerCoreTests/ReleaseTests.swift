import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

/// Results and datasets that are dropped: when they are, and that nothing else is.
@Suite struct ReleaseTests {
    private let grid = TestGrid(units: 6, submitter: TestGrid.peer(0))
    /// Its four units have the same results as the first four of the other job, and the same data.
    private let second = TestGrid(units: 4, submitter: TestGrid.peer(0), nonce: 2)

    private func hash(_ unit: UInt32) -> Digest { TestGrid.core(unit).resultHash }

    private func drops(_ units: Range<UInt32>) -> [Effect] {
        units.map { Effect.dropResult(hash($0)) }
    }

    private func progress(_ pair: PeerPair, _ index: Int, of job: TestGrid) -> JobProgress? {
        pair.machines[index].core.progress(of: job.id, at: pair.now)
    }

    private func holdsDataset(_ pair: PeerPair) -> Bool {
        pair.machines[0].core.holdsDataset(grid.manifest.datasetRoot)
    }

    private var dataset: Effect { .dropDataset(grid.manifest.datasetRoot) }

    /// A pair that has finished `jobs`.
    private func finished(_ jobs: [TestGrid], seed: UInt64 = 1) throws -> PeerPair {
        let pair = try PeerPair(grid, seed: seed)
        for job in jobs { pair.input(.submit(job.manifest), to: 0) }
        pair.settle()
        func isComplete(_ job: TestGrid) -> Bool {
            pair.machines.allSatisfy { machine in
                machine.core.progress(of: job.id, at: pair.now)?.isComplete == true
                    && machine.core.isIdle
            }
        }
        for _ in 0..<900 where !jobs.allSatisfy(isComplete) { pair.pass(atMost: .seconds(2)) }
        #expect(jobs.allSatisfy(isComplete))
        #expect(pair.machines.allSatisfy { $0.drops.isEmpty })
        return pair
    }

    private func expectSame(_ left: [Effect], _ right: [Effect]) {
        #expect(left.count == right.count && Set(left) == Set(right), "\(left)")
    }

    private func rows(_ pair: PeerPair, _ index: Int) -> [Bytes] {
        pair.machines[index].journal.rows(of: .released).map(\.key)
    }

    private func pass(_ pair: PeerPair) {
        for _ in 0..<120 { pair.pass(atMost: .seconds(2)) }
    }

    // MARK: - By the owner

    /// Where the other peer is the steward, certificates that were lost come back from it alone.
    @Test(arguments: [[], [TestGrid.peer(1)]])
    func whatTheOwnerReleasesIsDroppedAndNeverFetchedAgain(anchors: [PeerID]) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), anchors: anchors)
        let pair = try finished([grid])
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        let submitter = pair.machines[0]
        expectSame(submitter.drops, drops(0..<6) + [dataset])
        #expect(rows(pair, 0) == [grid.id.digest.bytes])
        #expect(pair.machines[1].drops.isEmpty && rows(pair, 1).isEmpty, "it is told nobody")
        submitter.wanted = []
        pair.input(.release(grid.id), to: 0)
        pass(pair)
        try pair.restart(0)
        pass(pair)
        #expect(submitter.wanted.isEmpty && submitter.results.isEmpty)
        #expect(submitter.drops.count == 7, "once")
        let after = try #require(progress(pair, 0, of: grid))
        #expect(after.isReleased && after.held == 0 && after.certified == 6)
        #expect(!holdsDataset(pair))
        // With its ledger gone it computes nothing of the job anew, and fetches nothing.
        submitter.journal.lose(.items)
        try pair.restart(0)
        pass(pair)
        #expect(progress(pair, 0, of: grid)?.certified == 6)
        #expect(submitter.wanted.isEmpty && submitter.results.isEmpty)
        #expect(pair.violations == [])
    }

    @Test func rowIsKeptBeforeAnythingIsDropped() throws {
        let pair = try finished([grid])
        var out = Outbox()
        pair.machines[0].core.handle(.release(grid.id), at: pair.now, into: &out)
        let effects = out.drain()
        let isRow = { (effect: Effect) in
            guard case .persist(let row) = effect else { return false }
            return row.table == .released && row.key == grid.id.digest.bytes
        }
        let row = try #require(effects.firstIndex(where: isRow))
        let drop = try #require(effects.firstIndex { drops(0..<6).contains($0) })
        #expect(row < drop)
    }

    @Test func dropThatACrashPreventedIsMadeAtTheNextStart() throws {
        let pair = try finished([grid])
        let submitter = pair.machines[0]
        let results = submitter.results
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        (submitter.results, submitter.hasDataset, submitter.drops) = (results, true, [])
        try pair.restart(0)
        pair.settle()
        expectSame(submitter.drops, drops(0..<6) + [dataset])
        #expect(submitter.results.isEmpty && !submitter.hasDataset)
    }

    @Test func sharedResultsAreKeptForTheOtherJob() throws {
        let pair = try finished([grid, second])
        let submitter = pair.machines[0]
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        expectSame(submitter.drops.filter { $0 != dataset }, drops(4..<6))
        #expect(progress(pair, 0, of: second)?.isComplete == true)
        pair.input(.release(second.id), to: 0)
        pair.settle()
        expectSame(submitter.drops.filter { $0 != dataset }, drops(0..<6))
        #expect(submitter.results.isEmpty)
    }

    @Test func resultsOfWorkThatIsUnderWayAreKept() throws {
        let pair = try finished([grid])
        // The other job cannot be certified: nobody else computes.
        pair.input(.donate(places: 0, speeds: SortedTable()), to: 1)
        pair.input(.submit(second.manifest), to: 0)
        pass(pair)
        #expect(progress(pair, 0, of: second)?.certified == 0)
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        expectSame(pair.machines[0].drops, drops(4..<6))
    }

    /// An order that took longer than its job: what it made is nobody's.
    @Test func resultsThatComeAfterTheReleaseAreDropped() throws {
        let pair = try finished([grid])
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        let before = pair.machines[0].drops.count
        pair.input(.workFinished(999, [TestGrid.core(2), TestGrid.core(3)]), to: 0)
        pair.settle()
        expectSame(Array(pair.machines[0].drops.dropFirst(before)), drops(2..<4))
    }

    /// Certificates may contradict each other long after; whoever settles that waits for nothing.
    @Test(arguments: [1, 7] as [UInt64])
    func theOwnerOfAReleasedJobFetchesNothingThatItIsOffered(peer: UInt64) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), anchors: [TestGrid.peer(1)])
        let pair = try finished([grid])
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        let core = TestGrid.core(2, variant: 1)
        let offer = ResultOffer(manifest: grid.id, cores: [UnitCore(unit: 2, core: core)])
        var out = Outbox()
        let offerer = TestGrid.peer(peer)
        pair.machines[0].core.receive(
            Message.resultOffer(offer).verifiedHere,
            from: offerer,
            at: pair.now,
            into: &out
        )
        let sent = out.drain().compactMap { effect -> Message? in
            guard case .send(let message, offerer) = effect else { return nil }
            return message
        }
        let held = Message.resultHeld(UnitList(manifest: grid.id, units: [2]))
        #expect(sent == (peer == 1 ? [held] : []), "a stranger gets no answer")
    }

    @Test func onlyAnOwnJobThatIsOverIsReleased() throws {
        let pair = try PeerPair(grid, seed: 3)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for id in [grid.id, second.id] { pair.input(.release(id), to: 0) }
        pair.settle()
        #expect(rows(pair, 0).isEmpty)
        let complete = try finished([grid])
        complete.input(.release(grid.id), to: 1)
        pass(complete)
        #expect(rows(complete, 1).isEmpty && complete.machines[1].drops.isEmpty)
        // One that was cancelled is over, whatever has become of its units.
        pair.input(.cancel(grid.id), to: 0)
        pair.settle()
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        #expect(rows(pair, 0) == [grid.id.digest.bytes])
        #expect(pair.machines[0].results.isEmpty)
    }

    // MARK: - By time

    @Test func everyPeerDropsWhatHasOutlivedItsRetention() throws {
        let pair = try finished([grid])
        let last = grid.manifest.deadline + UInt64(grid.manifest.retention)
        for index in [0, 1] { pair.input(.epoch(last), to: index) }
        pair.settle()
        for machine in pair.machines { #expect(machine.drops.allSatisfy { $0 == dataset }) }
        for index in [0, 1] { pair.input(.epoch(last + 1), to: index) }
        pair.settle()
        for (index, machine) in pair.machines.enumerated() {
            expectSame(machine.drops.filter { $0 != dataset }, drops(0..<6))
            #expect(machine.results.isEmpty)
            #expect(rows(pair, index) == [grid.id.digest.bytes])
            #expect(progress(pair, index, of: grid)?.isReleased == true)
        }
    }

    /// A pair of one owner, who cannot certify anything: everything stays under way.
    private func stuck() throws -> PeerPair {
        let owner = OwnerID(grid.project.digest)
        let pair = try PeerPair(grid, seed: 4, secondOwner: owner)
        pair.input(.submit(grid.manifest), to: 0)
        for _ in 0..<100 { pair.pass(atMost: .seconds(2)) }
        #expect(pair.machines.contains { !$0.journal.rows(of: .sealed).isEmpty })
        #expect(pair.machines[0].journal.rows(of: .rounds).contains { $0.value?.count != 1 })
        return pair
    }

    private func expectNothingIsLeft(_ pair: PeerPair) {
        for machine in pair.machines {
            let isIdle = machine.core.isIdle
            #expect(isIdle && machine.results.isEmpty)
            #expect(machine.journal.rows(of: .rounds).allSatisfy { $0.value?.count == 1 })
            #expect(machine.journal.rows(of: .bundles).isEmpty)
            #expect(machine.journal.rows(of: .sealed).isEmpty)
        }
    }

    @Test func workThatNeverEndedGoesWithItsRetention() throws {
        let pair = try stuck()
        let last = grid.manifest.deadline + UInt64(grid.manifest.retention)
        for index in [0, 1] { pair.input(.epoch(last + 1), to: index) }
        pair.settle()
        expectNothingIsLeft(pair)
    }

    // MARK: - Datasets

    @Test func datasetStaysUntilTheLastOfItsJobsIsOver() throws {
        let pair = try finished([grid])
        // Nobody else computes, so that it stays open.
        pair.input(.donate(places: 0, speeds: SortedTable()), to: 1)
        pair.input(.submit(second.manifest), to: 0)
        pass(pair)
        pair.input(.release(grid.id), to: 0)
        pair.input(.epoch(TestGrid.epoch + 1), to: 0)
        pass(pair)
        let submitter = pair.machines[0]
        #expect(!submitter.drops.contains(dataset))
        #expect(holdsDataset(pair))
        pair.input(.cancel(second.id), to: 0)
        pair.settle()
        #expect(!submitter.drops.contains(dataset), "it is looked at once an hour")
        pair.input(.epoch(TestGrid.epoch + 2), to: 0)
        pair.settle()
        #expect(submitter.drops.filter { $0 == dataset }.count == 1)
        #expect(!holdsDataset(pair))
    }

    @Test(arguments: [false, true]) func datasetGoesWhenItsJobIsOver(isExpired: Bool) throws {
        let pair = try isExpired ? PeerPair(grid, seed: 5) : finished([grid])
        if isExpired { pair.input(.submit(grid.manifest), to: 0) }
        pair.settle()
        pair.input(.epoch(isExpired ? grid.manifest.deadline : TestGrid.epoch), to: 0)
        pair.settle()
        #expect(pair.machines[0].drops.isEmpty)
        if !isExpired {
            pair.input(.epoch(TestGrid.epoch + 1), to: 0)
            pair.settle()
            #expect(pair.machines[0].drops.isEmpty, "somebody may be looking at a vote again")
            for _ in 0..<1_600 { pair.pass(atMost: .seconds(2)) }
        }
        pair.input(.epoch(isExpired ? grid.manifest.deadline + 1 : TestGrid.epoch + 2), to: 0)
        pair.settle()
        expectSame(pair.machines[0].drops, [dataset])
        #expect(progress(pair, 0, of: grid)?.isReleased == false, "its results stay")
    }

    @Test func datasetOfAJobThatIsBeingSubmittedIsKept() throws {
        let pair = try finished([grid])
        // The hour comes before the signature on the manifest.
        pair.input(.submit(second.manifest), to: 0)
        pair.input(.epoch(TestGrid.epoch + 1), to: 0)
        pair.settle()
        #expect(pair.machines[0].drops.isEmpty)
        #expect(holdsDataset(pair))
    }
}
