import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// What a worker does once it has promised.
@Suite struct WorkerVoteTests {
    @Test func aSetThatHoldsThePromiseIsAnsweredWithTheResult() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        let set = bench.set(lease, with: commit)
        bench.close(set)
        #expect(bench.answerSigns() == [.result])
        let reveal = try bench.takeReveal()
        #expect(reveal.commit == nil)
        #expect(reveal.cores == TestGrid.cores(lease.units))
        #expect(reveal.result.body.setHash == set.hash)
        #expect(reveal.result.body.commitment == commit.body.commit)
        bench.expectNothingLeft()
    }

    @Test func aSetThatIsNotTheLeasesIsIgnored() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        var forged = commit.body
        forged = CommitStatement(
            worker: forged.worker,
            manifest: forged.manifest,
            steward: forged.steward,
            round: forged.round,
            units: forged.units,
            commit: .zero
        )
        let sets = [
            bench.set(lease, with: nil),
            bench.set(lease, with: bench.grid.sign(forged)),
            bench.set(lease, with: commit, epoch: TestGrid.epoch + 2),
            bench.set(lease, with: commit, epoch: TestGrid.epoch - 2),
            bench.set(lease, with: commit, seats: 3),
            bench.set(lease, with: commit, seats: 1),
            bench.set(bench.lease([0]), with: commit),
            bench.set(bench.lease(round: 1), with: commit),
        ]
        for set in sets {
            bench.close(set)
            bench.expectNothingLeft()
        }
        bench.close(bench.set(lease, with: commit, epoch: TestGrid.epoch + 1))
        #expect(bench.answerSigns() == [.result])
        _ = try bench.takeReveal()
        bench.expectNothingLeft()
    }

    @Test func aSecondSetOfARoundNeverGetsASecondSignature() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        bench.close(bench.set(lease, with: commit))
        // While the first result is being signed, and after that.
        bench.close(bench.set(lease, with: commit, stranger: 10))
        #expect(bench.answerSigns() == [.result])
        let first = try bench.takeReveal()
        bench.close(bench.set(lease, with: commit, stranger: 11))
        #expect(bench.answerSigns().isEmpty)
        #expect(try bench.takeReveal() == first)
        bench.restart()
        bench.close(bench.set(lease, with: commit, stranger: 12))
        #expect(bench.answerSigns().isEmpty)
        #expect(try bench.takeReveal() == first)
        bench.expectNothingLeft()
    }

    @Test func afterACrashBeforeTheResultWasKeptASecondSetMayBeAnswered() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        bench.close(bench.set(lease, with: commit))
        bench.restart()
        let set = bench.set(lease, with: commit, stranger: 10)
        bench.close(set)
        #expect(bench.answerSigns() == [.result])
        #expect(try bench.takeReveal().result.body.setHash == set.hash)
        bench.expectNothingLeft()
    }

    @Test func aResultIsResentVerbatimUntilACertificateHoldsIt() throws {
        var bench = WorkerBench()
        let lease = bench.lease(milliseconds: 8_000)
        let commit = try bench.promise(lease)
        bench.close(bench.set(lease, with: commit))
        bench.answerSigns()
        let reveal = try bench.takeReveal()
        for _ in 0..<2 {
            bench.pass(.milliseconds(2_000))
            #expect(try bench.takeReveal() == reveal)
        }
        let workers = [bench.me, TestGrid.peer(9)]
        bench.certified(bench.grid.quorum(round: 1, on: [0, 1], by: workers))
        #expect(!bench.worker.isIdle, "another round's certificate does not settle this one")
        bench.certified(bench.grid.quorum(of: bench.steward, on: [0, 1], by: workers))
        #expect(bench.worker.isIdle)
        #expect(bench.journal.rows(of: .bundles).isEmpty)
        #expect(bench.journal.rows(of: .sealed).isEmpty)
        bench.expectNothingLeft()
    }

    @Test func othersCertificatesStopWorkThatNobodyNeeds() throws {
        var bench = WorkerBench()
        bench.lend(bench.lease())
        let order = try bench.takePrepare()
        bench.prepared(order.number, chunks: [])
        _ = try bench.takeStart()
        bench.certified(bench.grid.quorum(of: TestGrid.peer(8), on: [0]))
        bench.expectNothingLeft()
        bench.certified(bench.grid.quorum(of: TestGrid.peer(8), on: [0, 1]))
        #expect(bench.takeStops() == [order.number])
        #expect(bench.worker.isIdle)
        bench.expectNothingLeft()
    }

    @Test func aLeaseOfOneSeatIsRevealedAtOnceWithItsPromise() throws {
        var bench = WorkerBench()
        let lease = bench.lease(seats: 1)
        try bench.compute(lease)
        #expect(bench.answerSigns() == [.commit])
        #expect(bench.answerSigns() == [.result])
        let reveal = try bench.takeReveal()
        let commit = try #require(reveal.commit)
        let lone = CommitSet(
            steward: bench.steward,
            manifest: bench.grid.id,
            round: 0,
            units: lease.units,
            epoch: lease.epoch,
            seatCount: 1,
            members: [
                SetMember(worker: bench.me, seat: 0, widening: 0, commit: commit.body.commit)
            ]
        )
        #expect(reveal.result.body.setHash == lone.hash)
        bench.expectNothingLeft()
    }

    @Test func twoLeasesOfOneSlotGetOneSignature() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease([0, 1]))
        // The steward forgets, and leases one of the units again in the same round.
        bench.lend(bench.lease([1]))
        #expect(bench.answerSigns().isEmpty)
        bench.expectNothingLeft()
    }

    /// The second bundle waits for the signature that the first one has asked for.
    @Test(arguments: [UInt8(1), 2]) func aBundleNeverTakesTheStatementsOfAnother(
        seats: UInt8
    ) throws {
        var bench = WorkerBench()
        try bench.compute(bench.lease([0, 1], seats: seats))
        bench.lend(bench.lease([1], seats: seats))
        while !bench.answerSigns().isEmpty {}
        bench.restart()
        bench.pass()
        for message in bench.takeMessages() {
            switch message {
            case .commit(let signed): #expect(signed.body.units == [0, 1])
            case .reveal(let reveal):
                #expect(reveal.result.body.units.count == reveal.cores.count)
            default: Issue.record("only promises and results")
            }
        }
        bench.expectNothingLeft()
        #expect(bench.journal.rows(of: .bundles).count == 1)
    }

    @Test func aPromiseOfABundleThatIsGoneIsNobodysElse() throws {
        var bench = WorkerBench()
        try bench.compute(bench.lease([0, 1]))
        bench.refuse(.stale, round: RoundKey(number: 0, firstUnit: 0))
        bench.lend(bench.lease([0]))
        #expect(bench.answerSigns() == [.commit])
        bench.expectNothingLeft()
        bench.pass(.seconds(4))
        bench.expectNothingLeft()
        #expect(bench.worker.isIdle)
    }

    // MARK: - After the vote

    @Test(arguments: [false, true]) func aWorkerOpensWhatNobodyElseOpens(
        isRestarted: Bool
    ) throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        let certificate = bench.grid.quorum(of: bench.steward, on: [0, 1])
        bench.certified(certificate, isOpened: false)
        #expect(bench.worker.isIdle)
        #expect(bench.journal.rows(of: .sealed).count == 2, "it may still be needed")
        if isRestarted {
            // The ledger tells of its certificates again.
            bench.restart()
            bench.certified(certificate, isOpened: false)
        }
        let wait = bench.job.leaseSpan(unitCount: 2).times(2 * WorkLimits.openingLeases)
        let end = bench.now.advanced(by: wait)
        #expect(bench.worker.deadline([]) == end)
        #expect(bench.worker.takeUnopened(at: Instant(nanoseconds: end.nanoseconds - 1)) == [])
        let opening = bench.grid.opening(of: bench.grid.sign(certificate))
        #expect(bench.worker.takeUnopened(at: end) == [opening])
        #expect(bench.worker.takeUnopened(at: end) == [])
        bench.expectNothingLeft()
    }

    @Test func whatOthersOpenIsForgotten() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        bench.certified(bench.grid.quorum(of: bench.steward, on: [0, 1]), isOpened: false)
        var out = Outbox()
        bench.worker.opened([0, 1], of: bench.grid.id, into: &out)
        #expect(out.drain().count == 2, "both cores' rows go")
        #expect(bench.worker.deadline([]) == nil)
        bench.expectNothingLeft()
    }

    @Test func aWorkerThatFoundSomethingElseOpensNothing() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        bench.certified(
            bench.grid.quorum(of: bench.steward, on: [0, 1], variant: 1),
            isOpened: false
        )
        #expect(bench.worker.deadline([]) == nil)
        bench.expectNothingLeft()
    }

    // MARK: - Restart

    @Test(arguments: [UInt8(1), 2]) func afterARestartEverythingIsSentVerbatim(
        seats: UInt8
    ) throws {
        var bench = WorkerBench()
        let lease = bench.lease(seats: seats)
        try bench.compute(lease)
        // Sealed, and the signature was lost.
        bench.restart()
        #expect(bench.worker.deadline([]) == bench.now)
        bench.pass()
        #expect(bench.answerSigns() == [.commit])
        if seats > 1 {
            let commit = try bench.takeCommit()
            bench.restart()
            bench.pass()
            #expect(try bench.takeCommit() == commit)
            bench.close(bench.set(lease, with: commit))
        } else {
            bench.restart()
            bench.pass()
        }
        #expect(bench.answerSigns() == [.result])
        let reveal = try bench.takeReveal()
        bench.restart()
        bench.pass()
        #expect(try bench.takeReveal() == reveal)
        bench.expectNothingLeft()
    }

    @Test func theNonceIsTheSameAfterARestartAndAnotherInEachRound() throws {
        var bench = WorkerBench()
        let first = try bench.promise(bench.lease())
        var other = WorkerBench()
        #expect(try other.promise(other.lease()) == first)
        let second = try bench.promise(sealed: bench.lease(round: 1))
        #expect(second.body.commit != first.body.commit)
        bench.expectNothingLeft()
    }

    @Test func sealedUnitsSurviveARestart() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        bench.refuse(.stale, round: RoundKey(number: 0, firstUnit: 0))
        bench.restart()
        #expect(bench.worker.isIdle)
        _ = try bench.promise(sealed: bench.lease(round: 1))
        bench.expectNothingLeft()
    }

    @Test func anEndedJobLeavesNoRows() throws {
        var bench = WorkerBench()
        _ = try bench.promise(bench.lease())
        var out = Outbox()
        bench.worker.ended(bench.grid.id, into: &out)
        for effect in out.effects {
            if case .persist(let row) = effect { bench.journal.write(row) }
        }
        #expect(bench.worker.isIdle)
        #expect(bench.journal.rows(of: .bundles).isEmpty)
        #expect(bench.journal.rows(of: .sealed).isEmpty)
    }
}

extension WorkerBench {
    /// Takes a lease of units that are computed already as far as its promise.
    fileprivate mutating func promise(sealed lease: Lease) throws -> Signed<CommitStatement> {
        lend(lease)
        #expect(answerSigns() == [.commit])
        return try takeCommit()
    }
}
