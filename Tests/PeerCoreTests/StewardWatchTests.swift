import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Stewards that keep silent though their links are up, as the next steward sees them.
@Suite struct StewardWatchTests {
    private let grid = TestGrid(units: 2)
    private let pair: PeerPair
    private let key: ShardKey
    /// The steward that should act, and the other one, which watches it.
    private let first: PeerID
    private let second: PeerPair.Machine

    init() throws {
        pair = try PeerPair(grid, seed: 1)
        key = ShardKey(manifest: grid.id, shard: 0)
        var out = Outbox()
        for machine in pair.machines {
            let item = Message.item(.manifest(grid.signedManifest))
            let checked = try Verified(checking: item, with: grid.verifier, in: grid.network)
            machine.core.receive(checked, from: machine.id, at: pair.now, into: &out)
        }
        let acting = pair.machines[0].core.actingSteward(of: key)
        first = try #require(acting)
        second = pair.machines[first == pair.machines[0].id ? 1 : 0]
    }

    /// Who should act, as the second steward sees it.
    private var acting: PeerID? { second.core.actingSteward(of: key) }

    private var patience: TimeSpan {
        Job(grid.signedManifest).leaseSpan(unitCount: 1).times(2)
    }

    /// Lets the second steward alone go on until `span` after the start, and returns what it says.
    @discardableResult
    private func goOn(until span: TimeSpan) -> [Effect] {
        var out = Outbox()
        let end = pair.now.advanced(by: span)
        while let next = second.core.deadline, next < end {
            second.core.tick(at: max(next, pair.now), into: &out)
        }
        second.core.tick(at: end, into: &out)
        return out.drain()
    }

    /// The first steward says that it acts, `span` after the start.
    private func say(at span: TimeSpan) throws {
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0]))
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        second.core.receive(checked, from: first, at: pair.now.advanced(by: span), into: &out)
    }

    @Test func theNextOneActsUntilTheFirstIsHeardAgain() throws {
        goOn(until: Job(grid.signedManifest).leaseSpan(unitCount: 1))
        #expect(acting == first, "it has listened for too short a time")
        let told = goOn(until: patience.times(2))
        #expect(acting == second.id)
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0]))
        #expect(
            told.contains {
                guard case .send(message, to: first) = $0 else { return false }
                return true
            }
        )
        try say(at: patience.times(2))
        #expect(acting == first)
    }

    @Test func whoIsHeardInTimeGoesOnActing() throws {
        for leases in UInt64(1)...8 {
            let span = Job(grid.signedManifest).leaseSpan(unitCount: 1).times(leases)
            goOn(until: span)
            #expect(acting == first)
            try say(at: span)
        }
    }

    @Test func whoStoodStillItselfAccusesNobody() {
        goOn(until: .seconds(1))
        var out = Outbox()
        second.core.tick(at: pair.now.advanced(by: .seconds(3_600)), into: &out)
        #expect(acting == first)
    }

    @Test func aStrangerThatSaysItActsIsNotBelieved() throws {
        goOn(until: patience.times(2))
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0, 3_000]))
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        let now = pair.now.advanced(by: patience.times(2))
        second.core.receive(checked, from: TestGrid.peer(9), at: now, into: &out)
        #expect(acting == second.id)
    }
}
