import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A project that takes another peer's word, seen by two whole peers.
@Suite struct AnchorTests {
    private let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))
    private let other = TestGrid.peer(1)

    private func pair(seed: UInt64 = 1) throws -> PeerPair { try PeerPair(grid, seed: seed) }

    private func name(_ peer: PeerID, until: UInt64, at pair: PeerPair) {
        pair.input(.anchor(peer, project: grid.project, until: until), to: 0)
        pair.settle()
    }

    private func anchors(_ pair: PeerPair) -> [[Anchor]] {
        pair.machines.map { $0.core.ledger.anchors.all(of: grid.project) }
    }

    @Test func whatAProjectSaysOfAPeerStandsForEver() throws {
        let pair = try pair()
        let last = TestGrid.epoch + 30
        name(other, until: last, at: pair)
        let said = Anchor(
            project: grid.project,
            peer: other,
            until: last,
            epoch: TestGrid.epoch
        )
        #expect(anchors(pair) == [[said], [said]])
        let sent = pair.machines[0].contract.sentCount
        name(other, until: last + 1, at: pair)
        pair.input(.epoch(TestGrid.epoch + 1), to: 0)
        name(other, until: last, at: pair)
        #expect(anchors(pair) == [[said], [said]])
        #expect(pair.machines[0].contract.sentCount == sent, "nor is it said again")
        // Its copy of the ledger is lost; what it signed is not.
        pair.machines[0].journal.lose(.items)
        let core = try started(with: pair.machines[0].journal)
        #expect(core.ledger.anchors.all(of: grid.project) == [said])
        try pair.restart(0)
        name(other, until: last + 2, at: pair)
        #expect(anchors(pair) == [[said], [said]])
        #expect(pair.violations == [])
    }

    /// A peer as it is at a start, before it hears anything.
    private func started(with journal: TestJournal) throws -> Peer {
        var stored = Peer.Stored()
        stored.rows = journal.rows
        return try Peer(
            me: TestGrid.peer(0),
            secret: Array(TestGrid.peer(0).digest.bytes.prefix(16)),
            seed: 1,
            stored: stored,
            at: PeerPair.start
        )
    }

    /// Another machine with the project's key has named the peer, or this one has before its vault
    /// was lost: a second body would be a contradiction.
    @Test func whatTheLedgerHasIsNotSaidOtherwise() throws {
        let pair = try pair()
        let earlier = grid.anchor(other, hours: 7)
        let item = Message.item(.anchor(earlier))
        let checked = try Verified(checking: item, with: grid.verifier, in: grid.network)
        var out = Outbox()
        pair.machines[0].core.receive(checked, from: other, at: pair.now, into: &out)
        let before = pair.machines[0].journal.rows(of: .statements)
        name(other, until: TestGrid.epoch + 8, at: pair)
        #expect(pair.machines[0].journal.rows(of: .statements) == before)
        #expect(anchors(pair)[0] == [earlier.body])
    }

    @Test func nothingIsSaidOfHoursThatCannotBe() throws {
        let pair = try pair()
        name(other, until: TestGrid.epoch - 1, at: pair)
        name(other, until: TestGrid.epoch + Limits.anchorHours + 1, at: pair)
        #expect(anchors(pair) == [[], []])
        name(other, until: TestGrid.epoch + Limits.anchorHours, at: pair)
        #expect(anchors(pair).map(\.count) == [1, 1])
    }

    /// Whoever is not a steward of the job's first shard by its hash becomes the first one.
    @Test func anAnchorOfTheHourOfTheJobIsItsFirstSteward() throws {
        let pair = try pair()
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        let key = ShardKey(manifest: grid.id, shard: 0)
        let before = pair.machines.map { $0.core.stewards(of: key) }
        #expect(before[0].count == 2 && before[0] == before[1])
        let second = before[0][1]
        name(second, until: TestGrid.epoch, at: pair)
        #expect(pair.machines.allSatisfy { $0.core.stewards(of: key) == before[0].reversed() })
        for _ in 0..<400 { pair.pass(atMost: .seconds(2)) }
        for machine in pair.machines {
            #expect(machine.core.progress(of: grid.id, at: pair.now)?.final == 4)
        }
        #expect(pair.violations == [])
    }

    @Test func anAnchorOfALaterHourIsNoStewardForThat() throws {
        let pair = try PeerPair(grid, seed: 2, epoch: TestGrid.epoch + 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        let key = ShardKey(manifest: grid.id, shard: 0)
        let before = pair.machines[0].core.stewards(of: key)
        name(before[1], until: TestGrid.epoch + 9, at: pair)
        #expect(anchors(pair).map(\.count) == [1, 1])
        #expect(pair.machines.allSatisfy { $0.core.stewards(of: key) == before })
        #expect(pair.violations == [])
    }
}
