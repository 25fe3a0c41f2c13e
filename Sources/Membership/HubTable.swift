package import Primitives
package import Wire

/// The hubs that this peer knows, and which of them it has a link to.
///
/// Every hub keeps the whole table of signed records. Records come with the first frame of a link,
/// are passed on when they are new, and are reconciled with one linked hub each period.
///
/// ```
/// unknown ─record─▶ present ─eviction, bye─▶ ended ─expiry─▶ remembered ─a week─▶ unknown
///                      ▲ └──────────expiry─────────────────────▲ │
///                      └────record of a later incarnation───────┘ (from ended, too)
/// ```
package struct HubTable: Sendable {
    let me: PeerID
    /// Every record that is remembered.
    var hubs = SortedTable<PeerID, KnownHub>()
    /// Hubs whose record counts no more.
    private(set) var ends = SortedTable<PeerID, HubEnd>()
    var links = SortedTable<PeerID, Bool>()
    /// In which networks linked peers are seen, as far as that tells anything.
    package private(set) var networks = SortedTable<PeerID, NetworkPrefix>()
    /// Whether there is any link.
    package private(set) var hasLinks = false
    private var keys = SortedTable<ItemKey, PeerID>()
    /// Hubs with which links are wanted; nil for all.
    private var wanted: SortedTable<PeerID, Bool>?
    /// Wanted hubs without a link: since when, and whether that is long enough for others to act
    /// for them.
    var absences = SortedTable<PeerID, Absence>()
    /// When absences that nobody has noticed yet will be.
    var noticeTimes = SortedTable<Appointment, Bool>()
    /// Wanted hubs without a link that `hubsToDial` has not seen.
    var unseen = SortedTable<PeerID, Bool>()
    /// Attempts to reach hubs without a link.
    var dials = SortedTable<PeerID, Dial>()
    /// When those that list an endpoint are dialled next.
    var dialTimes = SortedTable<Appointment, Bool>()
    /// Wanted hubs without a link that list an endpoint and were never dialled.
    var undialled = SortedTable<PeerID, Bool>()
    /// Hubs that were dialled and with which links are wanted no longer, the oldest first.
    var spares: [PeerID] = []
    /// Hubs that were dialled.
    var dialled = SortedTable<PeerID, Bool>()
    /// When a hub is dialled whose record counts no more, and the one that was last.
    var nextRedial: Instant?
    var lastRedialled: PeerID?
    /// When `hubsToDial` or `noticeAbsences` has something to say.
    package internal(set) var deadline: Instant?

    /// Hubs in the table at most, with those that are only remembered.
    package static let hubsMax = 10_000
    /// Hours for which a hub is remembered whose record has expired.
    package static let memoryEpochs: UInt64 = 7 * 24
    /// The first wait between two attempts to reach a hub; it doubles up to `dialSpanMax`.
    package static let dialSpanMin = TimeSpan.seconds(2)
    /// The longest wait between two attempts to reach a hub.
    package static let dialSpanMax = TimeSpan.seconds(60)

    /// Hubs that may be dialled still, or stay linked, though nothing is wanted of them.
    package static let sparesMax = 64
    /// Between two attempts to reach hubs whose records count no more.
    package static let redialSpan = TimeSpan.seconds(60)

    /// How long a hub must be without a link until the next steward acts for it.
    package static let absenceSpan = TimeSpan.seconds(20)

    /// A table that holds nobody, not even this peer.
    package init(me: PeerID) { self.me = me }

    /// A table of `me` that holds what `other` does, has no links, and wants some with `peers`, or
    /// with all.
    package init(me: PeerID, knowing other: HubTable, wanting peers: [PeerID]? = nil) {
        self.me = me
        hubs = other.hubs
        ends = other.ends
        keys = other.keys
        wanted = peers.map(Self.table)
        for peer in peers.map(distinct) ?? hubs.keys where isWanted(peer) {
            unseen[peer] = true
            if hubs[peer]?.record.controlEndpoints.isEmpty == false { undialled[peer] = true }
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
            guard earlier.record.incarnation < body.incarnation else { return .known }
            if let key = key(of: body.peer) { keys.remove(key) }
        } else if hubs.count >= Self.hubsMax, !makeRoom() {
            return .refused
        }
        hubs[body.peer] = KnownHub(signed)
        ends.remove(body.peer)
        if let key = key(of: body.peer) { keys[key] = body.peer }
        planLink(to: body.peer)
        return .accepted
    }

    /// Forgets a hub that is only remembered; whether there was one.
    private mutating func makeRoom() -> Bool {
        guard let end = ends.values.first(where: { $0.rank == HubEnd.expiredRank }) else {
            return false
        }
        forget(end.peer)
        return true
    }

    /// Takes in a proof that a record counts no more, which the caller has judged.
    package mutating func insert(_ end: HubEnd) -> Insertion {
        guard let hub = hubs[end.peer], end.peer != me,
            hub.record.incarnation == end.incarnation
        else {
            let isOld = hubs[end.peer].map { $0.record.incarnation > end.incarnation } ?? false
            return isOld ? .known : .refused
        }
        // Who says so itself is believed before others.
        if let earlier = ends[end.peer], earlier.rank >= end.rank { return .known }
        if let key = key(of: end.peer) { keys.remove(key) }
        ends[end.peer] = end
        if let key = key(of: end.peer) { keys[key] = end.peer }
        planLink(to: end.peer)
        return .accepted
    }

    /// Ends records that have expired, forgets them a week later, and returns whose; this peer's
    /// own stays.
    package mutating func expire(epoch: UInt64) -> [PeerID] {
        let old = hubs.compactMap { peer, hub in
            hub.record.expiry < epoch && peer != me ? hub.record : nil
        }
        for record in old {
            let peer = record.peer
            if saturatingSum(record.expiry, Self.memoryEpochs) < epoch {
                forget(peer)
            } else if ends[peer]?.rank != HubEnd.expiredRank {
                if let key = key(of: peer) { keys.remove(key) }
                ends[peer] = .expired(peer, incarnation: record.incarnation)
                planLink(to: peer)
            }
        }
        return old.map(\.peer)
    }

    /// The record of `peer` counts no more: it goes, and the peer is not dialled.
    package mutating func forget(_ peer: PeerID) {
        if let key = key(of: peer) { keys.remove(key) }
        guard hubs.remove(peer) != nil else { return }
        ends.remove(peer)
        planLink(to: peer)
    }

    /// The place in the order in which sets are compared of what counts of `peer`.
    private func key(of peer: PeerID) -> ItemKey? {
        guard let hub = hubs[peer] else { return nil }
        switch ends[peer] {
        case nil: return ItemKey(epoch: hub.record.epoch, id: hub.signed.id)
        case .evicted(let eviction): return ItemKey(epoch: hub.record.epoch, id: eviction.id)
        case .left(let bye): return ItemKey(epoch: hub.record.epoch, id: bye.id)
        case .expired: return nil
        }
    }

    /// Whether there is a record of `peer` that counts.
    package func contains(_ peer: PeerID) -> Bool {
        hubs.contains(peer) && !ends.contains(peer)
    }

    /// The newest record of `peer`, even if it counts no more.
    package func record(of peer: PeerID) -> Signed<Record>? { hubs[peer]?.signed }

    /// Why the newest record of `peer` counts no more, if that is so.
    package func end(of peer: PeerID) -> HubEnd? { ends[peer] }

    /// Every record that counts, by peer.
    package var records: [Signed<Record>] {
        hubs.compactMap { peer, hub in ends.contains(peer) ? nil : hub.signed }
    }

    /// Every record whose hours are not over, by peer, also of hubs that left or were given up.
    package var knownRecords: [Signed<Record>] {
        hubs.compactMap { peer, hub in
            if case .expired? = ends[peer] { nil } else { hub.signed }
        }
    }

    /// Hubs whose record counts.
    package var count: Int { hubs.count - ends.count }

    /// The places of what counts in the order in which sets are compared.
    package var itemKeys: [ItemKey] { keys.keys }

    /// What stands at `key`: a record, or a record and why it counts no more.
    package func messages(at key: ItemKey) -> [Message] {
        guard let peer = keys[key], let hub = hubs[peer] else { return [] }
        switch ends[peer] {
        case nil, .expired: return [.record(hub.signed)]
        case .evicted(let eviction): return [.record(hub.signed), .evict(eviction)]
        case .left(let bye): return [.record(hub.signed), .bye(bye)]
        }
    }

    // MARK: - Links

    /// A link to `peer` is up, which is seen in `network`.
    package mutating func linked(_ peer: PeerID, network: NetworkPrefix? = nil) {
        links[peer] = true
        networks[peer] = network
        hasLinks = true
        planLink(to: peer)
    }

    /// The last link to `peer` is down.
    package mutating func unlinked(_ peer: PeerID, at now: Instant) {
        links.remove(peer)
        networks.remove(peer)
        hasLinks = !links.isEmpty
        // Nobody is dialled without a record, so there is no more to wait for than there are hubs.
        guard isWanted(peer) else { return }
        setAbsence(of: peer, Absence(since: now))
        setDial(
            of: peer,
            Dial(nextAttempt: now.advanced(by: Self.dialSpanMin), wait: Self.dialSpanMin)
        )
    }

    /// From now on links are wanted with these hubs; nil for all.
    package mutating func want(_ peers: [PeerID]?) {
        let earlier = wanted
        wanted = peers.map(Self.table)
        let affected = (earlier?.keys ?? hubs.keys) + (wanted?.keys ?? hubs.keys)
        for peer in distinct(affected) { planLink(to: peer) }
    }

    private static func table(of peers: [PeerID]) -> SortedTable<PeerID, Bool> {
        var table = SortedTable<PeerID, Bool>()
        for peer in distinct(peers) { table[peer] = true }
        return table
    }

    /// Whether a link to `peer` is wanted.
    func isWanted(_ peer: PeerID) -> Bool {
        peer != me && contains(peer) && wanted?.contains(peer) ?? true
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
        let known = keepers.filter { isHub($0) && !isLast($0) }
        let first = ranked(known, manifest: manifest, shard: shard)
        guard first.count < Self.stewardsPerShard else { return first }
        let others = hubs.keys.filter { isHub($0) && !known.contains($0) }
        let rest = ranked(others.filter { !isLast($0) }, manifest: manifest, shard: shard)
        guard first.count + rest.count < Self.stewardsPerShard else {
            return Array((first + rest).prefix(Self.stewardsPerShard))
        }
        let last = ranked(others.filter(isLast), manifest: manifest, shard: shard)
        return Array((first + rest + last).prefix(Self.stewardsPerShard))
    }

    /// Whether `peer` has a record that counts, as a hub.
    package func isHub(_ peer: PeerID) -> Bool {
        contains(peer) && hubs[peer]?.record.role == .hub
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
        TimeSpan.milliseconds(min(max(UInt64(count) * 300, 1_000), 60_000))
    }

    /// How long a verdict must stand before it is final: two reconciliation periods.
    package var settleSpan: TimeSpan { reconciliationPeriod.times(2) }
}

/// A hub's newest record, which many tables may share.
final class KnownHub: Sendable {
    let signed: Signed<Record>
    var record: Record { signed.body }

    init(_ signed: Signed<Record>) { self.signed = signed }
}

/// Why a hub's record counts no more.
package enum HubEnd: Hashable, Sendable {
    /// Enough others have not heard from it.
    case evicted(Eviction)
    /// It has left.
    case left(Signed<Bye>)
    /// Its hours are over; the hub is only remembered.
    case expired(PeerID, incarnation: UInt64)

    /// Whose record.
    package var peer: PeerID {
        switch self {
        case .evicted(let eviction): eviction.subject
        case .left(let bye): bye.body.peer
        case .expired(let peer, _): peer
        }
    }

    /// Which record.
    package var incarnation: UInt64 {
        switch self {
        case .evicted(let eviction): eviction.incarnation
        case .left(let bye): bye.body.incarnation
        case .expired(_, let incarnation): incarnation
        }
    }

    /// The higher one stands where two are known.
    fileprivate var rank: Int {
        switch self {
        case .evicted: 0
        case .left: 1
        case .expired: Self.expiredRank
        }
    }

    fileprivate static let expiredRank = 2
}
