import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// The last units of a job, which idle workers compute a second time where somebody is slow.
///
/// A unit takes a worker of the usual speed one second, and its lease is seven seconds long.
@Suite struct DuplicateTests {
    private static let patience = TimeSpan.seconds(2)
    private static let lonePatience = TimeSpan.milliseconds(3_500)

    /// Workers 2 and 3 have the only unit; worker 4 is idle.
    private func scene() throws -> (bench: StewardBench, leases: [Lease]) {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...5)
        bench.claim(2)
        bench.claim(3)
        let leases = try [2, 3].map { try bench.takeLease(of: $0) }
        return (bench, leases)
    }

    /// The same, and worker 4 has a lease for the seat of worker 2.
    private func doubled() throws -> (bench: StewardBench, leases: [Lease]) {
        var (bench, leases) = try scene()
        bench.pass(Self.patience)
        bench.claim(4, isIdle: true)
        let duplicate = try bench.takeLease(of: 4)
        return (bench, leases + [duplicate])
    }

    @Test func anIdleWorkerGetsTheSeatThatWasLeasedLongestAgo() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.claim(2)
        bench.pass(.milliseconds(10))
        bench.claim(3)
        let leases = try [2, 3].map { try bench.takeLease(of: $0) }
        bench.pass(Self.patience)
        bench.claim(4, isIdle: true)
        let duplicate = try bench.takeLease(of: 4)
        #expect(duplicate.seat == leases[0].seat && duplicate.round == leases[0].round)
        #expect(duplicate.units == leases[0].units)
        bench.expectNothingLeft()
    }

    @Test func nobodyIsDoubledBeforeItIsSlowOrForAWorkerThatIsNotIdle() throws {
        var (bench, _) = try scene()
        bench.pass(.milliseconds(1_999))
        bench.claim(4, isIdle: true)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.pass(.seconds(1))
        bench.claim(4)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.claim(4, speed: 500_000, isIdle: true)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen], "it would need two seconds itself")
        bench.claim(4, speed: .max, isIdle: true)
        _ = try bench.takeLease(of: 4)
        bench.expectNothingLeft()
    }

    @Test func aFastWorkerWaitsForAnEighthOfTheLease() throws {
        var (bench, _) = try scene()
        bench.pass(.milliseconds(874))
        bench.claim(4, speed: .max, isIdle: true)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.pass(.milliseconds(1))
        bench.claim(4, speed: .max, isIdle: true)
        _ = try bench.takeLease(of: 4)
        bench.expectNothingLeft()
    }

    @Test func whatIsStillOpenComesFirst() throws {
        var bench = StewardBench(TestGrid(units: 2), workers: 2...5)
        bench.claim(2)
        let first = try bench.takeLease(of: 2)
        bench.pass(Self.patience)
        for worker in UInt64(3)...5 { bench.claim(worker, isIdle: true) }
        let others = try (3...5).map { try bench.takeLease(of: $0) }
        #expect(first.units == [0] && others.map(\.units) == [[0], [1], [1]])
        bench.expectNothingLeft()
    }

    /// Its workers refuse it, so that it must come to an end.
    @Test func aRoundOfOneSeatThatIsHoursOldIsNotDoubled() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single), workers: 2...4)
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.pass(Self.patience)
        bench.epoch += 2
        bench.claim(3, isIdle: true)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        bench.pass(.seconds(5))
        bench.claim(3)
        #expect(try bench.takeLease(of: 3).epoch == bench.epoch)
        bench.expectNothingLeft()
    }

    /// Else machines that are quick to lie could take all seats from slow ones.
    @Test(arguments: [false, true])
    func oneSeatOfARoundIsDoubledAndOvertakenOnce(isRestarted: Bool) throws {
        var (bench, leases) = try doubled()
        bench.claim(5, isIdle: true)
        #expect(bench.takeRefusals(of: 5) == [.nothingOpen])
        bench.commit(4, leases[2])
        #expect(bench.takeRefusals(of: 2) == [.stale])
        if isRestarted {
            bench.restart()
            bench.pass(Self.patience)
        }
        bench.claim(5, isIdle: true)
        #expect(bench.takeRefusals(of: 5) == [.nothingOpen])
        bench.expectNothingLeft()
    }

    /// The first worker was in time, so that others may still be slow.
    @Test func theOtherSeatIsDoubledAfterTheFirstOne() throws {
        var (bench, leases) = try doubled()
        bench.commit(2, leases[0])
        #expect(bench.takeRefusals(of: 4) == [.stale])
        bench.claim(5, isIdle: true)
        #expect(try bench.takeLease(of: 5).seat == 1)
        bench.expectNothingLeft()
    }

    /// It may have been told to stop while its promise was under way, and have dropped the bundle.
    @Test func whoCommitsWithoutALeaseGetsThatOfTheSeatThatItTakes() throws {
        var (bench, leases) = try doubled()
        // The leases of workers 2 and 3 end, and worker 4 has the seat that it doubled.
        bench.pass(.seconds(5))
        bench.effects = []
        bench.commit(4, leases[2])
        bench.commit(2, leases[0])
        let again = try bench.takeLease(of: 2)
        #expect(again.seat == 1 && again.units == leases[0].units)
        #expect(again.round == leases[0].round)
        bench.answerSigns()
        _ = try bench.takeSet(of: [2, 4])
        bench.expectNothingLeft()
    }

    @Test func theStewardsOwnMachineDoublesWhereNoStrangerIs() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single), workers: 2...3)
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.pass(Self.lonePatience)
        bench.claim(1, isIdle: true)
        #expect(bench.takeRefusals(of: 1) == [.nothingOpen], "worker 3 may")
        bench.candidates.removeLast()
        bench.claim(1, isIdle: true)
        _ = try bench.takeLease(of: 1)
        bench.expectNothingLeft()
    }

    @Test(arguments: [2, 3])
    func aSeatIsDoubledByANeighbourOfItsWorkerAlone(neighbour: UInt64) throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...5)
        bench.place([neighbour, 4], in: NetworkPrefix(rawValue: 1))
        for worker in UInt64(2)...3 { bench.claim(worker) }
        let leases = try [2, 3].map { try bench.takeLease(of: $0) }
        bench.commit(3, leases[1])
        bench.pass(Self.patience)
        bench.claim(4, isIdle: true)
        if neighbour == 3 {
            #expect(bench.takeRefusals(of: 4) == [.nothingOpen], "it would vote beside it")
            bench.claim(5, isIdle: true)
        }
        #expect(try bench.takeLease(of: neighbour == 3 ? 5 : 4).seat == leases[0].seat)
        bench.expectNothingLeft()
    }

    /// One more voter is waited for four leases, however many take the seat and double it.
    @Test func whoIsWaitedForTooLongIsNotDoubled() throws {
        var bench = try StewardBench.disputed()
        bench.candidates = (2...8).map { StewardBench.candidate($0) }
        let start = bench.now
        var asked: [Message] = []
        while asked.isEmpty, bench.now.since(start) < .seconds(100) {
            for worker in UInt64(4)...8 {
                bench.claim(worker, isIdle: true)
                _ = bench.takeMessages(to: worker)
            }
            bench.pass(.seconds(1))
            asked = bench.takeMessages(to: 0)
        }
        #expect(asked == [.held(UnitList(manifest: bench.grid.id, units: [0]))])
        #expect(bench.now.since(start) < .seconds(36), "four leases, and the last one's end")
    }

    /// Else new keys that answer at once, and lie, would take all seats from slow machines.
    @Test func newcomersHaveTheirShareOfTheSeatsWithThoseThatTheyDouble() throws {
        var bench = StewardBench(TestGrid(units: 2), workers: 2...9)
        for senior in UInt64(2)...4 { bench.classes[TestGrid.peer(senior)] = .senior }
        for trusted in [UInt64(5), 6, 9] { bench.classes[TestGrid.peer(trusted)] = .trusted }
        for worker in [UInt64(2), 5, 3, 6] { bench.claim(worker) }
        let leases = try [2, 3, 5, 6].map { try bench.takeLease(of: $0) }
        #expect(leases.map(\.seat) == [0, 0, 1, 1])
        bench.pass(Self.patience)
        bench.claim(7, isIdle: true)
        #expect(try bench.takeLease(of: 7).seat == 1)
        bench.claim(8, isIdle: true)
        #expect(bench.takeRefusals(of: 8) == [.nothingOpen], "one of four seats is a newcomer's")
        bench.claim(9, isIdle: true)
        #expect(try bench.takeLease(of: 9).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func aNewcomerDoublesANewcomerWhateverTheirShare() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...6)
        for senior in UInt64(2)...4 { bench.classes[TestGrid.peer(senior)] = .senior }
        bench.claim(2)
        bench.claim(5)
        #expect(try [2, 5].map { try bench.takeLease(of: $0).seat } == [0, 1])
        bench.pass(Self.patience)
        bench.claim(6, isIdle: true)
        #expect(try bench.takeLease(of: 6).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func anOwnersOtherMachineDoesNotDouble() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...5)
        let owner = OwnerID(Digest(5, 5, 5, 5))
        bench.candidates[0] = Candidate(peer: TestGrid.peer(2), owner: owner)
        bench.candidates[2] = Candidate(peer: TestGrid.peer(4), owner: owner)
        for worker in UInt64(2)...3 { bench.claim(worker) }
        _ = try [2, 3].map { try bench.takeLease(of: $0) }
        bench.pass(Self.patience)
        bench.claim(4, isIdle: true)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.claim(5, isIdle: true)
        _ = try bench.takeLease(of: 5)
        bench.expectNothingLeft()
    }

    @Test func theSecondWorkersPromiseTakesTheSeatAndTheFirstIsToldToStop() throws {
        var (bench, leases) = try doubled()
        bench.commit(4, leases[2])
        #expect(bench.takeRefusals(of: 2) == [.stale])
        bench.commit(3, leases[1])
        bench.answerSigns()
        let sets = [3, 4].map { bench.takeMessages(to: $0) }
        #expect(sets[0] == sets[1] && sets[0].count == 1)
        bench.commit(2, leases[0])
        #expect(bench.takeRefusals(of: 2) == [.stale])
        bench.expectNothingLeft()
    }

    @Test func theFirstWorkersPromiseKeepsTheSeatAndTheSecondIsToldToStop() throws {
        var (bench, leases) = try doubled()
        bench.commit(2, leases[0])
        #expect(bench.takeRefusals(of: 4) == [.stale])
        bench.commit(4, leases[2])
        #expect(bench.takeRefusals(of: 4) == [.stale])
        bench.commit(3, leases[1])
        bench.answerSigns()
        #expect([2, 3].allSatisfy { !bench.takeMessages(to: $0).isEmpty })
        #expect(bench.takeMessages(to: 4).isEmpty)
    }

    @Test func inAVoteOfOneTheFirstResultCounts() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single), workers: 2...3)
        bench.claim(2)
        let slow = try bench.takeLease(of: 2)
        bench.pass(.milliseconds(3_499))
        bench.claim(3, isIdle: true)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        bench.pass(.milliseconds(1))
        bench.claim(3, isIdle: true)
        let lease = try bench.takeLease(of: 3)
        bench.reveal(3, lease)
        #expect(bench.takeRefusals(of: 2) == [.stale])
        bench.reveal(2, slow)
        #expect(bench.takeRefusals(of: 2) == [.stale])
        let voters = bench.rounds.flatMap(\.seats).compactMap { $0.occupant?.worker }
        #expect(voters == [TestGrid.peer(3)])
    }

    @Test func theSecondWorkerHasTheSeatWhenTheFirstOnesLeaseIsOver() throws {
        var (bench, leases) = try doubled()
        bench.pass(.seconds(5))
        #expect(bench.rounds.first?.seats[0].occupant?.worker == TestGrid.peer(4))
        #expect(bench.rounds.first?.duplicate == nil)
        bench.claim(4)
        let again = try bench.takeLease(of: 4)
        #expect(again.seat == 0 && again.commitMilliseconds == 2_000)
        bench.commit(4, leases[2])
        bench.expectNothingLeft()
    }

    @Test func aSecondWorkersLeaseEndsToo() throws {
        var (bench, leases) = try doubled()
        bench.commit(3, leases[1])
        bench.pass(.seconds(5))
        #expect(bench.rounds.first?.seats[0].occupant?.worker == TestGrid.peer(4))
        #expect(bench.steward.deadline == bench.now.advanced(by: .seconds(2)))
        bench.pass(.seconds(2))
        #expect(bench.rounds.first?.seats[0].occupant == nil)
    }

    @Test func whoDoublesASeatIsStillKnownAfterARestart() throws {
        var (bench, leases) = try doubled()
        bench.restart()
        bench.claim(4)
        #expect(try bench.takeLease(of: 4).seat == leases[2].seat)
        bench.commit(4, leases[2])
        #expect(bench.takeRefusals(of: 2) == [.stale])
    }

    @Test func aDuplicateCountsAgainstTheQuota() throws {
        var (bench, _) = try doubled()
        bench.candidates.append(StewardBench.candidate(6))
        bench.claim(4, isIdle: true)
        _ = try bench.takeLease(of: 4)
        bench.expectNothingLeft()
        #expect(bench.steward.seats(of: TestGrid.peer(4)).count == 1)
    }
}
