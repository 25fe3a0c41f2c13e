import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Promises, sets and results of a first vote, up to its certificate.
@Suite struct VoteFlowTests {
    // MARK: - Promises

    @Test func theLastPromiseClosesTheSetOnceItIsSigned() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.commit(2, leases[0])
        bench.expectNothingLeft()
        bench.commit(3, leases[1])
        #expect(bench.rounds[0].phase == .closing)
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        #expect(set.members.map(\.worker) == [TestGrid.peer(2), TestGrid.peer(3)])
        #expect(set.members.map(\.seat) == [0, 1])
        #expect(set.seatCount == 2 && set.round == leases[0].round)
        #expect(set.units == leases[0].units && set.epoch == leases[0].epoch)
        #expect(bench.contract.sentCount == 2)
        bench.expectNothingLeft()
    }

    @Test func aRepeatedPromiseChangesNothingAndALateOneGetsTheSet() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.commit(2, leases[0])
        bench.commit(2, leases[0])
        bench.expectNothingLeft()
        bench.commit(3, leases[1])
        bench.commit(3, leases[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        bench.commit(2, leases[0])
        #expect(try bench.takeSet(of: [2]) == set)
        bench.expectNothingLeft()
    }

    @Test func aTimedOutSeatReopensAndTheOtherPromiseStays() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.candidates.append(StewardBench.candidate(4))
        bench.commit(2, leases[0])
        bench.pass(bench.lease)
        bench.claim(4)
        let late = try bench.takeLease(of: 4)
        #expect(late.round == leases[0].round && late.seat == 1)
        bench.commit(4, late)
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 4])
        #expect(set.members.map(\.worker) == [TestGrid.peer(2), TestGrid.peer(4)])
        bench.expectNothingLeft()
    }

    @Test func aLeaseDoesNotTimeOutBeforeItsEnd() throws {
        var (bench, _) = try StewardBench.leased()
        bench.pass(TimeSpan(nanoseconds: bench.lease.nanoseconds - 1))
        #expect(bench.rounds[0].seats.allSatisfy { $0.occupant != nil })
        #expect(bench.steward.deadline == bench.now.advanced(by: TimeSpan(nanoseconds: 1)))
        bench.pass(TimeSpan(nanoseconds: 1))
        #expect(bench.rounds[0].seats.allSatisfy { $0.occupant == nil })
        bench.expectNothingLeft()
    }

    @Test func aLatePromiseIsTakenIntoAReopenedSeat() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.commit(2, leases[0])
        bench.pass(bench.lease)
        bench.commit(3, leases[1])
        #expect(try bench.takeLease(of: 3).seat == leases[1].seat)
        bench.answerSigns()
        #expect(try bench.takeSet(of: [2, 3]).members.count == 2)
        bench.expectNothingLeft()
    }

    @Test func aLatePromiseForASeatThatIsTakenIsStale() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.candidates.append(StewardBench.candidate(4))
        bench.commit(2, leases[0])
        bench.pass(bench.lease)
        bench.claim(4)
        _ = try bench.takeLease(of: 4)
        bench.commit(3, leases[1])
        #expect(bench.takeRefusals(of: 3) == [.stale])
        bench.expectNothingLeft()
    }

    @Test func answersToUnknownRoundsAreStale() throws {
        var (bench, leases) = try StewardBench.leased()
        let unknown = Lease(
            manifest: leases[0].manifest,
            units: leases[0].units,
            seatCount: 2,
            epoch: leases[0].epoch,
            round: 7,
            seat: 0,
            widening: 0,
            commitMilliseconds: 1_000,
            holders: []
        )
        bench.commit(2, unknown)
        bench.reveal(2, unknown, setHash: .zero)
        #expect(bench.takeRefusals(of: 2) == [.stale, .stale])
        // A stranger's promise finds no seat, and its result no promise.
        bench.commit(4, leases[0])
        bench.reveal(4, leases[0], setHash: .zero)
        #expect(bench.takeRefusals(of: 4) == [.stale, .stale])
        bench.expectNothingLeft()
    }

    @Test func aPromiseForAnotherBundleOfTheRoundIsPunished() throws {
        var (bench, leases) = try StewardBench.leased(TestGrid(units: 4))
        let wide = Lease(
            manifest: leases[0].manifest,
            units: [0, 1],
            seatCount: 2,
            epoch: leases[0].epoch,
            round: leases[0].round,
            seat: 0,
            widening: 0,
            commitMilliseconds: 1_000,
            holders: []
        )
        bench.commit(2, wide)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.expectNothingLeft()
    }

    // MARK: - Results

    @Test func equalResultsAreFetchedAndCertified() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.expectNothingLeft()
        bench.reveal(3, leases[1], setHash: set.hash)
        #expect(bench.takeWants() == [TestGrid.core(0).resultHash])
        bench.expectNothingLeft()
        bench.resultStored(0)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .quorum && certificate.body.units == [0])
        #expect(certificate.body.entries.count == 2)
        bench.accept(certificate)
        let opening = bench.grid.opening(of: certificate)
        #expect(bench.published == [.opening(opening)])
        bench.published = []
        bench.accept(opening)
        #expect(bench.steward.isIdle)
        // Only the number that no further round may have, and what the ledger could lose.
        #expect(bench.journal.rows(of: .rounds).map(\.value) == [[1]])
        #expect(bench.journal.rows(of: .openings).count == 1)
        bench.expectNothingLeft()
    }

    @Test func nothingIsCertifiedBeforeTheSecondHolderHasTheBytes() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.secondHolder = TestGrid.peer(0)
        bench.resultStored(0)
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        let core = UnitCore(unit: 0, core: TestGrid.core(0))
        let offer = Message.resultOffer(ResultOffer(manifest: bench.grid.id, cores: [core]))
        #expect(bench.takeMessages(to: 0) == [offer])
        bench.expectNothingLeft()
        bench.holds([0], by: 3)
        bench.holds([1], by: 0)
        bench.expectNothingLeft()
        bench.pass(WorkLimits.fetchSpan)
        #expect(bench.takeMessages(to: 0) == [offer], "an offer without answer is repeated")
        bench.holds([0], by: 0)
        bench.answerSigns()
        _ = try bench.takeCertificate()
        bench.expectNothingLeft()
    }

    /// A steward that has certified a unit and asked the next one to open it, and what it asked.
    private func handedOver() throws -> (StewardBench, Opening) {
        var (bench, leases, set) = try StewardBench.closed()
        bench.nextSteward = TestGrid.peer(9)
        bench.resultStored(0)
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        bench.accept(certificate)
        let opening = bench.grid.opening(of: certificate)
        #expect(bench.takeMessages(to: 9) == [.opening(opening)])
        return (bench, opening)
    }

    @Test func theNextStewardPublishesTheOpeningUntilItStaysSilent() throws {
        var (bench, opening) = try handedOver()
        var rest = bench.lease.times(2).nanoseconds
        // It may have been lost on the way, or with the one that got it.
        while rest > WorkLimits.fetchSpan.nanoseconds {
            bench.pass(TimeSpan(nanoseconds: WorkLimits.fetchSpan.nanoseconds - 1))
            bench.expectNothingLeft()
            bench.pass(TimeSpan(nanoseconds: 1))
            #expect(bench.takeMessages(to: 9) == [.opening(opening)])
            rest -= WorkLimits.fetchSpan.nanoseconds
        }
        bench.pass(TimeSpan(nanoseconds: rest - 1))
        bench.expectNothingLeft()
        bench.pass(TimeSpan(nanoseconds: 1))
        #expect(bench.published == [.opening(opening)])
    }

    @Test func anOpeningFindsWhoeverIsNextWhenTheFirstIsGone() throws {
        var (bench, opening) = try handedOver()
        bench.nextSteward = TestGrid.peer(8)
        bench.pass(WorkLimits.fetchSpan)
        #expect(bench.takeMessages(to: 8) == [.opening(opening)])
        bench.nextSteward = nil
        bench.pass(WorkLimits.fetchSpan)
        #expect(bench.published == [.opening(opening)])
        bench.published = []
        bench.accept(opening)
        bench.pass(bench.lease.times(2))
        bench.expectNothingLeft()
    }

    @Test func aResultThatIsNotItsPromiseIsPunished() throws {
        var (bench, leases, set) = try StewardBench.closed()
        // Another core than the one promised.
        bench.reveal(2, leases[0], variant: 1, setHash: set.hash)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        // Another set.
        bench.reveal(2, leases[0], setHash: .zero)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.expectNothingLeft()
        #expect(bench.rounds[0].seats.allSatisfy { $0.occupant?.revealed == nil })
    }

    @Test func aResultWhoseNonceIsAnotherIsPunished() throws {
        var (bench, leases, set) = try StewardBench.closed()
        let honest = bench.grid.reveal(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: TestGrid.cores([0]),
            setHash: set.hash
        )
        bench.reveal(changed(honest, in: bench.grid, nonce: Bytes(repeating: 7, count: 16)))
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.reveal(changed(honest, in: bench.grid, operations: [1]))
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        let lie = Reveal(result: honest.result, cores: [TestGrid.core(1)], commit: nil)
        bench.reveal(lie)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.reveal(Reveal(result: honest.result, cores: [], commit: nil))
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.expectNothingLeft()
        bench.reveal(honest)
        #expect(bench.rounds[0].seats[0].occupant?.revealed?.result == honest.result)
        bench.expectNothingLeft()
    }

    private func changed(
        _ reveal: Reveal,
        in grid: TestGrid,
        nonce: Bytes? = nil,
        operations: [UInt64]? = nil
    ) -> Reveal {
        let old = reveal.result.body
        let result = ResultStatement(
            worker: old.worker,
            manifest: old.manifest,
            steward: old.steward,
            round: old.round,
            units: old.units,
            digests: old.digests,
            operations: operations ?? old.operations,
            nonce: nonce ?? old.nonce,
            setHash: old.setHash
        )
        return Reveal(result: grid.sign(result), cores: reveal.cores, commit: reveal.commit)
    }

    @Test func moreOperationsThanTheJobAllowsArePunished() throws {
        var (bench, leases) = try StewardBench.leased()
        let greedy = Core(
            resultHash: .zero,
            operations: TestGrid.operationsPerUnit + 1,
            evidence: .zero
        )
        let promise = bench.grid.commit(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: [greedy]
        )
        var out = Outbox()
        bench.steward.committed(
            promise,
            of: bench.job,
            view: bench.view,
            at: bench.now,
            vault: &bench.vault,
            into: &out
        )
        bench.commit(3, leases[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        let reveal = bench.grid.reveal(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: [greedy],
            setHash: set.hash
        )
        bench.reveal(reveal)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        bench.expectNothingLeft()
    }

    @Test func aResultThatComesTwiceCountsOnceAndALateOneIsStale() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.expectNothingLeft()
        bench.pass(bench.lease)
        #expect(bench.rounds[0].phase == .closed)
        bench.effects = []
        bench.reveal(3, leases[1], setHash: set.hash)
        #expect(bench.takeRefusals(of: 3) == [.stale])
        bench.expectNothingLeft()
    }

    @Test func unitsThatAgreeAreCertifiedTogetherAndTheOthersGoOn() throws {
        var bench = StewardBench(TestGrid(units: 8), workers: 2...3)
        bench.claim(2, units: 2)
        bench.claim(3, units: 2)
        let leases = [try bench.takeLease(of: 2), try bench.takeLease(of: 3)]
        #expect(leases.map(\.units) == [[0, 1], [0, 1]])
        let split = [TestGrid.core(0), TestGrid.core(1, variant: 1)]
        bench.commit(2, leases[0])
        let promise = bench.grid.commit(
            leases[1],
            of: bench.me,
            by: TestGrid.peer(3),
            cores: split
        )
        var out = Outbox()
        bench.steward.committed(
            promise,
            of: bench.job,
            view: bench.view,
            at: bench.now,
            vault: &bench.vault,
            into: &out
        )
        for effect in out.effects {
            if case .persist(let row) = effect {
                bench.journal.write(row)
            } else {
                bench.effects.append(effect)
            }
        }
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        bench.resultStored(0)
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(
            bench.grid.reveal(
                leases[1],
                of: bench.me,
                by: TestGrid.peer(3),
                cores: split,
                setHash: set.hash
            )
        )
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.units == [0])
        #expect(certificate.body.sets[0].units == [0, 1])
        bench.expectNothingLeft()
    }

    // MARK: - One seat

    @Test func inASingleJobOneResultIsEnough() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single))
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        #expect(lease.seatCount == 1)
        bench.resultStored(0)
        bench.reveal(2, lease)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .single)
        #expect(certificate.body.sets[0].signature == nil)
        bench.expectNothingLeft()
    }

    @Test func aLoneResultWithoutItsPromiseIsPunished() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single))
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        let whole = bench.grid.reveal(
            lease,
            of: bench.me,
            by: TestGrid.peer(2),
            cores: TestGrid.cores([0])
        )
        bench.reveal(Reveal(result: whole.result, cores: whole.cores, commit: nil))
        bench.commit(2, lease)
        #expect(bench.takePenalties() == [TestGrid.peer(2), TestGrid.peer(2)])
        bench.resultStored(0)
        bench.reveal(whole)
        bench.answerSigns()
        _ = try bench.takeCertificate()
        bench.expectNothingLeft()
    }
}
