package import Primitives
package import Wire

/// A peer that could compute.
package struct Candidate: Hashable, Sendable {
    /// Who.
    package let peer: PeerID
    /// Whose machine.
    package let owner: OwnerID
    /// Where it is seen, if that is known.
    package let network: NetworkPrefix?

    /// The machine `peer` of `owner`, seen in `network`.
    package init(peer: PeerID, owner: OwnerID, network: NetworkPrefix? = nil) {
        self.peer = peer
        self.owner = owner
        self.network = network
    }
}

/// What a steward sees of the grid while it handles one input.
package struct GridView: Sendable {
    /// This peer.
    package let me: PeerID
    /// UTC hours since 1970, and not before the job's manifest.
    package let epoch: UInt64
    /// Peers with a link to this one that run the job's workload, without this one.
    package let candidates: [Candidate]
    /// Whose machine a peer is, as far as this one knows.
    package let owner: @Sendable (PeerID) -> OwnerID
    /// In which network a peer is seen, if that is known.
    package let network: @Sendable (PeerID) -> NetworkPrefix?
    /// What a worker's word is worth for this job in an hour.
    package private(set) var trustClassAt: @Sendable (PeerID, UInt64) -> TrustClass
    /// Whether a result of a worker's for this job's projects has turned out to be wrong lately, at
    /// an hour.
    package private(set) var hasErredAt: @Sendable (PeerID, UInt64) -> Bool
    /// Whether a peer gets no work: it has said two things, or its key is another's by now.
    package let isBarred: @Sendable (PeerID) -> Bool
    /// Candidates, without the submitter, whose word is worth a senior's now.
    package private(set) var seniorCount = 0
    /// The key that a peer has now.
    package let current: @Sendable (PeerID) -> PeerID
    /// The job's submitter, by the key that it has now.
    package let submitter: PeerID
    /// Whether the submitter, who has the data, can be reached.
    package let isDataReachable: Bool
    /// The other peer that must hold results before they are certified, if one can be reached.
    package let secondHolder: PeerID?
    /// The steward after this one, if it can be reached.
    package let nextSteward: PeerID?

    /// A view with every field given.
    package init(
        me: PeerID,
        epoch: UInt64,
        candidates: [Candidate],
        owner: @escaping @Sendable (PeerID) -> OwnerID,
        network: @escaping @Sendable (PeerID) -> NetworkPrefix? = { _ in nil },
        trustClassAt: @escaping @Sendable (PeerID, UInt64) -> TrustClass,
        hasErredAt: @escaping @Sendable (PeerID, UInt64) -> Bool = { _, _ in false },
        isBarred: @escaping @Sendable (PeerID) -> Bool = { _ in false },
        current: @escaping @Sendable (PeerID) -> PeerID,
        submitter: PeerID,
        isDataReachable: Bool,
        secondHolder: PeerID?,
        nextSteward: PeerID?
    ) {
        self.me = me
        self.epoch = epoch
        self.candidates = candidates
        self.owner = owner
        self.network = network
        self.trustClassAt = trustClassAt
        self.hasErredAt = hasErredAt
        self.isBarred = isBarred
        self.current = current
        self.submitter = submitter
        self.isDataReachable = isDataReachable
        self.secondHolder = secondHolder
        self.nextSteward = nextSteward
        seniorCount = seniorsNow
    }

    /// Takes another opinion of workers, which may differ for hours after `earliest`.
    package mutating func judge(
        by trustClassAt: @escaping @Sendable (PeerID, UInt64) -> TrustClass,
        hasErredAt: @escaping @Sendable (PeerID, UInt64) -> Bool,
        after earliest: UInt64
    ) {
        self.trustClassAt = trustClassAt
        self.hasErredAt = hasErredAt
        if earliest < epoch { seniorCount = seniorsNow }
    }

    private var seniorsNow: Int {
        candidates.count { $0.peer != submitter && trustClass($0.peer) >= .senior }
    }

    /// A worker with what is known of it.
    func candidate(_ worker: PeerID) -> Candidate {
        Candidate(peer: worker, owner: owner(worker), network: network(worker))
    }

    /// What a worker's word is worth for this job now.
    func trustClass(_ worker: PeerID) -> TrustClass { trustClassAt(worker, epoch) }

    /// Whether a result of a worker's has turned out to be wrong lately.
    func hasErred(_ worker: PeerID) -> Bool { hasErredAt(worker, epoch) }

    /// What a worker's word is worth in a seat of `round`, as it will be judged: a round of one
    /// seat keeps its hour, another gets that in which its set is closed.
    func trustClass(_ worker: PeerID, in round: Round) -> TrustClass {
        trustClassAt(worker, round.seats.count == 1 ? round.epoch : epoch)
    }
}
