import Membership
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct OverlayTests {
    private let grid = TestGrid(units: 6, submitter: TestGrid.peer(0))
    private let now = Instant(nanoseconds: 1_000_000_000)

    /// A peer that knows the hubs 0 to 5, of which `linked` have a link to it.
    private func peer(linked: [UInt64], shape: RingShape) throws -> Peer {
        let me = TestGrid.peer(0)
        var peer = try Peer(
            me: me,
            secret: Array(me.digest.bytes.prefix(16)),
            seed: 1,
            stored: Peer.Stored(),
            shape: shape,
            at: now
        )
        var out = Outbox()
        peer.handle(.epoch(TestGrid.epoch), at: now, into: &out)
        for number in UInt64(1)...5 {
            let record = grid.record(of: TestGrid.peer(number))
            peer.receive(Message.record(record).verifiedHere, from: me, at: now, into: &out)
        }
        for number in linked {
            let record = grid.record(of: TestGrid.peer(number))
            peer.handle(.linked(record.verifiedHere), at: now, into: &out)
        }
        return peer
    }

    private func effects(
        of message: Message,
        from number: UInt64,
        at peer: inout Peer,
        _ now: Instant
    ) throws -> [Effect] {
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        peer.receive(checked, from: TestGrid.peer(number), at: now, into: &out)
        return out.drain()
    }

    private var longItem: Item {
        let workers = [2, 3].map(TestGrid.peer)
        let quorum = grid.quorum(of: TestGrid.peer(4), on: [1], by: workers, variant: 0)
        return .certificate(grid.sign(quorum))
    }

    @Test func aLongItemOfAnotherGoesByItsKey() throws {
        var peer = try peer(linked: [1, 2], shape: .standard)
        let source = TestGrid.peer(1)
        _ = try effects(of: .item(.manifest(grid.signedManifest)), from: 1, at: &peer, now)
        let item = longItem
        let told = try effects(of: .item(item), from: 1, at: &peer, now).filter { effect in
            if case .passOn = effect { true } else { false }
        }
        let key = ItemKey(epoch: try #require(item.epoch), id: item.id)
        let both = [source, TestGrid.peer(2)]
        #expect(told == [.passOn(.have(.ledger, [key]), to: both, except: source)])
    }

    @Test func whatSeveralHaveIsFetchedFromOne() throws {
        var peer = try peer(linked: [1, 2], shape: .standard)
        let key = ItemKey(epoch: TestGrid.epoch, id: longItem.id)
        func asked(_ number: UInt64, _ now: Instant) throws -> [Effect] {
            try effects(of: .have(.ledger, [key]), from: number, at: &peer, now).filter { effect in
                if case .send(.fetch, _) = effect { true } else { false }
            }
        }
        #expect(try asked(1, now) == [.send(.fetch(.ledger, [key]), to: TestGrid.peer(1))])
        #expect(try asked(2, now).isEmpty)
        let later = now.advanced(by: .seconds(2))
        #expect(try asked(2, later) == [.send(.fetch(.ledger, [key]), to: TestGrid.peer(2))])
    }

    @Test func aMessageWaitsUntilThereIsALink() throws {
        var peer = try peer(linked: [], shape: .thin)
        let neighbours = peer.hubs.records.map(\.body.peer)
        #expect(neighbours.count == 5)
        let key = ItemKey(epoch: TestGrid.epoch, id: longItem.id)
        // Somebody asks over a link that is gone by now.
        let sent = try effects(of: .have(.ledger, [key]), from: 3, at: &peer, now)
        #expect(!sent.contains { effect in if case .send = effect { true } else { false } })
        var out = Outbox()
        let later = now.advanced(by: .seconds(3))
        peer.tick(at: later, into: &out)
        let dialled = out.drain().compactMap { effect in
            if case .connect(let record) = effect { record.peer } else { nil as PeerID? }
        }
        #expect(dialled.contains(TestGrid.peer(3)))
        let record = grid.record(of: TestGrid.peer(3))
        peer.handle(.linked(record.verifiedHere), at: later, into: &out)
        #expect(out.drain().contains(.send(.fetch(.ledger, [key]), to: TestGrid.peer(3))))
    }

    @Test func aMessageThatHasWaitedForTooLongIsLost() throws {
        var peer = try peer(linked: [], shape: .thin)
        let key = ItemKey(epoch: TestGrid.epoch, id: longItem.id)
        _ = try effects(of: .have(.ledger, [key]), from: 3, at: &peer, now)
        let late = now.advanced(by: .seconds(11))
        var out = Outbox()
        peer.tick(at: late, into: &out)
        _ = out.drain()
        let record = grid.record(of: TestGrid.peer(3))
        peer.handle(.linked(record.verifiedHere), at: late, into: &out)
        #expect(!out.drain().contains(.send(.fetch(.ledger, [key]), to: TestGrid.peer(3))))
    }
}
