import Primitives
import Wire

extension CertificateSet {
    /// A copy with one field changed.
    func with(
        steward: PeerID? = nil,
        round: UInt32? = nil,
        units: [UInt32]? = nil,
        epoch: UInt64? = nil,
        seatCount: UInt8? = nil,
        signature: Signature?? = .none,
        unrevealed: [SetMember]? = nil
    ) -> CertificateSet {
        CertificateSet(
            steward: steward ?? self.steward,
            round: round ?? self.round,
            units: units ?? self.units,
            epoch: epoch ?? self.epoch,
            seatCount: seatCount ?? self.seatCount,
            signature: signature ?? self.signature,
            unrevealed: unrevealed ?? self.unrevealed
        )
    }
}

extension CertificateEntry {
    /// A copy with one field changed.
    func with(
        set: UInt8? = nil,
        worker: PeerID? = nil,
        seat: UInt8? = nil,
        widening: UInt8? = nil,
        nonce: Bytes? = nil,
        digests: [Digest]? = nil,
        operations: [UInt64]? = nil,
        signature: Signature? = nil
    ) -> CertificateEntry {
        CertificateEntry(
            set: set ?? self.set,
            worker: worker ?? self.worker,
            seat: seat ?? self.seat,
            widening: widening ?? self.widening,
            nonce: nonce ?? self.nonce,
            digests: digests ?? self.digests,
            operations: operations ?? self.operations,
            signature: signature ?? self.signature
        )
    }
}
