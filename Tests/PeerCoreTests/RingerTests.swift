import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// What a submitter finds out by itself, against what others have certified.
@Suite struct RingerTests {
    private let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))

    /// Two peers, of which the first has submitted a job with so many ringers, and in whose ledgers
    /// two strangers have certified the job's first units; they lied about `lies`.
    private func pair(ringers: UInt32, lies: [UInt32]) throws -> PeerPair {
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        if ringers > 0 { pair.input(.plant(grid.id, ringers: ringers), to: 0) }
        for unit in UInt32(0)..<4 {
            let variant: UInt64 = lies.contains(unit) ? 1 : 0
            let quorum = grid.quorum(
                of: TestGrid.peer(7),
                on: [unit],
                by: [2, 3].map(TestGrid.peer),
                variant: variant
            )
            let signed = grid.sign(quorum)
            let core = UnitCore(unit: unit, core: TestGrid.core(unit, variant: variant))
            let opening = Opening(manifest: grid.id, certificate: signed.id, cores: [core])
            try pair.receive([
                .manifest(grid.signedManifest), .certificate(signed), .opening(opening),
            ])
        }
        pair.settle()
        return pair
    }

    private func pass(_ pair: PeerPair) { for _ in 0..<100 { pair.pass(atMost: .seconds(2)) } }

    private func ringers(_ pair: PeerPair) -> [RingerState] {
        pair.machines[0].core.ringers(of: grid.id).map(\.state)
    }

    private func truths(_ pair: PeerPair) -> [Bool] {
        (UInt32(0)..<4).map { unit in
            let cores = pair.machines.map {
                $0.core.ledger.verdict(on: unit, of: grid.id).core
            }
            #expect(cores[0] == cores[1])
            return cores[0] == TestGrid.core(unit)
        }
    }

    @Test func whatAgreesIsLeftAlone() throws {
        let pair = try pair(ringers: 4, lies: [])
        pass(pair)
        #expect(
            ringers(pair) == Array(repeating: .agrees, count: 4)
                && truths(pair) == [true, true, true, true]
        )
        let items = pair.machines[0].core.ledger.items.values
        #expect(!items.contains { $0.name == "ruling" })
    }

    @Test(arguments: [UInt32(0), 4])
    func whoseLieIsARingerIsOverruled(count: UInt32) throws {
        let pair = try pair(ringers: count, lies: [1, 2])
        pass(pair)
        let ledger = pair.machines[1].core.ledger
        let wrong = ledger.mistakes(on: 1, of: grid.id)
        guard count > 0 else {
            #expect(truths(pair) == [true, false, false, true], "nobody else knows better")
            return
        }
        #expect(truths(pair) == [true, true, true, true])
        #expect(wrong.map(\.worker) == [2, 3].map(TestGrid.peer) && wrong.allSatisfy(\.isShared))
        #expect(ringers(pair) == Array(repeating: .agrees, count: 4))
        #expect(pair.violations == [])
    }

    /// Its machine erred when it found the unit out, and did not when it was asked to rule.
    @Test func aRingerThatIsWrongAccusesNobody() throws {
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        pair.errsOnce = true
        pair.input(.plant(grid.id, ringers: 4), to: 0)
        pair.settle()
        pass(pair)
        #expect(!pair.errsOnce && truths(pair) == [true, true, true, true])
        #expect(ringers(pair) == Array(repeating: .agrees, count: 4))
        let board = pair.machines[1].core.board(at: pair.now)
        #expect(board.allSatisfy { $0.lost == 0 })
    }

    @Test func aStartGoesOnWithThem() throws {
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        pair.input(.plant(grid.id, ringers: 3), to: 0)
        _ = pair.step()
        try pair.restart(0)
        pass(pair)
        #expect(ringers(pair) == [.agrees, .agrees, .agrees])
    }

    /// Nobody can find them out any more, and nothing waits for them.
    @Test func whoseDataIsGoneIsNotWaitedFor() throws {
        let pair = try pair(ringers: 0, lies: [])
        pass(pair)
        pair.input(.plant(grid.id, ringers: 2), to: 0)
        pair.input(.cancel(grid.id), to: 0)
        pair.settle()
        pair.input(.plant(grid.id, ringers: 4), to: 0)
        pair.settle()
        let progress = pair.machines[0].core.progress(of: grid.id, at: pair.now)
        #expect(progress?.ringers.open == 0 && progress?.isOverForItsOwner == true)
        #expect(!pair.machines[0].journal.rows.contains { $0.table == .ringers })
    }

    @Test func nobodyPlantsInTheJobOfAnother() throws {
        let pair = try pair(ringers: 0, lies: [])
        pair.input(.plant(grid.id, ringers: 3), to: 1)
        pass(pair)
        #expect(pair.machines[1].core.ringers(of: grid.id).isEmpty)
    }
}
