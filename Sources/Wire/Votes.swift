package import Primitives

/// COMMIT: a worker's promise of its result, before anybody can see one.
package struct CommitStatement: StatementBody {
    package static let kind = StatementKind.commit

    /// The worker, which signs.
    package let worker: PeerID
    /// The job.
    package let manifest: ManifestID
    /// The steward that leased the bundle.
    package let steward: PeerID
    /// The steward's round.
    package let round: UInt32
    /// The bundle, ascending.
    package let units: [UInt32]
    /// `H("starling/commit/1", …)`; see `commitment`.
    package let commit: Digest

    /// A promise with every field given.
    package init(
        worker: PeerID,
        manifest: ManifestID,
        steward: PeerID,
        round: UInt32,
        units: [UInt32],
        commit: Digest
    ) {
        self.worker = worker
        self.manifest = manifest
        self.steward = steward
        self.round = round
        self.units = units
        self.commit = commit
    }

    package var signer: Digest { worker.digest }

    package var slots: [Slot] {
        Slot.bundle(
            .commit,
            signer: worker,
            manifest: manifest,
            steward: steward,
            round: round,
            units: units
        )
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(6)
        encoder.vote(
            worker: worker,
            manifest: manifest,
            steward: steward,
            round: round,
            units: units
        )
        encoder.unsigned(6)
        encoder.digest(commit)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 6)
        (worker, manifest, steward, round, units) = try decoder.vote()
        try decoder.key(6)
        commit = try decoder.digest()
    }
}

/// RESULT: what a worker found, one digest a unit, bound to the closed commit set.
package struct ResultStatement: StatementBody {
    package static let kind = StatementKind.result

    /// Bytes of the number that hides a commitment until it is opened.
    package static let nonceByteCount = 16

    /// The worker, which signs.
    package let worker: PeerID
    /// The job.
    package let manifest: ManifestID
    /// The steward that leased the bundle.
    package let steward: PeerID
    /// The steward's round.
    package let round: UInt32
    /// The bundle, ascending.
    package let units: [UInt32]
    /// One for each unit, as `Core.digest` makes them.
    package let digests: [Digest]
    /// Operations of each unit.
    package let operations: [UInt64]
    /// What the commitment was hidden with.
    package let nonce: Bytes
    /// Hash of the commit set that holds this worker's commitment.
    package let setHash: Digest

    /// A result with every field given; `digests` and `operations` have one entry for each unit.
    package init(
        worker: PeerID,
        manifest: ManifestID,
        steward: PeerID,
        round: UInt32,
        units: [UInt32],
        digests: [Digest],
        operations: [UInt64],
        nonce: Bytes,
        setHash: Digest
    ) {
        precondition(digests.count == units.count && operations.count == units.count)
        precondition(nonce.count == Self.nonceByteCount)
        self.worker = worker
        self.manifest = manifest
        self.steward = steward
        self.round = round
        self.units = units
        self.digests = digests
        self.operations = operations
        self.nonce = nonce
        self.setHash = setHash
    }

    package var signer: Digest { worker.digest }

    package var slots: [Slot] {
        Slot.bundle(
            .result,
            signer: worker,
            manifest: manifest,
            steward: steward,
            round: round,
            units: units
        )
    }

    /// The commitment that this result opens:
    /// `H("starling/commit/1", manifest, steward, round, [units], worker, [digests], nonce)`.
    package var commitment: Digest {
        taggedHash("starling/commit/1", count: 7) { encoder in
            encoder.identifier(manifest)
            encoder.identifier(steward)
            encoder.unsigned(UInt64(round))
            encoder.units(units)
            encoder.identifier(worker)
            encoder.digests(digests)
            encoder.byteString(nonce)
        }
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(9)
        encoder.vote(
            worker: worker,
            manifest: manifest,
            steward: steward,
            round: round,
            units: units
        )
        encoder.unsigned(6)
        encoder.digests(digests)
        encoder.unsigned(7)
        encoder.unsigneds(operations)
        encoder.unsigned(8)
        encoder.byteString(nonce)
        encoder.unsigned(9)
        encoder.digest(setHash)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 9)
        (worker, manifest, steward, round, units) = try decoder.vote()
        try decoder.key(6)
        digests = try decoder.digests(exactly: units.count)
        try decoder.key(7)
        operations = try decoder.unsigneds(exactly: units.count)
        try decoder.key(8)
        nonce = try decoder.byteString(exactly: Self.nonceByteCount)
        try decoder.key(9)
        setHash = try decoder.digest()
    }
}

extension CBOREncoder {
    /// Fields 1 to 5 of COMMIT and RESULT.
    fileprivate mutating func vote(
        worker: PeerID,
        manifest: ManifestID,
        steward: PeerID,
        round: UInt32,
        units: [UInt32]
    ) {
        unsigned(1)
        identifier(worker)
        unsigned(2)
        identifier(manifest)
        unsigned(3)
        identifier(steward)
        unsigned(4)
        unsigned(UInt64(round))
        unsigned(5)
        self.units(units)
    }
}

extension CBORDecoder {
    /// Fields 1 to 5 of COMMIT and RESULT.
    fileprivate mutating func vote() throws(DecodeError) -> (
        PeerID, ManifestID, PeerID, UInt32, [UInt32]
    ) {
        try key(1)
        let worker: PeerID = try identifier()
        try key(2)
        let manifest: ManifestID = try identifier()
        try key(3)
        let steward: PeerID = try identifier()
        try key(4)
        let round = try unsigned32(field: "round")
        try key(5)
        return (worker, manifest, steward, round, try units())
    }

    /// An array of exactly `count` digests.
    mutating func digests(exactly count: Int) throws(DecodeError) -> [Digest] {
        let start = position
        let list = try list(upTo: count) { (decoder) throws(DecodeError) in
            try decoder.digest()
        }
        guard list.count == count else { throw .outOfRange(at: start, field: "digests") }
        return list
    }

    /// An array of exactly `count` numbers.
    mutating func unsigneds(exactly count: Int) throws(DecodeError) -> [UInt64] {
        let start = position
        let list = try list(upTo: count) { (decoder) throws(DecodeError) in
            try decoder.unsigned()
        }
        guard list.count == count else { throw .outOfRange(at: start, field: "operations") }
        return list
    }
}
