import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Workers and stewards that say two things to whoever then holds both.
@Suite struct FaultTests {
    /// The proofs that a steward has published, which it does once each.
    private func faults(_ bench: inout StewardBench) -> [Fault] {
        let found = bench.published.compactMap { item -> Fault? in
            guard case .fault(let fault) = item else { return nil }
            return fault
        }
        bench.published.removeAll()
        return found
    }

    // MARK: - At a steward

    @Test(arguments: [false, true])
    func twoPromisesForOneSeatProveTheirWorker(isRestarted: Bool) throws {
        var (bench, leases) = try StewardBench.leased(TestGrid(units: 1))
        bench.commit(2, leases[0])
        if isRestarted { bench.restart() }
        bench.commit(2, leases[0])
        #expect(faults(&bench).isEmpty, "the same one again is none")
        bench.commit(2, leases[0], variant: 1)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        let found = try #require(faults(&bench).first)
        #expect(found.culprit == TestGrid.peer(2) && found.kind == .commit)
        _ = try Verified(
            checking: Item.fault(found),
            with: bench.grid.verifier,
            in: bench.grid.network
        )
        bench.commit(3, leases[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        let promise = bench.grid.commit(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: TestGrid.cores([0])
        )
        #expect(set.members.contains { $0.commit == promise.body.commit }, "the first one stands")
        bench.expectNothingLeft()
    }

    @Test func aPromiseThatComesAfterTheSetProvesItsWorkerToo() throws {
        var (bench, leases, _) = try StewardBench.closed()
        bench.commit(2, leases[0], variant: 1)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        #expect(faults(&bench).map(\.kind) == [.commit])
        bench.expectNothingLeft()
    }

    @Test func twoResultsForOneSeatProveTheirWorker() throws {
        var (bench, leases, set) = try StewardBench.closed()
        let first = bench.grid.reveal(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: TestGrid.cores([0]),
            setHash: set.hash
        )
        let second = bench.grid.reveal(
            leases[0],
            of: bench.me,
            by: TestGrid.peer(2),
            cores: TestGrid.cores([0]),
            setHash: .zero
        )
        bench.reveal(first)
        bench.reveal(first)
        #expect(faults(&bench).isEmpty)
        bench.reveal(second)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        #expect(faults(&bench).map(\.kind) == [.result])
        let kept = bench.rounds.first?.seats[0].occupant?.revealed?.result
        #expect(kept == first.result)
        bench.expectNothingLeft()
    }

    @Test func twoPromisesForAVoteOfOneProveTheirWorker() throws {
        var bench = StewardBench(TestGrid(units: 1, policy: .single))
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        bench.reveal(2, lease)
        bench.effects = []
        bench.reveal(2, lease, variant: 1)
        #expect(bench.takePenalties() == [TestGrid.peer(2)])
        #expect(faults(&bench).map(\.kind) == [.commit])
    }

    // MARK: - At a worker

    @Test func twoSetsForOneRoundProveTheirSteward() throws {
        var bench = WorkerBench()
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        let set = bench.set(lease, with: commit)
        bench.close(set)
        bench.answerSigns()
        let reveal = try bench.takeReveal()
        bench.close(set)
        #expect(try bench.takeReveal() == reveal, "the same one again asks for the result")
        #expect(bench.worker.takeFaults().isEmpty)
        bench.close(bench.set(lease, with: commit, stranger: 8))
        #expect(try bench.takeReveal() == reveal, "it says the same again")
        let found = bench.worker.takeFaults()
        #expect(found.map(\.culprit) == [bench.steward] && found.map(\.kind) == [.commitSet])
        #expect(bench.worker.takeFaults().isEmpty)
        bench.expectNothingLeft()
    }

    /// The steward has shown the result to somebody, and closed its round anew without the worker.
    @Test func aCertificateOfAnotherSetProvesItsSteward() throws {
        var bench = WorkerBench(TestGrid(units: 8))
        let lease = bench.lease()
        let commit = try bench.promise(lease)
        bench.close(bench.set(lease, with: commit))
        bench.answerSigns()
        _ = try bench.takeReveal()
        for (steward, isCulprit) in [(TestGrid.peer(70), false), (bench.steward, true)] {
            let certificate = bench.grid.quorum(
                of: steward,
                round: lease.round,
                on: lease.units,
                by: [TestGrid.peer(8), TestGrid.peer(9)]
            )
            bench.certified(certificate)
            #expect(bench.worker.takeFaults().map(\.culprit) == (isCulprit ? [steward] : []))
        }
    }
}
