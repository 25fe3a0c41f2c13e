import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A steward whose job is held: what is promised goes on, and nobody pays for the wait.
@Suite struct HoldTests {
    private func hold(_ bench: inout StewardBench, _ isHeld: Bool = true) {
        bench.steward.held(bench.grid.id, isHeld: isHeld, at: bench.now)
    }

    /// A unit that the submitter has been asked to rule on.
    private func held() throws -> StewardBench {
        var bench = try StewardBench.disputed()
        bench.pass(bench.lease.times(WorkLimits.panelLeases))
        #expect(bench.takeMessages(to: 0).count == 1)
        return bench
    }

    @Test func promisesThatWereMadeAreKept() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.commit(2, leases[0])
        hold(&bench)
        bench.commit(3, leases[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        #expect(bench.takeWants() == [TestGrid.core(0).resultHash])
        bench.resultStored(0)
        bench.answerSigns()
        #expect(try bench.takeCertificate().body.units == [0])
        bench.expectNothingLeft()
    }

    @Test func aDisputeOfAJobOnHoldIsNobodysToRuleOn() throws {
        var bench = try StewardBench.disputed()
        hold(&bench)
        let wait = bench.lease.times(WorkLimits.panelLeases)
        #expect(bench.steward.deadline == nil)
        bench.pass(wait.times(2))
        bench.expectNothingLeft()
        // It waits for a voter anew, as long as it did at first.
        bench.candidates.append(StewardBench.candidate(4))
        hold(&bench, false)
        bench.pass()
        #expect(bench.steward.deadline == bench.now.advanced(by: wait))
        bench.pass(TimeSpan(nanoseconds: wait.nanoseconds - 1))
        bench.expectNothingLeft()
        bench.pass(TimeSpan(nanoseconds: 1))
        #expect(bench.takeMessages(to: 0).count == 1)
        bench.expectNothingLeft()
    }

    @Test func aUnitThatWasHeldAsksAgainOnceTheJobGoesOn() throws {
        var bench = try held()
        hold(&bench)
        #expect(bench.steward.deadline == nil)
        bench.pass(bench.lease.times(9))
        bench.expectNothingLeft()
        hold(&bench, false)
        bench.pass()
        #expect(bench.takeMessages(to: 0).count == 1)
        bench.expectNothingLeft()
    }

    @Test func aRulingThatComesMeanwhileIsCertified() throws {
        var bench = try held()
        hold(&bench)
        bench.rule(0)
        bench.answerSigns()
        #expect(try bench.takeCertificate().body.vote == .ruling)
        bench.expectNothingLeft()
    }

    @Test func leasesThatRunOutMeanwhileCostNoQuota() throws {
        var bench = StewardBench(TestGrid(units: 8))
        bench.accept(bench.grid.sign(bench.grid.quorum(on: [7])), isOpened: true)
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.accept(
            bench.grid.sign(bench.grid.quorum(round: 1, on: [6])),
            isOpened: true
        )
        let quota = bench.steward.quota(of: TestGrid.peer(2))
        #expect(quota > 1)
        hold(&bench)
        bench.pass(bench.lease)
        #expect(bench.rounds[0].seats.allSatisfy { $0.occupant == nil }, "the seat is free again")
        #expect(bench.steward.quota(of: TestGrid.peer(2)) == quota)
        bench.expectNothingLeft()
    }

    @Test func freeSeatsDoNotWidenMeanwhile() throws {
        var (bench, leases) = try StewardBench.leased(TestGrid(units: 1, population: 3))
        bench.commit(2, leases[0])
        bench.pass(bench.lease)
        hold(&bench)
        bench.pass(bench.lease.times(20))
        hold(&bench, false)
        bench.candidates.append(StewardBench.candidate(4))
        bench.claim(4)
        let again = try bench.takeLease(of: 4)
        #expect(again.seat == 1 && again.widening == 0 && again.round == leases[1].round)
        bench.expectNothingLeft()
    }

    @Test func otherJobsGoOn() throws {
        var bench = try StewardBench.disputed()
        let deadline = bench.steward.deadline
        bench.steward.held(TestGrid(nonce: 2).id, isHeld: true, at: bench.now)
        #expect(deadline != nil && bench.steward.deadline == deadline)
        bench.pass(bench.lease.times(WorkLimits.panelLeases))
        #expect(bench.takeMessages(to: 0).count == 1)
    }
}
