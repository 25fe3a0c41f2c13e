package import Primitives

/// DEVICE: an owner adopts a peer, which has agreed: one vote, and one line on a board.
package struct Device: StatementBody {
    package static let kind = StatementKind.device

    /// The owner's key, which signs.
    package let owner: OwnerID
    /// The machine.
    package let peer: PeerID
    /// The peer's signature that says whose it wants to be; see `consentBytes`.
    package let consent: Signature
    /// UTC hours since 1970.
    package let epoch: UInt64

    /// The adoption of `peer` by `owner`.
    package init(owner: OwnerID, peer: PeerID, consent: Signature, epoch: UInt64) {
        self.owner = owner
        self.peer = peer
        self.consent = consent
        self.epoch = epoch
    }

    package var signer: Digest { owner.digest }

    package var slots: [Slot] {
        [Slot(.device, signer: signer, count: 1) { $0.identifier(peer) }]
    }

    /// The bytes that `consent` signs: `["starling/device/1", network, owner]`.
    package static func consentBytes(network: NetworkID, owner: OwnerID) -> Bytes {
        var encoder = CBOREncoder()
        encoder.array(3)
        encoder.text("starling/device/1")
        encoder.identifier(network)
        encoder.identifier(owner)
        return encoder.bytes
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(4)
        encoder.unsigned(1)
        encoder.identifier(owner)
        encoder.unsigned(2)
        encoder.identifier(peer)
        encoder.unsigned(3)
        encoder.signature(consent)
        encoder.unsigned(4)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 4)
        try decoder.key(1)
        owner = try decoder.identifier()
        try decoder.key(2)
        peer = try decoder.identifier()
        try decoder.key(3)
        consent = try decoder.signature()
        try decoder.key(4)
        epoch = try decoder.unsigned()
    }
}

/// REVOKE: another key takes over from a peer's, as that one foresaw at its first start.
package struct Revoke: StatementBody {
    package static let kind = StatementKind.revoke

    /// The key that takes over, which signs.
    package let successor: PeerID
    /// The first record of the old key: of incarnation 0, with the hash of the successor.
    package let record: Signed<Record>
    /// UTC hours since 1970.
    package let epoch: UInt64

    /// The end of the key of `record`, whose incarnation is 0, in favour of `successor`.
    package init(successor: PeerID, record: Signed<Record>, epoch: UInt64) {
        self.successor = successor
        self.record = record
        self.epoch = epoch
    }

    /// The key that ends.
    package var old: PeerID { record.body.peer }

    package var signer: Digest { successor.digest }

    package var slots: [Slot] {
        [Slot(.revoke, signer: signer, count: 1) { $0.identifier(old) }]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(3)
        encoder.unsigned(1)
        encoder.identifier(successor)
        encoder.unsigned(2)
        encoder.byteString(record.envelope)
        encoder.unsigned(3)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 3)
        try decoder.key(1)
        let start = decoder.position
        successor = try decoder.identifier()
        try decoder.key(2)
        let recordStart = decoder.position
        record = try decoder.signed()
        guard record.body.incarnation == 0 else {
            throw .outOfRange(at: recordStart, field: "incarnation")
        }
        guard record.body.peer != successor else {
            throw .outOfRange(at: start, field: "successor")
        }
        try decoder.key(3)
        epoch = try decoder.unsigned()
    }
}
