import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A steward that crashes after any step goes on as if nothing had happened.
@Suite struct StewardRestartTests {
    /// A vote with a dispute, step by step; returns the certificate's body.
    ///
    /// After the step `crash` the steward starts again from its rows.
    private func course(crash: Int?, isDisputed: Bool) throws -> Certificate {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...6)
        var leases: [UInt64: Lease] = [:]
        var set: CommitSet?
        var step = 0
        func next(_ bench: inout StewardBench) {
            if step == crash {
                bench.restart()
                // Whatever was waiting for a signature is asked for again.
                bench.pass()
            }
            step += 1
        }
        for worker in UInt64(2)...3 {
            bench.claim(worker)
            leases[worker] = try bench.takeLease(of: worker)
            next(&bench)
        }
        for worker in UInt64(2)...3 {
            let lease = try #require(leases[worker])
            bench.commit(worker, lease, variant: isDisputed ? worker - 2 : 0)
            next(&bench)
        }
        bench.answerSigns()
        set = try bench.takeSet(of: [2, 3])
        next(&bench)
        for worker in UInt64(2)...3 {
            let lease = try #require(leases[worker])
            bench.reveal(
                worker,
                lease,
                variant: isDisputed ? worker - 2 : 0,
                setHash: set?.hash
            )
            next(&bench)
        }
        if isDisputed {
            for worker in UInt64(4)...6 {
                bench.claim(worker)
                let lease = try bench.takeLease(of: worker)
                next(&bench)
                bench.reveal(worker, lease)
                next(&bench)
            }
        }
        _ = bench.takeWants()
        bench.resultStored(0)
        next(&bench)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        #expect(bench.grid.sign(certificate.body) == certificate)
        _ = bench.takeWants()
        bench.expectNothingLeft()
        #expect(crash ?? 0 < step, "there is such a step")
        return certificate.body
    }

    @Test(arguments: 0..<8) func aQuorumSurvivesACrashAfterEachStep(crash: Int) throws {
        let expected = try course(crash: nil, isDisputed: false)
        #expect(try course(crash: crash, isDisputed: false) == expected)
    }

    @Test(arguments: 0..<14) func aDisputeSurvivesACrashAfterEachStep(crash: Int) throws {
        let expected = try course(crash: nil, isDisputed: true)
        #expect(try course(crash: crash, isDisputed: true) == expected)
    }

    @Test func leasesAndRevealsGetFreshTimeAfterARestart() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.pass(TimeSpan(nanoseconds: bench.lease.nanoseconds - 1))
        bench.restart()
        bench.pass()
        bench.pass(TimeSpan(nanoseconds: bench.lease.nanoseconds - 1))
        bench.commit(2, leases[0])
        bench.commit(3, leases[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        bench.restart()
        bench.pass()
        bench.pass(TimeSpan(nanoseconds: bench.lease.nanoseconds - 1))
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        #expect(bench.takeWants().count == 1)
        bench.expectNothingLeft()
    }

    @Test func aSetWhoseSignatureWasLostIsSignedAgainAndOnceOnly() throws {
        var (bench, leases) = try StewardBench.leased()
        bench.commit(2, leases[0])
        bench.commit(3, leases[1])
        bench.restart()
        #expect(bench.steward.deadline == bench.now)
        bench.pass()
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        bench.restart()
        bench.pass()
        bench.expectNothingLeft()
        bench.commit(2, leases[0])
        #expect(try bench.takeSet(of: [2]) == set)
        bench.expectNothingLeft()
    }

    @Test func rowsOfAJobThatNobodyKnowsAreLeftAlone() throws {
        let (bench, _) = try StewardBench.leased()
        var steward = Steward(me: bench.me)
        for row in bench.journal.rows {
            try steward.restore(row, job: { _ in nil }, at: bench.now)
        }
        #expect(steward.isIdle && steward.deadline == nil)
    }

    @Test func rowsOfAJobWhoseManifestComesLaterFindTheirPlace() throws {
        let (bench, _) = try StewardBench.leased()
        var steward = Steward(me: bench.me)
        for row in bench.journal.rows {
            try steward.restore(row, job: { _ in nil }, at: bench.now)
        }
        steward.learned(bench.job, at: bench.now)
        #expect(!steward.isIdle && steward.deadline == bench.now)
        #expect(
            steward.desks.values.map(\.rounds.keys) == bench.steward.desks.values.map(\.rounds.keys)
        )
    }

    @Test func noRoundNumberComesTwiceWhateverBecomesOfTheLedger() throws {
        var (bench, leases, set) = try StewardBench.closed()
        bench.resultStored(0)
        bench.reveal(2, leases[0], setHash: set.hash)
        bench.reveal(3, leases[1], setHash: set.hash)
        bench.answerSigns()
        let certificate = try bench.takeCertificate()
        bench.accept(certificate, isOpened: true)
        bench.restart()
        // The ledger is gone, and with it the certificate.
        bench.certified = []
        bench.claim(2)
        #expect(try bench.takeLease(of: 2).round == leases[0].round + 1)
        bench.effects = []
    }

    @Test func aBrokenRowIsAnErrorAndNoCrash() throws {
        let (bench, _) = try StewardBench.leased()
        let row = try #require(bench.journal.rows(of: .rounds).first)
        let job = bench.job
        for length in 0..<(row.value?.count ?? 0) {
            var steward = Steward(me: bench.me)
            let cut = JournalRow(.rounds, key: row.key, value: Array(row.value?[..<length] ?? []))
            #expect(throws: DecodeError.self) {
                try steward.restore(cut, job: { _ in job }, at: bench.now)
            }
        }
    }
}
