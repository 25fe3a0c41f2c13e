package import Primitives
package import Wire

/// Results' bytes: which are held here, and which are being fetched from whom.
package struct ResultDesk: Sendable {
    private var held = SortedTable<Digest, Bool>() { didSet { changeCount += 1 } }
    private var wants = SortedTable<Digest, Want>() { didSet { changeCount += 1 } }
    /// Counts changes: while it stays the same, so do all answers.
    package private(set) var changeCount: UInt64 = 0

    private struct Want: Sendable {
        var sources: [PeerID]
        var nextSource = 0
        /// Whose pieces are taken: those of the source that was asked last.
        var asked: PeerID?
        var offset: UInt64 = 0
        var byteCount: UInt64?
        let limit: UInt64
        var nextAttempt: Instant
    }

    /// A desk that holds the results of `hashes`.
    package init(holding hashes: [Digest]) {
        for hash in hashes { held[hash] = true }
    }

    /// Whether the result of `hash` is kept here.
    package func holds(_ hash: Digest) -> Bool { held.contains(hash) }

    /// Whether the result of `hash` is kept here or being fetched.
    package func concerns(_ hash: Digest) -> Bool { holds(hash) || wants.contains(hash) }

    /// Hashes of the results that are being fetched.
    package var wanted: [Digest] { wants.keys }

    /// Whether some of its bytes have come, and more may.
    package func isArriving(_ hash: Digest) -> Bool { (wants[hash]?.offset ?? 0) > 0 }

    /// When `tick` has something to do.
    package var deadline: Instant? {
        wants.isEmpty ? nil : wants.values.lazy.map { $0.nextAttempt }.min()
    }

    /// Starts to fetch a result of at most `limit` bytes, unless it is here or on its way.
    package mutating func want(
        _ hash: Digest,
        from sources: [PeerID],
        limit: UInt64,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard !holds(hash), !sources.isEmpty else { return }
        if wants.contains(hash) {
            wants.update(hash) { $0.sources = sources }
            return
        }
        wants[hash] = Want(sources: sources, limit: limit, nextAttempt: now)
        ask(hash, at: now, into: &out)
    }

    /// A piece has come: keep it if it is the next one, and ask for the one after it.
    package mutating func received(
        _ piece: ResultPiece,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard var want = wants[piece.resultHash], want.asked == peer,
            piece.offset == want.offset, piece.byteCount <= want.limit,
            want.byteCount ?? piece.byteCount == piece.byteCount
        else { return }
        out.append(.storePiece(piece))
        want.byteCount = piece.byteCount
        want.offset += UInt64(piece.bytes.count)
        want.nextAttempt = now.advanced(by: WorkLimits.fetchSpan)
        wants[piece.resultHash] = want
        if want.offset < piece.byteCount {
            out.send(.resultWant(piece.resultHash, offset: want.offset), to: peer)
        }
    }

    /// The results of `hashes` are neither kept nor fetched any more.
    package mutating func forget(_ hashes: SortedTable<Digest, Bool>) {
        held.filter { hash, _ in !hashes.contains(hash) }
        wants.filter { hash, _ in !hashes.contains(hash) }
    }

    /// The driver has the whole result, and its hash is right.
    package mutating func stored(_ hash: Digest) {
        held[hash] = true
        wants.remove(hash)
    }

    /// The driver no longer has a result.
    package mutating func lost(_ hash: Digest) { held.remove(hash) }

    /// The driver found that the pieces make another hash: begin again with the next source.
    package mutating func corrupt(_ hash: Digest, at now: Instant, into out: inout Outbox) {
        guard wants.contains(hash) else { return }
        ask(hash, at: now, into: &out)
    }

    /// Asks again where nothing has come for a while.
    package mutating func tick(at now: Instant, into out: inout Outbox) {
        for hash in wants.keys {
            guard let want = wants[hash], want.nextAttempt <= now else { continue }
            ask(hash, at: now, into: &out)
        }
    }

    /// Asks the next source, from the first byte: sources may differ in what they send.
    private mutating func ask(_ hash: Digest, at now: Instant, into out: inout Outbox) {
        guard var want = wants[hash] else { return }
        let source = want.sources[want.nextSource % want.sources.count]
        want.nextSource = (want.nextSource + 1) % want.sources.count
        want.asked = source
        want.offset = 0
        want.byteCount = nil
        want.nextAttempt = now.advanced(by: WorkLimits.fetchSpan)
        wants[hash] = want
        out.send(.resultWant(hash, offset: 0), to: source)
    }
}
