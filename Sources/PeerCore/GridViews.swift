import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

/// What a steward sees of the grid, shard by shard, for machines that must not hold the peer
/// itself.
///
/// A view is made once and kept until something changes that it shows.
struct GridViews {
    let me: PeerID
    let epoch: UInt64
    let hubs: HubTable
    let manifests: SortedTable<ManifestID, Signed<Manifest>>
    let placements: SortedTable<ShardKey, [PeerID]>
    let owners: Owners
    let trust: TrustView
    /// The views that are made already.
    private(set) var known: SortedTable<ShardKey, GridView>

    init(
        me: PeerID,
        epoch: UInt64,
        hubs: HubTable,
        ledger: CreditLedger,
        placements: SortedTable<ShardKey, [PeerID]>,
        known: SortedTable<ShardKey, GridView>
    ) {
        self.me = me
        self.epoch = epoch
        self.hubs = hubs
        manifests = ledger.manifests
        self.placements = placements
        owners = Owners(hubs: hubs, ownership: ledger.ownership)
        trust = ledger.trustView
        self.known = known
    }

    mutating func view(_ key: ShardKey) -> GridView {
        if let view = known[key] { return view }
        guard let manifest = manifests[key.manifest]?.body else {
            return GridView(
                me: me,
                epoch: epoch,
                candidates: [],
                owner: owners.owner,
                trustClassAt: { _, _ in .newcomer },
                current: owners.ownership.current,
                submitter: me,
                isDataReachable: false,
                secondHolder: nil,
                nextSteward: nil
            )
        }
        let view = view(key, manifest)
        known[key] = view
        return view
    }

    private func view(_ key: ShardKey, _ manifest: Manifest) -> GridView {
        let ranked =
            placements[key]
            ?? hubs.stewards(
                of: key.manifest,
                shard: key.shard,
                keepers: trust.keepers(of: manifest, at: manifest.epoch),
                isLast: trust.culprits.contains
            )
        let submitter = owners.ownership.current(of: manifest.submitter)
        // The next one first, and after the last the first again.
        let place = ranked.firstIndex(of: me).map { $0 + 1 } ?? 0
        let turn = ranked[place...] + ranked[..<place]
        let others = turn.filter { $0 != me && hubs.isLinked($0) }
        return GridView(
            me: me,
            epoch: manifest.statementEpoch(at: epoch),
            candidates: candidates(for: manifest.workload),
            owner: owners.owner,
            network: { [networks = hubs.networks] peer in networks[peer] },
            trustClassAt: trust.classes(for: manifest),
            hasErredAt: trust.errors(for: manifest),
            isBarred: { [trust, owners] peer in
                trust.culprits.contains(peer) || owners.ownership.isRevoked(peer)
            },
            current: owners.ownership.current,
            submitter: submitter,
            isDataReachable: submitter == me || hubs.isLinked(submitter),
            secondHolder: secondHolder(submitter, others: others),
            nextSteward: others.first
        )
    }

    private func candidates(for workload: String) -> [Candidate] {
        hubs.linkedPeers.compactMap { peer in
            guard let record = hubs.record(of: peer)?.body, peer != me,
                !trust.culprits.contains(peer),
                record.kernels.contains(where: { $0.kernel == workload })
            else { return nil }
            return Candidate(
                peer: peer,
                owner: owners.owner(peer),
                network: hubs.networks[peer]
            )
        }
    }

    /// The submitter holds what it will use itself; else it, or another steward, holds a copy.
    private func secondHolder(_ submitter: PeerID, others: [PeerID]) -> PeerID? {
        guard submitter != me else { return nil }
        return hubs.isLinked(submitter) ? submitter : others.first
    }
}

/// Whose machine each peer is.
struct Owners: Sendable {
    let hubs: HubTable
    let ownership: Ownership

    /// Who adopted `peer` and, as long as nobody has, what its record says.
    @Sendable func owner(_ peer: PeerID) -> OwnerID {
        let key = ownership.current(of: peer)
        return ownership.adopter(of: key) ?? hubs.record(of: key)?.body.owner ?? OwnerID(key.digest)
    }
}

extension Peer {
    /// Whose machine each peer is, as far as this one knows.
    var owners: Owners { Owners(hubs: hubs, ownership: ledger.ownership) }

    /// The views as they are now.
    var views: GridViews {
        GridViews(
            me: me,
            epoch: epoch,
            hubs: hubs,
            ledger: ledger,
            placements: placements,
            known: gridViews
        )
    }

    /// What the steward sees of one shard.
    mutating func gridView(_ key: ShardKey) -> GridView {
        if let view = gridViews[key] { return view }
        var views = self.views
        let view = views.view(key)
        gridViews = views.known
        return view
    }

    /// The ledger has taken in `items`: views that are made already must show what follows for the
    /// trust in workers.
    mutating func reputationsMayChange(with items: [Item]) {
        let earliest = ledger.takeEarliestMark()
        // Who is a senior follows from what is at least a day old; items come one by one, and it
        // costs a look at every worker.
        if let earliest, saturatingSum(earliest, ledger.trust.seniorHours) <= epoch {
            areKeepersStale = true
        }
        guard !gridViews.isEmpty else { return }
        // What came with something that had waited for it may be anything.
        guard items.count == 1 else { return gridChanged() }
        switch items[0] {
        case .certificate, .opening: break
        case .manifest, .ruling, .cancel, .hold: return
        case .device, .revoke, .anchor, .fault: return gridChanged()
        }
        guard let earliest else { return }
        let trust = ledger.trustView
        let manifests = ledger.manifests
        gridViews.updateAll { key, view in
            guard let manifest = manifests[key.manifest]?.body else { return }
            // A class for an hour follows from the hours before.
            view.judge(
                by: trust.classes(for: manifest),
                hasErredAt: trust.errors(for: manifest),
                after: earliest
            )
        }
    }

    /// Something has changed, or is about to, that a view of the grid shows.
    mutating func gridChanged() {
        gridViews = SortedTable()
        proofsSaw = nil
    }
}

extension TrustView {
    /// The class of each worker for a job, hour by hour.
    fileprivate func classes(
        for manifest: Manifest
    ) -> @Sendable (PeerID, UInt64) -> TrustClass {
        { trustClass(of: $0, for: manifest, at: $1) }
    }

    /// Whether each worker was wrong for a job's projects, hour by hour.
    fileprivate func errors(for manifest: Manifest) -> @Sendable (PeerID, UInt64) -> Bool {
        { hasErred($0, for: manifest, at: $1) }
    }
}
