import Dispatch
import Identity
import Ledger
import Membership
import PeerCore
import Primitives
import Store
import Transport
import Wire

extension Node {
    /// Performs an outbox in its order, after all that came before it.
    ///
    /// Rows of all outboxes that come while a commit is under way share the next one. Whatever else
    /// an outbox asks for waits until the rows before it are durable; when they cannot be made so,
    /// none of it happens, and the peer stops.
    func perform(_ out: Outbox) {
        pending += out.effects
        askedCount += out.effects.count
        flush()
    }

    private func flush() {
        guard !isCommitting, failure == nil, !pending.isEmpty else { return }
        let batch = pending
        pending = []
        let rows = batch.compactMap { effect -> JournalRow? in
            if case .persist(let row) = effect { row } else { nil }
        }
        // A record is told to new links only once it is durable: as of this batch, not later.
        let record = peer.ownRecord
        guard !rows.isEmpty else { return carryOut(batch, record) }
        isCommitting = true
        journal.async { [storage] in
            let outcome = Result { try storage.commit(rows) }
            Task { await self.committed(batch, record, outcome) }
        }
    }

    private func committed(
        _ batch: [Effect],
        _ record: Signed<Record>?,
        _ outcome: Result<Void, any Error>
    ) {
        isCommitting = false
        switch outcome {
        case .success:
            if failure == nil {
                carryOut(batch, record)
                flush()
                drain()
                mindDisk()
            }
        case .failure(let error):
            fail(NodeError.journalFailed("\(error)"))
        }
        resumeWaiters()
    }

    /// Returns when `isDone` holds, and all that the core asked for until then is durable and done;
    /// or when nothing is under way that could make it hold.
    func settle(until isDone: () -> Bool) async throws {
        repeat {
            let target = askedCount
            while failure == nil, doneCount < target { await nextCommit() }
            if let failure { throw failure }
        } while !isDone() && doneCount < askedCount
    }

    /// Returns when there is room for the effects of another input.
    func hasRoom() async {
        while failure == nil, pending.count > Self.pendingMax { await nextCommit() }
    }

    private func nextCommit() async {
        await withCheckedContinuation { settleWaiters.append($0) }
    }

    /// Ends the peer for the first reason that is given.
    func fail(_ error: any Error) {
        if failure == nil { failure = error }
        pending = []
        resumeWaiters()
        stop()
    }

    private func resumeWaiters() {
        let waiters = settleWaiters
        settleWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    private func carryOut(_ batch: [Effect], _ record: Signed<Record>?) {
        for effect in batch where failure == nil { perform(effect) }
        doneCount += batch.count
        if let record { admission.update(record) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .persist:
            break
        case .sign(let request):
            let key = request.key == .peer ? keys.peer : keys.project
            let bytes = COSE.signedBytes(
                kind: request.kind,
                network: network,
                payload: request.payload
            )
            waiting.append(.signed(request.number, key.sign(bytes)))
        case .send(let message, let to):
            // What does not get through is sent again by the core's own rules.
            _ = transport.send(to: to, frames: [message.frame])
        case .passOn(let message, let peers, let source):
            let frame = message.frame
            for to in peers where to != source { _ = transport.send(to: to, frames: [frame]) }
        case .connect(let record):
            connect(record)
        case .hangUp(let peer):
            giveUp(peer)
        case .storeChunk, .sendChunk, .storePiece, .sendPiece:
            data.perform(effect)
        case .dropResult(let hash):
            // A commit may have come between, and something that needs it again.
            if !peer.holdsResult(hash) { data.perform(effect) }
        case .dropDataset(let root):
            // One that is submitted again even now stays.
            if !peer.holdsDataset(root), submissions[root] == nil { data.perform(effect) }
        case .prepareWork(let order):
            prepare(order)
        case .startWork(let order):
            compute(order)
        case .stopWork(let number):
            runner.stop(number)
        case .penalize(let target, let what):
            if misbehaviors.count >= Self.misbehaviorsMax { misbehaviors.removeFirst() }
            misbehaviors.append((target, what))
        case .keyUsedElsewhere(let record):
            let endpoint = record.controlEndpoints.first ?? "an unknown address"
            fail(NodeError.keyUsedElsewhere(endpoint))
        }
    }

    // MARK: - Work

    private func prepare(_ order: WorkOrder) {
        guard let manifest = peer.ledger.manifest(order.manifest)?.body else {
            waiting.append(.workFailed(order.number))
            return
        }
        do {
            let chunks = try runner.chunks(
                of: order.units,
                id: order.manifest,
                manifest: manifest
            )
            waiting.append(.workPrepared(order.number, chunks: chunks))
        } catch {
            runner.note(OrderFailure(manifest: order.manifest, reason: "\(error)"))
            waiting.append(.workFailed(order.number))
        }
    }

    private func compute(_ order: WorkOrder) {
        guard let manifest = peer.ledger.manifest(order.manifest)?.body else {
            waiting.append(.workFailed(order.number))
            return
        }
        runner.start(order, manifest: manifest) { [weak self] outcome in
            switch outcome {
            case .finished(let cores): self?.finished(.workFinished(order.number, cores))
            case .failed:
                // Perhaps because a chunk was damaged, which is fetched again before the next try.
                self?.data.tellLosses()
                self?.finished(.workFailed(order.number))
            case .stopped: break
            }
        }
    }
}
