import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

/// Jobs that a submitter holds, seen by two whole peers.
@Suite struct HoldTests {
    private func holds(_ pair: PeerPair) -> [Hold] {
        pair.machines[0].core.allItems.compactMap { item in
            guard case .hold(let signed) = item else { return nil }
            return signed.body
        }.sorted { $0.number < $1.number }
    }

    private func certified(_ pair: PeerPair) -> [UInt32] {
        pair.machines.map { $0.core.progress(of: pair.grid.id, at: pair.now)?.certified ?? 0 }
    }

    @Test(arguments: [false, true], 0..<4 as Range<UInt64>)
    func aHeldJobStandsStillAndThenEnds(isRestarted: Bool, seed: UInt64) throws {
        let grid = TestGrid(units: 40, submitter: TestGrid.peer(0), nonce: seed)
        let pair = try PeerPair(grid, seed: seed)
        pair.input(.submit(grid.manifest), to: 0)
        // Some units are certified, and the job is far from its end.
        for _ in 0..<20_000 where certified(pair)[0] < 4 {
            if !pair.step() { pair.advance(atMost: .seconds(1)) }
        }
        pair.input(.hold(grid.id), to: 0)
        pair.settle()
        // Leases that are out run to their end, and what was promised is certified.
        for _ in 0..<200 { pair.pass(atMost: .seconds(2)) }
        let before = certified(pair)
        #expect(before[0] == before[1] && before[0] < 40)
        if isRestarted { for index in [0, 1] { try pair.restart(index) } }
        for _ in 0..<100 { pair.pass(atMost: .seconds(2)) }
        #expect(certified(pair) == before)
        for machine in pair.machines {
            #expect(machine.core.progress(of: grid.id, at: pair.now)?.isHeld == true)
        }
        pair.input(.resume(grid.id), to: 0)
        pair.settle()
        for _ in 0..<900 where certified(pair) != [40, 40] { pair.pass(atMost: .seconds(2)) }
        #expect(certified(pair) == [40, 40])
        #expect(pair.violations == [])
        #expect(holds(pair).map(\.isHeld) == [true, false])
        #expect(pair.machines[1].core.progress(of: grid.id, at: pair.now)?.isHeld == false)
    }

    @Test func numbersFollowFromTheLedgerAndNothingIsSaidTwice() throws {
        let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        let said: [LocalEvent] = [
            .resume(grid.id), .hold(grid.id), .hold(grid.id), .resume(grid.id), .resume(grid.id),
            .hold(grid.id),
        ]
        for event in said {
            pair.input(event, to: 0)
            pair.settle()
        }
        #expect(holds(pair).map(\.number) == [0, 1, 2])
        #expect(holds(pair).map(\.isHeld) == [true, false, true])
        #expect(pair.violations == [])
    }

    @Test func onlyTheSubmitterHoldsItsJob() throws {
        let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 2)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        pair.input(.hold(grid.id), to: 1)
        pair.input(.hold(TestGrid(nonce: 9).id), to: 0)
        pair.settle()
        #expect(holds(pair).isEmpty)
    }
}
