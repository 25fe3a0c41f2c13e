import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Whoever is proven to have said two things: who hears of it, and what it still gets to do.
@Suite struct FaultTests {
    private let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))
    private let other = TestGrid.peer(1)

    /// Two peers, of which the first has submitted a job.
    private func pair() throws -> PeerPair {
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        return pair
    }

    private func receive(_ items: [Item], at pair: PeerPair, _ index: Int = 0) throws {
        try pair.receive(items, at: [index])
        for _ in 0..<200 { pair.pass(atMost: .seconds(2)) }
    }

    private func culprits(_ pair: PeerPair, _ peer: PeerID) -> [Bool] {
        pair.machines.map { $0.core.ledger.culprits.contains(peer, in: grid.id) }
    }

    /// Nobody else holds both certificates.
    @Test func whatTwoCertificatesProveEverybodyLearns() throws {
        let pair = try pair()
        let steward = TestGrid.peer(7)
        let votes = [[2, 3], [4, 5]].map { (workers: [UInt64]) in
            let workers = workers.map(TestGrid.peer)
            return Item.certificate(
                grid.sign(grid.quorum(of: steward, on: [1], by: workers))
            )
        }
        try receive([votes[0]], at: pair)
        #expect(culprits(pair, steward) == [false, false])
        try receive([votes[1]], at: pair)
        #expect(culprits(pair, steward) == [true, true])
        let faults = pair.machines.map { machine in
            machine.core.ledger.items.values.filter { $0.name == "fault" }
        }
        #expect(faults[0].count == 1 && faults[0] == faults[1], "one proof")
        try pair.restart(0)
        #expect(culprits(pair, steward) == [true, true])
    }

    /// Jobs of the hour after need two workers, of which there is one now.
    @Test(arguments: [false, true])
    func aCulpritGetsNoWorkAndIsTheLastSteward(isProven: Bool) throws {
        let pair = try pair()
        if isProven { try receive([.fault(grid.fault(of: other, by: TestGrid.peer(0)))], at: pair) }
        let second = TestGrid(units: 4, submitter: TestGrid.peer(0), nonce: 2)
        pair.input(.submit(second.manifest), to: 0)
        for _ in 0..<200 { pair.pass(atMost: .seconds(2)) }
        let progress = pair.machines[0].core.progress(of: second.id, at: pair.now)
        #expect(progress?.certified == (isProven ? 0 : 4))
        guard isProven else { return }
        for machine in pair.machines {
            let key = ShardKey(manifest: second.id, shard: 0)
            #expect(machine.core.stewards(of: key) == [TestGrid.peer(0), other])
        }
    }
}
