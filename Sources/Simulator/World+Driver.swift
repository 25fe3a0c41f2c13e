import Ledger
import PeerCore
import Primitives
import Wire

extension World {
    // MARK: - Start and crash

    func start(_ peer: SimulatedPeer) {
        guard !peer.isUp, !peer.isGone else { return }
        peer.life += 1
        tell("peer \(peer.index) starts")
        peer.disk.incarnation += 1
        peer.inputs = []
        peer.wakeAt = nil
        peer.idleWakes = 0
        let stored = peer.disk.rows
        if stored.keys.contains(where: { $0.table == JournalTable.bundles.rawValue }) {
            report.resealed += 1
        }
        let dataset = Peer.Dataset(root: oracle.root, byteCount: oracle.byteCount)
        do throws(DecodeError) {
            peer.core = try Peer(
                me: peer.id,
                secret: peer.secret,
                seed: random.next(),
                stored: peer.disk.stored(dataset: dataset),
                trust: options.trust,
                at: now
            )
        } catch {
            report.violations.append("peer \(peer.index) cannot read its own journal: \(error)")
            return
        }
        if random.chance(options.fastClock) {
            report.fastClocks += 1
            peer.hoursAhead = 1
            tell("the clock of peer \(peer.index) is an hour ahead")
        } else {
            peer.hoursAhead = 0
        }
        input(.epoch(clock(of: peer)), to: peer)
        introduce(peer)
        var speeds = SortedTable<String, UInt64>()
        speeds[Oracle.workload] = Oracle.speed
        input(.donate(places: 2, speeds: speeds), to: peer)
        // The driver's bootstrap: a new or restarted peer dials some that it was told of.
        for other in peers where other.index != peer.index && (peer.index + other.index) % 2 == 1 {
            dial(from: peer.index, to: other.index)
        }
    }

    /// The driver's word on keys, owner and offer, at each start.
    private func introduce(_ peer: SimulatedPeer) {
        input(.advertise(record(of: peer)), to: peer)
        input(.keep(firstRecord(of: peer.id, followedBy: peer.successor, peer)), to: peer)
        let consent = Device.consentBytes(network: network, owner: peer.owner)
        input(
            .adopt(owner: peer.owner, consent: crypto.sign(consent, by: peer.id.digest)),
            to: peer
        )
        guard let old = peer.predecessor else { return }
        let first = firstRecord(of: old, followedBy: peer.id, peer)
        let bytes = COSE.signedBytes(kind: .record, network: network, payload: first.payload)
        let signed = Signed(first, signature: crypto.sign(bytes, by: old.digest))
        input(.succeed(signed.verifiedHere), to: peer)
    }

    /// What a key signs once, before anything else.
    private func firstRecord(
        of key: PeerID,
        followedBy next: PeerID,
        _ peer: SimulatedPeer
    ) -> Record {
        let curveKey = curveKey(of: peer)
        let bytes = Record.bindingBytes(network: network, curveKey: curveKey)
        return Record(
            peer: key,
            incarnation: 0,
            curveKey: curveKey,
            binding: crypto.sign(bytes, by: key.digest),
            controlEndpoints: [],
            bulkEndpoints: [],
            role: .leaf,
            owner: peer.owner,
            cores: 0,
            memoryByteCount: 0,
            kernels: [],
            engines: [],
            successorHash: Record.successorHash(of: next),
            epoch: 0,
            expiry: 0
        )
    }

    /// UTC hours since 1970, as the machine's clock has them.
    func clock(of peer: SimulatedPeer) -> UInt64 { epoch + peer.hoursAhead }

    private func curveKey(of peer: SimulatedPeer) -> CurveKey {
        CurveKey(Digest(UInt64(peer.index), 0, 0, 7))
    }

    func record(of peer: SimulatedPeer) -> Record {
        let curveKey = curveKey(of: peer)
        let bytes = Record.bindingBytes(network: network, curveKey: curveKey)
        return Record(
            peer: peer.id,
            incarnation: peer.disk.incarnation,
            curveKey: curveKey,
            binding: crypto.sign(bytes, by: peer.id.digest),
            controlEndpoints: ["sim://\(peer.index)"],
            bulkEndpoints: [],
            role: .hub,
            owner: peer.owner,
            cores: 2,
            memoryByteCount: 1 << 30,
            kernels: [
                KernelOffer(kernel: Oracle.workload, operationsPerSecond: Oracle.speed)
            ],
            engines: [],
            successorHash: Record.successorHash(of: peer.successor),
            epoch: clock(of: peer),
            expiry: clock(of: peer) + 24
        )
    }

    /// Power off.
    func stop(_ peer: SimulatedPeer) {
        peer.forgetMemory()
        for other in peers where other.index != peer.index {
            unlink(peer.index, other.index)
        }
    }

    /// A machine is never seen again, with all that it kept.
    func lose(_ index: Int) {
        report.losses += 1
        tell("peer \(index) is never seen again")
        peers[index].isGone = true
        stop(peers[index])
    }

    private func crash(_ peer: SimulatedPeer) {
        report.crashes += 1
        tell("peer \(peer.index) crashes")
        stop(peer)
        if random.chance(options.gridLoss) {
            report.damaged += 1
            tell("peer \(peer.index) loses of its copy of the ledger")
            // All of it, or any part.
            let share = random.below(2) == 0 ? Ratio(1, of: 1) : Ratio(1, of: 2)
            peer.disk.loseGrid { random.chance(share) }
        }
        queue.push(
            .restart(peer: peer.index),
            at: now.advanced(by: .milliseconds(10 + random.below(10_000)))
        )
    }

    // MARK: - Inputs and effects

    func input(_ event: LocalEvent, to peer: SimulatedPeer) {
        peer.inputs.append(event)
        guard peer.inputs.count == 1 else { return }
        while let next = peer.inputs.first, peer.isUp {
            report.note(0x4c ^ UInt64(peer.index) << 8 ^ now.nanoseconds)
            var out = Outbox()
            peer.core?.handle(next, at: now, into: &out)
            perform(out, of: peer)
            if !peer.inputs.isEmpty { peer.inputs.removeFirst() }
        }
        peer.inputs = []
    }

    /// Performs an outbox after all that came before it; a crash may cut it anywhere.
    ///
    /// In half of the seeds commits take time, and outboxes that come meanwhile share the next one.
    func perform(_ out: Outbox, of peer: SimulatedPeer) {
        checkHold(out, of: peer)
        checkDrops(out, of: peer)
        peer.pending += out.effects
        flush(peer)
        if peer.isUp { scheduleWake(of: peer) }
    }

    private func flush(_ peer: SimulatedPeer) {
        guard peer.committing == nil, !peer.pending.isEmpty else { return }
        let batch = peer.pending
        peer.pending = []
        guard options.commitMax > .zero, batch.contains(where: Self.isRow) else {
            carryOut(batch, of: peer)
            peer.announced = peer.core?.ownRecord
            return
        }
        peer.committing = batch
        peer.announcing = peer.core?.ownRecord
        let delay = TimeSpan(nanoseconds: random.below(options.commitMax.nanoseconds))
        queue.push(.committed(peer: peer.index, life: peer.life), at: now.advanced(by: delay))
    }

    /// A commit has ended: all its rows are durable, unless the machine crashed just before.
    func committed(_ peer: SimulatedPeer) {
        guard let batch = peer.committing else { return }
        peer.committing = nil
        if areFaultsOn, random.chance(options.crash) {
            crash(peer)
            return
        }
        for case .persist(let row) in batch { peer.disk.write(row) }
        peer.announced = peer.announcing
        carryOut(batch.filter { !Self.isRow($0) }, of: peer)
        if peer.isUp { flush(peer) }
    }

    private static func isRow(_ effect: Effect) -> Bool {
        if case .persist = effect { true } else { false }
    }

    /// Rows wait until something else comes: a crash before that loses them all, as a journal that
    /// commits in groups would.
    private func carryOut(_ batch: [Effect], of peer: SimulatedPeer) {
        var unsynced: [JournalRow] = []
        for effect in batch {
            if areFaultsOn, random.chance(options.crash) {
                crash(peer)
                return
            }
            if case .persist(let row) = effect {
                unsynced.append(row)
                continue
            }
            for row in unsynced { peer.disk.write(row) }
            unsynced = []
            perform(effect, of: peer)
        }
        for row in unsynced { peer.disk.write(row) }
    }

    private func scheduleWake(of peer: SimulatedPeer) {
        guard let deadline = peer.core?.deadline else { return }
        // Time moves on between two wake-ups, as it does on a real clock.
        let at = max(deadline, now.advanced(by: .milliseconds(1)))
        if let earlier = peer.wakeAt, earlier <= at, earlier > now { return }
        peer.wakeAt = at
        queue.push(.wake(peer: peer.index, life: peer.life), at: at)
    }

    private func perform(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .persist:
            preconditionFailure("rows are written in groups")
        case .sign(let request):
            let key = request.key == .peer ? peer.id.digest : peer.owner.digest
            let bytes = COSE.signedBytes(
                kind: request.kind,
                network: network,
                payload: request.payload
            )
            answer(.signed(request.number, crypto.sign(bytes, by: key)), to: peer, within: 3)
        case .send(let message, let to):
            watch(message, of: peer)
            note(message, of: peer, to: to)
            tell(message, of: peer, to: to)
            if let index = indices[to], peers[index].id == to {
                send(message, from: peer.index, to: index)
            }
        case .connect(let record):
            if let index = indices[record.peer], peers[index].id == record.peer {
                dial(from: peer.index, to: index)
            }
        case .storeChunk, .sendChunk, .storePiece, .sendPiece:
            performData(effect, of: peer)
        case .dropResult, .dropDataset:
            drop(effect, of: peer)
        case .prepareWork, .startWork, .stopWork:
            performWork(effect, of: peer)
        case .keyUsedElsewhere:
            report.violations.append("peer \(peer.index) takes itself for an impostor")
        case .penalize(let target, let misbehavior):
            guard let index = indices[target], peer.index != hostile?.index else { return }
            tell("peer \(peer.index) punishes peer \(index): \(misbehavior)")
            guard !peers[index].isLiar, index != hostile?.index else {
                report.punished += 1
                return
            }
            report.honestPunished += 1
            report.violations.append(
                "honest peer \(index) was punished by \(peer.index) for \(misbehavior)"
            )
        }
    }

    private func performData(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .storeChunk(let chunk):
            let want = ChunkWant(root: chunk.root, index: chunk.index)
            peer.disk.chunks[want] = chunk.bytes
            answer(.chunkStored(want), to: peer, within: 5)
        case .sendChunk(let want, let to):
            guard want.root == oracle.root, let index = indices[to] else { return }
            let chunk = Chunk(
                root: want.root,
                datasetByteCount: oracle.byteCount,
                index: want.index,
                bytes: oracle.dataset[Int(want.index)],
                proof: DataTree.proof(leaves: oracle.leaves, index: Int(want.index))
            )
            send(.chunk(chunk), from: peer.index, to: index)
        case .storePiece(let piece):
            store(piece, of: peer)
        case .sendPiece(let hash, let offset, let to):
            guard let bytes = peer.disk.results[hash], let index = indices[to],
                offset < UInt64(bytes.count) || bytes.isEmpty
            else { return }
            // Two pieces for each result, so that the second is asked for.
            let rest = bytes[Int(offset)...]
            let piece = ResultPiece(
                resultHash: hash,
                byteCount: UInt64(bytes.count),
                offset: offset,
                bytes: Array(rest.prefix(max(1, (bytes.count + 1) / 2)))
            )
            send(.resultPiece(piece), from: peer.index, to: index)
        default:
            preconditionFailure("only data")
        }
    }

    /// Drops what the core does not hold again since it said so.
    private func drop(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .dropResult(let hash) where peer.core?.holdsResult(hash) == false:
            peer.disk.results.remove(hash)
            report.dropped += 1
        case .dropDataset(let root) where peer.core?.holdsDataset(root) == false:
            peer.disk.hasDataset = false
        default:
            break
        }
    }

    private func store(_ piece: ResultPiece, of peer: SimulatedPeer) {
        let hash = piece.resultHash
        if piece.offset == 0 { peer.disk.pieces[hash] = [] }
        guard UInt64(peer.disk.pieces[hash]?.count ?? 0) == piece.offset else { return }
        peer.disk.pieces[hash, default: []] += piece.bytes
        guard let bytes = peer.disk.pieces[hash], UInt64(bytes.count) == piece.byteCount else {
            return
        }
        peer.disk.pieces.remove(hash)
        guard crypto.hash(bytes) == hash else {
            answer(.resultCorrupt(hash), to: peer, within: 5)
            return
        }
        peer.disk.results[hash] = bytes
        answer(.resultStored(hash), to: peer, within: 5)
    }

    private func performWork(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .prepareWork(let order):
            // As the real driver does with a job whose units are worth more than it says.
            let manifest = peer.core?.ledger.manifest(order.manifest)?.body
            let isTooMuch = (manifest?.operationsPerUnit ?? 0) < Oracle.operationsPerUnit
            if isTooMuch || areFaultsOn && random.chance(options.refusal) {
                answer(.workFailed(order.number), to: peer, within: 5)
                return
            }
            let needed = distinct(order.units.map { oracle.chunk(of: $0) })
            answer(.workPrepared(order.number, chunks: needed), to: peer, within: 5)
        case .startWork(let order):
            compute(order, at: peer)
        case .stopWork:
            break
        default:
            preconditionFailure("only work")
        }
    }

    private func compute(_ order: WorkOrder, at peer: SimulatedPeer) {
        for unit in order.units {
            let want = ChunkWant(root: oracle.root, index: oracle.chunk(of: unit))
            if !peer.disk.hasDataset, !peer.disk.chunks.contains(want) {
                report.violations.append("peer \(peer.index) ran unit \(unit) without its chunk")
            }
        }
        let isStalled = areFaultsOn && random.chance(options.stall)
        let work = UInt64(order.units.count) * (isStalled ? 10_000 : options.work.milliseconds)
        let delay = work + random.below(500)
        let event = Event.computed(order, peer: peer.index, life: peer.life)
        queue.push(event, at: now.advanced(by: .milliseconds(delay)))
    }

    /// Results are kept, and the core hears of it before anything else is dropped.
    func finish(_ order: WorkOrder, at peer: SimulatedPeer) {
        tellResult(of: order, by: peer)
        let cores = order.units.map { unit in
            let bytes =
                lies(peer)
                ? oracle.lie(about: unit, liar: peer.index) : oracle.result(of: unit)
            peer.disk.results[crypto.hash(bytes)] = bytes
            return oracle.core(bytes, unit: unit, crypto: crypto)
        }
        peer.computed += order.units.count
        input(.workFinished(order.number, cores), to: peer)
    }

    /// Whether what the peer computes now is wrong; a sleeper earns trust first.
    func lies(_ peer: SimulatedPeer) -> Bool {
        peer.isLiar && peer.computed >= options.liesAfter
    }

    private func answer(
        _ event: LocalEvent,
        to peer: SimulatedPeer,
        within milliseconds: UInt64
    ) {
        if random.below(2) == 0 {
            peer.inputs.append(event)
            guard peer.inputs.count == 1 else { return }
            // Nothing is being handled: take it as an event of its own, at this very time.
            peer.inputs = []
            queue.push(.local(event, peer: peer.index, life: peer.life), at: now)
        } else {
            let delay = TimeSpan.milliseconds(random.below(milliseconds + 1))
            queue.push(
                .local(event, peer: peer.index, life: peer.life),
                at: now.advanced(by: delay)
            )
        }
    }
}
