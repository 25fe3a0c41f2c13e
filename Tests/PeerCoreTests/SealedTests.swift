import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Units that are certified by those who never say what they have certified.
@Suite struct SealedTests {
    private let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))

    private var lease: TimeSpan { Job(grid.signedManifest).leaseSpan(unitCount: 1) }

    /// Two peers in whose ledgers a stranger has certified unit 1 before anybody computed it.
    private func pair(variant: UInt64) throws -> PeerPair {
        let pair = try PeerPair(grid, seed: 1)
        let workers = [2, 3].map(TestGrid.peer)
        let quorum = grid.quorum(
            of: TestGrid.peer(7),
            on: [1],
            by: workers,
            variant: variant
        )
        try pair.receive([.manifest(grid.signedManifest), .certificate(grid.sign(quorum))])
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        return pair
    }

    private func verdict(_ pair: PeerPair) -> Core? {
        let verdicts = pair.machines.map { $0.core.ledger.verdict(on: 1, of: grid.id).core }
        #expect(verdicts[0] == verdicts[1])
        return verdicts[0]
    }

    /// Who was wrong about the unit.
    private func wrong(_ pair: PeerPair) -> [PeerID] {
        pair.machines[1].core.ledger.mistakes(on: 1, of: grid.id).map(\.worker)
    }

    private func pass(_ leases: UInt64, _ pair: PeerPair) {
        let end = pair.now.advanced(by: lease.times(leases))
        while pair.now < end { pair.pass(atMost: .seconds(2)) }
    }

    /// What the one who computes it anew finds opens what the others have said.
    @Test func whatNobodyOpensIsComputedAgain() throws {
        let pair = try pair(variant: 0)
        pass(15, pair)
        #expect(verdict(pair) == nil, "whoever has it may still say so")
        pass(3, pair)
        #expect(verdict(pair) == TestGrid.core(1))
        #expect(wrong(pair) == [], "it opens what they said, too")
        #expect(pair.violations == [])
    }

    /// Two strangers' sealed word against two peers', of whom one is the submitter: it rules.
    @Test func whatNobodyOpensAndNobodyElseFindsFalls() throws {
        let pair = try pair(variant: 1)
        pass(40, pair)
        #expect(verdict(pair) == TestGrid.core(1))
        #expect(wrong(pair) == [2, 3].map(TestGrid.peer), "whatever they said, it is not this")
        #expect(pair.violations == [])
    }
}
