import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

@Suite struct ClaimTests {
    @Test func twoWorkersGetTheTwoSeatsOfOneRound() throws {
        let (bench, leases) = try StewardBench.leased(TestGrid(units: 4))
        #expect(leases.map(\.seat) == [0, 1])
        #expect(leases.map(\.seatCount) == [2, 2])
        #expect(leases[0].units == leases[1].units && leases[0].round == leases[1].round)
        #expect(leases[0].units == [0])
        #expect(leases[0].holders == [TestGrid.peer(0)])
        #expect(leases[0].commitMilliseconds == 7_000)
        #expect(bench.rounds.count == 1)
        #expect(bench.journal.rows(of: .rounds).count == 1)
        bench.expectNothingLeft()
    }

    @Test func aWorkerThatAsksAgainGetsTheSameLease() throws {
        var bench = StewardBench()
        bench.claim(2)
        let first = try bench.takeLease(of: 2)
        bench.pass(.seconds(3))
        bench.claim(2)
        let second = try bench.takeLease(of: 2)
        #expect(second.round == first.round && second.seat == first.seat)
        #expect(second.units == first.units && second.widening == first.widening)
        #expect(second.commitMilliseconds == 4_000)
        #expect(bench.rounds.count == 1)
        bench.expectNothingLeft()
    }

    @Test func aSecondMachineOfOneOwnerGetsAnotherRound() throws {
        var bench = StewardBench(workers: 2...4)
        let owner = OwnerID(Digest(5, 5, 5, 5))
        bench.candidates[0] = Candidate(peer: TestGrid.peer(2), owner: owner)
        bench.candidates[1] = Candidate(peer: TestGrid.peer(3), owner: owner)
        for worker in UInt64(2)...4 { bench.claim(worker) }
        let leases = try (2...4).map { try bench.takeLease(of: $0) }
        #expect(leases.map(\.units) == [[0], [1], [0]])
        #expect(leases.map(\.seat) == [0, 0, 1])
        bench.expectNothingLeft()
    }

    @Test func anOwnersSecondMachineIsRefusedWhereTheirFirstHasTheOnlyUnit() throws {
        var bench = StewardBench(TestGrid(units: 1))
        let owner = OwnerID(Digest(5, 5, 5, 5))
        bench.candidates = bench.candidates.map { Candidate(peer: $0.peer, owner: owner) }
        bench.claim(2)
        bench.claim(3)
        _ = try bench.takeLease(of: 2)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        bench.expectNothingLeft()
    }

    @Test func aBundleLeavesWorkForEverybody() throws {
        var bench = StewardBench(TestGrid(units: 16))
        bench.claim(2, units: 64)
        #expect(try bench.takeLease(of: 2).units == [0, 1, 2, 3])
        bench.claim(3, units: 64)
        #expect(try bench.takeLease(of: 3).units == [0, 1, 2, 3])
        bench.expectNothingLeft()
    }

    @Test func aSlowWorkersBundleIsSmall() throws {
        var bench = StewardBench(TestGrid(units: 16))
        bench.claim(2, units: 64, speed: 500_000)
        #expect(try bench.takeLease(of: 2).units == [0, 1])
        bench.expectNothingLeft()
    }

    @Test func quotaIsOneBundleAndGrowsWithEachCertificate() throws {
        var (bench, leases, set) = try StewardBench.closed(TestGrid(units: 4))
        #expect(bench.steward.quota(of: TestGrid.peer(2)) == 1)
        for (worker, lease) in zip([UInt64(2), 3], leases) {
            bench.reveal(worker, lease, setHash: set.hash)
        }
        bench.resultStored(0)
        _ = bench.takeWants()
        bench.answerSigns()
        bench.accept(try bench.takeCertificate())
        #expect(bench.steward.quota(of: TestGrid.peer(2)) == 2)
        #expect(bench.steward.quota(of: TestGrid.peer(3)) == 2)
        bench.published = []
        bench.expectNothingLeft()
    }

    @Test func workerOfSeveralPlacesGetsBundlesUpToItsQuota() throws {
        var bench = StewardBench(TestGrid(units: 8))
        bench.claim(2)
        bench.claim(2)
        let held = bench.takeMessages(to: 2)
        #expect(Set(held).count == 1)
        bench.accept(bench.grid.sign(bench.grid.quorum(round: 10, on: [6])))
        bench.claim(2)
        let more = bench.takeMessages(to: 2)
        #expect(more.count == 2 && more.contains(held[0]), "the first once more, and another")
        bench.claim(2)
        #expect(Set(bench.takeMessages(to: 2)) == Set(more), "its quota is used up")
        bench.expectNothingLeft()
    }

    @Test func withoutTheDataOnlySealedUnitsAreLeased() throws {
        var bench = StewardBench(TestGrid(units: 4))
        bench.isDataReachable = false
        bench.claim(2, units: 4)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        bench.claim(2, units: 4, sealed: [1])
        #expect(try bench.takeLease(of: 2).units == [1])
        bench.claim(3, units: 4, sealed: [2])
        #expect(try bench.takeLease(of: 3).units == [2])
        bench.expectNothingLeft()
    }

    @Test func anothersCertificateRaisesNoQuota() throws {
        var bench = StewardBench()
        bench.claim(2)
        let other = bench.grid.quorum(of: TestGrid.peer(9), on: [0])
        bench.accept(bench.grid.sign(other))
        #expect(bench.steward.quota(of: TestGrid.peer(2)) == 1)
    }

    @Test func aTimedOutLeaseHalvesTheQuotaDownToOne() throws {
        var bench = StewardBench(TestGrid(units: 8))
        for round in UInt32(0)..<3 {
            bench.claim(2)
            bench.accept(bench.grid.sign(bench.grid.quorum(round: round, on: [round])))
        }
        let earned = bench.steward.quota(of: TestGrid.peer(2))
        #expect(earned == 4)
        bench.claim(2)
        bench.pass(bench.lease)
        #expect(bench.steward.quota(of: TestGrid.peer(2)) == 2)
        for expected in [UInt32(1), 1] {
            bench.claim(2)
            bench.pass(bench.lease)
            #expect(bench.steward.quota(of: TestGrid.peer(2)) == expected)
        }
        #expect(bench.steward.quota(of: TestGrid.peer(3)) == 4)
    }

    /// The second seat is another's, whose lease goes on.
    @Test(arguments: [false, true])
    func whoLetALeaseRunOutWaitsUntilNobodyElseWantsTheSeat(isWanted: Bool) throws {
        var bench = StewardBench(TestGrid(units: 1))
        bench.claim(2)
        let seat = try bench.takeLease(of: 2).seat
        let half = bench.lease.divided(by: 2)
        bench.pass(half)
        bench.claim(3)
        _ = try bench.takeLease(of: 3)
        bench.pass(half)
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        if isWanted {
            bench.claim(4)
            #expect(try bench.takeLease(of: 4).seat == seat)
        } else {
            bench.pass(bench.lease)
            bench.claim(2)
            _ = try bench.takeLease(of: 2)
        }
        bench.expectNothingLeft()
    }

    /// Its lease has run out, and it has said two things elsewhere.
    @Test(arguments: [false, true])
    func lateWorkOfWhoeverIsBarredIsNotTaken(isBarred: Bool) throws {
        var bench = StewardBench(TestGrid(units: 1))
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        bench.pass(bench.lease)
        if isBarred { bench.barred = [TestGrid.peer(2)] }
        bench.commit(2, lease)
        if isBarred {
            #expect(bench.takeRefusals(of: 2) == [.stale])
        } else {
            #expect(try bench.takeLease(of: 2).round == lease.round, "its seat is free for it")
        }
        bench.expectNothingLeft()
    }

    /// Its DEVICE came after its lease.
    @Test func whoTurnsOutToBeOfOneOwnerWithAnotherLosesTheSeat() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        var leases: [Lease] = []
        for worker in [2, 3] as [UInt64] {
            bench.claim(worker)
            leases.append(try bench.takeLease(of: worker))
        }
        bench.commit(2, leases[0])
        bench.adopt(3, by: 2)
        bench.commit(3, leases[1])
        bench.expectNothingLeft()
        bench.commit(3, leases[1])
        #expect(bench.takeRefusals(of: 3) == [.stale])
        bench.claim(4)
        bench.commit(4, try bench.takeLease(of: 4))
        bench.answerSigns()
        #expect(try bench.takeSet(of: [2, 4]).members.map(\.worker) == [2, 4].map(TestGrid.peer))
        bench.expectNothingLeft()
    }

    @Test func theSubmitterLeavesSeatsToStrangers() throws {
        var bench = StewardBench(TestGrid(units: 1))
        bench.candidates.append(StewardBench.candidate(0))
        bench.claim(0)
        #expect(bench.takeRefusals(of: 0) == [.nothingOpen])
        bench.claim(2)
        bench.claim(0)
        #expect(bench.takeRefusals(of: 0) == [.nothingOpen])
        _ = try bench.takeLease(of: 2)
        bench.pass(bench.lease)
        bench.claim(0)
        #expect(try bench.takeLease(of: 0).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func stewardAndSubmitterWorkAtOnceWhereThereAreNoStrangers() throws {
        var bench = StewardBench(TestGrid(units: 1))
        bench.candidates = [StewardBench.candidate(0)]
        bench.claim(1)
        bench.claim(0)
        #expect(try bench.takeLease(of: 1).seat == 0)
        #expect(try bench.takeLease(of: 0).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func aTicketIsRefusedUntilTheSeatHasWidened() throws {
        let crowd = TestGrid(units: 1, population: 1_000_000)
        var bench = StewardBench(crowd)
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        let tickets = (UInt8(0)...1).map { seat in
            Ticket.number(manifest: crowd.id, lowestUnit: 0, seat: seat, worker: TestGrid.peer(2))
        }
        let needed = try #require(
            (UInt8(1)...Limits.wideningMax).first { widening in
                tickets.contains {
                    Ticket.admits($0, population: 1_000_000, widening: widening)
                }
            }
        )
        let half = bench.lease.divided(by: 2)
        bench.pass(half.times(UInt64(needed) - 1))
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        bench.pass(half)
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        #expect(lease.widening == needed)
        bench.expectNothingLeft()
    }

    @Test func nothingIsLeasedOfAFinishedShardOrAnUnknownOne() {
        var bench = StewardBench(TestGrid(units: 2))
        bench.certified = [0, 1]
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.finished])
        bench.expectNothingLeft()
        let claim = Claim(
            manifest: bench.grid.id,
            shard: 1,
            unitCount: 1,
            operationsPerSecond: 1,
            sealed: []
        )
        var out = Outbox()
        bench.steward.claimed(
            claim,
            of: bench.job,
            certified: [],
            by: TestGrid.peer(2),
            view: bench.view,
            at: bench.now,
            into: &out
        )
        #expect(out.effects.isEmpty)
    }

    @Test func certifiedUnitsAreNotLeasedAgain() throws {
        var bench = StewardBench(TestGrid(units: 3))
        bench.certified = [0, 2]
        bench.claim(2)
        #expect(try bench.takeLease(of: 2).units == [1])
        bench.expectNothingLeft()
    }
}
