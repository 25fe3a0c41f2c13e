import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Peers whose word a project takes beside those whom its manifests name.
@Suite struct AnchorTests {
    private let grid = TestGrid(units: 8, submitter: TestGrid.peer(99))
    private let hour = TestGrid.epoch
    private let two = TestGrid.peer(2)
    private let three = TestGrid.peer(3)

    /// Whether `peer` is an anchor in each of the hours beside that of the job.
    private func isAnchor(
        _ peer: PeerID,
        _ ledger: CreditLedger,
        at hours: [Int64],
        for manifest: Manifest? = nil
    ) -> [Bool] {
        hours.map { each in
            let hour = UInt64(Int64(self.hour) + each)
            let job = manifest ?? grid.manifest
            return ledger.trustView.trustClass(of: peer, for: job, at: hour) == .anchor
        }
    }

    /// The ledger of `items`, which is the same in every order.
    private func ledger(_ items: [Item]) -> CreditLedger {
        var ledgers: [CreditLedger] = []
        for list in [items, items.reversed(), items + items] {
            var fixture = LedgerFixture(grid)
            for item in list { fixture.insert(item) }
            ledgers.append(fixture.ledger)
        }
        for other in ledgers {
            #expect(other.items == ledgers[0].items)
            #expect(other.anchors.all(of: grid.project) == ledgers[0].anchors.all(of: grid.project))
        }
        return ledgers[0]
    }

    @Test func anAnchorsWordCountsFromItsHourToItsLast() {
        let ledger = ledger([.anchor(grid.anchor(two, hours: 3))])
        #expect(
            isAnchor(two, ledger, at: [-1, 0, 1, 3, 4]) == [false, true, true, true, false]
        )
        #expect(isAnchor(three, ledger, at: [0]) == [false])
        #expect(isAnchor(TestGrid.peer(99), ledger, at: [-1, 0, 9]) == [true, true, true])
    }

    @Test func aProjectSpeaksForItsOwnJobsAlone() {
        let other = ProjectID(Digest(0xC, 0, 0, 1))
        let ledger = ledger([.anchor(grid.anchor(two, by: other))])
        #expect(isAnchor(two, ledger, at: [0]) == [false])
        let theirs = TestGrid(project: other).manifest
        #expect(isAnchor(two, ledger, at: [0], for: theirs) == [true])
        // Whoever recognises a project counts what was done for it, and not whom it names.
        let friend = TestGrid(recognised: [other]).manifest
        #expect(isAnchor(two, ledger, at: [0], for: friend) == [false])
    }

    @Test func ofOnePeerTheFirstItemCounts() {
        let early = grid.anchor(two, epoch: hour - 2, hours: 1)
        let late = grid.anchor(two, hours: 9)
        let first = ledger([.anchor(early), .anchor(late)])
        #expect(isAnchor(two, first, at: [-2, -1, 0, 9]) == [true, true, false, false])
        #expect(first.anchors.all(of: grid.project) == [early.body])
        #expect(first.anchors.naming(of: two, by: grid.project) == early.body)
        // Of one hour the item whose id is lower.
        let (short, long) = (grid.anchor(three, hours: 1), grid.anchor(three, hours: 2))
        let second = ledger([.anchor(short), .anchor(long)])
        #expect(isAnchor(three, second, at: [2]) == [long.id < short.id])
    }

    @Test func everyKeyOfAMachineIsItsAnchors() {
        let revoke = Item.revoke(grid.revoke(two, for: three))
        for named in [two, three] {
            let ledger = ledger([revoke, .anchor(grid.anchor(named))])
            #expect(isAnchor(two, ledger, at: [0]) == [true])
            #expect(isAnchor(three, ledger, at: [0]) == [true])
        }
        // A key that two claim is nobody's but its own.
        let thief = Item.revoke(grid.revoke(two, for: TestGrid.peer(66), epoch: 1))
        let contested = ledger([revoke, thief, .anchor(grid.anchor(two))])
        #expect(isAnchor(two, contested, at: [0]) == [true])
        #expect(isAnchor(three, contested, at: [0]) == [false])
    }

    @Test func anAnchorOfTheFutureWaitsForItsHour() {
        let item = Item.anchor(grid.anchor(two, epoch: hour + 2))
        var fixture = LedgerFixture(grid)
        #expect(fixture.insert(item) == .early)
        #expect(fixture.insert(item, epoch: hour + 1) == .accepted([]))
        #expect(fixture.insert(item, epoch: hour + 1) == .known)
    }

    // MARK: - Stewards

    @Test func stewardsAreTakenFromAnchorsOfTheHourOfTheJob() {
        let grid = TestGrid(units: 8, anchors: [TestGrid.peer(9)])
        let items: [Item] = [
            .anchor(grid.anchor(three, epoch: hour - 1, hours: 1)),
            .anchor(grid.anchor(TestGrid.peer(4), epoch: hour - 1, hours: 0)),
            .anchor(grid.anchor(TestGrid.peer(5), epoch: hour + 1)),
            .anchor(grid.anchor(TestGrid.peer(6))),
            .revoke(grid.revoke(TestGrid.peer(6), for: two)),
        ]
        let keepers = ledger(items).trustView.keepers(of: grid.manifest, at: hour)
        #expect(keepers == [two, three, TestGrid.peer(9)])
    }

    // MARK: - Verdicts

    /// Two votes on unit 1 that say different things, of workers 10 and 11 and of 12 and 13.
    private func contradiction() -> [Item] {
        let votes = [(first: UInt64(10), variant: UInt64(0)), (12, 1)].map { vote in
            (
                grid.sign(
                    grid.quorum(
                        of: TestGrid.peer(vote.first + 20),
                        on: [1],
                        by: [TestGrid.peer(vote.first), TestGrid.peer(vote.first + 1)],
                        variant: vote.variant,
                        epoch: hour + 1
                    )
                ),
                vote.variant
            )
        }
        let items = votes.flatMap { signed, variant -> [Item] in
            [.certificate(signed), .opening(grid.opening(of: signed, variant: variant))]
        }
        return [.manifest(grid.signedManifest)] + items
    }

    private func fixture(_ items: [Item]) -> LedgerFixture {
        var fixture = LedgerFixture(grid)
        for item in items { fixture.insert(item, epoch: hour + 9) }
        return fixture
    }

    @Test func aLateAnchorSettlesWhatStrangersDisputed() {
        var fixture = fixture(contradiction())
        #expect(fixture.verdict(on: 1) == .disputed)
        _ = fixture.ledger.takeJudged()
        _ = fixture.ledger.takeEarliestMark()
        let anchor = Item.anchor(grid.anchor(TestGrid.peer(13)))
        #expect(fixture.insert(anchor, epoch: hour + 9) == .accepted([]))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1, variant: 1))
        #expect(fixture.ledger.takeJudged().map(\.unit) == [1])
        #expect(fixture.ledger.takeEarliestMark() == hour + 1, "and reputations with it")
        #expect(fixture.row(of: TestGrid.peer(13))?.won == 1)
        #expect(fixture.row(of: TestGrid.peer(10))?.lost == 1)
        // Another's anchor vouches for the other side.
        fixture.insert(.anchor(grid.anchor(TestGrid.peer(10))), epoch: hour + 9)
        #expect(fixture.verdict(on: 1) == .disputed)
        #expect(fixture.ledger.takeEarliestMark() == hour + 1)
        #expect(fixture.board.isEmpty)
    }

    @Test func anAnchorOfOtherHoursSettlesNothing() {
        for (epoch, hours) in [(hour - 3, UInt64(3)), (hour + 2, 7)] {
            let anchor = Item.anchor(grid.anchor(TestGrid.peer(13), epoch: epoch, hours: hours))
            #expect(fixture(contradiction() + [anchor]).verdict(on: 1) == .disputed)
        }
    }

    @Test func anEarlierItemTakesTheWordBackThatALaterOneGave() {
        var fixture = fixture(contradiction() + [.anchor(grid.anchor(TestGrid.peer(13)))])
        #expect(fixture.verdict(on: 1).core != nil)
        let earlier = grid.anchor(TestGrid.peer(13), epoch: hour - 1, hours: 1)
        fixture.insert(.anchor(earlier), epoch: hour + 9)
        #expect(fixture.verdict(on: 1) == .disputed)
    }
}
