package import Primitives

/// ALERT: a hub that watches another one on some rings has not heard from it.
///
/// It proves nothing alone; those of enough rings make an `Eviction`.
package struct Alert: StatementBody {
    package static let kind = StatementKind.alert

    /// Who watches, and signs.
    package let observer: PeerID
    /// Who is silent.
    package let subject: PeerID
    /// The incarnation of the subject's record that it is about.
    package let incarnation: UInt64
    /// The rings on which the observer comes before the subject: bit *n* for ring *n*; not zero.
    package let rings: UInt8
    /// UTC hours since 1970, from which the order of the rings follows.
    package let epoch: UInt64

    /// The word of `observer` that `subject` is silent.
    package init(
        observer: PeerID,
        subject: PeerID,
        incarnation: UInt64,
        rings: UInt8,
        epoch: UInt64
    ) {
        self.observer = observer
        self.subject = subject
        self.incarnation = incarnation
        self.rings = rings
        self.epoch = epoch
    }

    package var signer: Digest { observer.digest }

    /// None: whoever is heard from again may fall silent again.
    package var slots: [Slot] { [] }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(5)
        encoder.unsigned(1)
        encoder.identifier(observer)
        encoder.unsigned(2)
        encoder.identifier(subject)
        encoder.unsigned(3)
        encoder.unsigned(incarnation)
        encoder.unsigned(4)
        encoder.unsigned(UInt64(rings))
        encoder.unsigned(5)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 5)
        try decoder.key(1)
        observer = try decoder.identifier()
        try decoder.key(2)
        subject = try decoder.identifier()
        try decoder.key(3)
        incarnation = try decoder.unsigned()
        try decoder.key(4)
        let start = decoder.position
        rings = try decoder.unsigned8(field: "rings")
        guard rings != 0 else { throw .outOfRange(at: start, field: "rings") }
        try decoder.key(5)
        epoch = try decoder.unsigned()
    }
}

/// BYE: a hub leaves; its record counts no more.
package struct Bye: StatementBody {
    package static let kind = StatementKind.bye

    /// Who leaves, and signs.
    package let peer: PeerID
    /// The incarnation of its last record.
    package let incarnation: UInt64

    /// The end of the record of `peer` with `incarnation`.
    package init(peer: PeerID, incarnation: UInt64) {
        self.peer = peer
        self.incarnation = incarnation
    }

    package var signer: Digest { peer.digest }

    package var slots: [Slot] {
        [Slot(.bye, signer: signer, count: 1) { $0.unsigned(incarnation) }]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(2)
        encoder.unsigned(1)
        encoder.identifier(peer)
        encoder.unsigned(2)
        encoder.unsigned(incarnation)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 2)
        try decoder.key(1)
        peer = try decoder.identifier()
        try decoder.key(2)
        incarnation = try decoder.unsigned()
    }
}

/// EVICT: the alerts of enough rings about one record, which counts no more.
///
/// Nobody signs it as a whole: whoever holds the hubs' table can check it alone.
package struct Eviction: Hashable, Sendable {
    /// Alerts about one subject and incarnation, ascending by observer, one at least.
    package let alerts: [Signed<Alert>]

    /// The eviction that `alerts` make; nil for none, for too many, for alerts about several
    /// records, and for two of one observer.
    package init?(alerts: [Signed<Alert>]) {
        let sorted = alerts.sorted { $0.body.observer < $1.body.observer }
        guard let first = sorted.first?.body, sorted.count <= Limits.alertsPerEviction,
            sorted.allSatisfy({
                $0.body.subject == first.subject && $0.body.incarnation == first.incarnation
            }),
            zip(sorted, sorted.dropFirst()).allSatisfy({ $0.body.observer < $1.body.observer })
        else { return nil }
        self.alerts = sorted
    }

    /// Who is evicted.
    package var subject: PeerID { alerts[0].body.subject }

    /// The incarnation of the record that counts no more.
    package var incarnation: UInt64 { alerts[0].body.incarnation }

    /// `H("starling/evict/1", subject, incarnation)`, whoever has seen it: two evictions of one
    /// record are the same to the table.
    package var id: ItemID { Self.id(of: subject, incarnation: incarnation) }

    /// The id of any eviction of the record of `subject` with `incarnation`.
    package static func id(of subject: PeerID, incarnation: UInt64) -> ItemID {
        ItemID(
            taggedHash("starling/evict/1", count: 2) { encoder in
                encoder.identifier(subject)
                encoder.unsigned(incarnation)
            }
        )
    }

    func encode(into encoder: inout CBOREncoder) {
        encoder.array(alerts.count)
        for alert in alerts { encoder.byteString(alert.envelope) }
    }

    init(from decoder: inout CBORDecoder) throws(DecodeError) {
        let start = decoder.position
        let alerts = try decoder.ascending(
            upTo: Limits.alertsPerEviction,
            field: "alerts",
            by: { $0.body.observer },
            { (decoder) throws(DecodeError) -> Signed<Alert> in try decoder.signed() }
        )
        guard let eviction = Eviction(alerts: alerts) else {
            throw .outOfRange(at: start, field: "alerts")
        }
        self = eviction
    }
}

extension Eviction: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        for alert in alerts { try alert.check(with: verifier, in: network) }
    }
}

/// Where hubs stand on the rings, by which it is known who watches whom.
package enum Ring {
    /// Hours of a day of a ring.
    private static let dayHours: UInt64 = 24
    /// Hours by which the day of a ring begins before that of the ring before it.
    private static let stepHours: UInt64 = 3

    /// The day of a ring in an epoch: `(epoch + 3 · ring) / 24`.
    package static func day(of ring: Int, at epoch: UInt64) -> UInt64 {
        saturatingSum(epoch, UInt64(ring) * stepHours) / dayHours
    }

    /// The first eight bytes of `H("starling/ring/1", peer, ring, day)`.
    package static func position(of peer: PeerID, on ring: Int, day: UInt64) -> UInt64 {
        taggedHash("starling/ring/1", count: 3) { encoder in
            encoder.identifier(peer)
            encoder.unsigned(UInt64(ring))
            encoder.unsigned(day)
        }.prefix
    }
}
