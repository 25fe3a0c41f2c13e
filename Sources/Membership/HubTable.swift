package import Primitives
package import Wire

/// The hubs that this peer knows, and which of them it has a link to.
///
/// Every hub keeps the whole table of signed records. Records come with the first frame of a link,
/// are passed on when they are new, and are reconciled with one linked hub each period.
package struct HubTable: Sendable {
    let me: PeerID
    var hubs = SortedTable<PeerID, Signed<Record>>()
    var links = SortedTable<PeerID, Bool>()
    /// In which networks linked peers are seen, as far as that tells anything.
    package private(set) var networks = SortedTable<PeerID, NetworkPrefix>()
    /// Whether there is any link.
    package private(set) var hasLinks = false
    private var keys = SortedTable<ItemKey, PeerID>()
    /// Hubs without a link: since when, and whether that is long enough for others to act for them.
    var absences = SortedTable<PeerID, Absence>()
    /// When absences that nobody has noticed yet will be.
    var noticeTimes = SortedTable<Appointment, Bool>()
    /// Hubs without a link that `hubsToDial` has not seen.
    var unseen = SortedTable<PeerID, Bool>()
    /// Attempts to reach hubs without a link.
    var dials = SortedTable<PeerID, Dial>()
    /// When those that list an endpoint are dialled next.
    var dialTimes = SortedTable<Appointment, Bool>()
    /// Hubs without a link that list an endpoint and were never dialled.
    var undialled = SortedTable<PeerID, Bool>()
    /// When `hubsToDial` or `noticeAbsences` has something to say.
    package internal(set) var deadline: Instant?

    /// Hubs in the table at most.
    package static let hubsMax = 10_000
    /// The first wait between two attempts to reach a hub; it doubles up to `dialSpanMax`.
    package static let dialSpanMin = TimeSpan.seconds(2)
    /// The longest wait between two attempts to reach a hub.
    package static let dialSpanMax = TimeSpan.seconds(60)

    /// How long a hub must be without a link until the next steward acts for it.
    package static let absenceSpan = TimeSpan.seconds(20)

    /// A table that holds nobody, not even this peer.
    package init(me: PeerID) { self.me = me }

    /// A table of `me` that holds what `other` does, and has no links.
    package init(me: PeerID, knowing other: HubTable) {
        self.me = me
        hubs = other.hubs
        keys = other.keys
        for (peer, signed) in hubs where peer != me {
            unseen[peer] = true
            if !signed.body.controlEndpoints.isEmpty { undialled[peer] = true }
        }
        deadline = earliestDeadline
    }

    // MARK: - Records

    /// What became of a record.
    package enum Insertion: Hashable, Sendable {
        /// It is new or newer: pass it on.
        case accepted
        /// It, or a newer one of its peer, was there.
        case known
        /// It is out of date, or the table is full.
        case refused
    }

    /// Takes in a checked record; `epoch` is the present one.
    package mutating func insert(_ record: Verified<Signed<Record>>, epoch: UInt64) -> Insertion {
        let signed = record.value
        let body = signed.body
        guard body.expiry >= epoch, body.epoch <= saturatingSum(epoch, Limits.epochSkew) else {
            return .refused
        }
        if let earlier = hubs[body.peer] {
            guard earlier.body.incarnation < body.incarnation else { return .known }
            keys.remove(ItemKey(epoch: earlier.body.epoch, id: earlier.id))
        } else if hubs.count >= Self.hubsMax {
            return .refused
        }
        hubs[body.peer] = signed
        if body.peer != me, !links.contains(body.peer) { unseen[body.peer] = true }
        planDial(of: body.peer)
        keys[ItemKey(epoch: body.epoch, id: signed.id)] = body.peer
        return .accepted
    }

    /// Removes records that have expired; this peer's own stays.
    package mutating func expire(epoch: UInt64) {
        for (peer, signed) in hubs where signed.body.expiry < epoch && peer != me {
            forget(peer)
        }
    }

    /// The record of `peer` counts no more: it goes, and the peer is not dialled.
    package mutating func forget(_ peer: PeerID) {
        guard let signed = hubs.remove(peer) else { return }
        keys.remove(ItemKey(epoch: signed.body.epoch, id: signed.id))
        setDial(of: peer, nil)
        setAbsence(of: peer, nil)
        unseen.remove(peer)
    }

    /// Whether there is a record of `peer`.
    package func contains(_ peer: PeerID) -> Bool { hubs.contains(peer) }

    /// The newest record of `peer`.
    package func record(of peer: PeerID) -> Signed<Record>? { hubs[peer] }

    /// Every record, by peer.
    package var records: [Signed<Record>] { hubs.values }

    /// The records by peer.
    package var recordTable: SortedTable<PeerID, Signed<Record>> { hubs }

    /// Hubs in the table.
    package var count: Int { hubs.count }

    /// The records' places in the order in which sets are compared.
    package var itemKeys: [ItemKey] { keys.keys }

    /// The record at `key`.
    package func record(at key: ItemKey) -> Signed<Record>? { keys[key].flatMap { hubs[$0] } }

    // MARK: - Links

    /// A link to `peer` is up, which is seen in `network`.
    package mutating func linked(_ peer: PeerID, network: NetworkPrefix? = nil) {
        links[peer] = true
        networks[peer] = network
        hasLinks = true
        setDial(of: peer, nil)
        setAbsence(of: peer, nil)
        unseen.remove(peer)
    }

    /// The last link to `peer` is down.
    package mutating func unlinked(_ peer: PeerID, at now: Instant) {
        links.remove(peer)
        networks.remove(peer)
        hasLinks = !links.isEmpty
        // Nobody is dialled without a record, so there is no more to wait for than there are hubs.
        guard hubs.contains(peer) else { return }
        setAbsence(of: peer, Absence(since: now))
        setDial(
            of: peer,
            Dial(nextAttempt: now.advanced(by: Self.dialSpanMin), wait: Self.dialSpanMin)
        )
    }

    /// Whether there is a link to `peer`.
    package func isLinked(_ peer: PeerID) -> Bool { links.contains(peer) }

    /// Peers with a link, ascending.
    package var linkedPeers: [PeerID] { links.keys }

    // MARK: - Placement

    /// The hubs that schedule a shard, first first: keepers by rendezvous hash, then other hubs,
    /// and at the end those of whom `isLast` says so, where there are too few others.
    ///
    /// - Source: D. Thaler and C. Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996.
    package func stewards(
        of manifest: ManifestID,
        shard: UInt32,
        keepers: [PeerID],
        isLast: (PeerID) -> Bool = { _ in false }
    ) -> [PeerID] {
        let known = keepers.filter { hubs[$0]?.body.role == .hub && !isLast($0) }
        let first = ranked(known, manifest: manifest, shard: shard)
        guard first.count < Self.stewardsPerShard else { return first }
        let others = hubs.values.filter { $0.body.role == .hub }.map(\.body.peer)
            .filter { !known.contains($0) }
        let rest = ranked(others.filter { !isLast($0) }, manifest: manifest, shard: shard)
        guard first.count + rest.count < Self.stewardsPerShard else {
            return Array((first + rest).prefix(Self.stewardsPerShard))
        }
        let last = ranked(others.filter(isLast), manifest: manifest, shard: shard)
        return Array((first + rest + last).prefix(Self.stewardsPerShard))
    }

    /// Those of `peers` with the highest scores, highest first.
    private func ranked(_ peers: [PeerID], manifest: ManifestID, shard: UInt32) -> [PeerID] {
        var first: [(score: UInt64, peer: PeerID)] = []
        for peer in peers {
            let scored = (Self.score(manifest: manifest, shard: shard, peer: peer), peer)
            let place = first.firstIndex { $0 <= scored } ?? first.count
            guard place < Self.stewardsPerShard, !first.contains(where: { $0.peer == peer })
            else { continue }
            first.insert(scored, at: place)
            if first.count > Self.stewardsPerShard { first.removeLast() }
        }
        return first.map(\.peer)
    }

    /// The one of a shard's `stewards` who acts: the first who is here, has a link, or has been
    /// without one for a short time only; the first of all when that is nobody.
    package func acting(of stewards: [PeerID]) -> PeerID? {
        stewards.first(where: isPresent) ?? stewards.first
    }

    /// Whether `peer` is this one, has a link, or has been without one for a short time only.
    package func isPresent(_ peer: PeerID) -> Bool {
        peer == me || links.contains(peer) || absences[peer]?.isNoticed != true
    }

    /// Stewards of one shard.
    package static let stewardsPerShard = 3

    private static func score(manifest: ManifestID, shard: UInt32, peer: PeerID) -> UInt64 {
        taggedHash("starling/steward/1", count: 3) { encoder in
            encoder.identifier(manifest)
            encoder.unsigned(UInt64(shard))
            encoder.identifier(peer)
        }.prefix
    }

    /// How often replicated sets are compared: hubs × 0.3 s, between 1 s and 60 s.
    package var reconciliationPeriod: TimeSpan {
        TimeSpan.milliseconds(min(max(UInt64(hubs.count) * 300, 1_000), 60_000))
    }

    /// How long a verdict must stand before it is final: two reconciliation periods.
    package var settleSpan: TimeSpan { reconciliationPeriod.times(2) }
}
