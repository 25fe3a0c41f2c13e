package import Primitives

/// BEACON: what a peer says to everybody on its local network, in one UDP datagram.
///
/// It is a hint where to dial and nothing more: the address is where it came from, and only the
/// HELLO of the link that comes of it proves who is there.
package struct Beacon: Hashable, Sendable {
    /// The network that the peer belongs to.
    package let network: NetworkID
    /// Who speaks.
    package let peer: PeerID
    /// The key of the peer's encrypted links.
    package let curveKey: CurveKey
    /// The TCP port on which it listens, above zero.
    package let port: UInt16
    /// UTC hours since 1970 when it was sent.
    package let epoch: UInt64
    /// The peer's signature over `signedBytes`.
    package let signature: Signature

    /// Whatever begins otherwise is no beacon; no other signature begins so.
    private static let tag = "starling/beacon/1"

    /// A beacon of `peer`, signed by `sign`.
    package init(
        network: NetworkID,
        peer: PeerID,
        curveKey: CurveKey,
        port: UInt16,
        epoch: UInt64,
        sign: (Bytes) -> Signature
    ) {
        precondition(port > 0, "nobody is dialled on port 0")
        self.network = network
        self.peer = peer
        self.curveKey = curveKey
        self.port = port
        self.epoch = epoch
        signature = sign(
            Self.bytes(itemCount: 6, network, peer, curveKey, port: port, epoch: epoch)
        )
    }

    /// The bytes that `signature` signs: the datagram as an array without its last item.
    package var signedBytes: Bytes {
        Self.bytes(itemCount: 6, network, peer, curveKey, port: port, epoch: epoch)
    }

    /// The datagram: `["starling/beacon/1", network, peer, CURVE key, port, epoch, signature]`.
    package var datagram: Bytes {
        var encoder = CBOREncoder()
        encoder.signature(signature)
        return Self.bytes(itemCount: 7, network, peer, curveKey, port: port, epoch: epoch)
            + encoder.bytes
    }

    /// Reads a datagram; its signature is not verified yet.
    package init(datagram: Bytes) throws(DecodeError) {
        guard datagram.count <= Limits.beaconByteCount else {
            throw .tooLong(at: 0, limit: Limits.beaconByteCount)
        }
        var decoder = CBORDecoder(datagram)
        try decoder.array(exactly: 7)
        var start = decoder.position
        guard try decoder.text(upTo: Self.tag.utf8.count) == Self.tag else {
            throw .outOfRange(at: start, field: "tag")
        }
        network = try decoder.identifier()
        peer = try decoder.identifier()
        curveKey = try decoder.identifier()
        start = decoder.position
        port = UInt16(try decoder.unsigned(upTo: UInt64(UInt16.max), field: "port"))
        guard port > 0 else { throw .outOfRange(at: start, field: "port") }
        epoch = try decoder.unsigned()
        signature = try decoder.signature()
        try decoder.finish()
    }

    /// Whether it counts in `present`: a record of its hour would not be too old or too new.
    package func counts(in present: UInt64) -> Bool {
        saturatingSum(epoch, Limits.beaconLifeEpochs) >= present
            && epoch <= saturatingSum(present, Limits.epochSkew)
    }

    /// The head of an array of `itemCount` items, and the first six of them.
    private static func bytes(
        itemCount: Int,
        _ network: NetworkID,
        _ peer: PeerID,
        _ curveKey: CurveKey,
        port: UInt16,
        epoch: UInt64
    ) -> Bytes {
        var encoder = CBOREncoder()
        encoder.array(itemCount)
        encoder.text(tag)
        encoder.identifier(network)
        encoder.identifier(peer)
        encoder.identifier(curveKey)
        encoder.unsigned(UInt64(port))
        encoder.unsigned(epoch)
        return encoder.bytes
    }
}

extension Beacon: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        guard self.network == network else { throw .otherNetwork }
        guard verifier.isValid(signature, of: signedBytes, by: peer.digest) else {
            throw .badBeacon
        }
    }
}
