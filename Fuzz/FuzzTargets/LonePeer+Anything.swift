import PeerCore
import Primitives
import TestSupport
import Wire

/// Messages that strangers make up: of every kind, well-formed, with values that are real or stand
/// at the bounds of their types.
extension LonePeer {
    /// A stranger says something.
    func say(_ choices: inout Choices) {
        let peer = anyStranger(&choices)
        guard let message = anyMessage(of: peer, &choices), !holdsOwn(message) else { return }
        if case .item(let item) = message, !items.contains(item) { items.append(item) }
        receive(message, from: peer)
    }

    func anyStranger(_ choices: inout Choices) -> PeerID { choices.pick(Self.strangers) }

    /// One to four units, ascending.
    func anyUnits(_ choices: inout Choices) -> [UInt32] {
        distinct((0...choices.below(4)).map { _ in anyUnit(&choices) })
    }

    private func anyUnit(_ choices: inout Choices) -> UInt32 {
        choices.oneIn(16) ? Limits.unitsPerManifest - 1 : UInt32(choices.below(7))
    }

    private func anyManifest(_ choices: inout Choices) -> ManifestID {
        choices.oneIn(16) ? ManifestID(choices.digest()) : id
    }

    private func anyShard(_ choices: inout Choices) -> UInt32 {
        choices.oneIn(8) ? UInt32(choices.below(Int(Limits.shardsPerManifest))) : 0
    }

    private func anyRound(_ choices: inout Choices) -> UInt32 {
        choices.oneIn(16) ? .max : UInt32(choices.below(6))
    }

    private func anyEpoch(_ choices: inout Choices) -> UInt64 {
        choices.oneIn(8) ? choices.number() : epoch + UInt64(choices.below(4)) - 1
    }

    private func anyPeer(_ choices: inout Choices) -> PeerID {
        choices.oneIn(4) ? Self.me : anyStranger(&choices)
    }

    private func anyCore(of unit: UInt32, _ choices: inout Choices) -> Core {
        guard choices.oneIn(8) else {
            return TestGrid.core(unit, variant: UInt64(choices.below(2)))
        }
        return Core(
            resultHash: choices.digest(),
            operations: choices.number(),
            evidence: choices.digest()
        )
    }

    private func anyCores(_ choices: inout Choices) -> [UnitCore] {
        anyUnits(&choices).map { UnitCore(unit: $0, core: anyCore(of: $0, &choices)) }
    }

    private func anyHash(_ choices: inout Choices) -> Digest {
        anyCore(of: anyUnit(&choices), &choices).resultHash
    }

    private func anyKeys(_ choices: inout Choices) -> [ItemKey] {
        distinct(
            (0..<choices.below(5)).map { _ in
                let item = choices.pick(items)
                let id = choices.oneIn(4) ? ItemID(choices.digest()) : item.id
                return ItemKey(epoch: item.epoch ?? anyEpoch(&choices), id: id)
            }
        )
    }

    // MARK: - Messages

    private func anyMessage(of peer: PeerID, _ choices: inout Choices) -> Message? {
        switch choices.below(22) {
        case 20: return anyWordOnHubs(of: peer, &choices)
        case 21: return .have(.ledger, anyKeys(&choices))
        case 0: return .record(anyRecord(of: peer, &choices))
        case 1...4: return anyItem(of: peer, &choices).map { .item($0) }
        case 5: return .reconcile(anyReconciliation(&choices))
        case 6: return .fetch(choices.below(2) == 0 ? .ledger : .records, anyKeys(&choices))
        case 7: return .claim(anyClaim(&choices))
        case 8, 9: return .lease(anyLease(&choices))
        case 10, 11, 12, 13: return anyVote(of: peer, &choices)
        case 14: return .refuse(anyRefusal(&choices))
        case 15: return .opening(anyOpening(&choices))
        case 16:
            return .acting(
                ShardList(manifest: anyManifest(&choices), shards: [anyShard(&choices)])
            )
        case 17: return .chunkWant(ChunkWant(root: grid.manifest.datasetRoot, index: 0))
        default: return anyData(&choices)
        }
    }

    private func anyWordOnHubs(of peer: PeerID, _ choices: inout Choices) -> Message? {
        let alerts = (0...choices.below(3)).map { _ in
            grid.sign(
                Alert(
                    observer: choices.oneIn(4) ? TestGrid.peer(UInt64(choices.byte()) + 60) : peer,
                    subject: choices.oneIn(2) ? Self.me : peer,
                    incarnation: choices.oneIn(2) ? 1 : choices.number(),
                    rings: UInt8(1 + choices.below(255)),
                    epoch: anyEpoch(&choices)
                )
            )
        }
        switch choices.below(4) {
        case 0: return .beat(incarnation: choices.number())
        case 1: return .alert(alerts[0])
        case 2: return Eviction(alerts: alerts).map { .evict($0) }
        default: return .bye(grid.sign(Bye(peer: peer, incarnation: choices.number())))
        }
    }

    private func anyRecord(of peer: PeerID, _ choices: inout Choices) -> Signed<Record> {
        let epoch = anyEpoch(&choices)
        return grid.record(
            of: choices.oneIn(8) ? TestGrid.peer(UInt64(choices.byte()) + 60) : peer,
            incarnation: choices.number(),
            epoch: epoch,
            expiry: saturatingSum(epoch, choices.number()),
            role: choices.below(2) == 0 ? .hub : .leaf,
            owner: choices.below(2) == 0 ? owner : nil
        )
    }

    private func anyClaim(_ choices: inout Choices) -> Claim {
        Claim(
            manifest: anyManifest(&choices),
            shard: anyShard(&choices),
            unitCount: UInt32(truncatingIfNeeded: choices.number()),
            operationsPerSecond: choices.number(),
            sealed: choices.below(2) == 0 ? [] : anyUnits(&choices),
            isIdle: choices.below(2) == 0
        )
    }

    private func anyLease(_ choices: inout Choices) -> Lease {
        Lease(
            manifest: anyManifest(&choices),
            units: anyUnits(&choices),
            seatCount: UInt8(choices.below(4)),
            epoch: anyEpoch(&choices),
            round: anyRound(&choices),
            seat: UInt8(choices.below(3)),
            widening: UInt8(choices.below(64)),
            commitMilliseconds: choices.below(2) == 0 ? 60_000 : choices.number(),
            holders: choices.below(2) == 0 ? [] : [anyPeer(&choices)]
        )
    }

    private func anyVote(of peer: PeerID, _ choices: inout Choices) -> Message {
        var lease = anyLease(&choices)
        // Mostly an answer to a lease that the peer has given.
        for case .lease(let given) in sent.reversed().map(\.message) where !choices.oneIn(4) {
            lease = given
            break
        }
        let steward = choices.oneIn(8) ? peer : Self.me
        let cores = lease.units.map { anyCore(of: $0, &choices) }
        switch choices.below(3) {
        case 0: return .commit(grid.commit(lease, of: steward, by: peer, cores: cores))
        case 1:
            let hash = choices.below(2) == 0 ? nil : lastSetHash ?? choices.digest()
            return .reveal(
                grid.reveal(lease, of: steward, by: peer, cores: cores, setHash: hash)
            )
        default:
            return .commitSet(grid.sign(anySet(of: peer, &choices)))
        }
    }

    private var lastSetHash: Digest? {
        for case .commitSet(let set) in sent.reversed().map(\.message) { return set.body.hash }
        return nil
    }

    private func anySet(of peer: PeerID, _ choices: inout Choices) -> CommitSet {
        let promise = sent.reversed().compactMap { each -> CommitStatement? in
            if case .commit(let signed) = each.message { signed.body } else { nil }
        }.first
        let isAnswer = choices.below(2) == 0
        let workers = distinct((0...choices.below(3)).map { _ in anyPeer(&choices) })
        return CommitSet(
            steward: peer,
            manifest: anyManifest(&choices),
            round: isAnswer ? promise?.round ?? 0 : anyRound(&choices),
            units: isAnswer ? promise?.units ?? [0] : anyUnits(&choices),
            epoch: anyEpoch(&choices),
            seatCount: UInt8(choices.below(4)),
            members: workers.map { worker in
                SetMember(
                    worker: worker,
                    seat: UInt8(choices.below(3)),
                    widening: 0,
                    commit: worker == Self.me
                        ? promise?.commit ?? choices.digest() : choices.digest()
                )
            }
        )
    }

    private func anyRefusal(_ choices: inout Choices) -> Refusal {
        let round = RoundKey(number: anyRound(&choices), firstUnit: anyUnit(&choices))
        return Refusal(
            manifest: anyManifest(&choices),
            shard: anyShard(&choices),
            round: choices.below(2) == 0 ? nil : round,
            reason: RefusalReason(rawValue: UInt8(choices.below(7))) ?? .stale,
            retryMilliseconds: choices.number()
        )
    }

    private func anyOpening(_ choices: inout Choices) -> Opening {
        Opening(
            manifest: anyManifest(&choices),
            certificate: choices.pick(items).id,
            cores: anyCores(&choices)
        )
    }

    private func anyData(_ choices: inout Choices) -> Message {
        let manifest = anyManifest(&choices)
        switch choices.below(5) {
        case 0: return .resultWant(anyHash(&choices), offset: choices.number())
        case 1:
            let count = choices.below(3)
            return .resultPiece(
                ResultPiece(
                    resultHash: anyHash(&choices),
                    byteCount: choices.below(2) == 0 ? UInt64(count) : Limits.resultByteCount,
                    offset: choices.below(2) == 0 ? 0 : choices.number(),
                    bytes: choices.bytes(count)
                )
            )
        case 2: return .resultOffer(ResultOffer(manifest: manifest, cores: anyCores(&choices)))
        case 3: return .resultHeld(UnitList(manifest: manifest, units: anyUnits(&choices)))
        default: return .held(UnitList(manifest: manifest, units: anyUnits(&choices)))
        }
    }

    private func anyReconciliation(_ choices: inout Choices) -> Reconciliation {
        let ends = anyKeys(&choices).map { Optional($0) } + [nil]
        let ranges = ends.map { end -> ReconciliationRange in
            switch choices.below(3) {
            case 0: ReconciliationRange(end: end, claim: .settled)
            case 1:
                ReconciliationRange(
                    end: end,
                    claim: .fingerprint(count: choices.number(), choices.digest())
                )
            default: ReconciliationRange(end: end, claim: .keys(anyKeys(&choices)))
            }
        }
        return Reconciliation(set: choices.below(2) == 0 ? .ledger : .records, ranges: ranges)
    }
}
