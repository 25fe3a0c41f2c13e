import PeerCore
import Primitives
import Wire

/// Values that a hostile peer would pick: real ones, and those at the bounds of their type.
extension World {
    func signed<Body: StatementBody>(_ body: Body, by peer: SimulatedPeer) -> Signed<Body> {
        let bytes = COSE.signedBytes(kind: Body.kind, network: network, payload: body.payload)
        return Signed(body, signature: crypto.sign(bytes, by: peer.id.digest))
    }

    func anyNumber() -> UInt64 {
        switch random.below(6) {
        case 0: 0
        case 1: 1
        case 2: random.below(100)
        case 3: random.below(100_000)
        case 4: .max
        default: random.next()
        }
    }

    func anyDigest() -> Digest {
        Digest(random.next(), random.next(), random.next(), random.next())
    }

    func anyManifest() -> ManifestID {
        guard let manifestID, random.below(8) > 0 else { return ManifestID(anyDigest()) }
        return manifestID
    }

    func anyPeer() -> PeerID { peers[Int(random.below(UInt64(peers.count)))].id }

    func anyRoot() -> Digest { random.below(4) == 0 ? anyDigest() : oracle.root }

    func anyRound() -> UInt32 {
        random.below(16) == 0 ? .max : UInt32(truncatingIfNeeded: random.below(5))
    }

    func anyEpoch() -> UInt64 {
        switch random.below(4) {
        case 0: anyNumber()
        case 1: epoch + random.below(4)
        default: epoch
        }
    }

    func anyUnit() -> UInt32 {
        switch random.below(8) {
        case 0: Limits.unitsPerManifest - 1
        case 1: oracle.units
        default: UInt32(truncatingIfNeeded: random.below(UInt64(oracle.units)))
        }
    }

    func anyShard() -> UInt32 {
        random.below(4) == 0 ? anyUnit() % Limits.shardsPerManifest : 0
    }

    /// One to some units, ascending.
    func anyUnits() -> [UInt32] {
        var units = SortedTable<UInt32, Bool>()
        for _ in 0..<(1 + random.below(4)) { units[anyUnit()] = true }
        return units.keys
    }

    func anyHash() -> Digest {
        let unit = UInt32(truncatingIfNeeded: random.below(UInt64(oracle.units)))
        return random.below(2) == 0
            ? anyDigest() : oracle.truth(of: unit, crypto: crypto).resultHash
    }

    func anyCore(of unit: UInt32) -> Core {
        guard random.below(3) > 0, unit < oracle.units else {
            return Core(resultHash: anyHash(), operations: anyNumber(), evidence: anyDigest())
        }
        return oracle.truth(of: unit, crypto: crypto)
    }

    func anyCores() -> [UnitCore] {
        anyUnits().map { UnitCore(unit: $0, core: anyCore(of: $0)) }
    }

    func anyPiece() -> ResultPiece {
        let count = random.below(3)
        return ResultPiece(
            resultHash: anyHash(),
            byteCount: random.below(4) == 0 ? Limits.resultByteCount : count,
            offset: random.below(2) == 0 ? 0 : random.below(30),
            bytes: Bytes(repeating: 9, count: Int(count))
        )
    }

    /// Real keys and others, ascending.
    func anyKeys() -> [ItemKey] {
        let real = peers[0].core?.peer.ledgerKeys ?? []
        var keys = SortedTable<ItemKey, Bool>()
        for _ in 0..<random.below(6) {
            let isReal = !real.isEmpty && random.below(2) == 0
            let key =
                isReal
                ? real[Int(random.below(UInt64(real.count)))]
                : ItemKey(epoch: anyEpoch(), id: ItemID(anyDigest()))
            keys[key] = true
        }
        return keys.keys
    }
}
