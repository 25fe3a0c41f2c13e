import Primitives
import Wire

/// Random items, first frames and messages.
extension PRNG {
    /// The number of builders that `item(_:)` knows.
    static var itemCount: Int { 10 }

    /// An item of the kind at `index` of ten.
    mutating func item(_ index: Int) -> Item {
        switch index {
        case 0: .manifest(signed(manifest()))
        case 1: .certificate(signed(certificate()))
        case 2: .opening(opening())
        case 3: .ruling(signed(ruling()))
        case 4: .cancel(signed(cancel()))
        case 5: .hold(signed(hold()))
        case 6: .device(signed(device()))
        case 7: .revoke(signed(revoke()))
        case 8: .anchor(signed(anchor()))
        default: .fault(fault())
        }
    }

    mutating func hello() -> Hello {
        Hello(isWelcome: below(2) == 0, network: identifier(), record: signed(record()))
    }

    mutating func beacon() -> Beacon {
        let signature = signature()
        return Beacon(
            network: identifier(),
            peer: identifier(),
            curveKey: identifier(),
            port: UInt16(1 + below(65_535)),
            epoch: number(),
            sign: { _ in signature }
        )
    }

    /// The number of builders that `message(_:)` knows.
    static var messageCount: Int { 24 }

    /// A message of the kind at `index` of twenty-four.
    mutating func message(_ index: Int) -> Message {
        switch index {
        case 0: return .record(signed(record()))
        case 1:
            let kind = count(0...Self.itemCount - 1)
            return .item(item(kind))
        case 2: return .reconcile(reconciliation())
        case 3:
            let size = count(0...5)
            return .fetch(replicatedSet(), list(size) { $0.key() }.sorted())
        case 4: return .claim(claim())
        case 5: return .lease(lease())
        case 6: return .commit(signed(commit()))
        case 7: return .commitSet(signed(commitSet()))
        case 8: return .reveal(reveal())
        case 9: return .refuse(refusal())
        case 10: return .opening(opening())
        default: return dataMessage(index)
        }
    }

    private mutating func dataMessage(_ index: Int) -> Message {
        switch index {
        case 11: .resultWant(digest(), offset: below(Limits.resultByteCount + 1))
        case 12: .resultPiece(resultPiece())
        case 13:
            .resultOffer(ResultOffer(manifest: identifier(), cores: opening().cores))
        case 14: .resultHeld(UnitList(manifest: identifier(), units: units()))
        case 15: .held(UnitList(manifest: identifier(), units: units()))
        case 16: .chunkWant(ChunkWant(root: digest(), index: number32()))
        case 17: .chunk(chunk())
        case 18: .acting(ShardList(manifest: identifier(), shards: shards()))
        default: membershipMessage(index)
        }
    }

    private mutating func membershipMessage(_ index: Int) -> Message {
        switch index {
        case 19: return .beat(incarnation: number())
        case 20: return .alert(signed(alert()))
        case 21: return .evict(eviction())
        case 22: return .bye(signed(bye()))
        default:
            let size = count(0...5)
            return .have(replicatedSet(), list(size) { $0.key() }.sorted())
        }
    }

    mutating func bye() -> Bye { Bye(peer: identifier(), incarnation: number()) }

    mutating func alert(subject: PeerID? = nil, incarnation: UInt64? = nil) -> Alert {
        Alert(
            observer: identifier(),
            subject: subject ?? identifier(),
            incarnation: incarnation ?? number(),
            rings: UInt8(1 + below(255)),
            epoch: number()
        )
    }

    private mutating func eviction() -> Eviction {
        let subject: PeerID = identifier()
        let incarnation = number()
        let size = count(1...Limits.alertsPerEviction)
        let alerts = list(size) { $0.signed($0.alert(subject: subject, incarnation: incarnation)) }
        guard let eviction = Eviction(alerts: alerts) else {
            preconditionFailure("alerts of different observers about one record")
        }
        return eviction
    }

    private mutating func shards() -> [UInt32] {
        (0...UInt32(below(20))).map { $0 * 100 + UInt32(below(100)) }
    }

    mutating func replicatedSet() -> ReplicatedSet { below(2) == 0 ? .records : .ledger }

    mutating func reconciliation() -> Reconciliation {
        let size = count(0...5)
        let ends = list(size) { $0.key() }.sorted()
        var ranges = ends.map { ReconciliationRange(end: $0, claim: rangeClaim()) }
        if below(2) == 0 {
            ranges.append(ReconciliationRange(end: nil, claim: rangeClaim()))
        }
        return Reconciliation(set: replicatedSet(), ranges: ranges)
    }

    private mutating func rangeClaim() -> RangeClaim {
        switch below(3) {
        case 0: return .settled
        case 1: return .fingerprint(count: number(), digest())
        default:
            let size = count(0...4)
            return .keys(list(size) { $0.key() }.sorted())
        }
    }

    mutating func claim() -> Claim {
        Claim(
            manifest: identifier(),
            shard: UInt32(below(3_907)),
            unitCount: number32(),
            operationsPerSecond: number(),
            sealed: below(3) == 0 ? [] : units(),
            isIdle: below(2) == 0
        )
    }

    mutating func lease() -> Lease {
        let size = count(0...Limits.holdersPerLease)
        return Lease(
            manifest: identifier(),
            units: units(),
            seatCount: number8(),
            epoch: number(),
            round: number32(),
            seat: number8(),
            widening: widening(),
            commitMilliseconds: number(),
            holders: list(size) { $0.identifier() },
            wantsReference: below(2) == 0
        )
    }

    mutating func reveal() -> Reveal {
        let units = units()
        return Reveal(
            result: signed(result(units: units)),
            cores: list(units.count) { $0.core() },
            commit: below(2) == 0 ? nil : signed(commit())
        )
    }

    mutating func refusal() -> Refusal {
        Refusal(
            manifest: identifier(),
            shard: UInt32(below(3_907)),
            round: below(2) == 0
                ? nil : RoundKey(number: number32(), firstUnit: units(upTo: 1)[0]),
            reason: RefusalReason.allCases[count(0...5)],
            retryMilliseconds: number()
        )
    }

    mutating func resultPiece() -> ResultPiece {
        let size = count(1...100)
        let total = UInt64(size) + below(Limits.resultByteCount - 100)
        return ResultPiece(
            resultHash: digest(),
            byteCount: total,
            offset: below(total - UInt64(size) + 1),
            bytes: bytes(size)
        )
    }

    mutating func chunk() -> Chunk {
        let size = count(0...100)
        let height = count(0...Limits.proofHashes)
        return Chunk(
            root: digest(),
            datasetByteCount: below(Limits.datasetByteCount + 1),
            index: number32(),
            bytes: bytes(size),
            proof: list(height) { $0.digest() }
        )
    }
}
