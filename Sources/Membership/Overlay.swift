package import Primitives
package import Wire

/// The hubs of the network: who they are, who watches whom, and along which links news spread.
///
/// ```
///  record, eviction, bye ──▶ HubTable ──who counts──▶ Rings ──neighbours──▶ links that are wanted
///  beat, silence ──▶ BeatWatch ──▶ own alert ─┐                             └─▶ who hears news
///  alert of another watcher ──▶ AlertBook ◀───┘──five of eight rings──▶ eviction ──▶ everybody
///  eviction of this peer ──▶ a record of the next incarnation ──▶ everybody
/// ```
/// Up to `RingShape.meshMax` hubs everybody has a link to everybody, and news take one step.
package struct Overlay: Sendable {
    /// This peer's key.
    package let me: PeerID
    /// The hubs that it knows.
    package private(set) var hubs: HubTable
    private var rings: Rings
    private var watch = BeatWatch()
    private var book = AlertBook()
    private var epoch: UInt64 = 0
    /// Whether the neighbours must be found out again.
    private var isStale = true
    /// Who watches this peer.
    private var observers: [PeerID] = []
    /// The hubs next to this peer on the rings, and whom else it watches, ascending.
    private var neighbours: [PeerID] = []
    /// Along whose links news spread, where not everybody has a link to everybody.
    private var spreaders: [PeerID] = []
    /// Links that are wanted for a time, until when.
    private var demands = SortedTable<PeerID, Instant>()
    private var nextBeat: Instant?
    /// Statements that are to be signed.
    private var unsigned: [Unsigned] = []
    /// The incarnation after which a record was asked for.
    private var refuted: UInt64?
    /// Whether news may have passed this peer by: others told it nothing while it was given up.
    private var isBehind = false
    /// Whether this peer has said that it leaves.
    private var isLeaving = false

    /// Hubs to whom news go where no neighbour on the rings has a link.
    static let fallbackMax = 8
    /// Hubs that it takes to end a record, unless one alone watches it.
    static let observersMin = 2
    /// Hubs whose tables a hub compares with its own after it was given up.
    static let catchUpCount = 2
    /// How long a link is wanted with the other watchers of a hub that falls silent.
    static let demandSpan = TimeSpan.seconds(60)
    /// Links that are wanted for a time, at most.
    package static let demandsMax = 256

    /// A statement of this peer's own that its key has to sign.
    package enum Unsigned: Hashable, Sendable {
        /// Somebody is silent.
        case alert(Alert)
        /// This peer lives, whatever others say of its record of this incarnation, or whatever it
        /// said itself in an earlier life: a later one must come.
        case recordAfter(incarnation: UInt64)
    }

    /// An overlay of `me`, which knows nobody.
    package init(me: PeerID, shape: RingShape = .standard) {
        self.me = me
        hubs = HubTable(me: me)
        rings = Rings(shape, epoch: 0)
    }

    /// An overlay of `me` that knows what `other` does, and has no links.
    package init(me: PeerID, knowing other: Overlay) {
        self.me = me
        let neighbours = other.isMesh ? nil : other.neighbours(of: me)
        hubs = HubTable(me: me, knowing: other.hubs, wanting: neighbours)
        rings = other.rings
        epoch = other.epoch
    }

    // MARK: - Events

    /// The hour has changed, or the peer has just started.
    package mutating func epochChanged(_ epoch: UInt64, at now: Instant) {
        self.epoch = epoch
        for peer in hubs.expire(epoch: epoch) { follow(peer) }
        rings.advance(to: epoch)
        isStale = true
        refresh(at: now)
    }

    /// A link to `peer` is up.
    package mutating func linked(_ peer: PeerID, network: NetworkPrefix?, at now: Instant) {
        hubs.linked(peer, network: network)
        watch.heard(peer, at: now)
        refresh(at: now)
    }

    /// The last link to `peer` is down.
    package mutating func unlinked(_ peer: PeerID, at now: Instant) {
        hubs.unlinked(peer, at: now)
        refresh(at: now)
    }

    /// A link to `peer` is wanted until some time.
    package mutating func demand(_ peer: PeerID, until: Instant, at now: Instant) {
        guard peer != me, demands.contains(peer) || demands.count < Self.demandsMax else { return }
        let isNew = !demands.contains(peer)
        demands[peer] = max(until, demands[peer] ?? until)
        if isNew { isStale = true }
        refresh(at: now)
    }

    /// Something has come from `peer`: it lives.
    package mutating func heard(_ peer: PeerID, at now: Instant) {
        watch.heard(peer, at: now)
    }

    /// Takes in a checked record, and passes it on when it is news.
    package mutating func learn(
        _ record: Verified<Signed<Record>>,
        from source: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) -> HubTable.Insertion {
        let insertion = hubs.insert(record, epoch: epoch)
        guard insertion == .accepted else { return insertion }
        let peer = record.value.body.peer
        if peer == me, source != me { refute(record.value.body.incarnation, at: now) }
        book.forget(peer)
        follow(peer)
        refresh(at: now)
        spread(.record(record.value), from: source, into: &out)
        return .accepted
    }

    /// Takes in a record that this peer has kept, however old.
    package mutating func restore(_ record: Verified<Signed<Record>>) {
        _ = hubs.insert(record, epoch: record.value.body.epoch)
        follow(record.value.body.peer)
    }

    /// The record of `peer` counts no more, whatever it says.
    package mutating func forget(_ peer: PeerID, at now: Instant) {
        hubs.forget(peer)
        follow(peer)
        refresh(at: now)
    }

    /// What stands on the rings follows from the table.
    private mutating func follow(_ peer: PeerID) {
        let wasMesh = isMesh
        if hubs.isHub(peer) {
            // Whoever only renews its record stands where it stood.
            guard !rings.contains(peer) else { return }
            rings.insert(peer)
            isStale = true
        } else {
            rings.remove(peer)
            // Somebody far away leaves the neighbours as they are.
            isStale = isStale || wasMesh || isMesh || peer == me || neighbours.contains(peer)
        }
    }

    // MARK: - Silence and life

    /// `peer` says that it lives.
    package mutating func takeBeat(
        of incarnation: UInt64,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        watch.heard(peer, at: now)
        if isSilent(peer) {
            book.withdraw(me, about: peer)
            isStale = true
            refresh(at: now)
        }
        guard let known = hubs.record(of: peer)?.body, known.incarnation >= incarnation else {
            // It is newer than what is known of it.
            return greet(peer, into: &out)
        }
        switch hubs.end(of: peer) {
        case .evicted(let eviction): out.send(.evict(eviction), to: peer)
        case nil, .left, .expired: break
        }
    }

    /// Somebody has not heard from a hub.
    package mutating func take(
        _ alert: Verified<Signed<Alert>>,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        let body = alert.value.body
        guard isKnownHub(body.observer), hubs.contains(body.subject),
            hubs.record(of: body.subject)?.body.incarnation == body.incarnation
        else { return false }
        if body.subject == me {
            // Who says so has not heard of this peer for long, and would hear a record.
            refute(body.incarnation, at: now)
            return false
        }
        guard book.insert(alert.value, at: now) else { return false }
        return judge(body.subject, at: now, into: &out)
    }

    /// This peer's own alert is signed.
    package mutating func signed(
        _ alert: Signed<Alert>,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        let body = alert.body
        guard hubs.record(of: body.subject)?.body.incarnation == body.incarnation,
            hubs.contains(body.subject), book.insert(alert, at: now)
        else { return false }
        isStale = true
        refresh(at: now)
        send(alert, into: &out)
        return judge(body.subject, at: now, into: &out)
    }

    /// Enough watchers have given a hub up, says somebody; whether that changes who counts.
    package mutating func take(
        _ eviction: Verified<Eviction>,
        from source: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        let subject = eviction.value.subject
        let incarnation = eviction.value.incarnation
        guard subject != me else {
            refute(incarnation, at: now)
            return false
        }
        guard let known = hubs.record(of: subject)?.body, known.incarnation == incarnation,
            hubs.contains(subject)
        else { return false }
        guard isValid(eviction.value) else {
            guard isKnownHub(source) else { return false }
            let sourceCount = book.keep(eviction.value, from: source, at: now)
            // There may have been fewer hubs, or others: in a small network two vouch for that.
            let isSmall = rings.memberCount <= RingShape.standard.meshMax
            if isSmall, sourceCount >= Self.observersMin {
                apply(eviction.value, from: source, at: now, into: &out)
                return true
            }
            // Others may have seen fewer watchers; with what this one has heard it may be enough.
            for alert in eviction.value.alerts
            where alert.body.observer != me && isKnownHub(alert.body.observer) {
                _ = book.insert(alert, at: now)
            }
            return judge(subject, at: now, into: &out)
        }
        apply(eviction.value, from: source, at: now, into: &out)
        return true
    }

    /// A hub leaves; whether that changes who counts.
    package mutating func take(
        _ bye: Verified<Signed<Bye>>,
        from source: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        guard bye.value.body.peer != me else {
            refute(bye.value.body.incarnation, at: now)
            return false
        }
        guard hubs.insert(.left(bye.value)) == .accepted else { return false }
        ended(bye.value.body.peer, at: now)
        spread(.bye(bye.value), from: source, into: &out)
        return true
    }

    /// Whether the alerts come from those who watch the subject, on enough rings, and nobody ends a
    /// record alone while there are others.
    private func isValid(_ eviction: Eviction) -> Bool {
        let alerts = eviction.alerts.map(\.body).filter { isKnownHub($0.observer) }
        return alerts.count >= observersMin(of: eviction.subject)
            && covers(alerts, eviction.subject)
    }

    private func covers(_ alerts: [Alert], _ subject: PeerID) -> Bool {
        rings.rings(of: alerts, about: subject).nonzeroBitCount >= rings.shape.quorum
    }

    /// Whether `peer` is a hub, or was one until lately.
    private func isKnownHub(_ peer: PeerID) -> Bool {
        hubs.record(of: peer)?.body.role == .hub
    }

    /// Hubs that it takes to end a record, on however many rings each of them watches.
    private func observersMin(of subject: PeerID) -> Int {
        min(Self.observersMin, watchers(of: subject).count)
    }

    /// Ends the record of `subject` if enough is said of it; whether that was so.
    private mutating func judge(
        _ subject: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        guard let incarnation = hubs.record(of: subject)?.body.incarnation else { return false }
        var chosen: [Signed<Alert>] = []
        var covered = 0
        for alert in book.alerts(about: subject, incarnation: incarnation, at: now)
        where chosen.count < Limits.alertsPerEviction {
            let mask = rings.rings(of: (chosen + [alert]).map(\.body), about: subject)
            let isMore = mask.nonzeroBitCount > covered
            guard isMore || covered > 0 && chosen.count < observersMin(of: subject) else {
                continue
            }
            covered = mask.nonzeroBitCount
            chosen.append(alert)
            if covered >= rings.shape.quorum, chosen.count >= observersMin(of: subject) { break }
        }
        guard let eviction = Eviction(alerts: chosen), isValid(eviction) else { return false }
        apply(eviction, from: me, at: now, into: &out)
        return true
    }

    private mutating func apply(
        _ eviction: Eviction,
        from source: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard hubs.insert(.evicted(eviction)) == .accepted else { return }
        ended(eviction.subject, at: now)
        spread(.evict(eviction), from: source, into: &out)
        // Who stood in between is gone: others may be the watchers now.
        for early in book.earlyEvictions where isValid(early) {
            book.forget(early.subject)
            apply(early, from: me, at: now, into: &out)
        }
    }

    private mutating func ended(_ peer: PeerID, at now: Instant) {
        book.forget(peer)
        follow(peer)
        refresh(at: now)
    }

    /// Others have given this peer up, or it has left in an earlier life: a record of a later
    /// incarnation undoes that.
    private mutating func refute(_ incarnation: UInt64, at now: Instant) {
        guard !isLeaving, let own = hubs.record(of: me)?.body, own.incarnation == incarnation,
            refuted != incarnation
        else { return }
        refuted = incarnation
        isBehind = true
        watch.wasGivenUp(at: now)
        unsigned.append(.recordAfter(incarnation: incarnation))
    }

    /// This peer says that it leaves.
    package mutating func leave(_ bye: Signed<Bye>, into out: inout Outbox) {
        isLeaving = true
        spread(.bye(bye), from: me, into: &out)
    }

    /// The statements that have to be signed since the last time.
    package mutating func takeUnsigned() -> [Unsigned] {
        defer { unsigned = [] }
        return unsigned
    }

    // MARK: - Time

    /// Time has passed; whether somebody is found to be away for long.
    package mutating func tick(at now: Instant, into out: inout Outbox) -> Bool {
        if let due = nextBeat, due <= now { beat(late: now.since(due), at: now, into: &out) }
        for subject in watch.takeSilent(at: now) { raise(subject, at: now, into: &out) }
        for record in hubs.hubsToDial(at: now) { out.append(.connect(record)) }
        for peer in hubs.takeHangUps() { out.append(.hangUp(peer)) }
        return hubs.noticeAbsences(at: now)
    }

    private mutating func beat(late delay: TimeSpan, at now: Instant, into out: inout Outbox) {
        watch.wasLate(by: delay, at: now)
        nextBeat = now.advanced(by: BeatWatch.beatSpan)
        if let own = hubs.record(of: me)?.body {
            for observer in observers where hubs.isLinked(observer) {
                out.send(.beat(incarnation: own.incarnation), to: observer)
            }
        }
        if isBehind {
            isBehind = false
            for peer in spreadPeers.prefix(Self.catchUpCount) { greet(peer, into: &out) }
        }
        book.expire(at: now)
        let over = demands.keys.filter { demands[$0].map { $0 <= now } ?? false }
        for peer in over { demands.remove(peer) }
        if !over.isEmpty { isStale = true }
        // With links that are up by then, alerts need no time.
        for suspect in watch.suspects(at: now) {
            for other in watchers(of: suspect) where demands[other] == nil && other != me {
                demands[other] = now.advanced(by: Self.demandSpan)
                isStale = true
            }
        }
        refresh(at: now)
    }

    /// Says that `subject` is silent, or says it again.
    private mutating func raise(_ subject: PeerID, at now: Instant, into out: inout Outbox) {
        guard let record = hubs.record(of: subject)?.body, hubs.contains(subject) else { return }
        let mask = rings.rings(of: me, before: subject, skipping: isSilent)
        guard mask != 0 else { return }
        if let known = book.alert(of: me, about: subject),
            known.body.incarnation == record.incarnation, known.body.epoch == epoch,
            known.body.rings == mask
        {
            _ = book.insert(known, at: now)
            send(known, into: &out)
            return
        }
        unsigned.append(
            .alert(
                Alert(
                    observer: me,
                    subject: subject,
                    incarnation: record.incarnation,
                    rings: mask,
                    epoch: epoch
                )
            )
        )
    }

    private func send(_ alert: Signed<Alert>, into out: inout Outbox) {
        for other in watchers(of: alert.body.subject) where other != me {
            out.send(.alert(alert), to: other)
        }
    }

    /// Who watches `subject`, ascending.
    private func watchers(of subject: PeerID) -> [PeerID] {
        distinct((0..<rings.shape.ringCount).flatMap { rings.predecessors(of: subject, on: $0) })
    }

    /// Whom this peer watches, ascending: the next hub on each ring and, where that is silent, the
    /// one after it.
    private var subjects: [PeerID] {
        distinct(
            (0..<rings.shape.ringCount).flatMap {
                rings.subjects(of: me, on: $0, skipping: isSilent)
            }
        )
    }

    /// Whether this peer itself has said that `peer` is silent.
    private func isSilent(_ peer: PeerID) -> Bool { book.alert(of: me, about: peer) != nil }

    /// The hubs next to `peer` on the first `count` rings, ascending.
    private func neighbours(of peer: PeerID, onRings count: Int) -> [PeerID] {
        distinct(
            (0..<count).flatMap { ring in
                rings.predecessors(of: peer, on: ring)
                    + [rings.successor(of: peer, on: ring)].compactMap { $0 }
            }
        )
    }

    /// The hubs with which `peer` should have links: those next to it on every ring or, in a small
    /// network, all.
    package func neighbours(of peer: PeerID) -> [PeerID] {
        guard !isMesh else { return hubs.records.map(\.body.peer).filter { $0 != peer } }
        return neighbours(of: peer, onRings: rings.shape.ringCount)
    }

    /// When `tick` must be called next.
    package var deadline: Instant? {
        let times = [nextBeat, watch.deadline, hubs.deadline]
        return times.compactMap { $0 }.min()
    }

    // MARK: - Neighbours

    /// Finds out neighbours again, and which links are wanted, after a change of either.
    private mutating func refresh(at now: Instant) {
        guard isStale else { return }
        isStale = false
        let isMember = rings.contains(me)
        let before = isMember ? watchers(of: me) : []
        let after = isMember ? subjects : []
        observers = before
        spreaders = isMember ? neighbours(of: me, onRings: rings.shape.spreadCount) : []
        neighbours = distinct(before + after)
        watch.watch(after, at: now)
        hubs.want(isMesh ? nil : neighbours + demands.keys)
        if observers.isEmpty { nextBeat = nil } else if nextBeat == nil { nextBeat = now }
    }

    /// Whether everybody has a link to everybody.
    package var isMesh: Bool { rings.memberCount <= rings.shape.meshMax }

    /// To whom news go first.
    package var spreadPeers: [PeerID] {
        guard !isMesh else { return hubs.linkedPeers }
        let linked = spreaders.filter(hubs.isLinked)
        return linked.isEmpty ? Array(hubs.linkedPeers.prefix(Self.fallbackMax)) : linked
    }

    private func spread(_ message: Message, from source: PeerID, into out: inout Outbox) {
        out.passOn(message, to: spreadPeers, except: source)
    }

    // MARK: - Reconciliation

    /// Begins a comparison of tables with `peer`.
    package func greet(_ peer: PeerID, into out: inout Outbox) {
        out.send(.reconcile(Reconciler.open(.records, keys: hubs.itemKeys)), to: peer)
    }

    /// Sends what stands at `keys`.
    package func send(_ keys: [ItemKey], to peer: PeerID, into out: inout Outbox) {
        for key in keys {
            for message in hubs.messages(at: key) { out.send(message, to: peer) }
        }
    }
}
