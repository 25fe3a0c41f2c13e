import Ledger
import Membership
import PeerCore
import Primitives
import Wire

extension World {
    // MARK: - Start and crash

    func start(_ peer: SimulatedPeer) {
        guard !peer.isUp, !peer.isGone, !refusesVault(of: peer) else { return }
        peer.life += 1
        tell("peer \(peer.index) starts")
        peer.clock.startedAt = now
        peer.inputs = []
        peer.wakeAt = nil
        peer.idleWakes = 0
        let stored = peer.disk.rows
        if stored.keys.contains(where: { $0.table == JournalTable.bundles.rawValue }) {
            report.resealed += 1
        }
        let dataset = Peer.Dataset(root: oracle.root, byteCount: oracle.byteCount)
        var kept = peer.disk.stored(dataset: dataset)
        kept.overlay = commonOverlay
        do throws(DecodeError) {
            let core = try Peer(
                me: peer.id,
                secret: peer.secret,
                seed: random.next(),
                stored: kept,
                trust: options.trust,
                shape: options.isThin ? .thin : .standard,
                at: time(at: peer)
            )
            peer.core = LiveCore(core)
        } catch {
            report.violations.append("peer \(peer.index) cannot read its own journal: \(error)")
            return
        }
        if strikes(.fastClock, options.fastClock, at: peer) {
            report.fastClocks += 1
            peer.hoursAhead = 1
            tell("the clock of peer \(peer.index) is an hour ahead")
        } else if options.clockJump == .never {
            peer.hoursAhead = skew(of: peer)
        }
        input(.epoch(hour(at: peer)), to: peer)
        introduce(peer)
        input(donation(of: peer), to: peer)
        watchRoom(of: peer)
        scheduleLeave(of: peer)
        guard commonOverlay == nil else { return relink(peer) }
        // The driver's bootstrap: a new or restarted peer dials some that it was told of.
        for other in peers where wasToldOf(peer.index, other.index) {
            dial(from: peer.index, to: other.index)
        }
    }

    /// The driver's word on keys, owner and offer, at each start.
    private func introduce(_ peer: SimulatedPeer) {
        input(.advertise(record(of: peer)), to: peer)
        // Where nobody's key or owner ever changes, nothing more needs to be said.
        guard commonOverlay == nil else { return }
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

    private func curveKey(of peer: SimulatedPeer) -> CurveKey {
        CurveKey(Digest(UInt64(peer.index), UInt64(peer.identities.count), 0, 7))
    }

    func record(of peer: SimulatedPeer) -> Record {
        let curveKey = curveKey(of: peer)
        let bytes = Record.bindingBytes(network: network, curveKey: curveKey)
        return Record(
            peer: peer.id,
            incarnation: incarnation(at: peer),
            curveKey: curveKey,
            binding: crypto.sign(bytes, by: peer.id.digest),
            controlEndpoints: ["sim://\(peer.index)"],
            bulkEndpoints: [],
            role: .hub,
            owner: peer.owner,
            cores: 2,
            memoryByteCount: 1 << 30,
            kernels: [
                KernelOffer(
                    kernel: Oracle.workload,
                    operationsPerSecond: modelled(peer)?.speed ?? Oracle.speed
                )
            ],
            engines: [],
            successorHash: Record.successorHash(of: peer.successor),
            epoch: hour(at: peer),
            expiry: hour(at: peer) + 24
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
        if strikes(.gridLoss, options.gridLoss, at: peer) {
            report.damaged += 1
            peer.hasLostItems = true
            tell("peer \(peer.index) loses of its copy of the ledger")
            // All of it, or any part.
            let share = random.below(2) == 0 ? Ratio(1, of: 1) : Ratio(1, of: 2)
            peer.disk.loseGrid { random.chance(share) }
        }
        restart(peer)
    }

    // MARK: - Inputs and effects

    func input(_ event: LocalEvent, to peer: SimulatedPeer) {
        peer.inputs.append(event)
        guard peer.inputs.count == 1 else { return }
        while let next = peer.inputs.first, peer.isUp {
            report.note(0x4c ^ UInt64(peer.index) << 8 ^ now.nanoseconds)
            var out = Outbox()
            peer.core?.peer.handle(next, at: time(at: peer), into: &out)
            perform(out, of: peer)
            if !peer.inputs.isEmpty { peer.inputs.removeFirst() }
        }
        peer.inputs = []
    }

    /// Performs an outbox after all that came before it; a crash may cut it anywhere.
    ///
    /// In half of the seeds commits take time, and outboxes that come meanwhile share the next one.
    func perform(_ out: Outbox, of peer: SimulatedPeer) {
        observe(peer)
        checkHold(out, of: peer)
        checkDrops(out, of: peer)
        witness(out, of: peer)
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
            peer.announced = peer.core?.peer.ownRecord
            return
        }
        peer.committing = batch
        peer.announcing = peer.core?.peer.ownRecord
        let delay = TimeSpan(nanoseconds: random.below(options.commitMax.nanoseconds))
        queue.push(.committed(peer: peer.index, life: peer.life), at: now.advanced(by: delay))
    }

    /// A commit has ended: all its rows are durable, unless the machine crashed just before.
    func committed(_ peer: SimulatedPeer) {
        guard let batch = peer.committing else { return }
        peer.committing = nil
        if strikes(.crash, options.crash, at: peer) {
            crash(peer)
            return
        }
        let rows = batch.compactMap { effect in
            if case .persist(let row) = effect { row } else { nil }
        }
        guard keep(rows, at: peer) else { return }
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
            if case .passOn(let message, let receivers, let source) = effect {
                let isWhole = passOn(
                    message,
                    to: receivers,
                    except: source,
                    of: peer,
                    unsynced: &unsynced
                )
                guard isWhole else { return }
                continue
            }
            guard !crashes(peer) else { return }
            if case .persist(let row) = effect {
                unsynced.append(row)
                continue
            }
            guard keep(unsynced, at: peer) else { return }
            unsynced = []
            perform(effect, of: peer)
            guard peer.isUp else { return }
        }
        _ = keep(unsynced, at: peer)
    }

    /// Whether a crash cuts an outbox here.
    private func crashes(_ peer: SimulatedPeer) -> Bool {
        guard strikes(.crash, options.crash, at: peer) else { return false }
        crash(peer)
        return true
    }

    /// Sends a message to several; a crash may come before each of them, and cut it short.
    private func passOn(
        _ message: Message,
        to receivers: [PeerID],
        except source: PeerID?,
        of peer: SimulatedPeer,
        unsynced: inout [JournalRow]
    ) -> Bool {
        if peer.receivers != receivers {
            peer.receivers = receivers
            peer.receiverPlaces = receivers.map { indices[$0] }
        }
        let places = peer.receiverPlaces
        var isFirst = true
        for (to, index) in zip(receivers, places) where to != source {
            guard !crashes(peer) else { return false }
            if isFirst {
                isFirst = false
                guard keep(unsynced, at: peer) else { return false }
                unsynced = []
                watch(message, of: peer)
                note(message, of: peer, to: to)
                tell(message, of: peer, to: to)
            }
            let isTwice = options.behaviour == .stolenKey
            if let index = isTwice ? place(of: to) : index, peers[index].id == to {
                say(message, by: peer, to: index)
            }
        }
        return true
    }

    private func scheduleWake(of peer: SimulatedPeer) {
        guard let deadline = peer.core?.peer.deadline else { return }
        // Time moves on between two wake-ups, as it does on a real clock.
        let at = max(peer.clock.instant(of: deadline), now.advanced(by: .milliseconds(1)))
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
            if let index = place(of: to) { say(message, by: peer, to: index) }
        case .connect(let record):
            if let index = indices[record.peer], peers[index].id == record.peer {
                dial(from: peer.index, to: index)
            }
        case .hangUp:
            // Links of a simulated network end by faults alone.
            break
        case .passOn:
            preconditionFailure("messages to several are sent one by one")
        case .storeChunk, .sendChunk, .storePiece, .sendPiece:
            performData(effect, of: peer)
        case .dropResult, .dropDataset:
            drop(effect, of: peer)
        case .prepareWork, .startWork, .stopWork:
            performWork(effect, of: peer)
        case .keyUsedElsewhere:
            guard !isByzantine(peer.index) else { return }
            report.violations.append("peer \(peer.index) takes itself for an impostor")
        case .penalize(let target, let misbehavior):
            guard let index = indices[target], !isByzantine(peer.index) else { return }
            tell("peer \(peer.index) punishes peer \(index): \(misbehavior)")
            guard !peers[index].isLiar, !isByzantine(index), options.model == nil else {
                report.punished += 1
                return
            }
            report.honestPunished += 1
            report.violations.append(
                "honest peer \(index) was punished by \(peer.index) for \(misbehavior)"
            )
        }
    }

    private func performWork(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .prepareWork(let order):
            // As the real driver does with a job whose units are worth more than it says.
            let manifest = peer.core?.peer.manifest(of: order.manifest)
            if oracle.isTooMuch(manifest) || strikes(.refusal, options.refusal, at: peer) {
                answer(.workFailed(order.number), to: peer, within: 5)
                return
            }
            let needed = distinct(order.units.map { oracle.chunk(of: $0) })
            answer(.workPrepared(order.number, chunks: needed), to: peer, within: 5)
        case .startWork(let order):
            compute(order, at: peer)
        case .stopWork(let order):
            stopModelled(order, at: peer)
        default:
            preconditionFailure("only work")
        }
    }

    func answer(
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
