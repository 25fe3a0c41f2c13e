import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct PeerTests {
    /// A pair in which the first peer has submitted the grid's job.
    private func submitted(_ grid: TestGrid, seed: UInt64) throws -> PeerPair {
        let pair = try PeerPair(grid, seed: seed)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        return pair
    }

    private func isComplete(_ pair: PeerPair) -> Bool {
        pair.machines.allSatisfy { machine in
            machine.core.progress(of: pair.grid.id, at: pair.now)?.final
                == pair.grid.manifest.unitCount && machine.core.isIdle
        }
    }

    private func expectAgreement(_ pair: PeerPair) {
        #expect(pair.violations == [])
        let keys = pair.machines.map { $0.core.ledgerKeys }
        #expect(keys[0] == keys[1])
        let boards = pair.machines.map { $0.core.board(at: pair.now) }
        #expect(boards[0] == boards[1])
    }

    @Test(arguments: 0..<12) func whatAPeerStatesIsKeptBeforeItIsSent(seed: UInt64) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), nonce: seed)
        let pair = try submitted(grid, seed: seed)
        for _ in 0..<400 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        expectAgreement(pair)
        let sent = pair.machines.map(\.contract.sentCount)
        #expect(sent.allSatisfy { $0 > 3 }, "both have stated something")
        let board = pair.machines[0].core.board(at: pair.now)
        let operations = (0..<grid.manifest.unitCount).map { TestGrid.core($0).operations }
        #expect(board.map(\.finalOperations) == [operations.reduce(0, +), operations.reduce(0, +)])
        #expect(board.map(\.won) == [6, 6])
    }

    @Test(arguments: 0..<12) func itHoldsAcrossCrashesAtAnyMoment(seed: UInt64) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), nonce: seed)
        let pair = try submitted(grid, seed: seed)
        var random = PRNG(seed: seed &+ 1_000)
        for step in 0..<900 where !isComplete(pair) {
            if step < 60, random.below(8) == 0 {
                try pair.restart(Int(random.below(2)))
                if pair.machines[0].core.progress(of: grid.id, at: pair.now) == nil {
                    pair.input(.submit(grid.manifest), to: 0)
                    pair.settle()
                }
            }
            pair.pass(atMost: .seconds(2))
        }
        #expect(isComplete(pair))
        expectAgreement(pair)
    }

    @Test func aDisputeOfTwoIsRuledOnByTheSubmitter() throws {
        let grid = TestGrid(units: 3, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 1)
        pair.liesAbout = 1
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<900 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        expectAgreement(pair)
        for machine in pair.machines {
            let verdicts = machine.core.verdicts(of: grid.id)
            #expect(verdicts.map(\.core) == TestGrid.cores([0, 1, 2]))
        }
        let board = pair.machines[1].core.board(at: pair.now)
        #expect(board.map(\.lost) == [0, 1])
        let kinds = pair.machines[0].core.certificates(of: grid.id).map(\.vote)
        #expect(kinds.filter { $0 == .ruling }.count == 1)
    }

    @Test func aCancelledJobLeavesNothingOpen() throws {
        let grid = TestGrid(units: 64, submitter: TestGrid.peer(0))
        let pair = try submitted(grid, seed: 2)
        pair.input(.cancel(grid.id), to: 0)
        pair.settle()
        for _ in 0..<20 { pair.pass(atMost: .seconds(2)) }
        #expect(pair.machines.allSatisfy { $0.core.isIdle })
        #expect(
            pair.machines.allSatisfy {
                $0.core.progress(of: grid.id, at: pair.now)?.isCancelled == true
            }
        )
        expectAgreement(pair)
        for machine in pair.machines {
            #expect(machine.journal.rows(of: .rounds).isEmpty)
            #expect(machine.journal.rows(of: .bundles).isEmpty)
            #expect(machine.journal.rows(of: .sealed).isEmpty)
        }
    }
}
