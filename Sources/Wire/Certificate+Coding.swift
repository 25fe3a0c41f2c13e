import Primitives

extension Certificate {
    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(9)
        encoder.unsigned(1)
        encoder.unsigned(Self.version)
        encoder.unsigned(2)
        encoder.identifier(manifest)
        encoder.unsigned(3)
        encoder.identifier(steward)
        encoder.unsigned(4)
        encoder.unsigned(UInt64(vote.rawValue))
        encoder.unsigned(5)
        encoder.units(units)
        encoder.unsigned(6)
        encoder.array(sets.count)
        for set in sets { encode(set, into: &encoder) }
        encoder.unsigned(7)
        encoder.array(entries.count)
        for entry in entries { encode(entry, into: &encoder) }
        encoder.unsigned(8)
        encoder.cores(openings)
        encoder.unsigned(9)
        encoder.array(rulings.count)
        for ruling in rulings { encode(ruling, into: &encoder) }
    }

    /// The steward stands only when it is another than the certificate's, which is rare.
    private func encode(_ set: CertificateSet, into encoder: inout CBOREncoder) {
        encoder.array(7)
        if set.steward == steward { encoder.null() } else { encoder.identifier(set.steward) }
        encoder.unsigned(UInt64(set.round))
        encoder.units(set.units)
        encoder.unsigned(set.epoch)
        encoder.unsigned(UInt64(set.seatCount))
        if let signature = set.signature { encoder.signature(signature) } else { encoder.null() }
        encoder.array(set.unrevealed.count)
        for member in set.unrevealed { member.encode(into: &encoder) }
    }

    private func encode(_ entry: CertificateEntry, into encoder: inout CBOREncoder) {
        encoder.array(8)
        encoder.unsigned(UInt64(entry.set))
        encoder.identifier(entry.worker)
        encoder.unsigned(UInt64(entry.seat))
        encoder.unsigned(UInt64(entry.widening))
        encoder.byteString(entry.nonce)
        encoder.digests(entry.digests)
        encoder.unsigneds(entry.operations)
        encoder.signature(entry.signature)
    }

    private func encode(_ ruling: EmbeddedRuling, into encoder: inout CBOREncoder) {
        encoder.array(7)
        encoder.identifier(ruling.project)
        encoder.unsigned(UInt64(ruling.unit))
        ruling.core.encode(into: &encoder)
        encoder.unsigned(ruling.epoch)
        encoder.signature(ruling.signature)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 9)
        try decoder.key(1)
        let start = decoder.position
        guard try decoder.unsigned() == Self.version else {
            throw .outOfRange(at: start, field: "certificate version")
        }
        try decoder.key(2)
        let manifest: ManifestID = try decoder.identifier()
        try decoder.key(3)
        let steward: PeerID = try decoder.identifier()
        try decoder.key(4)
        let vote = try decoder.certificateKind()
        try decoder.key(5)
        let units = try decoder.units()
        try decoder.key(6)
        let sets = try decoder.list(upTo: Limits.setsPerCertificate) {
            (decoder) throws(DecodeError) in try decoder.certificateSet(steward: steward)
        }
        try decoder.key(7)
        let entries = try decoder.entries(sets: sets)
        try decoder.key(8)
        let openings = try decoder.openings()
        try decoder.key(9)
        let rulings = try decoder.ascending(
            upTo: Limits.unitsPerBundle,
            field: "rulings",
            by: { $0.unit },
            { (decoder) throws(DecodeError) in try decoder.embeddedRuling() }
        )
        self.init(
            manifest: manifest,
            steward: steward,
            vote: vote,
            units: units,
            sets: sets,
            entries: entries,
            openings: openings,
            rulings: rulings
        )
    }
}

extension CBORDecoder {
    fileprivate mutating func certificateKind() throws(DecodeError) -> CertificateKind {
        let start = position
        let number = try unsigned8(field: "certificate kind")
        guard let kind = CertificateKind(rawValue: number) else {
            throw .outOfRange(at: start, field: "certificate kind")
        }
        return kind
    }

    fileprivate mutating func certificateSet(
        steward: PeerID
    ) throws(DecodeError) -> CertificateSet {
        try array(exactly: 7)
        let start = position
        var own = steward
        if try !null() {
            own = try identifier()
            // The certificate's own steward is written as null: one form for one value.
            guard own != steward else { throw .notDeterministic(at: start) }
        }
        let round = try unsigned32(field: "round")
        let units = try units()
        let epoch = try unsigned()
        let seatCount = try unsigned8(field: "seats")
        var signature: Signature?
        if try !null() { signature = try self.signature() }
        return CertificateSet(
            steward: own,
            round: round,
            units: units,
            epoch: epoch,
            seatCount: seatCount,
            signature: signature,
            unrevealed: try members()
        )
    }

    fileprivate mutating func entries(
        sets: [CertificateSet]
    ) throws(DecodeError) -> [CertificateEntry] {
        let start = position
        let entries = try list(upTo: Limits.entriesPerCertificate) {
            (decoder) throws(DecodeError) in try decoder.entry(sets: sets)
        }
        for (left, right) in zip(entries, entries.dropFirst())
        where (left.set, left.worker) >= (right.set, right.worker) {
            throw .notAscending(at: start, field: "entries")
        }
        for (index, set) in sets.enumerated() {
            let revealed = entries.filter { Int($0.set) == index }.map(\.worker)
            guard revealed.count + set.unrevealed.count <= Limits.membersPerSet else {
                throw .tooLong(at: start, limit: Limits.membersPerSet)
            }
            // Whoever revealed is not silent: the commit set names each member once.
            guard !set.unrevealed.contains(where: { revealed.contains($0.worker) }) else {
                throw .outOfRange(at: start, field: "members of a set")
            }
        }
        return entries
    }

    private mutating func entry(sets: [CertificateSet]) throws(DecodeError) -> CertificateEntry {
        try array(exactly: 8)
        let start = position
        let set = try unsigned8(field: "set")
        guard Int(set) < sets.count else { throw .outOfRange(at: start, field: "set") }
        let worker: PeerID = try identifier()
        let seat = try unsigned8(field: "seat")
        let widening = UInt8(try unsigned(upTo: UInt64(Limits.wideningMax), field: "widening"))
        let nonce = try byteString(exactly: ResultStatement.nonceByteCount)
        let unitCount = sets[Int(set)].units.count
        return CertificateEntry(
            set: set,
            worker: worker,
            seat: seat,
            widening: widening,
            nonce: nonce,
            digests: try digests(exactly: unitCount),
            operations: try unsigneds(exactly: unitCount),
            signature: try signature()
        )
    }

    /// Opened cores, strictly ascending by (unit, core hash).
    fileprivate mutating func openings() throws(DecodeError) -> [UnitCore] {
        let start = position
        let limit = Limits.unitsPerBundle * Limits.entriesPerCertificate
        let openings = try cores(upTo: limit).map { ($0, $0.core.hash) }
        for (left, right) in zip(openings, openings.dropFirst())
        where (left.0.unit, left.1) >= (right.0.unit, right.1) {
            throw .notAscending(at: start, field: "openings")
        }
        return openings.map(\.0)
    }

    fileprivate mutating func embeddedRuling() throws(DecodeError) -> EmbeddedRuling {
        try array(exactly: 7)
        return EmbeddedRuling(
            project: try identifier(),
            unit: try unit(),
            core: try Core(from: &self),
            epoch: try unsigned(),
            signature: try signature()
        )
    }
}
