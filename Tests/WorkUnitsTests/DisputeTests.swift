import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Votes without a winner: further voters, and the submitter's word.
@Suite struct DisputeTests {
    @Test func aDisputeGoesOnUntilALeadOfThree() throws {
        var bench = try StewardBench.disputed()
        bench.candidates = (2...6).map { StewardBench.candidate($0) }
        bench.expectNothingLeft()
        bench.claim(4)
        let third = try bench.takeLease(of: 4)
        #expect(third.seatCount == 1 && third.round == 1 && third.units == [0])
        bench.reveal(4, third)
        bench.expectNothingLeft()
        bench.claim(5)
        let fourth = try bench.takeLease(of: 5)
        #expect(fourth.round == 2)
        bench.reveal(5, fourth)
        bench.claim(6)
        let fifth = try bench.takeLease(of: 6)
        #expect(fifth.round == 3)
        bench.resultStored(0)
        bench.reveal(6, fifth)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .panel)
        #expect(certificate.body.entries.count == 5)
        #expect(certificate.body.openings.count == 2)
        bench.accept(certificate, isOpened: true)
        #expect(bench.steward.isIdle)
        bench.expectNothingLeft()
    }

    @Test func whoHasVotedDoesNotVoteAgain() throws {
        var bench = try StewardBench.disputed()
        bench.candidates = (2...4).map { StewardBench.candidate($0) }
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        let owner = OwnerID(TestGrid.peer(3).digest)
        bench.candidates[2] = Candidate(peer: TestGrid.peer(4), owner: owner)
        bench.claim(4)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.expectNothingLeft()
    }

    /// The last voter took a seat and was never seen again.
    @Test func submitterRulesWhenTheLastVoterIsGone() throws {
        var bench = try StewardBench.disputed()
        bench.candidates = (2...4).map { StewardBench.candidate($0) }
        bench.claim(4)
        _ = try bench.takeLease(of: 4)
        bench.candidates = (2...3).map { StewardBench.candidate($0) }
        bench.expectNothingLeft()
        bench.pass(bench.lease)
        let asked = UnitList(manifest: bench.grid.id, units: [0])
        #expect(bench.takeMessages(to: 0) == [.held(asked)])
        #expect(bench.rounds.allSatisfy { !$0.isOpen })
        bench.expectNothingLeft()
    }

    /// Everybody who voted for the winner is gone, with its bytes.
    @Test func unitWhoseBytesAreGoneGetsOneMoreVoter() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        bench.candidates = [StewardBench.candidate(4)]
        bench.claim(4)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen], "nobody is needed yet")
        for _ in 0..<WorkLimits.bytesLeases { bench.pass(bench.lease) }
        #expect(bench.takeWants().count == 1)
        bench.claim(4)
        let third = try bench.takeLease(of: 4)
        #expect(third.seatCount == 1 && third.round == 1 && third.units == [0])
        bench.reveal(4, third)
        bench.resultStored(0)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .panel)
        #expect(certificate.body.entries.count == 3)
        bench.expectNothingLeft()
    }

    @Test func bytesAreAskedOfTheKeyThatAWinnerHasNow() throws {
        var (bench, leases, set) = try StewardBench.closed()
        for worker in [2, 3] as [UInt64] {
            bench.successors[TestGrid.peer(worker)] = TestGrid.peer(worker + 10)
        }
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        let asked = bench.take { effect in
            if case .send(.resultWant, let peer) = effect { peer } else { nil }
        }
        #expect(asked == [TestGrid.peer(12)])
        bench.expectNothingLeft()
    }

    @Test func aMemberThatDoesNotRevealIsReplacedByTheNextVoter() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.candidates += (4...5).map { StewardBench.candidate($0) }
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.pass(bench.lease)
        bench.expectNothingLeft()
        bench.resultStored(0)
        for (round, worker) in zip(UInt32(1)..., UInt64(4)...5) {
            bench.claim(worker)
            let next = try bench.takeLease(of: worker)
            #expect(next.seatCount == 1 && next.round == round)
            bench.reveal(worker, next)
        }
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .panel)
        #expect(certificate.body.sets[0].unrevealed.map(\.worker) == [TestGrid.peer(3)])
        bench.expectNothingLeft()
    }

    @Test func whereNobodyIsLeftTheSubmitterRules() throws {
        var bench = try StewardBench.disputed()
        #expect(try #require(bench.steward.deadline) <= bench.now, "at once")
        bench.pass()
        let held = Message.held(UnitList(manifest: bench.grid.id, units: [0]))
        #expect(bench.takeMessages(to: 0) == [held])
        bench.pass(TimeSpan(nanoseconds: bench.lease.nanoseconds - 1))
        bench.expectNothingLeft()
        bench.pass(TimeSpan(nanoseconds: 1))
        #expect(bench.takeMessages(to: 0) == [held], "the submitter is asked again")
        bench.rule(0, variant: 1)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .ruling)
        #expect(certificate.body.rulings.map(\.core) == [TestGrid.core(0, variant: 1)])
        #expect(certificate.body.entries.count == 2)
        bench.accept(certificate, isOpened: true)
        #expect(bench.steward.isIdle)
        bench.expectNothingLeft()
    }

    /// The only voter left takes every lease and does nothing.
    @Test func aVoterThatNeverAnswersDoesNotKeepTheSubmitterFromRuling() throws {
        var bench = try StewardBench.disputed()
        bench.candidates.append(StewardBench.candidate(4))
        for lease in 0..<WorkLimits.panelLeases {
            bench.claim(4)
            // What it let run out is free for others for a while.
            if lease.isMultiple(of: 2) {
                _ = try bench.takeLease(of: 4)
            } else {
                #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
            }
            #expect(bench.takeMessages(to: 0).isEmpty)
            bench.pass(bench.lease)
        }
        let held = Message.held(UnitList(manifest: bench.grid.id, units: [0]))
        #expect(bench.takeMessages(to: 0) == [held])
    }

    @Test func aRulingMayContradictEveryVoter() throws {
        var bench = try StewardBench.disputed()
        bench.rule(0, variant: 7)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.openings.count == 3)
        bench.expectNothingLeft()
    }

    @Test func whileVotersAreLeftTheSubmitterIsAskedAfterFourLeases() throws {
        var bench = try StewardBench.disputed()
        bench.candidates.append(StewardBench.candidate(4))
        let wait = bench.lease.times(WorkLimits.panelLeases)
        bench.pass(TimeSpan(nanoseconds: wait.nanoseconds - 1))
        bench.expectNothingLeft()
        #expect(bench.steward.deadline == bench.now.advanced(by: TimeSpan(nanoseconds: 1)))
        bench.pass(TimeSpan(nanoseconds: 1))
        #expect(bench.takeMessages(to: 0).count == 1)
        bench.expectNothingLeft()
    }

    @Test func afterFifteenVotersTheSubmitterIsAsked() throws {
        var bench = try StewardBench.disputed()
        bench.candidates = (2...20).map { StewardBench.candidate($0) }
        for worker in UInt64(4)...16 {
            bench.claim(worker)
            let lease = try bench.takeLease(of: worker)
            bench.reveal(worker, lease, variant: worker)
        }
        bench.claim(17)
        #expect(bench.takeRefusals(of: 17) == [.nothingOpen])
        bench.pass()
        #expect(bench.takeMessages(to: 0).count == 1)
        bench.expectNothingLeft()
    }

    @Test func aPanelThatFitsNoStatementIsCertifiedInParts() throws {
        let units = Array(UInt32(0)..<64)
        var bench = StewardBench(TestGrid(units: 256))
        // Fifteen voters, twelve of them with a result of their own, until the first leads by 3.
        let variants: [UInt64] = Array(0...11) + [0, 0, 0]
        var leases: [Lease] = []
        for (worker, variant) in zip(UInt64(2)..., variants) {
            // Two candidates at a time: a fair share of the shard is a whole bundle.
            bench.candidates = [worker, worker + 1].map { StewardBench.candidate($0) }
            bench.claim(worker, units: 64, speed: 16 * TestGrid.operationsPerUnit)
            let lease = try bench.takeLease(of: worker)
            #expect(lease.units == units)
            leases.append(lease)
            guard worker > 2 else { continue }
            guard worker == 3 else {
                bench.reveal(worker, lease, variant: variant)
                continue
            }
            for seat in [0, 1] {
                bench.commit(UInt64(2 + seat), leases[seat], variant: UInt64(seat))
            }
            bench.answerSigns()
            let set = try bench.takeSet(of: [2, 3])
            for seat in [0, 1] {
                bench.reveal(
                    UInt64(2 + seat),
                    leases[seat],
                    variant: UInt64(seat),
                    setHash: set.hash
                )
            }
        }
        #expect(bench.takeWants().count == 64)
        for unit in units { bench.resultStored(unit) }
        bench.answerSigns()
        #expect(bench.published.count > 1)
        var certified: [UInt32] = []
        for item in bench.published {
            guard case .certificate(let signed) = item else {
                throw StewardBench.MissingCertificate()
            }
            #expect(bench.grid.complaint(about: signed) == nil)
            #expect(signed.envelope.count <= Limits.statementByteCount)
            #expect(signed.body.vote == .panel && signed.body.entries.count == 15)
            certified += signed.body.units
            bench.accept(signed, isOpened: true)
        }
        #expect(certified.sorted() == units)
        #expect(bench.rounds.isEmpty)
    }

    @Test func aUnitWithoutAnyResultIsVotedOnAgain() throws {
        var (bench, _, _) = try StewardBench.closed()
        bench.candidates = (2...5).map { StewardBench.candidate($0) }
        bench.pass(bench.lease)
        bench.claim(4)
        bench.claim(5)
        let lease = try bench.takeLease(of: 4)
        #expect(lease.seatCount == 2 && lease.round == 1)
        #expect(try bench.takeLease(of: 5).round == 1)
        bench.expectNothingLeft()
    }

    @Test func whoPromisedAndStayedSilentVotesAgainWhereNobodyElseIsLeft() throws {
        var (bench, _, _) = try StewardBench.closed()
        bench.candidates = (2...3).map { StewardBench.candidate($0) }
        bench.pass(bench.lease)
        bench.expectNothingLeft()
        bench.claim(2)
        bench.claim(3)
        let leases = [try bench.takeLease(of: 2), try bench.takeLease(of: 3)]
        #expect(leases.map(\.round) == [1, 1])
        bench.expectNothingLeft()
    }

    @Test func whoPromisedAndStayedSilentWaitsWhileStrangersAreLeft() throws {
        var (bench, _, _) = try StewardBench.closed()
        bench.candidates = (2...5).map { StewardBench.candidate($0) }
        bench.pass(bench.lease)
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.nothingOpen])
        bench.expectNothingLeft()
    }

    @Test func anotherStewardsCertificateEndsTheRound() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.reveal(2, leases[0], setHash: set.hash)
        let other = bench.grid.quorum(
            of: TestGrid.peer(9),
            on: [0],
            by: [TestGrid.peer(5), TestGrid.peer(6)]
        )
        bench.accept(bench.grid.sign(other), isOpened: true)
        #expect(bench.steward.isIdle && bench.rounds.isEmpty)
        bench.reveal(3, leases[1], setHash: set.hash)
        #expect(bench.takeRefusals(of: 3) == [.stale])
        bench.claim(2)
        #expect(bench.takeRefusals(of: 2) == [.finished])
        bench.expectNothingLeft()
    }

    @Test func anEndedJobLeavesNoRows() throws {
        var (bench, leases, set) = try StewardBench.closed()
        var out = Outbox()
        bench.steward.ended(bench.grid.id, into: &out)
        for effect in out.effects {
            if case .persist(let row) = effect { bench.journal.write(row) }
        }
        #expect(bench.journal.rows(of: .rounds).map(\.value) == [[1]], "the number stays taken")
        #expect(bench.steward.isIdle && bench.steward.deadline == nil)
        bench.reveal(2, leases[0], setHash: set.hash)
        #expect(bench.takeRefusals(of: 2) == [.stale])
        bench.expectNothingLeft()
    }
}
