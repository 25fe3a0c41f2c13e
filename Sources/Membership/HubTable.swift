package import Primitives
package import Wire

/// The hubs that this peer knows, and which of them it has a link to.
///
/// Every hub keeps the whole table of signed records. Records come with the first frame of a link,
/// are passed on when they are new, and are reconciled with one linked hub each period.
package struct HubTable: Sendable {
    private let me: PeerID
    private var hubs = SortedTable<PeerID, Signed<Record>>()
    private var links = SortedTable<PeerID, Bool>()
    private var dials = SortedTable<PeerID, Dial>()
    private var keys = SortedTable<ItemKey, PeerID>()
    /// Hubs without a link: since when, and whether that is long enough for others to act for them.
    private var absences = SortedTable<PeerID, Absence>()

    private struct Absence: Sendable {
        let since: Instant
        var isNoticed = false

        var noticeAt: Instant { since.advanced(by: HubTable.absenceSpan) }
    }

    private struct Dial: Sendable {
        var nextAttempt: Instant
        var wait: TimeSpan
    }

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
        dials.remove(peer)
        absences.remove(peer)
    }

    /// The newest record of `peer`.
    package func record(of peer: PeerID) -> Signed<Record>? { hubs[peer] }

    /// Every record, by peer.
    package var records: [Signed<Record>] { hubs.values }

    /// Hubs in the table.
    package var count: Int { hubs.count }

    /// The records' places in the order in which sets are compared.
    package var itemKeys: [ItemKey] { keys.keys }

    /// The record at `key`.
    package func record(at key: ItemKey) -> Signed<Record>? { keys[key].flatMap { hubs[$0] } }

    // MARK: - Links

    /// A link to `peer` is up.
    package mutating func linked(_ peer: PeerID) {
        links[peer] = true
        dials.remove(peer)
        absences.remove(peer)
    }

    /// The last link to `peer` is down.
    package mutating func unlinked(_ peer: PeerID, at now: Instant) {
        links.remove(peer)
        // Nobody is dialled without a record, so there is no more to wait for than there are hubs.
        guard hubs.contains(peer) else { return }
        absences[peer] = Absence(since: now)
        dials[peer] = Dial(
            nextAttempt: now.advanced(by: Self.dialSpanMin),
            wait: Self.dialSpanMin
        )
    }

    /// Whether there is a link to `peer`.
    package func isLinked(_ peer: PeerID) -> Bool { links.contains(peer) }

    /// Peers with a link, ascending.
    package var linkedPeers: [PeerID] { links.keys }

    /// Hubs that should be dialled now; each is asked for again after a growing wait.
    package mutating func hubsToDial(at now: Instant) -> [Record] {
        var due: [Record] = []
        for (peer, signed) in hubs where peer != me && !links.contains(peer) {
            if !absences.contains(peer) { absences[peer] = Absence(since: now) }
            guard !signed.body.controlEndpoints.isEmpty else { continue }
            let dial = dials[peer] ?? firstDial(of: peer, at: now)
            dials[peer] = dial
            guard dial.nextAttempt <= now else { continue }
            let wait = min(dial.wait.times(2), Self.dialSpanMax)
            dials[peer] = Dial(nextAttempt: now.advanced(by: dial.wait), wait: wait)
            due.append(signed.body)
        }
        return due
    }

    /// Of two hubs the one with the lower key dials first, so that one link is made and not two.
    private func firstDial(of peer: PeerID, at now: Instant) -> Dial {
        let wait = me < peer ? TimeSpan.zero : Self.dialSpanMin
        return Dial(nextAttempt: now.advanced(by: wait), wait: Self.dialSpanMin)
    }

    /// Notices who has been without a link for long; whether there is anybody new.
    package mutating func noticeAbsences(at now: Instant) -> Bool {
        var isNews = false
        for (peer, absence) in absences where !absence.isNoticed && absence.noticeAt <= now {
            absences.update(peer) { $0.isNoticed = true }
            isNews = true
        }
        return isNews
    }

    /// When `hubsToDial` or `noticeAbsences` has something to say.
    package var deadline: Instant? {
        let notices = absences.values.filter { !$0.isNoticed }.map(\.noticeAt)
        let dials = nextDial.map { [$0] } ?? []
        return (notices + dials).min()
    }

    private var nextDial: Instant? {
        hubs.keys
            .filter { peer in
                peer != me && !links.contains(peer)
                    && hubs[peer]?.body.controlEndpoints.isEmpty == false
            }
            .map { dials[$0]?.nextAttempt ?? .zero }
            .min()
    }

    // MARK: - Placement

    /// The hubs that schedule a shard, first first: anchors by rendezvous hash, then other hubs.
    ///
    /// - Source: D. Thaler and C. Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996.
    package func stewards(of manifest: ManifestID, shard: UInt32, anchors: [PeerID]) -> [PeerID] {
        let eligible = hubs.values.filter { $0.body.role == .hub }.map(\.body.peer)
        let scored = eligible.map { peer in
            (
                isAnchor: anchors.contains(peer),
                score: Self.score(manifest: manifest, shard: shard, peer: peer), peer: peer
            )
        }
        return scored.sorted { left, right in
            if left.isAnchor != right.isAnchor { return left.isAnchor }
            return (left.score, left.peer) > (right.score, right.peer)
        }.prefix(Self.stewardsPerShard).map(\.peer)
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
