import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Jobs that are held and go on, as the ledger has them.
@Suite struct HoldTests {
    private let grid = TestGrid(units: 300)

    @Test func theHighestNumberCountsInAnyOrder() {
        let holds = [
            grid.hold(0), grid.hold(1, isHeld: false), grid.hold(2),
            grid.hold(7, isHeld: false, epoch: TestGrid.epoch + 1),
        ].map(Item.hold)
        for count in 1...holds.count {
            let taken = Array(holds.prefix(count))
            for order in [taken, taken.reversed(), taken.reversed() + taken] {
                var fixture = LedgerFixture.withJob(grid)
                for item in order { fixture.insert(item) }
                #expect(fixture.ledger.isHeld(grid.id) == [true, false, true, false][count - 1])
                let next = fixture.ledger.nextHoldNumber(of: grid.id)
                #expect(next == [1, 2, 3, 8][count - 1])
            }
        }
    }

    @Test func ofOneNumberTheFirstItemCountsInAnyOrder() {
        let early = grid.hold(3)
        let late = grid.hold(3, isHeld: false, epoch: TestGrid.epoch + 1)
        let same = grid.hold(3, isHeld: false)
        for (holds, isHeld) in [([early, late], true), ([early, same], early.id < same.id)] {
            for order in [holds, holds.reversed()] {
                var fixture = LedgerFixture.withJob(grid)
                for hold in order { fixture.take(.hold(hold)) }
                #expect(fixture.ledger.isHeld(grid.id) == isHeld)
            }
        }
    }

    @Test func aJobOnHoldHasNoOpenShard() {
        var fixture = LedgerFixture.withJob(grid)
        #expect(!fixture.ledger.isHeld(grid.id))
        fixture.take(.hold(grid.hold(0)))
        #expect(fixture.ledger.openShards(of: grid.id).isEmpty)
        fixture.certify(grid.quorum(on: [1]))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1), "what is computed is certified")
        fixture.take(.hold(grid.hold(1, isHeld: false)))
        #expect(fixture.ledger.openShards(of: grid.id) == [0, 1])
    }

    @Test func onlyTheProjectHoldsFromTheHourOfItsJobOn() {
        var fixture = LedgerFixture.withJob(grid)
        let stranger = ProjectID(Digest(9, 9, 9, 9))
        #expect(fixture.insert(.hold(grid.hold(0, by: stranger))) == .refused)
        #expect(fixture.insert(.hold(grid.hold(0, epoch: TestGrid.epoch - 1))) == .refused)
        let late = Item.hold(grid.hold(0, epoch: TestGrid.epoch + 2))
        #expect(fixture.insert(late) == .early)
        #expect(!fixture.ledger.isHeld(grid.id) && fixture.ledger.items.count == 1)
        #expect(fixture.insert(late, epoch: TestGrid.epoch + 1) == .accepted([]))
        #expect(fixture.ledger.isHeld(grid.id))
    }

    @Test func aHoldWaitsForItsJob() {
        var fixture = LedgerFixture(grid)
        let item = Item.hold(grid.hold(0))
        #expect(fixture.insert(item) == .waiting)
        #expect(!fixture.ledger.isHeld(grid.id) && !fixture.ledger.contains(item.id))
        #expect(fixture.insert(.manifest(grid.signedManifest)) == .accepted([item]))
        #expect(fixture.ledger.isHeld(grid.id))
    }

    @Test func noNumberFollowsTheLast() {
        var fixture = LedgerFixture.withJob(grid)
        #expect(fixture.ledger.nextHoldNumber(of: grid.id) == 0)
        let last = Limits.holdsPerManifest - 1
        fixture.take(.hold(grid.hold(last - 1)))
        #expect(fixture.ledger.nextHoldNumber(of: grid.id) == last)
        fixture.take(.hold(grid.hold(last, isHeld: false)))
        #expect(fixture.ledger.nextHoldNumber(of: grid.id) == nil)
    }
}
