import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Whose machine a peer is, and which key is another's successor.
@Suite struct OwnershipTests {
    private let grid = TestGrid(units: 8)
    private let two = TestGrid.peer(2)
    private let three = TestGrid.peer(3)
    private let mine = TestGrid.owner(1)
    private let yours = TestGrid.owner(2)

    /// What a ledger makes of `items`, which is the same in every order.
    private func ownership(_ items: [Item]) -> Ownership {
        var ledgers: [CreditLedger] = []
        for list in [items, items.reversed(), items + items] {
            var fixture = LedgerFixture(grid)
            for item in list { fixture.insert(item) }
            ledgers.append(fixture.ledger)
        }
        let peers = (0..<100).map { TestGrid.peer($0) }
        for ledger in ledgers {
            #expect(ledger.items == ledgers[0].items)
            for peer in peers {
                let (found, first) = (ledger.ownership, ledgers[0].ownership)
                #expect(found.current(of: peer) == first.current(of: peer))
                #expect(found.owner(of: peer) == first.owner(of: peer))
                #expect(found.isRevoked(peer) == first.isRevoked(peer))
            }
        }
        return ledgers[0].ownership
    }

    // MARK: - DEVICE

    @Test func aPeerIsItsOwnUntilSomebodyAdoptsIt() {
        let found = ownership([.device(grid.device(two, of: mine))])
        #expect(found.owner(of: two) == mine && found.adopter(of: two) == mine)
        #expect(found.isAdopted(two, by: mine) && !found.isAdopted(two, by: yours))
        #expect(found.owner(of: three) == OwnerID(three.digest) && found.adopter(of: three) == nil)
    }

    @Test func theFirstAdoptionCounts() {
        let early = grid.device(two, of: mine, epoch: TestGrid.epoch - 1)
        let late = grid.device(two, of: yours)
        #expect(ownership([.device(early), .device(late)]).owner(of: two) == mine)
        // Of one hour the item whose id is lower.
        let (left, right) = (grid.device(three, of: mine), grid.device(three, of: yours))
        let first = left.id < right.id ? mine : yours
        #expect(ownership([.device(left), .device(right)]).owner(of: three) == first)
    }

    @Test func statementsOfTheFutureWaitForTheirHour() {
        let soon = TestGrid.epoch + 2
        let items: [Item] = [
            .device(grid.device(two, of: mine, epoch: soon)),
            .revoke(grid.revoke(two, for: three, epoch: soon)),
        ]
        for item in items {
            var fixture = LedgerFixture(grid)
            #expect(fixture.insert(item) == .early)
            #expect(fixture.insert(item, epoch: soon - 1) == .accepted([]))
            #expect(fixture.insert(item, epoch: soon - 1) == .known)
        }
    }

    // MARK: - REVOKE

    @Test func everythingOfAnOldKeyIsItsSuccessors() {
        let found = ownership([
            .revoke(grid.revoke(two, for: three)), .device(grid.device(two, of: yours)),
            .device(grid.device(three, of: mine)),
        ])
        #expect(found.isRevoked(two) && !found.isRevoked(three))
        #expect(found.current(of: two) == three && found.current(of: three) == three)
        #expect(found.owner(of: two) == mine && found.owner(of: three) == mine)
    }

    @Test func oneSuccessionSaidTwiceIsOne() {
        let found = ownership([
            .revoke(grid.revoke(two, for: three)),
            .revoke(grid.revoke(two, for: three, epoch: TestGrid.epoch - 1)),
        ])
        #expect(found.current(of: two) == three)
    }

    @Test func nobodySucceedsAKeyThatForesawTwo() {
        let found = ownership([
            .revoke(grid.revoke(two, for: three)),
            // A thief signs a second first record, and says that it was long ago.
            .revoke(grid.revoke(two, for: TestGrid.peer(66), epoch: 1)),
        ])
        #expect(found.isRevoked(two) && found.current(of: two) == two)
        #expect(found.owner(of: two) == OwnerID(two.digest))
    }

    @Test func chainsAreFollowedToTheirEndAndRingsNowhere() {
        let length = UInt64(Ownership.successionsMax)
        func chain(_ length: UInt64) -> [Item] {
            (0..<length).map { number in
                .revoke(grid.revoke(TestGrid.peer(number), for: TestGrid.peer(number + 1)))
            }
        }
        let longest = ownership(chain(length))
        #expect(longest.current(of: TestGrid.peer(0)) == TestGrid.peer(length))
        let tooLong = ownership(chain(length + 1))
        #expect(tooLong.current(of: TestGrid.peer(0)) == TestGrid.peer(0))
        #expect(tooLong.current(of: TestGrid.peer(1)) == TestGrid.peer(length + 1))
        let back = Item.revoke(grid.revoke(TestGrid.peer(3), for: TestGrid.peer(0)))
        let ring = ownership(chain(3) + [back])
        for number in 0...3 as ClosedRange<UInt64> {
            #expect(ring.current(of: TestGrid.peer(number)) == TestGrid.peer(number))
        }
    }

    // MARK: - On the boards

    @Test func machinesOfOneOwnerHaveOneLineAmongUsers() throws {
        var fixture = LedgerFixture.withJob(grid)
        fixture.certify(grid.quorum(on: [1]))
        fixture.certify(grid.quorum(on: [3], by: [two, TestGrid.peer(4)]))
        for peer in [two, three] { fixture.take(.device(grid.device(peer, of: mine))) }
        let operations = [1, 3].map { TestGrid.core($0).operations }
        let boards = fixture.boards
        #expect(boards.hosts.map(\.finalOperations) == [operations[0] + operations[1]] + operations)
        let row = try #require(boards.users.first)
        #expect(row.owner == mine && row.donated == 2 * operations[0] + operations[1])
        #expect(row.tally.won == 3 && row.consumed == 0 && row.share == Int64(row.donated))
        let owners = boards.users.map(\.owner)
        let four = TestGrid.peer(4)
        #expect(owners == [mine, OwnerID(four.digest), OwnerID(grid.project.digest)])
    }

    @Test func creditMovesToTheSuccessorsLine() throws {
        var fixture = LedgerFixture.withJob(grid)
        let new = TestGrid.peer(12)
        fixture.certify(grid.quorum(on: [1]))
        fixture.certify(grid.quorum(on: [3], by: [three, new]))
        fixture.take(.revoke(grid.revoke(two, for: new)))
        let operations = [1, 3].map { TestGrid.core($0).operations }
        #expect(fixture.row(of: two) == nil)
        let row = try #require(fixture.row(of: new))
        #expect(row.finalOperations == operations[0] + operations[1] && row.won == 2)
    }

    @Test func onlyTheKeyThatSignsAJobConsumes() throws {
        // Whom a manifest names as its owner has not agreed.
        let grid = TestGrid(units: 8, owner: mine)
        var fixture = LedgerFixture.withJob(grid)
        fixture.certify(grid.quorum(on: [1]))
        let operations = TestGrid.core(1).operations
        let users = fixture.boards.users
        #expect(!users.contains { $0.owner == mine })
        let payer = try #require(users.first { $0.owner == OwnerID(grid.project.digest) })
        #expect(payer.consumed == 2 * operations && payer.donated == 0)
        #expect(payer.share == -Int64(2 * operations))
        #expect(users.reduce(0) { $0 + $1.share } == 0)
        #expect(fixture.boards.projects.map(\.project) == [grid.project])
        #expect(fixture.boards.projects.map(\.tally.finalOperations) == [2 * operations])
        // What is not final yet is not consumed.
        let early = fixture.ledger.boards(
            epoch: TestGrid.epoch,
            at: LedgerFixture.start,
            settle: LedgerFixture.settle
        )
        #expect(early.users.allSatisfy { $0.consumed == 0 && $0.share == 0 })
        #expect(early.projects.map(\.tally.provisionalOperations) == [2 * operations])
    }

    @Test func whoComputesForItselfGainsNothing() throws {
        var fixture = LedgerFixture.withJob(grid)
        let owner = OwnerID(grid.project.digest)
        for peer in [two, three] { fixture.take(.device(grid.device(peer, of: owner))) }
        fixture.certify(grid.quorum(on: [1]))
        let row = try #require(fixture.boards.users.first)
        #expect(fixture.boards.users.count == 1 && row.owner == owner)
        #expect(row.donated == row.consumed && row.donated > 0 && row.share == 0)
    }
}
