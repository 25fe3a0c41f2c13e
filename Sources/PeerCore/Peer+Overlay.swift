import Ledger
package import Membership
package import Primitives
import Wire
import WorkUnits

/// The peer among the hubs.
extension Peer {
    /// The hubs that it knows.
    package var hubs: HubTable { overlay.hubs }

    /// Whom it tells news first.
    package var spreadPeers: [PeerID] { overlay.spreadPeers }

    /// How long a link to another steward or to a submitter is wanted after it was needed.
    static let needSpan = TimeSpan.seconds(60)

    // MARK: - Messages

    mutating func takeMembership(
        _ message: Verified<Message>,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        if let record = message.record { return learn(record, from: peer, at: now, into: &out) }
        var isChanged = false
        if let alert = message.alert {
            isChanged = overlay.take(alert, at: now, into: &out)
        } else if let eviction = message.eviction {
            isChanged = overlay.take(eviction, from: peer, at: now, into: &out)
        } else if let bye = message.bye {
            isChanged = overlay.take(bye, from: peer, at: now, into: &out)
        } else if case .beat(let incarnation) = message.value {
            overlay.takeBeat(of: incarnation, from: peer, at: now, into: &out)
        }
        if isChanged { hubsChanged() }
    }

    /// A hub's record counts no more.
    mutating func hubsChanged() {
        gridChanged()
        membershipChanged()
    }

    /// Whoever has news asks nobody to take them: this peer fetches what it lacks.
    mutating func takeNews(
        of set: ReplicatedSet,
        _ keys: [ItemKey],
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        let missing = keys.filter { key in
            switch set {
            case .records: hubs.messages(at: key).isEmpty
            case .ledger: !ledger.contains(key.id)
            }
        }
        let wanted = news.want(Array(missing.prefix(Self.itemsPerAnswer)), at: now)
        if !wanted.isEmpty { out.send(.fetch(set, wanted), to: peer) }
    }

    /// Tells the neighbours of an item of so many bytes: as it is if it is short or made here, else
    /// by its key alone.
    mutating func spread(
        _ item: Item,
        byteCount: Int,
        from source: PeerID?,
        into out: inout Outbox
    ) {
        if let source, byteCount > News.eagerByteCount, let key = ledger.key(of: item.id) {
            news.announce(key, from: source)
        } else {
            out.passOn(.item(item), to: overlay.spreadPeers, except: source)
        }
    }

    /// Tells the neighbours of all longer items that this input has brought.
    mutating func announceNews(into out: inout Outbox) {
        for (source, keys) in news.takeAnnouncements() {
            out.passOn(.have(.ledger, keys), to: overlay.spreadPeers, except: source)
        }
    }

    // MARK: - Own statements

    /// Signs what the overlay has to say.
    mutating func signForOverlay(at now: Instant, into out: inout Outbox) {
        for statement in overlay.takeUnsigned() {
            switch statement {
            case .alert(let alert): _ = vault.sign(alert, by: .peer, into: &out)
            case .recordAfter(let incarnation): outlive(incarnation, at: now, into: &out)
            }
        }
    }

    /// Tells everybody that this peer's record counts no more.
    mutating func leave(at now: Instant, into out: inout Outbox) {
        guard let record = ownRecord?.body else { return }
        let bye = Bye(peer: me, incarnation: record.incarnation)
        switch vault.sign(bye, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed): overlay.leave(signed, into: &out)
        }
    }

    /// Makes a record that counts in the place of any of this peer's up to `incarnation`.
    private mutating func outlive(
        _ incarnation: UInt64,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let own = ownRecord?.body, incarnation < .max else { return }
        let record = own.again(incarnation: incarnation + 1, epoch: max(own.epoch, epoch))
        sign(record, at: now, into: &out)
    }

    /// A record as its driver wants it, later than any that is known of this peer.
    func outliving(_ record: Record) -> Record {
        guard let known = hubs.record(of: me)?.body, known != record,
            known.incarnation >= record.incarnation, known.incarnation < .max
        else { return record }
        return record.again(incarnation: known.incarnation + 1, epoch: record.epoch)
    }

    // MARK: - Links

    /// A link to `peer` is wanted for a while.
    mutating func need(_ peer: PeerID, at now: Instant) {
        guard !overlay.isMesh else { return }
        overlay.demand(peer, until: now.advanced(by: Self.needSpan), at: now)
    }

    /// Whether a message that has waited may go: nothing new begins in a job on hold, or with whom
    /// nothing is to be done any more.
    func isMeant(_ message: Message, for peer: PeerID) -> Bool {
        if case .lease = message, ledger.culprits.contains(peer) { return false }
        return switch message {
        case .claim(let claim): !ledger.isHeld(claim.manifest)
        case .lease(let lease): !ledger.isHeld(lease.manifest)
        case .held(let list): !ledger.isHeld(list.manifest)
        default: true
        }
    }

    /// Sends a message, to this peer itself too; to a hub without a link as soon as there is one.
    mutating func send(
        _ message: Message,
        to peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        if peer == me {
            loopback.append(message)
        } else if hubs.isLinked(peer) || overlay.isMesh || !hubs.contains(peer) {
            out.send(message, to: peer)
        } else {
            need(peer, at: now)
            held.hold(message, for: peer, at: now)
        }
    }
}
