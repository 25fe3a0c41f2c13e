import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

@Suite struct ResultDeskTests {
    private let hash = Digest(1, 2, 3, 4)
    private let sources = [TestGrid.peer(1), TestGrid.peer(2)]
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func piece(_ offset: UInt64, _ count: Int, of whole: UInt64 = 100) -> ResultPiece {
        ResultPiece(
            resultHash: hash,
            byteCount: whole,
            offset: offset,
            bytes: Bytes(repeating: 1, count: count)
        )
    }

    private func ask(_ offset: UInt64, _ source: Int) -> Effect {
        .send(.resultWant(hash, offset: offset), to: sources[source])
    }

    private func wanting(limit: UInt64 = 100) -> ResultDesk {
        var desk = ResultDesk(holding: [])
        var out = Outbox()
        desk.want(hash, from: sources, limit: limit, at: start, into: &out)
        #expect(out.effects == [ask(0, 0)])
        return desk
    }

    private func receive(
        _ piece: ResultPiece,
        from source: PeerID,
        _ desk: inout ResultDesk,
        at now: Instant? = nil
    ) -> [Effect] {
        var out = Outbox()
        desk.received(piece, from: source, at: now ?? start, into: &out)
        return out.effects
    }

    @Test func piecesAreAskedForOneAfterTheOther() {
        var desk = wanting()
        let first = piece(0, 60)
        #expect(receive(first, from: sources[0], &desk) == [.storePiece(first), ask(60, 0)])
        let second = piece(60, 40)
        #expect(receive(second, from: sources[0], &desk) == [.storePiece(second)])
        #expect(!desk.holds(hash))
        desk.stored(hash)
        #expect(desk.holds(hash) && desk.deadline == nil)
        #expect(receive(first, from: sources[0], &desk).isEmpty)
    }

    @Test func piecesThatNobodyWaitsForAreIgnored() {
        var desk = wanting()
        #expect(receive(piece(0, 60), from: TestGrid.peer(9), &desk).isEmpty)
        #expect(receive(piece(1, 60), from: sources[0], &desk).isEmpty)
        #expect(receive(piece(0, 60, of: 101), from: sources[0], &desk).isEmpty)
        let other = ResultPiece(resultHash: .zero, byteCount: 1, offset: 0, bytes: [1])
        #expect(receive(other, from: sources[0], &desk).isEmpty)
        #expect(receive(piece(0, 60), from: sources[0], &desk).count == 2)
        // The same piece again, and one that says another length.
        #expect(receive(piece(0, 60), from: sources[0], &desk).isEmpty)
        #expect(receive(piece(60, 40, of: 99), from: sources[0], &desk).isEmpty)
    }

    @Test func aSilentSourceIsFollowedByTheNext() {
        var desk = wanting()
        #expect(receive(piece(0, 60), from: sources[0], &desk).count == 2)
        let end = start.advanced(by: WorkLimits.fetchSpan)
        #expect(desk.deadline == end)
        var out = Outbox()
        desk.tick(at: Instant(nanoseconds: end.nanoseconds - 1), into: &out)
        #expect(out.effects.isEmpty)
        desk.tick(at: end, into: &out)
        // Sources may differ in what they send: from the first byte again.
        #expect(out.drain() == [ask(0, 1)])
        desk.tick(at: end.advanced(by: WorkLimits.fetchSpan), into: &out)
        #expect(out.drain() == [ask(0, 0)])
    }

    @Test func aResultOfAnotherHashIsFetchedFromTheNextSource() {
        var desk = wanting()
        #expect(receive(piece(0, 100), from: sources[0], &desk).count == 1)
        var out = Outbox()
        desk.corrupt(hash, at: start, into: &out)
        #expect(out.drain() == [ask(0, 1)])
        let again = piece(0, 100)
        #expect(receive(again, from: sources[1], &desk) == [.storePiece(again)])
        desk.stored(hash)
        desk.corrupt(hash, at: start, into: &out)
        #expect(out.drain().isEmpty)
    }

    @Test func whatIsHereOrOnItsWayIsNotAskedForAgain() {
        var desk = wanting()
        var out = Outbox()
        desk.want(hash, from: [sources[1]], limit: 100, at: start, into: &out)
        desk.want(Digest.zero, from: [], limit: 100, at: start, into: &out)
        #expect(out.drain().isEmpty)
        desk.tick(at: start.advanced(by: WorkLimits.fetchSpan), into: &out)
        #expect(out.drain() == [ask(0, 1)], "the newest sources count")
        var holding = ResultDesk(holding: [hash])
        holding.want(hash, from: sources, limit: 100, at: start, into: &out)
        #expect(out.drain().isEmpty && holding.deadline == nil)
    }
}

@Suite struct ChunkDeskTests {
    private let root = Digest(7, 7, 7, 7)
    private let sources = [TestGrid.peer(1), TestGrid.peer(2)]
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func wants(_ indices: some Sequence<UInt32>) -> [ChunkWant] {
        indices.map { ChunkWant(root: root, index: $0) }
    }

    private func asked(_ out: inout Outbox) -> [(UInt32, PeerID)] {
        out.drain().compactMap { effect in
            guard case .send(.chunkWant(let want), let peer) = effect else { return nil }
            return (want.index, peer)
        }
    }

    @Test func noMoreThanAWindowIsAskedForAtOnce() {
        var desk = ChunkDesk(holding: [])
        var out = Outbox()
        desk.want(wants(0..<20), from: sources, at: start, into: &out)
        let window = UInt32(WorkLimits.chunkWindow)
        let first = asked(&out)
        #expect(first.map(\.0) == Array(0..<window))
        #expect(first.map(\.1) == (0..<window).map { sources[Int($0) % 2] })
        desk.stored(wants([3])[0], at: start, into: &out)
        #expect(asked(&out).map(\.0) == [window])
        for index in UInt32(0)..<20 {
            desk.stored(wants([index])[0], at: start, into: &out)
        }
        #expect(asked(&out).count == 20 - Int(window) - 1)
        #expect(desk.deadline == nil)
        #expect(wants(0..<20).allSatisfy { desk.holds($0) && !desk.isWanted($0) })
    }

    @Test func aSilentSourceIsFollowedByTheNext() {
        var desk = ChunkDesk(holding: [])
        var out = Outbox()
        desk.want(wants([0]), from: sources, at: start, into: &out)
        #expect(asked(&out).map(\.1) == [sources[0]])
        let end = start.advanced(by: WorkLimits.fetchSpan)
        #expect(desk.deadline == end)
        desk.tick(at: Instant(nanoseconds: end.nanoseconds - 1), into: &out)
        #expect(out.effects.isEmpty)
        desk.tick(at: end, into: &out)
        #expect(asked(&out).map(\.1) == [sources[1]])
        desk.tick(at: end.advanced(by: WorkLimits.fetchSpan), into: &out)
        #expect(asked(&out).map(\.1) == [sources[0]])
    }

    @Test func chunksThatAreHereOrWithoutSourceAreNotAskedFor() {
        var desk = ChunkDesk(holding: wants([1]))
        var out = Outbox()
        desk.want(wants([0, 1]), from: [], at: start, into: &out)
        desk.want(wants([1]), from: sources, at: start, into: &out)
        #expect(out.effects.isEmpty && desk.deadline == nil)
        #expect(desk.holds(wants([1])[0]) && !desk.holds(wants([0])[0]))
        #expect(!desk.isWanted(wants([0])[0]))
    }

    @Test func aWholeDatasetHoldsItsChunksAndNoOthers() {
        var desk = ChunkDesk(holding: [])
        desk.holdsDataset(root, byteCount: UInt64(Limits.chunkByteCount) + 1)
        #expect(wants([0, 1]).allSatisfy { desk.holds($0) })
        #expect(!desk.holds(wants([2])[0]))
        var out = Outbox()
        desk.want(wants([0, 1]), from: sources, at: start, into: &out)
        #expect(out.effects.isEmpty)
    }

    @Test func aForgottenChunkIsNotWanted() {
        var desk = ChunkDesk(holding: [])
        var out = Outbox()
        desk.want(wants([0, 1]), from: sources, at: start, into: &out)
        _ = out.drain()
        desk.forget(wants([0, 1]))
        #expect(desk.deadline == nil && !desk.isWanted(wants([0])[0]))
        desk.tick(at: start.advanced(by: .seconds(60)), into: &out)
        #expect(out.effects.isEmpty)
    }
}
