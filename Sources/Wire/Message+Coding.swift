package import Primitives

/// The number that begins each frame.
private enum Kind {
    static let record: UInt64 = 3
    static let item: UInt64 = 4
    static let reconcile: UInt64 = 5
    static let fetch: UInt64 = 6
    static let claim: UInt64 = 7
    static let lease: UInt64 = 8
    static let commit: UInt64 = 9
    static let commitSet: UInt64 = 10
    static let reveal: UInt64 = 11
    static let refuse: UInt64 = 12
    static let opening: UInt64 = 13
    static let resultWant: UInt64 = 14
    static let resultPiece: UInt64 = 15
    static let resultOffer: UInt64 = 16
    static let resultHeld: UInt64 = 17
    static let held: UInt64 = 18
    static let chunkWant: UInt64 = 19
    static let chunk: UInt64 = 20
    static let acting: UInt64 = 21
    static let beat: UInt64 = 22
    static let alert: UInt64 = 23
    static let evict: UInt64 = 24
    static let bye: UInt64 = 25
    static let have: UInt64 = 26
}

extension Message {
    /// The frame: an array of the kind's number and the fields.
    package var frame: Bytes {
        var encoder = CBOREncoder()
        encode(into: &encoder)
        precondition(encoder.bytes.count <= Limits.frameByteCount, "a message fits its frame")
        return encoder.bytes
    }

    /// The message in `frame`; nothing in it is verified yet.
    package init(frame: Bytes) throws(DecodeError) {
        guard frame.count <= Limits.frameByteCount else {
            throw .tooLong(at: 0, limit: Limits.frameByteCount)
        }
        var decoder = CBORDecoder(frame)
        let fieldCount = try decoder.array(upTo: Self.fieldsMax) - 1
        let kind = try decoder.unsigned()
        let message = try Self.message(kind, &decoder)
        guard fieldCount == message.fieldCount else {
            throw .outOfRange(at: 0, field: "fields of the message")
        }
        try decoder.finish()
        self = message
    }

    private static let fieldsMax = 12

    private var fieldCount: Int {
        switch self {
        case .record, .item, .commit, .commitSet, .opening, .beat, .alert, .evict, .bye: 1
        case .reconcile, .fetch, .resultWant, .resultOffer, .resultHeld, .held, .chunkWant,
            .acting, .have:
            2
        case .reveal: 3
        case .resultPiece: 4
        case .refuse, .chunk: 5
        case .claim: 6
        case .lease: 10
        }
    }

    private func encode(into encoder: inout CBOREncoder) {
        encoder.array(fieldCount + 1)
        switch self {
        case .record, .beat, .alert, .evict, .bye:
            encodeMembership(into: &encoder)
        case .item(let item):
            encoder.unsigned(Kind.item)
            item.encode(into: &encoder)
        case .reconcile(let reconciliation):
            encoder.unsigned(Kind.reconcile)
            reconciliation.encode(into: &encoder)
        case .fetch(let set, let keys):
            encoder.unsigned(Kind.fetch)
            encoder.unsigned(UInt64(set.rawValue))
            encoder.keys(keys)
        case .have(let set, let keys):
            encoder.unsigned(Kind.have)
            encoder.unsigned(UInt64(set.rawValue))
            encoder.keys(keys)
        case .claim, .lease, .commit, .commitSet, .reveal, .refuse, .opening, .acting:
            encodeScheduling(into: &encoder)
        case .resultWant, .resultPiece, .resultOffer, .resultHeld, .held, .chunkWant, .chunk:
            encodeData(into: &encoder)
        }
    }

    private func encodeMembership(into encoder: inout CBOREncoder) {
        switch self {
        case .record(let signed):
            encoder.unsigned(Kind.record)
            encoder.byteString(signed.envelope)
        case .beat(let incarnation):
            encoder.unsigned(Kind.beat)
            encoder.unsigned(incarnation)
        case .alert(let signed):
            encoder.unsigned(Kind.alert)
            encoder.byteString(signed.envelope)
        case .evict(let eviction):
            encoder.unsigned(Kind.evict)
            eviction.encode(into: &encoder)
        case .bye(let signed):
            encoder.unsigned(Kind.bye)
            encoder.byteString(signed.envelope)
        default:
            preconditionFailure("encoded elsewhere")
        }
    }

    private func encodeScheduling(into encoder: inout CBOREncoder) {
        switch self {
        case .claim(let claim):
            encoder.unsigned(Kind.claim)
            claim.encode(into: &encoder)
        case .lease(let lease):
            encoder.unsigned(Kind.lease)
            lease.encode(into: &encoder)
        case .commit(let signed):
            encoder.unsigned(Kind.commit)
            encoder.byteString(signed.envelope)
        case .commitSet(let signed):
            encoder.unsigned(Kind.commitSet)
            encoder.byteString(signed.envelope)
        case .reveal(let reveal):
            encoder.unsigned(Kind.reveal)
            reveal.encode(into: &encoder)
        case .refuse(let refusal):
            encoder.unsigned(Kind.refuse)
            refusal.encode(into: &encoder)
        case .opening(let opening):
            encoder.unsigned(Kind.opening)
            opening.encode(into: &encoder)
        case .acting(let list):
            encoder.unsigned(Kind.acting)
            list.encode(into: &encoder)
        default:
            preconditionFailure("encoded elsewhere")
        }
    }

    private func encodeData(into encoder: inout CBOREncoder) {
        switch self {
        case .resultWant(let hash, let offset):
            encoder.unsigned(Kind.resultWant)
            encoder.digest(hash)
            encoder.unsigned(offset)
        case .resultPiece(let piece):
            encoder.unsigned(Kind.resultPiece)
            piece.encode(into: &encoder)
        case .resultOffer(let offer):
            encoder.unsigned(Kind.resultOffer)
            encoder.identifier(offer.manifest)
            encoder.cores(offer.cores)
        case .resultHeld(let list):
            encoder.unsigned(Kind.resultHeld)
            list.encode(into: &encoder)
        case .held(let list):
            encoder.unsigned(Kind.held)
            list.encode(into: &encoder)
        case .chunkWant(let want):
            encoder.unsigned(Kind.chunkWant)
            encoder.digest(want.root)
            encoder.unsigned(UInt64(want.index))
        case .chunk(let chunk):
            encoder.unsigned(Kind.chunk)
            chunk.encode(into: &encoder)
        default:
            preconditionFailure("encoded elsewhere")
        }
    }

    private static func message(
        _ kind: UInt64,
        _ decoder: inout CBORDecoder
    ) throws(DecodeError) -> Message {
        switch kind {
        case Kind.record: .record(try decoder.signed())
        case Kind.item: .item(try Item(from: &decoder))
        case Kind.reconcile: .reconcile(try Reconciliation(from: &decoder))
        case Kind.fetch: .fetch(try decoder.replicatedSet(), try decoder.itemKeys())
        case Kind.claim: .claim(try Claim(from: &decoder))
        case Kind.lease: .lease(try Lease(from: &decoder))
        case Kind.commit: .commit(try decoder.signed())
        case Kind.commitSet: .commitSet(try decoder.signed())
        case Kind.reveal: .reveal(try Reveal(from: &decoder))
        case Kind.refuse: .refuse(try Refusal(from: &decoder))
        case Kind.opening: .opening(try Opening(from: &decoder))
        case Kind.resultWant:
            .resultWant(
                try decoder.digest(),
                offset: try decoder.unsigned(upTo: Limits.resultByteCount, field: "offset")
            )
        case Kind.resultPiece: .resultPiece(try ResultPiece(from: &decoder))
        case Kind.resultOffer: .resultOffer(try ResultOffer(from: &decoder))
        case Kind.resultHeld: .resultHeld(try UnitList(from: &decoder))
        case Kind.held: .held(try UnitList(from: &decoder))
        case Kind.chunkWant:
            .chunkWant(
                ChunkWant(
                    root: try decoder.digest(),
                    index: try decoder.unsigned32(field: "chunk")
                )
            )
        case Kind.chunk: .chunk(try Chunk(from: &decoder))
        case Kind.acting: .acting(try ShardList(from: &decoder))
        case Kind.beat: .beat(incarnation: try decoder.unsigned())
        case Kind.alert: .alert(try decoder.signed())
        case Kind.evict: .evict(try Eviction(from: &decoder))
        case Kind.bye: .bye(try decoder.signed())
        case Kind.have: .have(try decoder.replicatedSet(), try decoder.itemKeys())
        default: throw .unknownKind(kind)
        }
    }
}

extension Claim {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.identifier(manifest)
        encoder.unsigned(UInt64(shard))
        encoder.unsigned(UInt64(unitCount))
        encoder.unsigned(operationsPerSecond)
        encoder.units(sealed)
        encoder.bool(isIdle)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(
            manifest: try decoder.identifier(),
            shard: try decoder.shard(),
            unitCount: try decoder.unsigned32(field: "unit count"),
            operationsPerSecond: try decoder.unsigned(),
            sealed: try decoder.ascending(
                upTo: Limits.sealedPerClaim,
                field: "sealed units",
                by: { $0 },
                { (decoder) throws(DecodeError) in try decoder.unit() }
            ),
            isIdle: try decoder.bool()
        )
    }
}

extension Lease {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.identifier(manifest)
        encoder.units(units)
        encoder.unsigned(UInt64(seatCount))
        encoder.unsigned(epoch)
        encoder.unsigned(UInt64(round))
        encoder.unsigned(UInt64(seat))
        encoder.unsigned(UInt64(widening))
        encoder.unsigned(commitMilliseconds)
        encoder.identifiers(holders)
        encoder.bool(wantsReference)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(
            manifest: try decoder.identifier(),
            units: try decoder.units(),
            seatCount: try decoder.unsigned8(field: "seats"),
            epoch: try decoder.unsigned(),
            round: try decoder.unsigned32(field: "round"),
            seat: try decoder.unsigned8(field: "seat"),
            widening: UInt8(
                try decoder.unsigned(upTo: UInt64(Limits.wideningMax), field: "widening")
            ),
            commitMilliseconds: try decoder.unsigned(),
            holders: try decoder.list(upTo: Limits.holdersPerLease) {
                (decoder) throws(DecodeError) in try decoder.identifier()
            },
            wantsReference: try decoder.bool()
        )
    }
}

extension Reveal {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.byteString(result.envelope)
        encoder.array(cores.count)
        for core in cores {
            encoder.array(3)
            core.encode(into: &encoder)
        }
        if let commit { encoder.byteString(commit.envelope) } else { encoder.null() }
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        let result: Signed<ResultStatement> = try decoder.signed()
        let start = decoder.position
        let cores = try decoder.list(upTo: Limits.unitsPerBundle) {
            (decoder) throws(DecodeError) in
            try decoder.array(exactly: 3)
            return try Core(from: &decoder)
        }
        guard cores.count == result.body.units.count else {
            throw .outOfRange(at: start, field: "cores")
        }
        let commit: Signed<CommitStatement>? = try decoder.null() ? nil : try decoder.signed()
        self.init(result: result, cores: cores, commit: commit)
    }
}

extension Refusal {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.identifier(manifest)
        encoder.unsigned(UInt64(shard))
        if let round {
            encoder.array(2)
            encoder.unsigned(UInt64(round.number))
            encoder.unsigned(UInt64(round.firstUnit))
        } else {
            encoder.null()
        }
        encoder.unsigned(UInt64(reason.rawValue))
        encoder.unsigned(retryMilliseconds)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        let manifest: ManifestID = try decoder.identifier()
        let shard = try decoder.shard()
        let round = try decoder.null() ? nil : try decoder.roundKey()
        let start = decoder.position
        guard let reason = RefusalReason(rawValue: try decoder.unsigned8(field: "reason")) else {
            throw .outOfRange(at: start, field: "reason")
        }
        self.init(
            manifest: manifest,
            shard: shard,
            round: round,
            reason: reason,
            retryMilliseconds: try decoder.unsigned()
        )
    }
}

extension CBORDecoder {
    fileprivate mutating func roundKey() throws(DecodeError) -> RoundKey {
        try array(exactly: 2)
        return RoundKey(number: try unsigned32(field: "round"), firstUnit: try unit())
    }
}

extension ResultPiece {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.digest(resultHash)
        encoder.unsigned(byteCount)
        encoder.unsigned(offset)
        encoder.byteString(bytes)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        let hash = try decoder.digest()
        let total = try decoder.unsigned(upTo: Limits.resultByteCount, field: "result length")
        let start = decoder.position
        let offset = try decoder.unsigned(upTo: total, field: "offset")
        let bytes = try decoder.byteString(upTo: Limits.chunkByteCount)
        guard UInt64(bytes.count) <= total - offset, total == 0 || !bytes.isEmpty else {
            throw .outOfRange(at: start, field: "piece")
        }
        self.init(resultHash: hash, byteCount: total, offset: offset, bytes: bytes)
    }
}

extension ResultOffer {
    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(
            manifest: try decoder.identifier(),
            cores: try decoder.bundleCores()
        )
    }
}

extension UnitList {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.identifier(manifest)
        encoder.units(units)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(manifest: try decoder.identifier(), units: try decoder.units())
    }
}

extension ShardList {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.identifier(manifest)
        encoder.units(shards)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(manifest: try decoder.identifier(), shards: try decoder.shards())
    }
}

extension Chunk {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.digest(root)
        encoder.unsigned(datasetByteCount)
        encoder.unsigned(UInt64(index))
        encoder.byteString(bytes)
        encoder.digests(proof)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(
            root: try decoder.digest(),
            datasetByteCount: try decoder.unsigned(
                upTo: Limits.datasetByteCount,
                field: "dataset length"
            ),
            index: try decoder.unsigned32(field: "chunk"),
            bytes: try decoder.byteString(upTo: Limits.chunkByteCount),
            proof: try decoder.list(upTo: Limits.proofHashes) { (decoder) throws(DecodeError) in
                try decoder.digest()
            }
        )
    }
}
