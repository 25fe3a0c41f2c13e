import Ledger
import Primitives
import TestSupport
import Wire

/// A certificate whose fields can be changed one by one.
struct CertificateDraft {
    struct Sitting {
        var steward: PeerID
        var round: UInt32
        var units: [UInt32]
        var epoch: UInt64
        var seatCount: UInt8
        var signature: Signature?
        var unrevealed: [SetMember]
    }

    struct Entry {
        var set: UInt8
        var worker: PeerID
        var seat: UInt8
        var widening: UInt8
        var nonce: Bytes
        var digests: [Digest]
        var operations: [UInt64]
        var signature: Signature
    }

    var manifest: ManifestID
    var steward: PeerID
    var vote: CertificateKind
    var units: [UInt32]
    var sets: [Sitting]
    var entries: [Entry]
    var openings: [UnitCore]
    var rulings: [EmbeddedRuling]

    init(_ certificate: Certificate) {
        manifest = certificate.manifest
        steward = certificate.steward
        vote = certificate.vote
        units = certificate.units
        sets = certificate.sets.map { set in
            Sitting(
                steward: set.steward,
                round: set.round,
                units: set.units,
                epoch: set.epoch,
                seatCount: set.seatCount,
                signature: set.signature,
                unrevealed: set.unrevealed
            )
        }
        entries = certificate.entries.map { entry in
            Entry(
                set: entry.set,
                worker: entry.worker,
                seat: entry.seat,
                widening: entry.widening,
                nonce: entry.nonce,
                digests: entry.digests,
                operations: entry.operations,
                signature: entry.signature
            )
        }
        openings = certificate.openings
        rulings = certificate.rulings
    }

    var certificate: Certificate {
        Certificate(
            manifest: manifest,
            steward: steward,
            vote: vote,
            units: units,
            sets: sets.map { set in
                CertificateSet(
                    steward: set.steward,
                    round: set.round,
                    units: set.units,
                    epoch: set.epoch,
                    seatCount: set.seatCount,
                    signature: set.signature,
                    unrevealed: set.unrevealed
                )
            },
            entries: entries.map { entry in
                CertificateEntry(
                    set: entry.set,
                    worker: entry.worker,
                    seat: entry.seat,
                    widening: entry.widening,
                    nonce: entry.nonce,
                    digests: entry.digests,
                    operations: entry.operations,
                    signature: entry.signature
                )
            },
            openings: openings,
            rulings: rulings
        )
    }

    /// Signs every result again, as workers would who took part in the change.
    mutating func signResults(in grid: TestGrid) {
        let certificate = self.certificate
        for index in entries.indices {
            let set = certificate.commitSet(at: Int(entries[index].set))
            let result = certificate.result(of: certificate.entries[index], setHash: set.hash)
            entries[index].signature = grid.sign(result).signature
        }
    }
}

/// What an offline check says.
enum CheckOutcome: Hashable {
    case valid
    case unverified(VerificationError)
    case refused(CertificateError)
}
