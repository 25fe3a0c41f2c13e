import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

@Suite struct WorkerTests {
    // MARK: - Claims

    @Test func aClaimIsRepeatedOnlyWhenItsAnswerStaysOut() {
        var bench = WorkerBench()
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.claim()
        bench.expectNothingLeft()
        bench.now = bench.now.advanced(by: WorkLimits.claimSpan)
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.expectNothingLeft()
    }

    @Test func whoStaysSilentIsAskedLessAndLessUntilItAnswers() throws {
        var bench = WorkerBench()
        let start = bench.now
        var asked: [UInt64] = []
        for _ in 0..<7 {
            bench.now = max(bench.now, try #require(bench.worker.deadline([bench.opportunity])))
            bench.claim()
            if bench.takeMessages().count == 1 {
                asked.append(bench.now.since(start).milliseconds / 1_000)
            }
            bench.now = bench.now.advanced(by: WorkLimits.claimSpan)
            // The answer stays out, which the worker notes now.
            bench.claim()
            if bench.takeMessages().count == 1 {
                asked.append(bench.now.since(start).milliseconds / 1_000)
            }
        }
        #expect(Array(asked.prefix(7)) == [0, 2, 6, 14, 30, 62, 94])
        bench.refuse(.nothingOpen, retry: 500)
        let soon = bench.now.advanced(by: .milliseconds(500))
        #expect(bench.worker.deadline([bench.opportunity]) == soon)
    }

    @Test func aRefusalSaysWhenToAskAgain() {
        var bench = WorkerBench()
        bench.claim()
        _ = bench.takeMessages()
        bench.refuse(.nothingOpen, retry: 500)
        #expect(
            bench.worker.deadline([bench.opportunity])
                == bench.now.advanced(by: .milliseconds(500))
        )
        bench.now = bench.now.advanced(by: .milliseconds(499))
        bench.claim()
        bench.expectNothingLeft()
        bench.now = bench.now.advanced(by: .milliseconds(1))
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.refuse(.nothingOpen, retry: .max)
        let longest = TimeSpan.milliseconds(WorkLimits.refusalMillisecondsMax)
        #expect(bench.worker.deadline([bench.opportunity]) == bench.now.advanced(by: longest))
        bench.expectNothingLeft()
    }

    @Test func whoDonatesNothingClaimsNothing() {
        var bench = WorkerBench()
        bench.donate(places: 0)
        bench.claim()
        #expect(bench.worker.deadline([bench.opportunity]) == nil)
        bench.expectNothingLeft()
    }

    @Test func aStewardThatNeverAnswersDoesNotKeepTheOthersFromTheirTurn() {
        var bench = WorkerBench()
        bench.donate(places: 1)
        let silent = bench.opportunity
        let other = bench.otherOpportunity
        for expected in [silent, other, silent, other] {
            bench.claim([silent, other])
            let asked = bench.take { effect -> PeerID? in
                guard case .send(.claim, let steward) = effect else { return nil }
                return steward
            }
            #expect(asked == [expected.steward])
            bench.expectNothingLeft()
            bench.now = bench.now.advanced(by: WorkLimits.claimSpan)
        }
    }

    @Test func aStewardIsNamedOnceItHasLeftThreeClaimsWithoutAnAnswer() throws {
        var bench = WorkerBench()
        bench.donate(places: 1)
        var named: [(key: ShardKey, steward: PeerID)] = []
        while named.isEmpty {
            bench.claim()
            named = bench.worker.takeUnanswered()
            bench.now = try #require(bench.worker.deadline([bench.opportunity]))
        }
        let claims = bench.take { if case .send(.claim, _) = $0 { true } else { nil } }
        #expect(claims.count == 3)
        #expect(named.map(\.key) == [bench.opportunity.key])
        #expect(named.map(\.steward) == [bench.opportunity.steward])
        #expect(bench.worker.takeUnanswered().isEmpty, "once")
    }

    @Test func aNewStewardIsAskedAtOnceHoweverLongTheFirstIsLeftAlone() {
        var bench = WorkerBench()
        bench.donate(places: 1)
        bench.claim()
        bench.refuse(.nothingOpen, retry: .max)
        let successor = Worker.Opportunity(
            key: bench.opportunity.key,
            steward: TestGrid.peer(70),
            workload: bench.opportunity.workload
        )
        bench.worker.keepClaims(on: [bench.opportunity])
        bench.claim()
        bench.worker.keepClaims(on: [successor])
        _ = bench.take { if case .send(.claim, _) = $0 { true } else { nil } }
        bench.claim([successor])
        let asked = bench.take { effect -> PeerID? in
            guard case .send(.claim, let steward) = effect else { return nil }
            return steward
        }
        #expect(asked == [successor.steward])
    }

    /// However long ago the other was asked.
    @Test func firstOpportunityIsAskedFirst() {
        var bench = WorkerBench()
        bench.donate(places: 1)
        let second = bench.opportunity
        let first = bench.otherOpportunity
        func asked(_ opportunities: [Worker.Opportunity]) -> [PeerID] {
            bench.claim(opportunities)
            return bench.take { effect in
                if case .send(.claim, let steward) = effect { steward } else { nil }
            }
        }
        #expect(asked([second]) == [second.steward])
        bench.refuse(.nothingOpen, retry: 500)
        bench.now = bench.now.advanced(by: .milliseconds(100))
        #expect(asked([first, second]) == [first.steward])
        bench.refuse(.nothingOpen, retry: 500, of: first)
        bench.now = bench.now.advanced(by: .milliseconds(900))
        #expect(asked([first, second]) == [first.steward])
        bench.expectNothingLeft()
    }

    @Test func aWorkerIsIdleWhenNobodyHasWorkForIt() {
        var bench = WorkerBench()
        let first = bench.opportunity
        let other = Worker.Opportunity(
            key: ShardKey(manifest: ManifestID(Digest(7, 7, 7, 7)), shard: 0),
            steward: TestGrid.peer(50),
            workload: first.workload
        )
        bench.donate(places: 2)
        func sent(after span: TimeSpan) -> [PeerID: Bool] {
            bench.now = bench.now.advanced(by: span)
            bench.claim([first, other])
            let claims = bench.take { effect -> (PeerID, Bool)? in
                guard case .send(.claim(let claim), let steward) = effect else { return nil }
                return (steward, claim.isIdle)
            }
            return Dictionary(uniqueKeysWithValues: claims)
        }
        #expect(sent(after: .zero) == [first.steward: false, other.steward: false])
        bench.refuse(.nothingOpen, retry: 500)
        #expect(sent(after: .milliseconds(500)) == [first.steward: false], "one may have work")
        // Both stay silent, and the first one had nothing.
        #expect(sent(after: WorkLimits.claimSpan) == [first.steward: true, other.steward: true])
        bench.refuse(.nothingOpen, retry: 500)
        bench.refuse(.quota, retry: 500, of: other)
        #expect(sent(after: .milliseconds(500)) == [first.steward: false, other.steward: false])
        bench.refuse(.nothingOpen, retry: 500)
        bench.refuse(.nothingOpen, retry: 500, of: other)
        #expect(sent(after: .milliseconds(500)) == [first.steward: true, other.steward: true])
        bench.lend(bench.lease())
        #expect(sent(after: .seconds(3))[first.steward] == false, "there was work a moment ago")
        bench.lend(bench.lease())
        let again = sent(after: WorkLimits.claimSpan)
        #expect(again == [first.steward: true], "it has that lease already")
        for reason in [RefusalReason.finished, .unknownJob] {
            bench.refuse(reason, retry: 500)
            #expect(sent(after: .milliseconds(500)) == [first.steward: true])
        }
    }

    @Test func aJobThatCannotBeComputedIsLeftToOthersForAWhile() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease())
        let order = try bench.takePrepare()
        bench.failed(order.number)
        #expect(bench.worker.isIdle)
        bench.claim()
        bench.lend(bench.lease(round: 1))
        bench.expectNothingLeft()
        bench.now = bench.now.advanced(by: WorkLimits.failureSpan)
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.expectNothingLeft()
    }

    /// A chunk in its cache was damaged, which the driver tells before or after the order failed.
    @Test(arguments: [false, true])
    func aJobWhoseDataWasLostIsTriedAgainAtOnce(isToldFirst: Bool) throws {
        var bench = WorkerBench()
        let chunk = ChunkWant(root: bench.grid.manifest.datasetRoot, index: 0)
        bench.chunkStored()
        bench.lend(bench.lease())
        let order = try bench.takePrepare()
        bench.prepared(order.number)
        _ = try bench.takeStart()
        if isToldFirst { bench.desk.lost(chunk) }
        bench.failed(order.number)
        if !isToldFirst {
            bench.desk.lost(chunk)
            bench.worker.mayRetry(bench.grid.id)
        }
        bench.effects = []
        bench.now = bench.now.advanced(by: WorkLimits.claimSpan)
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.lend(bench.lease())
        let again = try bench.takePrepare()
        bench.prepared(again.number)
        let wanted = bench.take { effect -> ChunkWant? in
            guard case .send(.chunkWant(let want), _) = effect else { return nil }
            return want
        }
        #expect(wanted == [chunk])
        bench.chunkStored()
        #expect(try bench.takeStart() == again)
        bench.expectNothingLeft()
    }

    // MARK: - From lease to promise

    @Test(arguments: [false, true])
    func anOrderAsksForTheReferenceAsItsLeaseDoes(wantsReference: Bool) throws {
        var bench = WorkerBench()
        bench.lend(bench.lease(wantsReference: wantsReference))
        let order = try bench.takePrepare()
        #expect(order.wantsReference == wantsReference)
        bench.prepared(order.number, chunks: [])
        #expect(try bench.takeStart().wantsReference == wantsReference)
    }

    @Test func aLeaseIsPreparedFetchedRunSealedAndPromised() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        bench.lend(lease)
        let order = try bench.takePrepare()
        bench.expectNothingLeft()
        bench.prepared(order.number)
        let wants = bench.take { effect -> PeerID? in
            guard case .send(.chunkWant, let peer) = effect else { return nil }
            return peer
        }
        #expect(wants == [TestGrid.peer(0)])
        bench.expectNothingLeft()
        bench.chunkStored()
        #expect(try bench.takeStart() == order)
        bench.finished(order.number, TestGrid.cores(lease.units))
        // The bundle and its cores are kept before the promise is even signed.
        #expect(bench.journal.rows(of: .bundles).count == 1)
        #expect(bench.journal.rows(of: .sealed).count == 2)
        #expect(bench.answerSigns() == [.commit])
        let commit = try bench.takeCommit()
        #expect(commit.body.units == lease.units && commit.body.steward == bench.steward)
        bench.expectNothingLeft()
    }

    @Test func rowsComeBeforeTheSignRequestAndTheMessage() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease([0]))
        let order = try bench.takePrepare()
        bench.prepared(order.number, chunks: [])
        _ = try bench.takeStart()
        var out = Outbox()
        bench.worker.finished(
            order.number,
            cores: TestGrid.cores([0]),
            at: bench.now,
            vault: &bench.vault,
            into: &out
        )
        let sealing = out.drain()
        #expect(sealing.map(kind) == ["bundles", "sealed", "sign"])
        guard case .sign(let request)? = sealing.last else { return }
        let signature = bench.grid.signature(for: request, by: bench.me)
        guard case .commit(let signed)? = bench.vault.signed(request.number, signature, into: &out)
        else {
            Issue.record("a promise was to be signed")
            return
        }
        bench.worker.commitSigned(signed, at: bench.now, vault: &bench.vault, into: &out)
        #expect(out.drain().map(kind) == ["statements", "slots", "send"])
    }

    private func kind(_ effect: Effect) -> String {
        switch effect {
        case .persist(let row): "\(row.table)"
        case .sign: "sign"
        case .send: "send"
        default: "other"
        }
    }

    @Test func leasesThatMakeNoSenseAreIgnored() {
        var bench = WorkerBench()
        bench.lend(bench.lease([3, 4]))
        bench.lend(bench.lease(seats: 0))
        bench.lend(bench.lease(epoch: TestGrid.epoch + 2))
        bench.lend(bench.lease(epoch: TestGrid.epoch - 2))
        #expect(bench.worker.isIdle)
        bench.expectNothingLeft()
    }

    @Test func aRepeatedLeaseStartsNothingTwice() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease())
        _ = try bench.takePrepare()
        bench.lend(bench.lease())
        bench.expectNothingLeft()
    }

    @Test func resultsOfAnotherCountOrOrderAreIgnored() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease())
        let order = try bench.takePrepare()
        bench.finished(order.number, TestGrid.cores([0, 1]))
        bench.prepared(order.number, chunks: [])
        _ = try bench.takeStart()
        bench.finished(order.number, TestGrid.cores([0]))
        bench.finished(order.number + 1, TestGrid.cores([0, 1]))
        bench.expectNothingLeft()
        #expect(bench.journal.rows.isEmpty)
    }

    @Test func aLateLeaseOfSealedUnitsIsPromisedWithoutComputing() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        bench.lend(bench.lease([1], round: 3))
        #expect(bench.answerSigns() == [.commit])
        #expect(try bench.takeCommit().body.round == 3)
        bench.expectNothingLeft()
    }

    // MARK: - Time

    @Test func aPromiseIsResentVerbatimEachQuarterOfTheLease() throws {
        var bench = WorkerBench()
        let commit = try bench.promise(bench.lease(milliseconds: 8_000))
        bench.pass(.milliseconds(1_999))
        bench.expectNothingLeft()
        #expect(bench.worker.deadline([]) == bench.now.advanced(by: .milliseconds(1)))
        for wait: UInt64 in [1, 2_000, 2_000] {
            bench.pass(.milliseconds(wait))
            #expect(try bench.takeCommit() == commit)
        }
        bench.expectNothingLeft()
    }

    @Test func aPromiseOfALongLeaseIsResentNowAndThen() throws {
        var bench = WorkerBench(TestGrid(units: 64))
        let commit = try bench.promise(bench.lease(Array(0..<64), milliseconds: 120_000))
        bench.pass(.milliseconds(WorkLimits.resendMillisecondsMax - 1))
        bench.expectNothingLeft()
        bench.pass(.milliseconds(1))
        #expect(try bench.takeCommit() == commit)
        bench.expectNothingLeft()
    }

    @Test func aStewardThatComesBackHearsAPromiseAtOnce() throws {
        var bench = WorkerBench()
        let commit = try bench.promise(bench.lease())
        bench.worker.linked(TestGrid.peer(9), at: bench.now)
        bench.pass(.zero)
        bench.expectNothingLeft()
        bench.worker.linked(bench.steward, at: bench.now)
        bench.pass(.zero)
        #expect(try bench.takeCommit() == commit)
        bench.pass(.zero)
        bench.expectNothingLeft()
    }

    @Test func workThatOutlivesItsLeaseIsStopped() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease(milliseconds: 8_000))
        let order = try bench.takePrepare()
        bench.prepared(order.number, chunks: [])
        _ = try bench.takeStart()
        bench.pass(.milliseconds(15_999))
        bench.expectNothingLeft()
        bench.pass(.milliseconds(1))
        #expect(bench.takeStops() == [order.number])
        #expect(bench.worker.isIdle)
        bench.expectNothingLeft()
    }

    @Test func aJobWhoseDataNeverComesIsLeftToOthersForAWhile() throws {
        var bench = WorkerBench(TestGrid(units: 16))
        // A lease that lasts 37 seconds: patience ends before it.
        bench.lend(bench.lease(Array(0..<16), milliseconds: 37_000))
        let order = try bench.takePrepare()
        bench.prepared(order.number, chunks: [0, 1])
        bench.pass(.milliseconds(14_000))
        bench.chunkStored(0)
        // Each chunk that comes buys as long again.
        bench.pass(.milliseconds(14_999))
        #expect(!bench.worker.isIdle)
        #expect(bench.worker.takeForgottenChunks().isEmpty)
        bench.pass(.milliseconds(1))
        #expect(bench.worker.isIdle)
        let root = bench.grid.manifest.datasetRoot
        #expect(
            bench.worker.takeForgottenChunks()
                == [0, 1].map { ChunkWant(root: root, index: $0) }
        )
        // Nothing was promised, so nothing is owed; only requests for chunks went out.
        #expect(bench.journal.rows.isEmpty)
        bench.effects = []
        bench.claim()
        bench.lend(bench.lease(round: 1))
        bench.expectNothingLeft()
        bench.now = bench.now.advanced(by: WorkLimits.dataSpan)
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.expectNothingLeft()
    }

    @Test(arguments: [false, true])
    func aBundleWhoseHoldersAreGoneIsGivenBackAndClaimedAgain(isPrepared: Bool) throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        bench.lend(lease)
        let order = try bench.takePrepare()
        if isPrepared { bench.prepared(order.number) }
        bench.effects = []
        // Another peer's link is down: nothing changes.
        bench.unlinked { lease.holders.contains($0) }
        #expect(!bench.worker.isIdle)
        bench.unlinked { !lease.holders.contains($0) }
        #expect(bench.worker.isIdle)
        bench.claim()
        #expect(bench.takeMessages().count == 1)
        bench.expectNothingLeft()
    }

    @Test func whatIsComputedIsKeptWhoeverIsGone() throws {
        var bench = WorkerBench()
        try bench.compute(bench.lease())
        bench.unlinked { _ in false }
        #expect(!bench.worker.isIdle)
    }

    @Test func aPromiseThatNobodyAnswersIsGivenUpAndItsCoresStay() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease(milliseconds: 8_000))
        bench.pass(.milliseconds(8_000 * (1 + WorkLimits.patienceLeases) - 1))
        _ = bench.takeMessages()
        #expect(!bench.worker.isIdle)
        bench.pass(.milliseconds(1))
        #expect(bench.worker.isIdle)
        #expect(bench.journal.rows(of: .bundles).isEmpty)
        #expect(bench.journal.rows(of: .sealed).count == 2)
        bench.expectNothingLeft()
    }

    @Test func aStaleRoundIsDroppedAtOnceAndOtherRefusalsDropNothing() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        bench.refuse(.finished, round: RoundKey(number: 0, firstUnit: 0))
        bench.refuse(.stale, round: RoundKey(number: 1, firstUnit: 0))
        #expect(!bench.worker.isIdle)
        bench.refuse(.stale, round: RoundKey(number: 0, firstUnit: 0))
        #expect(bench.worker.isIdle)
        #expect(bench.journal.rows(of: .bundles).isEmpty)
        bench.expectNothingLeft()
    }
}
