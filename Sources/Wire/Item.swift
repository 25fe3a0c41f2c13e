public import Primitives

/// The order of every replicated set: by epoch, then by id.
public struct ItemKey: Hashable, Comparable, Sendable {
    /// UTC hours since 1970.
    public let epoch: UInt64
    /// SHA-256 of the item's payload.
    public let id: ItemID

    /// The place of the item `id` of `epoch`.
    public init(epoch: UInt64, id: ItemID) {
        self.epoch = epoch
        self.id = id
    }

    /// By epoch, then by id.
    public static func < (left: ItemKey, right: ItemKey) -> Bool {
        left.epoch != right.epoch ? left.epoch < right.epoch : left.id < right.id
    }
}

/// An element of the ledger, the grow-only set that every hub holds.
///
/// Indirect: items are passed on and kept in sorted tables, so a copy should cost one reference.
package indirect enum Item: Hashable, Sendable {
    /// A job.
    case manifest(Signed<Manifest>)
    /// A proof of a vote.
    case certificate(Signed<Certificate>)
    /// The cores behind a certificate.
    case opening(Opening)
    /// The submitter's word on a unit.
    case ruling(Signed<Ruling>)
    /// The end of a job.
    case cancel(Signed<Cancel>)
    /// A job that is held, or goes on.
    case hold(Signed<Hold>)
    /// A peer's adoption.
    case device(Signed<Device>)
    /// A key that takes over from another.
    case revoke(Signed<Revoke>)
    /// A further anchor of a project's jobs.
    case anchor(Signed<Anchor>)
    /// A proof that somebody said two things.
    case fault(Fault)

    /// SHA-256 of the payload.
    package var id: ItemID {
        switch self {
        case .manifest(let signed): signed.id
        case .certificate(let signed): signed.id
        case .opening(let opening): opening.id
        case .ruling(let signed): signed.id
        case .cancel(let signed): signed.id
        case .hold(let signed): signed.id
        case .device(let signed): signed.id
        case .revoke(let signed): signed.id
        case .anchor(let signed): signed.id
        case .fault(let fault): fault.id
        }
    }

    /// The hour that the item is dated; nil for an opening, which goes with its certificate, and
    /// for a fault, which goes with its job.
    package var epoch: UInt64? {
        switch self {
        case .manifest(let signed): signed.body.epoch
        case .certificate(let signed): signed.body.epoch
        case .opening, .fault: nil
        case .ruling(let signed): signed.body.epoch
        case .cancel(let signed): signed.body.epoch
        case .hold(let signed): signed.body.epoch
        case .device(let signed): signed.body.epoch
        case .revoke(let signed): signed.body.epoch
        case .anchor(let signed): signed.body.epoch
        }
    }

    /// The job that the item is about; nil for what is said of keys and peers.
    package var manifest: ManifestID? {
        switch self {
        case .manifest(let signed): ManifestID(signed.id.digest)
        case .certificate(let signed): signed.body.manifest
        case .opening(let opening): opening.manifest
        case .ruling(let signed): signed.body.manifest
        case .cancel(let signed): signed.body.manifest
        case .hold(let signed): signed.body.manifest
        case .fault(let fault): fault.manifest
        case .device, .revoke, .anchor: nil
        }
    }

    /// Writes the item: its kind, then its envelope or, for an opening or a fault, its payload.
    package func encode(into encoder: inout CBOREncoder) {
        encoder.array(2)
        switch self {
        case .manifest(let signed):
            encoder.unsigned(1)
            encoder.byteString(signed.envelope)
        case .certificate(let signed):
            encoder.unsigned(2)
            encoder.byteString(signed.envelope)
        case .opening(let opening):
            encoder.unsigned(3)
            opening.encode(into: &encoder)
        case .ruling(let signed):
            encoder.unsigned(4)
            encoder.byteString(signed.envelope)
        case .cancel(let signed):
            encoder.unsigned(5)
            encoder.byteString(signed.envelope)
        case .hold(let signed):
            encoder.unsigned(6)
            encoder.byteString(signed.envelope)
        case .device(let signed):
            encoder.unsigned(7)
            encoder.byteString(signed.envelope)
        case .revoke(let signed):
            encoder.unsigned(8)
            encoder.byteString(signed.envelope)
        case .anchor(let signed):
            encoder.unsigned(9)
            encoder.byteString(signed.envelope)
        case .fault(let fault):
            encoder.unsigned(10)
            fault.encode(into: &encoder)
        }
    }

    /// Reads an item; signatures are not checked here.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 2)
        switch try decoder.unsigned() {
        case 1: self = .manifest(try decoder.signed())
        case 2: self = .certificate(try decoder.signed())
        case 3: self = .opening(try Opening(from: &decoder))
        case 4: self = .ruling(try decoder.signed())
        case 5: self = .cancel(try decoder.signed())
        case 6: self = .hold(try decoder.signed())
        case 7: self = .device(try decoder.signed())
        case 8: self = .revoke(try decoder.signed())
        case 9: self = .anchor(try decoder.signed())
        case 10: self = .fault(try Fault(from: &decoder))
        case let kind: throw .unknownKind(kind)
        }
    }
}

extension CBORDecoder {
    /// A signed statement inside a byte string.
    mutating func signed<Body: StatementBody>() throws(DecodeError) -> Signed<Body> {
        try Signed(envelope: try byteString(upTo: Limits.statementByteCount))
    }
}
