package import Primitives

/// The kinds of signed statement; the raw value is the kind's number in a vault slot.
package enum StatementKind: UInt8, CaseIterable, Sendable {
    /// A peer and what it offers.
    case record = 1
    /// A job.
    case manifest = 2
    /// The end of a job.
    case cancel = 3
    /// The submitter's last word on a unit.
    case ruling = 4
    /// A worker's promise of a result.
    case commit = 5
    /// A steward's list of the promises of one round.
    case commitSet = 6
    /// A worker's result.
    case result = 7
    /// A proof of a vote.
    case certificate = 8
    /// A job that is held, or goes on.
    case hold = 9
    /// An owner's word that a machine is its own.
    case device = 10
    /// A key that takes over from another.
    case revoke = 11
    /// A project's word that a peer is an anchor of its jobs.
    case anchor = 12
    /// A hub's word that another one is silent.
    case alert = 13
    /// A hub that leaves.
    case bye = 14

    /// The first item of the statement's external authenticated data.
    package var tag: String { "starling/signed/\(name)/1" }

    /// The kind in a word, as in its tag.
    package var name: String {
        switch self {
        case .record: "record"
        case .manifest: "manifest"
        case .cancel: "cancel"
        case .ruling: "ruling"
        case .commit: "commit"
        case .commitSet: "commitset"
        case .result: "result"
        case .certificate: "certificate"
        case .hold: "hold"
        case .device: "device"
        case .revoke: "revoke"
        case .anchor: "anchor"
        case .alert: "alert"
        case .bye: "bye"
        }
    }
}

/// The payload of one kind of signed statement.
package protocol StatementBody: Hashable, Sendable {
    /// Which kind it is.
    static var kind: StatementKind { get }
    /// The Ed25519 key that must have signed it.
    var signer: Digest { get }
    /// The slots that this body fills for ever: a second body for one of them proves equivocation.
    var slots: [Slot] { get }
    /// Writes the payload: one map with small ascending keys.
    func encode(into encoder: inout CBOREncoder)
    /// Reads the payload, and refuses what breaks a rule of its format.
    init(from decoder: inout CBORDecoder) throws(DecodeError)
    /// Checks what is signed inside the payload; nothing by default.
    func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError)
}

extension StatementBody {
    /// The payload's bytes.
    package var payload: Bytes {
        var encoder = CBOREncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// The body that `payload` holds, whole.
    package init(payload: Bytes) throws(DecodeError) {
        var decoder = CBORDecoder(payload)
        try self.init(from: &decoder)
        try decoder.finish()
    }
}

/// A place for one statement of one signer, for ever.
package struct Slot: Hashable, Comparable, Sendable {
    /// `H("starling/slot/1", kind, signer, fields…)`.
    package let key: Digest

    /// The slot of `signer` for statements of `kind`, told apart by the items that `fields` writes.
    package init(
        _ kind: StatementKind,
        signer: Digest,
        count: Int,
        _ fields: (inout CBOREncoder) -> Void
    ) {
        key = taggedHash("starling/slot/1", count: count + 2) { encoder in
            encoder.unsigned(UInt64(kind.rawValue))
            encoder.digest(signer)
            fields(&encoder)
        }
    }

    /// The slot that was stored under `key`.
    package init(key: Digest) { self.key = key }

    /// The slots of a bundle: one for each unit.
    package static func bundle(
        _ kind: StatementKind,
        signer: PeerID,
        manifest: ManifestID,
        steward: PeerID,
        round: UInt32,
        units: [UInt32]
    ) -> [Slot] {
        units.map { unit in
            Slot(kind, signer: signer.digest, count: 4) { encoder in
                encoder.identifier(manifest)
                encoder.identifier(steward)
                encoder.unsigned(UInt64(round))
                encoder.unsigned(UInt64(unit))
            }
        }
    }

    package static func < (left: Slot, right: Slot) -> Bool { left.key < right.key }
}

/// A statement with its signature: what travels and what is stored.
package struct Signed<Body: StatementBody>: Hashable, Sendable {
    /// What is stated.
    package let body: Body
    /// The signature of the body's signer over the payload.
    package let signature: Signature
    /// SHA-256 of the payload.
    package let id: ItemID

    /// A statement whose signature nobody has checked yet.
    package init(_ body: Body, signature: Signature) {
        self.init(body, payload: body.payload, signature: signature)
    }

    private init(_ body: Body, payload: Bytes, signature: Signature) {
        self.body = body
        self.signature = signature
        id = ItemID(SHA256.hash(payload))
    }

    /// The tagged COSE_Sign1 structure (RFC 9052 §4.2).
    package var envelope: Bytes {
        var encoder = CBOREncoder()
        encoder.tag(COSE.sign1Tag)
        encoder.array(4)
        encoder.byteString(COSE.protectedHeader)
        encoder.map(0)
        encoder.byteString(body.payload)
        encoder.signature(signature)
        return encoder.bytes
    }

    /// Reads a tagged COSE_Sign1 structure; its signature is not checked here.
    package init(envelope: Bytes) throws(DecodeError) {
        guard envelope.count <= Limits.statementByteCount else {
            throw .tooLong(at: 0, limit: Limits.statementByteCount)
        }
        var decoder = CBORDecoder(envelope)
        try decoder.tag(COSE.sign1Tag)
        try decoder.array(exactly: 4)
        let start = decoder.position
        guard try decoder.byteString(upTo: 16) == COSE.protectedHeader else {
            throw .outOfRange(at: start, field: "COSE header: Ed25519 and nothing else")
        }
        try decoder.map(exactly: 0)
        let payload = try decoder.byteString(upTo: Limits.statementByteCount)
        let signature = try decoder.signature()
        try decoder.finish()
        self.init(try Body(payload: payload), payload: payload, signature: signature)
    }

    /// The bytes that the signature covers, in `network`.
    package func signedBytes(in network: NetworkID) -> Bytes {
        COSE.signedBytes(kind: Body.kind, network: network, payload: body.payload)
    }
}

/// The parts of COSE (RFC 9052) that are the same for every statement.
package enum COSE {
    /// The tag of COSE_Sign1.
    static let sign1Tag: UInt64 = 18
    /// `{1: -8}`: the algorithm is EdDSA.
    static let protectedHeader: Bytes = [0xa1, 0x01, 0x27]

    /// Bytes that an envelope adds to its payload at most: tag, heads, header and signature.
    package static let envelopeByteCount = 80

    /// The Sig_structure: context, protected header, external data `[tag, network]`, payload.
    package static func signedBytes(
        kind: StatementKind,
        network: NetworkID,
        payload: Bytes
    ) -> Bytes {
        var external = CBOREncoder()
        external.array(2)
        external.text(kind.tag)
        external.identifier(network)
        var encoder = CBOREncoder()
        encoder.array(4)
        encoder.text("Signature1")
        encoder.byteString(protectedHeader)
        encoder.byteString(external.bytes)
        encoder.byteString(payload)
        return encoder.bytes
    }
}
