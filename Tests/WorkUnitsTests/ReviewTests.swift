import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Units that are certified and looked at again: audits, and certificates that contradict each
/// other.
@Suite struct ReviewTests {
    private static let grid = TestGrid(units: 1)

    private static func peer(_ number: UInt64) -> PeerID { TestGrid.peer(number) }

    /// Two workers' equal results for unit 0, in a certificate of the steward 9.
    private static func quorum(
        _ workers: [UInt64] = [2, 3],
        variant: UInt64 = 0,
        of steward: UInt64 = 9
    ) -> Certificate {
        grid.quorum(of: peer(steward), on: [0], by: workers.map(peer), variant: variant)
    }

    private static func cast(
        _ workers: [UInt64],
        variant: UInt64 = 0,
        _ trustClass: TrustClass = .newcomer
    ) -> [Review.Cast] {
        workers.map { worker in
            Review.Cast(
                voter: StewardBench.candidate(worker),
                trustClass: trustClass,
                core: TestGrid.core(0, variant: variant)
            )
        }
    }

    private static let audit = Review(
        purpose: .audit,
        certificates: [quorum()],
        cast: cast([2, 3]),
        seed: 7
    )

    /// Workers 2 and 3 against 4 and 5.
    private static func dispute(isAnchored: Bool = false) -> Review {
        Review(
            purpose: .dispute(isAnchored: isAnchored),
            certificates: [quorum(), quorum([4, 5], variant: 1, of: 8)],
            cast: cast([2, 3], isAnchored ? .senior : .newcomer) + cast([4, 5], variant: 1),
            seed: 7
        )
    }

    /// Workers 2 to `last` have links, and those of `seniors` are seniors.
    private func bench(last: UInt64 = 6, seniors: [UInt64] = [], certified: Bool = true)
        -> StewardBench
    {
        var bench = StewardBench(Self.grid, workers: 2...last)
        bench.certified = [0]
        for senior in seniors { bench.classes[Self.peer(senior)] = .senior }
        return bench
    }

    /// The one worker that was sent a lease, with it.
    private func takeOffer(_ bench: inout StewardBench) throws -> (worker: UInt64, lease: Lease) {
        var offers: [(UInt64, Lease)] = []
        for worker in UInt64(2)...12 {
            for case .lease(let lease) in bench.takeMessages(to: worker) {
                offers.append((worker, lease))
            }
        }
        #expect(offers.count == 1)
        return try #require(offers.first)
    }

    // MARK: - Audits

    @Test func anAuditIsOfferedToASeniorWhoHasNotVoted() throws {
        var bench = bench(seniors: [2, 6])
        bench.review(0, Self.audit)
        bench.pass()
        let (worker, lease) = try takeOffer(&bench)
        #expect(worker == 6, "the senior 2 has voted")
        #expect(lease.seatCount == 1 && lease.units == [0])
        #expect(lease.wantsReference, "other code than the voters'")
        bench.reveal(worker, lease)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .audit && certificate.body.entries.count == 1)
        #expect(certificate.body.openings == [UnitCore(unit: 0, core: TestGrid.core(0))])
        bench.accept(certificate, isOpened: true)
        bench.review(0, nil)
        #expect(bench.steward.isIdle && bench.rounds.isEmpty)
        bench.expectNothingLeft()
    }

    /// Of those who voted for another steward, only the key stands in the certificate.
    @Test(arguments: [2, 3], [6, 7])
    func anAuditIsForAStrangerToTheVotersNetworks(voter: UInt64, near: UInt64) throws {
        var bench = bench(last: 7, seniors: [6, 7])
        bench.place([voter, near], in: NetworkPrefix(rawValue: 1))
        bench.review(0, Self.audit)
        bench.pass()
        #expect(try takeOffer(&bench).worker == 13 - near)
    }

    @Test func anAuditThatDiffersIsCertifiedToo() throws {
        var bench = bench(seniors: [6])
        bench.review(0, Self.audit)
        bench.pass()
        let (worker, lease) = try takeOffer(&bench)
        bench.reveal(worker, lease, variant: 4)
        bench.answerSigns()
        #expect(
            try bench.takeCertificate().body.openings.map(\.core) == [TestGrid.core(0, variant: 4)]
        )
        bench.expectNothingLeft()
    }

    @Test func newcomersAuditNobody() {
        var bench = bench()
        bench.review(0, Self.audit)
        bench.pass()
        bench.expectNothingLeft()
        #expect(bench.rounds.isEmpty)
    }

    @Test func anOfferThatIsNotTakenGoesToAnotherWithoutBlame() throws {
        var bench = bench(last: 7, seniors: [6, 7])
        bench.review(0, Self.audit)
        bench.pass()
        var asked: Set<UInt64> = []
        for _ in 0..<2 {
            asked.insert(try takeOffer(&bench).worker)
            bench.pass(bench.lease)
            bench.pass()
        }
        #expect(asked == [6, 7])
        #expect([6, 7].allSatisfy { bench.steward.quota(of: Self.peer($0)) == 1 })
    }

    /// Its only senior has room for one bundle at a time.
    @Test func theNextAuditIsOfferedAsSoonAsTheFirstIsDone() throws {
        let grid = TestGrid(units: 2)
        var bench = StewardBench(grid, workers: 2...6)
        bench.classes[Self.peer(6)] = .senior
        func review(_ unit: UInt32) -> Review {
            Review(
                purpose: .audit,
                certificates: [grid.quorum(of: Self.peer(9), on: [unit])],
                cast: Self.cast([2, 3]),
                seed: 1
            )
        }
        bench.review(0, review(0))
        bench.pass()
        let (worker, lease) = try takeOffer(&bench)
        #expect(worker == 6 && lease.units == [0])
        bench.review(1, review(1))
        bench.pass()
        bench.expectNothingLeft()
        bench.reveal(worker, lease)
        bench.pass()
        #expect(try takeOffer(&bench).lease.units == [1])
    }

    @Test func nobodyIsAskedForEver() throws {
        var bench = bench(seniors: [6])
        bench.review(0, Self.audit)
        for _ in 0...(2 * WorkLimits.auditLeases) {
            bench.pass(bench.lease)
            _ = bench.takeMessages(to: 6)
        }
        #expect(bench.steward.isIdle && bench.steward.review(of: 0, of: Self.grid.id) == nil)
        #expect(bench.steward.deadline == nil)
        bench.expectNothingLeft()
    }

    @Test func theUnitsOfOneCertificateAreAuditedTogether() throws {
        let grid = TestGrid(units: 4)
        var bench = StewardBench(grid, workers: 2...6)
        bench.classes[Self.peer(6)] = .senior
        let review = Review(
            purpose: .audit,
            certificates: [grid.quorum(of: Self.peer(9), on: [0, 1, 3])],
            cast: Self.cast([2, 3]),
            seed: 1
        )
        for unit in [0, 1, 3] as [UInt32] { bench.review(unit, review) }
        bench.pass()
        #expect(try takeOffer(&bench).lease.units == [0, 1, 3])
    }

    /// Others have certified the unit while a first vote of this steward waits for a worker.
    @Test func aFirstVoteDoesNotKeepADisputeWaiting() throws {
        var bench = StewardBench(Self.grid, workers: 2...7)
        bench.claim(6)
        _ = try bench.takeLease(of: 6)
        bench.review(0, Self.dispute())
        bench.accept(Self.grid.sign(Self.quorum()))
        bench.pass()
        #expect(try takeOffer(&bench).lease.units == [0])
        #expect(bench.rounds.count { $0.isOpen } == 1)
    }

    @Test func aUnitBeyondTheShardIsNotReviewed() {
        var bench = bench()
        bench.review(0, Self.audit)
        #expect(bench.steward.review(of: 0, of: Self.grid.id) != nil)
        #expect(bench.steward.review(of: 1, of: Self.grid.id) == nil)
        #expect(bench.steward.review(of: 255, of: Self.grid.id) == nil)
    }

    // MARK: - Contradictions

    @Test func aPanelCountsTheVotesOfBothCertificates() throws {
        var bench = bench(last: 10)
        bench.review(0, Self.dispute())
        bench.resultStored(0)
        // Two against two: five more for one side settle it, where the others agree.
        for _ in 0..<5 {
            bench.pass(bench.lease)
            let (worker, lease) = try takeOffer(&bench)
            #expect(worker > 5)
            bench.reveal(worker, lease)
        }
        bench.pass()
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .panel)
        #expect(certificate.body.entries.count == 9 && certificate.body.sets.count == 7)
        #expect(certificate.body.sets.prefix(2).map(\.steward) == [Self.peer(9), Self.peer(8)])
        bench.expectNothingLeft()
    }

    @Test func whoeverFindsWhatNobodyHasOpenedSettlesIt() throws {
        var bench = bench(last: 10)
        let sealed = Self.cast([2, 3]).map { cast in
            Review.Cast(voter: cast.voter, trustClass: cast.trustClass, core: nil)
        }
        bench.review(
            0,
            Review(
                purpose: .dispute(isAnchored: false),
                certificates: [Self.quorum()],
                cast: sealed,
                seed: 7
            )
        )
        bench.resultStored(0)
        for variant in [1, 0] as [UInt64] {
            bench.pass(bench.lease)
            let (worker, lease) = try takeOffer(&bench)
            #expect(worker > 3, "neither of those who have voted")
            bench.reveal(worker, lease, variant: variant)
        }
        bench.pass(bench.lease)
        let (worker, lease) = try takeOffer(&bench)
        bench.reveal(worker, lease)
        bench.pass()
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .panel && certificate.body.entries.count == 5)
        #expect(certificate.body.openings.count == 2, "what each of them has found")
        bench.expectNothingLeft()
    }

    @Test func whereASeniorIsOverruledOnlySeniorsAreAsked() throws {
        var bench = bench(last: 10, seniors: [9])
        bench.review(0, Self.dispute(isAnchored: true))
        bench.pass()
        let (worker, lease) = try takeOffer(&bench)
        #expect(worker == 9)
        bench.reveal(worker, lease, variant: 1)
        bench.pass(bench.lease)
        // No senior is left, and the lead is not there: the submitter must rule.
        #expect(bench.takeMessages(to: 0).count == 1)
        bench.rule(0, variant: 1)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(certificate.body.vote == .ruling && certificate.body.entries.count == 5)
        bench.expectNothingLeft()
    }

    @Test func aDisputeThatIsSettledElsewhereEnds() throws {
        var bench = bench(last: 10)
        bench.review(0, Self.dispute())
        bench.pass()
        let (worker, lease) = try takeOffer(&bench)
        bench.review(0, nil)
        #expect(bench.steward.isIdle && bench.rounds.isEmpty)
        bench.reveal(worker, lease)
        #expect(bench.takeRefusals(of: worker) == [.stale])
        bench.expectNothingLeft()
    }

    // MARK: - Seats

    @Test func aVoteHasASeatForASeniorOnceThereAreThree() throws {
        var bench = StewardBench(Self.grid, workers: 2...8)
        for senior in UInt64(2)...4 { bench.classes[Self.peer(senior)] = .senior }
        bench.claim(7)
        #expect(try bench.takeLease(of: 7).seat == 1)
        bench.claim(8)
        #expect(bench.takeRefusals(of: 8) == [.nothingOpen])
        bench.claim(3)
        #expect(try bench.takeLease(of: 3).seat == 0)
        bench.expectNothingLeft()
    }

    @Test func afterOneLeaseASeniorsSeatIsAnybodys() throws {
        var bench = StewardBench(Self.grid, workers: 2...8)
        for senior in UInt64(2)...4 { bench.classes[Self.peer(senior)] = .senior }
        bench.claim(7)
        let lease = try bench.takeLease(of: 7)
        bench.commit(7, lease)
        bench.pass(bench.lease)
        bench.claim(8)
        #expect(try bench.takeLease(of: 8).seat == 0)
        bench.expectNothingLeft()
    }

    @Test func newcomersHaveAShareOfTheSeats() throws {
        var bench = StewardBench(TestGrid(units: 256), workers: 2...30)
        for senior in UInt64(2)...4 { bench.classes[Self.peer(senior)] = .senior }
        var leased = 0
        for newcomer in UInt64(5)...20 {
            bench.claim(newcomer)
            leased += bench.takeMessages(to: newcomer).count { message in
                if case .lease = message { true } else { false }
            }
        }
        let seats = bench.rounds.flatMap(\.seats).count
        #expect(leased > 0 && 10 * leased <= 3 * seats, "30 % of the seats that are open")
        bench.classes[Self.peer(21)] = .trusted
        bench.claim(21)
        _ = try bench.takeLease(of: 21)
    }

    @Test func oneTrustedWorkerIsEnoughForAnAdaptiveJob() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .adaptive))
        bench.classes[Self.peer(2)] = .trusted
        bench.claim(3)
        #expect(try bench.takeLease(of: 3).seatCount == 2, "a newcomer's word is not")
        bench = StewardBench(TestGrid(units: 1, policy: .adaptive))
        bench.classes[Self.peer(2)] = .trusted
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        #expect(lease.seatCount == 1)
        bench.resultStored(0)
        bench.reveal(2, lease)
        bench.answerSigns()
        #expect(try bench.takeCertificate().body.vote == .single)
        bench.expectNothingLeft()
    }

    @Test func aSeatForTheTrustedThatNobodyTakesBecomesAVoteOfTwo() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .adaptive))
        bench.classes[Self.peer(2)] = .trusted
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.claim(3)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        for _ in 0..<3 { bench.pass(bench.lease) }
        bench.claim(3)
        #expect(try bench.takeLease(of: 3).seatCount == 2)
        bench.expectNothingLeft()
    }
}
