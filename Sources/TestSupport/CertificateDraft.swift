package import Primitives
package import Wire

/// A certificate while it is being changed: fields that need not go together.
package struct CertificateDraft {
    /// One of its sets.
    package struct Sitting {
        /// Whose certificate it is, or whose round.
        package var steward: PeerID
        /// The number.
        package var round: UInt32
        /// Its units.
        package var units: [UInt32]
        /// The hour.
        package var epoch: UInt64
        /// Its seats.
        package var seatCount: UInt8
        /// Its signature.
        package var signature: Signature?
        /// Members that showed nothing.
        package var unrevealed: [SetMember]
    }

    /// One of its entries.
    package struct Entry {
        /// Which of the sets it is of.
        package var set: UInt8
        /// Who.
        package var worker: PeerID
        /// Where.
        package var seat: UInt8
        /// How often its admission had doubled.
        package var widening: UInt8
        /// What opens its promise.
        package var nonce: Bytes
        /// What it said of each unit.
        package var digests: [Digest]
        /// The operations of each unit.
        package var operations: [UInt64]
        /// Its signature.
        package var signature: Signature
    }

    /// The job.
    package var manifest: ManifestID
    /// Whose certificate it is, or whose round.
    package var steward: PeerID
    /// Its kind.
    package var vote: CertificateKind
    /// Its units.
    package var units: [UInt32]
    /// Its rounds.
    package var sets: [Sitting]
    /// What was revealed.
    package var entries: [Entry]
    /// The cores that it holds.
    package var openings: [UnitCore]
    /// The rulings that it holds.
    package var rulings: [EmbeddedRuling]

    /// `certificate` as it stands.
    package init(_ certificate: Certificate) {
        manifest = certificate.manifest
        steward = certificate.steward
        vote = certificate.vote
        units = certificate.units
        sets = certificate.sets.map { Sitting($0) }
        entries = certificate.entries.map { Entry($0, set: $0.set) }
        openings = certificate.openings
        rulings = certificate.rulings
    }

    /// The certificate as it is now.
    package var certificate: Certificate {
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
    package mutating func signResults(in grid: TestGrid) {
        let certificate = self.certificate
        for index in entries.indices {
            let set = certificate.commitSet(at: Int(entries[index].set))
            let result = certificate.result(of: certificate.entries[index], setHash: set.hash)
            entries[index].signature = grid.sign(result).signature
        }
    }

    /// Whether every entry's set is there, and has as many units as the entry has results.
    package var isWhole: Bool {
        entries.allSatisfy { entry in
            Int(entry.set) < sets.count
                && entry.digests.count == sets[Int(entry.set)].units.count
                && entry.operations.count == entry.digests.count
                && entry.nonce.count == ResultStatement.nonceByteCount
        }
    }
}

extension CertificateDraft.Sitting {
    /// A round of a certificate.
    package init(_ set: CertificateSet) {
        self.init(
            steward: set.steward,
            round: set.round,
            units: set.units,
            epoch: set.epoch,
            seatCount: set.seatCount,
            signature: set.signature,
            unrevealed: set.unrevealed
        )
    }
}

extension CertificateDraft.Entry {
    /// A result in a certificate, in the round at `set`.
    package init(_ entry: CertificateEntry, set: UInt8) {
        self.init(
            set: set,
            worker: entry.worker,
            seat: entry.seat,
            widening: entry.widening,
            nonce: entry.nonce,
            digests: entry.digests,
            operations: entry.operations,
            signature: entry.signature
        )
    }
}
