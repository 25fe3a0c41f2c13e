package import Primitives
package import Wire

/// Chunks of datasets: which are held here, and which are being fetched from whom.
package struct ChunkDesk: Sendable {
    private var held = SortedTable<ChunkWant, Bool>()
    private var wants = SortedTable<ChunkWant, Want>()
    /// Datasets that are kept here whole, with their chunk counts.
    private var datasets = SortedTable<Digest, Int>()

    private struct Want: Sendable {
        var sources: [PeerID]
        var nextSource: Int
        /// When to ask again; nil until it is asked for the first time.
        var nextAttempt: Instant?

        /// Further leases name further holders; the newest are kept.
        mutating func add(_ more: [PeerID]) {
            for source in more where !sources.contains(source) { sources.append(source) }
            sources = sources.suffix(WorkLimits.chunkSourcesMax)
        }
    }

    /// A desk that holds `chunks`.
    package init(holding chunks: [ChunkWant]) {
        for chunk in chunks { held[chunk] = true }
    }

    /// Whether `chunk` is kept here, checked.
    package func holds(_ chunk: ChunkWant) -> Bool {
        if let count = datasets[chunk.root] { return Int(chunk.index) < count }
        return held.contains(chunk)
    }

    /// The whole dataset of `root` is kept here.
    package mutating func holdsDataset(_ root: Digest, byteCount: UInt64) {
        datasets[root] = DataTree.chunkCount(byteCount: byteCount)
    }

    /// The whole dataset of `root` is not kept here any more.
    package mutating func forgetDataset(_ root: Digest) { datasets.remove(root) }

    /// Roots of the datasets that are kept here whole.
    package var datasetRoots: [Digest] { datasets.keys }

    /// Whether a chunk was asked for and has not come; others are not taken.
    package func isWanted(_ chunk: ChunkWant) -> Bool { wants.contains(chunk) }

    /// When `tick` has something to do.
    package var deadline: Instant? {
        wants.isEmpty ? nil : wants.values.lazy.compactMap { $0.nextAttempt }.min()
    }

    /// Starts to fetch `chunks` from `sources`, those that are not here or on their way.
    package mutating func want(
        _ chunks: [ChunkWant],
        from sources: [PeerID],
        at now: Instant,
        into out: inout Outbox
    ) {
        guard !sources.isEmpty else { return }
        for chunk in chunks where !holds(chunk) {
            let first = Int(chunk.index) % sources.count
            wants[chunk, default: Want(sources: [], nextSource: first)].add(sources)
        }
        ask(at: now, into: &out)
    }

    /// Nobody waits for `chunks` any more.
    package mutating func forget(_ chunks: [ChunkWant]) {
        for chunk in chunks { wants.remove(chunk) }
    }

    /// The driver keeps a checked chunk.
    package mutating func stored(_ chunk: ChunkWant, at now: Instant, into out: inout Outbox) {
        held[chunk] = true
        wants.remove(chunk)
        ask(at: now, into: &out)
    }

    /// The driver no longer keeps a chunk.
    package mutating func lost(_ chunk: ChunkWant) { held.remove(chunk) }

    /// Asks another holder where nothing has come for a while.
    package mutating func tick(at now: Instant, into out: inout Outbox) {
        wants.updateAll { _, want in
            if let next = want.nextAttempt, next <= now { want.nextAttempt = nil }
        }
        ask(at: now, into: &out)
    }

    /// Keeps the window of requests full.
    private mutating func ask(at now: Instant, into out: inout Outbox) {
        var room = WorkLimits.chunkWindow - wants.values.count { $0.nextAttempt != nil }
        for chunk in wants.keys where room > 0 {
            guard var want = wants[chunk], want.nextAttempt == nil else { continue }
            let source = want.sources[want.nextSource % want.sources.count]
            want.nextSource = (want.nextSource + 1) % want.sources.count
            want.nextAttempt = now.advanced(by: WorkLimits.fetchSpan)
            wants[chunk] = want
            out.send(.chunkWant(chunk), to: source)
            room -= 1
        }
    }
}
