import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

/// What a peer does when a result turns out to be damaged on its disk.
@Suite struct LossTests {
    private let grid = TestGrid(units: 3, submitter: TestGrid.peer(0))

    private func finished() throws -> PeerPair {
        let pair = try PeerPair(grid, seed: 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<900 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        pair.machines[0].wanted = []
        return pair
    }

    private func isComplete(_ pair: PeerPair) -> Bool {
        pair.machines[0].core.progress(of: grid.id, at: pair.now)?.isComplete == true
    }

    @Test func submitterFetchesAResultThatItHasLost() throws {
        let pair = try finished()
        let hash = TestGrid.core(1).resultHash
        pair.machines[0].results.removeAll { $0 == hash }
        pair.input(.resultLost(hash), to: 0)
        pair.settle()
        #expect(pair.machines[0].wanted == [hash])
        #expect(pair.machines[0].results.contains(hash) && isComplete(pair))
        #expect(pair.violations == [])
    }

    @Test func otherPeersFetchNothing() throws {
        let pair = try finished()
        let hash = TestGrid.core(1).resultHash
        pair.machines[1].results.removeAll { $0 == hash }
        pair.machines[1].wanted = []
        pair.input(.resultLost(hash), to: 1)
        pair.settle()
        #expect(pair.machines[1].wanted.isEmpty)
        let isHeld = pair.machines[1].core.holdsResult(hash)
        #expect(!isHeld)
    }

    @Test func releasedResultIsNotFetchedAgain() throws {
        let pair = try finished()
        pair.input(.release(grid.id), to: 0)
        pair.settle()
        pair.input(.resultLost(TestGrid.core(1).resultHash), to: 0)
        pair.settle()
        #expect(pair.machines[0].wanted.isEmpty)
    }

    /// Its holder gets another key while it is being asked.
    @Test func aResultIsAskedOfTheKeyThatItsHolderHasNow() throws {
        let pair = try finished()
        let hash = TestGrid.core(1).resultHash
        let successor = TestGrid.peer(40)
        var out = Outbox()
        pair.machines[0].core.handle(.resultLost(hash), at: pair.now, into: &out)
        #expect(asked(in: &out, for: hash) == [pair.machines[1].id])
        let revoke = Message.item(.revoke(grid.revoke(pair.machines[1].id, for: successor)))
        let message = try Verified(checking: revoke, with: grid.verifier, in: grid.network)
        pair.machines[0].core.receive(message, from: pair.machines[1].id, at: pair.now, into: &out)
        let later = pair.now.advanced(by: .seconds(10))
        pair.machines[0].core.tick(at: later, into: &out)
        #expect(asked(in: &out, for: hash) == [successor])
    }

    /// Whom a result was asked of.
    private func asked(in out: inout Outbox, for hash: Digest) -> [PeerID] {
        out.drain().compactMap { effect in
            guard case .send(.resultWant(hash, offset: 0), let peer) = effect else { return nil }
            return peer
        }
    }
}
