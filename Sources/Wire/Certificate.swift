package import Primitives

/// Which vote a certificate proves.
package enum CertificateKind: UInt8, Sendable {
    /// Equal results of the first vote.
    case quorum = 0
    /// One result of a job that asks for no vote.
    case single = 1
    /// A dispute that further voters settled by their lead.
    case panel = 2
    /// A hidden second computation.
    case audit = 3
    /// The submitter's own word.
    case ruling = 4
}

/// One commit set of a certificate, without what its entries already say.
package struct CertificateSet: Hashable, Sendable {
    /// The steward whose round it was.
    package let steward: PeerID
    /// The round.
    package let round: UInt32
    /// The bundle, ascending.
    package let units: [UInt32]
    /// UTC hours since 1970.
    package let epoch: UInt64
    /// Seats of the round.
    package let seatCount: UInt8
    /// The steward's signature on the COMMITSET; nil when `seatCount` is 1, which needs none.
    package let signature: Signature?
    /// Members that never revealed, ascending by worker.
    package let unrevealed: [SetMember]

    /// A set with every field given.
    package init(
        steward: PeerID,
        round: UInt32,
        units: [UInt32],
        epoch: UInt64,
        seatCount: UInt8,
        signature: Signature?,
        unrevealed: [SetMember]
    ) {
        self.steward = steward
        self.round = round
        self.units = units
        self.epoch = epoch
        self.seatCount = seatCount
        self.signature = signature
        self.unrevealed = unrevealed
    }
}

/// One revealed result of a certificate, winner and dissenter alike.
package struct CertificateEntry: Hashable, Sendable {
    /// Index of its set in the certificate.
    package let set: UInt8
    /// Who computed.
    package let worker: PeerID
    /// In which seat.
    package let seat: UInt8
    /// How often the seat's admission had doubled.
    package let widening: UInt8
    /// What hid the commitment.
    package let nonce: Bytes
    /// One for each unit of the set.
    package let digests: [Digest]
    /// Operations of each unit of the set.
    package let operations: [UInt64]
    /// The worker's signature on its RESULT.
    package let signature: Signature

    /// An entry with every field given.
    package init(
        set: UInt8,
        worker: PeerID,
        seat: UInt8,
        widening: UInt8,
        nonce: Bytes,
        digests: [Digest],
        operations: [UInt64],
        signature: Signature
    ) {
        self.set = set
        self.worker = worker
        self.seat = seat
        self.widening = widening
        self.nonce = nonce
        self.digests = digests
        self.operations = operations
        self.signature = signature
    }
}

/// A core of one unit, opened.
package struct UnitCore: Hashable, Sendable {
    /// The unit.
    package let unit: UInt32
    /// What was found for it.
    package let core: Core

    /// The core of `unit`.
    package init(unit: UInt32, core: Core) {
        self.unit = unit
        self.core = core
    }
}

/// The submitter's word inside a ruling certificate; `Ruling` without what the certificate says.
package struct EmbeddedRuling: Hashable, Sendable {
    /// The project that rules.
    package let project: ProjectID
    /// The unit.
    package let unit: UInt32
    /// What is true.
    package let core: Core
    /// UTC hours since 1970.
    package let epoch: UInt64
    /// The project's signature on the RULING.
    package let signature: Signature

    /// A ruling on `unit`.
    package init(
        project: ProjectID,
        unit: UInt32,
        core: Core,
        epoch: UInt64,
        signature: Signature
    ) {
        self.project = project
        self.unit = unit
        self.core = core
        self.epoch = epoch
        self.signature = signature
    }

    /// A certificate's copy of `ruling`.
    package init(_ ruling: Signed<Ruling>) {
        self.init(
            project: ruling.body.project,
            unit: ruling.body.unit,
            core: ruling.body.core,
            epoch: ruling.body.epoch,
            signature: ruling.signature
        )
    }

    /// The RULING on the job `manifest` that this stands for.
    package func statement(of manifest: ManifestID) -> Signed<Ruling> {
        Signed(
            Ruling(project: project, manifest: manifest, unit: unit, core: core, epoch: epoch),
            signature: signature
        )
    }
}

/// CERTIFICATE: a self-contained proof that units' results won their vote.
package struct Certificate: StatementBody {
    package static let kind = StatementKind.certificate
    /// The only version of the format.
    package static let version: UInt64 = 1

    /// The job.
    package let manifest: ManifestID
    /// The steward that assembled it and signs.
    package let steward: PeerID
    /// Which vote it proves.
    package let vote: CertificateKind
    /// The certified units, ascending.
    package let units: [UInt32]
    /// The commit sets, in rounds' order.
    package let sets: [CertificateSet]
    /// Every revealed result, ascending by (set, worker).
    package let entries: [CertificateEntry]
    /// One for each core that was voted for in a panel, audit or ruling, ascending by (unit, core
    /// hash); empty for the kinds of one round.
    package let openings: [UnitCore]
    /// One for each certified unit of a ruling certificate, ascending; else empty.
    package let rulings: [EmbeddedRuling]

    /// A certificate with every field given.
    package init(
        manifest: ManifestID,
        steward: PeerID,
        vote: CertificateKind,
        units: [UInt32],
        sets: [CertificateSet],
        entries: [CertificateEntry],
        openings: [UnitCore],
        rulings: [EmbeddedRuling]
    ) {
        self.manifest = manifest
        self.steward = steward
        self.vote = vote
        self.units = units
        self.sets = sets
        self.entries = entries
        self.openings = openings
        self.rulings = rulings
    }

    package var signer: Digest { steward.digest }

    /// The certificate's own round: the highest of its sets.
    package var round: UInt32 { sets.map(\.round).max() ?? 0 }

    /// UTC hours since 1970: the highest of its sets and rulings.
    package var epoch: UInt64 {
        max(sets.map(\.epoch).max() ?? 0, rulings.map(\.epoch).max() ?? 0)
    }

    package var slots: [Slot] {
        units.map { unit in
            Slot(.certificate, signer: signer, count: 4) { encoder in
                encoder.identifier(manifest)
                encoder.unsigned(UInt64(vote.rawValue))
                encoder.unsigned(UInt64(round))
                encoder.unsigned(UInt64(unit))
            }
        }
    }

    /// The RESULT that `entry` stands for, given the hash of its set.
    package func result(of entry: CertificateEntry, setHash: Digest) -> ResultStatement {
        let set = sets[Int(entry.set)]
        return ResultStatement(
            worker: entry.worker,
            manifest: manifest,
            steward: set.steward,
            round: set.round,
            units: set.units,
            digests: entry.digests,
            operations: entry.operations,
            nonce: entry.nonce,
            setHash: setHash
        )
    }

    /// Who has a seat in the set at `index`, in any order: its entries and silent members.
    package func seats(ofSet index: Int) -> [(worker: PeerID, seat: UInt8, widening: UInt8)] {
        entries.filter { Int($0.set) == index }.map { ($0.worker, $0.seat, $0.widening) }
            + sets[index].unrevealed.map { ($0.worker, $0.seat, $0.widening) }
    }

    /// The commit set at `index`, put together again from its entries and silent members.
    package func commitSet(at index: Int) -> CommitSet {
        let set = sets[index]
        let revealed = entries.filter { Int($0.set) == index }.map { entry in
            SetMember(
                worker: entry.worker,
                seat: entry.seat,
                widening: entry.widening,
                commit: result(of: entry, setHash: .zero).commitment
            )
        }
        return CommitSet(
            steward: set.steward,
            manifest: manifest,
            round: set.round,
            units: set.units,
            epoch: set.epoch,
            seatCount: set.seatCount,
            members: revealed + set.unrevealed
        )
    }
}

/// OPENING: the cores behind a certificate's digests; unsigned, it checks itself.
package struct Opening: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The certificate that it opens.
    package let certificate: ItemID
    /// The certified units' cores, ascending by unit.
    package let cores: [UnitCore]
    /// SHA-256 of the encoded opening.
    package let id: ItemID

    /// The opening of `certificate`.
    package init(manifest: ManifestID, certificate: ItemID, cores: [UnitCore]) {
        self.manifest = manifest
        self.certificate = certificate
        self.cores = cores
        var encoder = CBOREncoder()
        Self.encode(manifest, certificate, cores, into: &encoder)
        id = ItemID(SHA256.hash(encoder.bytes))
    }

    /// Writes the payload.
    package func encode(into encoder: inout CBOREncoder) {
        Self.encode(manifest, certificate, cores, into: &encoder)
    }

    private static func encode(
        _ manifest: ManifestID,
        _ certificate: ItemID,
        _ cores: [UnitCore],
        into encoder: inout CBOREncoder
    ) {
        encoder.map(3)
        encoder.unsigned(1)
        encoder.identifier(manifest)
        encoder.unsigned(2)
        encoder.identifier(certificate)
        encoder.unsigned(3)
        encoder.cores(cores)
    }

    /// Reads the payload.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 3)
        try decoder.key(1)
        let manifest: ManifestID = try decoder.identifier()
        try decoder.key(2)
        let certificate: ItemID = try decoder.identifier()
        try decoder.key(3)
        self.init(
            manifest: manifest,
            certificate: certificate,
            cores: try decoder.bundleCores()
        )
    }
}

extension CBOREncoder {
    /// An array of opened cores.
    mutating func cores(_ cores: [UnitCore]) {
        array(cores.count)
        for each in cores {
            array(4)
            unsigned(UInt64(each.unit))
            each.core.encode(into: &self)
        }
    }
}

extension CBORDecoder {
    /// The cores of a bundle's units: 1 to `Limits.unitsPerBundle`, strictly ascending by unit.
    mutating func bundleCores() throws(DecodeError) -> [UnitCore] {
        let start = position
        let cores = try cores(upTo: Limits.unitsPerBundle)
        for (left, right) in zip(cores, cores.dropFirst()) where left.unit >= right.unit {
            throw .notAscending(at: start, field: "units")
        }
        guard !cores.isEmpty else { throw .outOfRange(at: start, field: "units") }
        return cores
    }

    /// An array of at most `limit` opened cores, in any order.
    mutating func cores(upTo limit: Int) throws(DecodeError) -> [UnitCore] {
        try list(upTo: limit) { (decoder) throws(DecodeError) in
            try decoder.array(exactly: 4)
            return UnitCore(
                unit: try decoder.unit(),
                core: try Core(from: &decoder)
            )
        }
    }
}
