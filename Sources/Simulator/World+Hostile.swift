import Ledger
import PeerCore
import Primitives
import Wire

/// A peer that follows the protocol and, besides, says whatever a decoder lets through.
///
/// Every message is well formed, and signed where it must be, as a hostile machine could sign it.
/// No honest peer may trap, punish another honest one, or fail to finish its job.
extension World {
    /// The hostile peer: the last one, which is never a job's anchor.
    var hostile: SimulatedPeer? {
        options.isHostile ? peers[peers.count - 1] : nil
    }

    /// Sends some messages, and comes back until the honest peers have finished.
    func harass() {
        guard let hostile else { return }
        if !areFaultsOn, isFinished { return }
        let delay = TimeSpan.milliseconds(50 + random.below(1_000))
        queue.push(.hostility, at: now.advanced(by: delay))
        guard hostile.isUp, manifestID != nil else { return }
        for _ in 0..<(1 + random.below(4)) {
            let target = peers[Int(random.below(UInt64(peers.count - 1)))]
            if random.below(Self.forgeryStride) == 0 {
                send(forgery(of: hostile), from: hostile.index, to: target.index)
                continue
            }
            guard let message = hostileMessage(of: hostile, to: target),
                isWellFormed(message)
            else { continue }
            report.hostile += 1
            send(message, from: hostile.index, to: target.index)
        }
    }

    /// One message in so many has wrong bytes or a wrong signature, and costs it the link.
    private static let forgeryStride: UInt64 = 40

    /// A chunk of other bytes, or a statement that another key has signed.
    func forgery(of peer: SimulatedPeer) -> Message {
        let index = Int(random.below(UInt64(oracle.leaves.count)))
        let other = anyPeer() == peer.id ? peers[Self.submitter].id : anyPeer()
        guard random.below(2) == 0 else {
            var bytes = oracle.dataset[index]
            bytes[bytes.count - 1] ^= 1
            return .chunk(
                Chunk(
                    root: oracle.root,
                    datasetByteCount: oracle.byteCount,
                    index: UInt32(truncatingIfNeeded: index),
                    bytes: bytes,
                    proof: DataTree.proof(leaves: oracle.leaves, index: index)
                )
            )
        }
        let statement = CommitStatement(
            worker: other,
            manifest: anyManifest(),
            steward: peers[Self.submitter].id,
            round: anyRound(),
            units: anyUnits(),
            commit: anyDigest()
        )
        let bytes = COSE.signedBytes(
            kind: .commit,
            network: network,
            payload: statement.payload
        )
        let signature = crypto.sign(bytes, by: anyDigest())
        return .commit(Signed(statement, signature: signature))
    }

    /// What a byzantine peer says to whom it has just said `message`, for the same slot.
    func contradiction(to message: Message, of peer: SimulatedPeer) -> Message? {
        switch message {
        case .commit(let promise):
            let body = promise.body
            let other = CommitStatement(
                worker: body.worker,
                manifest: body.manifest,
                steward: body.steward,
                round: body.round,
                units: body.units,
                commit: anyDigest()
            )
            return .commit(signed(other, by: peer))
        case .commitSet(let set):
            let body = set.body
            let other = CommitSet(
                steward: body.steward,
                manifest: body.manifest,
                round: body.round,
                units: body.units,
                epoch: saturatingSum(body.epoch, 1),
                seatCount: body.seatCount,
                members: body.members
            )
            return .commitSet(signed(other, by: peer))
        case .reveal(let reveal):
            let body = reveal.result.body
            let opensNothing = random.below(2) == 0
            let other = ResultStatement(
                worker: body.worker,
                manifest: body.manifest,
                steward: body.steward,
                round: body.round,
                units: body.units,
                digests: body.digests,
                operations: body.operations,
                nonce: opensNothing ? Bytes(body.nonce.reversed()) : body.nonce,
                setHash: opensNothing ? body.setHash : anyDigest()
            )
            return .reveal(
                Reveal(
                    result: signed(other, by: peer),
                    cores: reveal.cores,
                    commit: reveal.commit
                )
            )
        default:
            return nil
        }
    }

    /// One statement of the hostile peer in so many is followed by another one for its slot.
    static let contradictionStride: UInt64 = 8

    /// Whether the receiving driver would hand the message to its core.
    private func isWellFormed(_ message: Message) -> Bool {
        do {
            let decoded = try Message(frame: message.frame)
            _ = try Verified(checking: decoded, with: crypto, in: network)
            return decoded == message
        } catch {
            return false
        }
    }

    /// A request that costs its sender nothing.
    func anyRequest() -> Message {
        switch random.below(6) {
        case 0: .claim(anyClaim())
        case 1: .resultWant(anyHash(), offset: anyNumber())
        case 2: .chunkWant(ChunkWant(root: anyRoot(), index: anyUnit()))
        case 3: .reconcile(anyReconciliation())
        case 4: .fetch(random.below(2) == 0 ? .ledger : .records, anyKeys())
        default: .acting(ShardList(manifest: anyManifest(), shards: [anyShard()]))
        }
    }

    private func hostileMessage(of peer: SimulatedPeer, to target: SimulatedPeer) -> Message? {
        switch random.below(27) {
        case 0: .claim(anyClaim())
        case 1, 2: .lease(anyLease())
        case 3: .commit(signed(anyCommit(of: peer, to: target), by: peer))
        case 4: .commitSet(signed(anySet(of: peer, with: target), by: peer))
        case 5, 6: .reveal(anyReveal(of: peer, to: target))
        case 7: .refuse(anyRefusal())
        case 8: .opening(anyOpening())
        case 9: .resultWant(anyHash(), offset: anyNumber())
        case 10: .resultPiece(anyPiece())
        case 11: .resultOffer(ResultOffer(manifest: anyManifest(), cores: anyCores()))
        case 12: .resultHeld(UnitList(manifest: anyManifest(), units: anyUnits()))
        case 13: .held(UnitList(manifest: anyManifest(), units: anyUnits()))
        case 14: .chunkWant(ChunkWant(root: anyRoot(), index: anyUnit()))
        case 15: .reconcile(anyReconciliation())
        case 16: .fetch(random.below(2) == 0 ? .ledger : .records, anyKeys())
        case 17: anyCertificate(of: peer, to: target)
        case 18: .item(.manifest(signedManifest(of: peer)))
        case 19: .item(.hold(signed(anyHold(of: peer), by: peer)))
        case 21: .acting(ShardList(manifest: anyManifest(), shards: [anyShard()]))
        case 20: .item(.device(signed(anyDevice(of: peer), by: peer)))
        case 22: .item(.anchor(signed(anyAnchor(of: peer, or: target), by: peer)))
        case 23: .alert(signed(anyAlert(of: peer), by: peer))
        case 24: Eviction(alerts: [signed(anyAlert(of: peer), by: peer)]).map { .evict($0) }
        case 25: random.below(2) == 0 ? .beat(incarnation: anyNumber()) : .have(.ledger, anyKeys())
        default: .item(.opening(anyOpening()))
        }
    }

    /// Somebody is silent, says whoever may not even watch it.
    private func anyAlert(of peer: SimulatedPeer) -> Alert {
        let subject = peers[Int(random.below(UInt64(peers.count)))]
        let isNow = random.below(4) > 0
        return Alert(
            observer: peer.id,
            subject: subject.id,
            incarnation: isNow ? subject.announced?.body.incarnation ?? 0 : anyNumber(),
            rings: random.below(2) == 0 ? .max : UInt8(1 + random.below(255)),
            epoch: isNow ? epoch : anyNumber()
        )
    }

    // MARK: - Scheduling

    private func anyClaim() -> Claim {
        Claim(
            manifest: anyManifest(),
            shard: anyShard(),
            unitCount: UInt32(truncatingIfNeeded: anyNumber()),
            operationsPerSecond: anyNumber(),
            sealed: anyUnits(),
            isIdle: random.below(2) == 0
        )
    }

    private func anyLease() -> Lease {
        Lease(
            manifest: anyManifest(),
            units: anyUnits(),
            seatCount: UInt8(truncatingIfNeeded: random.below(4)),
            epoch: anyEpoch(),
            round: anyRound(),
            seat: UInt8(truncatingIfNeeded: random.below(3)),
            widening: UInt8(truncatingIfNeeded: random.below(64)),
            commitMilliseconds: anyNumber(),
            holders: random.below(2) == 0 ? [] : [anyPeer(), anyPeer()]
        )
    }

    private func anyCommit(of peer: SimulatedPeer, to target: SimulatedPeer) -> CommitStatement {
        CommitStatement(
            worker: peer.id,
            manifest: anyManifest(),
            steward: random.below(4) == 0 ? anyPeer() : target.id,
            round: anyRound(),
            units: anyUnits(),
            commit: anyDigest()
        )
    }

    private func anySet(of peer: SimulatedPeer, with target: SimulatedPeer) -> CommitSet {
        let workers = random.below(2) == 0 ? [target.id] : [target.id, peer.id]
        return CommitSet(
            steward: peer.id,
            manifest: anyManifest(),
            round: anyRound(),
            units: anyUnits(),
            epoch: anyEpoch(),
            seatCount: UInt8(truncatingIfNeeded: random.below(4)),
            members: workers.map { worker in
                SetMember(worker: worker, seat: 0, widening: 0, commit: anyDigest())
            }
        )
    }

    private func anyReveal(of peer: SimulatedPeer, to target: SimulatedPeer) -> Reveal {
        let manifest = anyManifest()
        let round = anyRound()
        let units = anyUnits()
        let cores = units.map { anyCore(of: $0) }
        let digests = zip(units, cores).map { unit, core in
            core.digest(manifest: manifest, steward: target.id, round: round, unit: unit)
        }
        func result(_ setHash: Digest) -> ResultStatement {
            ResultStatement(
                worker: peer.id,
                manifest: manifest,
                steward: target.id,
                round: round,
                units: units,
                digests: digests,
                operations: cores.map(\.operations),
                nonce: Bytes(repeating: 7, count: ResultStatement.nonceByteCount),
                setHash: setHash
            )
        }
        let commit = CommitStatement(
            worker: peer.id,
            manifest: manifest,
            steward: target.id,
            round: round,
            units: units,
            commit: random.below(4) == 0 ? anyDigest() : result(.zero).commitment
        )
        let set = CommitSet(
            steward: target.id,
            manifest: manifest,
            round: round,
            units: units,
            epoch: epoch,
            seatCount: 1,
            members: [SetMember(worker: peer.id, seat: 0, widening: 0, commit: commit.commit)]
        )
        return Reveal(
            result: signed(result(random.below(4) == 0 ? anyDigest() : set.hash), by: peer),
            cores: cores,
            commit: random.below(4) == 0 ? nil : signed(commit, by: peer)
        )
    }

    private func anyRefusal() -> Refusal {
        let round = RoundKey(number: anyRound(), firstUnit: anyUnit())
        return Refusal(
            manifest: anyManifest(),
            shard: anyShard(),
            round: random.below(2) == 0 ? nil : round,
            reason: RefusalReason(rawValue: UInt8(random.below(6))) ?? .stale,
            retryMilliseconds: anyNumber()
        )
    }

    // MARK: - Ledger

    /// A certificate that is known, signed by another steward and perhaps cut short.
    private func anyCertificate(of peer: SimulatedPeer, to target: SimulatedPeer) -> Message? {
        guard let manifestID,
            let known = target.core?.peer.certificates(of: manifestID), !known.isEmpty
        else { return nil }
        let model = known[Int(random.below(UInt64(known.count)))]
        let isCut = random.below(2) == 0
        let copy = Certificate(
            manifest: model.manifest,
            steward: peer.id,
            vote: random.below(4) == 0 ? .panel : model.vote,
            units: isCut ? Array(model.units.prefix(1)) : model.units,
            sets: model.sets,
            entries: random.below(4) == 0 ? Array(model.entries.dropLast()) : model.entries,
            openings: model.openings,
            rulings: model.rulings
        )
        return .item(.certificate(signed(copy, by: peer)))
    }

    /// A job of the hostile peer's own that is over before it begins, with numbers at their bounds.
    private func signedManifest(of peer: SimulatedPeer) -> Signed<Manifest> {
        let body = Manifest(
            network: network,
            project: ProjectID(peer.id.digest),
            owner: OwnerID(peer.id.digest),
            submitter: anyPeer(),
            nonce: anyDigest(),
            epoch: epoch - 2,
            workload: Oracle.workload,
            workloadHash: .zero,
            parameters: [],
            datasetRoot: anyRoot(),
            datasetByteCount: random.below(Limits.datasetByteCount + 1),
            shape: [],
            unitCount: random.below(2) == 0 ? 1 : Limits.unitsPerManifest,
            operationsPerUnit: anyNumber(),
            resultByteCount: 0,
            memoryByteCount: anyNumber(),
            secondsPerUnit: Limits.secondsPerUnit,
            policy: .single,
            anchors: [],
            recognised: [],
            population: anyNumber(),
            priority: 255,
            deadline: epoch - 2,
            retention: .max,
            reducer: ""
        )
        return signed(body, by: peer)
    }

    /// A hold of somebody else's job.
    private func anyHold(of peer: SimulatedPeer) -> Hold {
        Hold(
            project: ProjectID(peer.id.digest),
            manifest: anyManifest(),
            number: UInt32(truncatingIfNeeded: random.below(UInt64(Limits.holdsPerManifest))),
            isHeld: random.below(2) == 0,
            epoch: anyEpoch()
        )
    }

    /// The hostile peer adopts itself; where it has a sibling, only as long as nobody else counts.
    private func anyDevice(of peer: SimulatedPeer) -> Device {
        let owner = OwnerID(peer.id.digest)
        let bytes = Device.consentBytes(network: network, owner: owner)
        return Device(
            owner: owner,
            peer: peer.id,
            consent: crypto.sign(bytes, by: peer.id.digest),
            epoch: options.areSiblings ? epoch + 1 : anyEpoch()
        )
    }

    /// A word for the jobs of a project that has none, for anybody.
    private func anyAnchor(of peer: SimulatedPeer, or target: SimulatedPeer) -> Anchor {
        let epoch = anyEpoch()
        return Anchor(
            project: ProjectID(peer.id.digest),
            peer: random.below(2) == 0 ? peer.id : target.id,
            until: saturatingSum(epoch, random.below(4)),
            epoch: epoch
        )
    }

    private func anyOpening() -> Opening {
        let keys = peers[0].core?.peer.ledgerKeys ?? []
        let certificate = keys.isEmpty ? nil : keys[Int(random.below(UInt64(keys.count)))].id
        return Opening(
            manifest: anyManifest(),
            certificate: certificate ?? ItemID(anyDigest()),
            cores: anyCores()
        )
    }

    private func anyReconciliation() -> Reconciliation {
        let ends = anyKeys()
        var ranges = ends.map { ReconciliationRange(end: $0, claim: anyRangeClaim()) }
        ranges.append(ReconciliationRange(end: nil, claim: anyRangeClaim()))
        return Reconciliation(set: random.below(2) == 0 ? .ledger : .records, ranges: ranges)
    }

    private func anyRangeClaim() -> RangeClaim {
        switch random.below(3) {
        case 0: .settled
        case 1: .fingerprint(count: anyNumber(), anyDigest())
        default: .keys(anyKeys())
        }
    }
}
