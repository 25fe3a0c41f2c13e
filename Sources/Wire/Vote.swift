package import Primitives

/// One worker's word on one unit.
package struct Vote: Hashable, Sendable {
    /// Who says so.
    package let worker: PeerID
    /// What it says: the hash of a core.
    package let core: Digest

    /// `worker` says `core`.
    package init(worker: PeerID, core: Digest) {
        self.worker = worker
        self.core = core
    }
}

/// Which core leads a vote, and by how many workers.
package struct Lead: Hashable, Sendable {
    /// The core with the most workers; the smaller one of equals.
    package let core: Digest
    /// Its workers less those of the runner-up.
    package let margin: Int
    /// Its workers.
    package let count: Int

    /// Whether it settles a dispute: by more where others agree on another core, too.
    package func settles(_ trust: Trust) -> Bool {
        let isShared = count - margin > 1
        return margin >= (isShared ? trust.sharedMargin : trust.panelMargin)
    }
}

/// The lead among `votes`, or nil when nobody's word counts.
///
/// A worker counts once for a core, and not at all when it has said two different things.
package func lead(of votes: [Vote]) -> Lead? {
    var said = SortedTable<PeerID, Digest?>()
    for vote in votes {
        guard let earlier = said[vote.worker] else {
            said[vote.worker] = .some(vote.core)
            continue
        }
        if earlier != vote.core { said[vote.worker] = .some(nil) }
    }
    var counts = SortedTable<Digest, Int>()
    for core in said.values.compactMap({ $0 }) { counts[core, default: 0] += 1 }
    var winner: (core: Digest, count: Int)?
    var runnerUp = 0
    for (core, count) in counts {
        guard let best = winner, count <= best.count else {
            runnerUp = winner?.count ?? 0
            winner = (core, count)
            continue
        }
        runnerUp = max(runnerUp, count)
    }
    return winner.map { Lead(core: $0.core, margin: $0.count - runnerUp, count: $0.count) }
}
