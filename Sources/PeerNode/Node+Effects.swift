import Identity
import Ledger
import PeerCore
import Primitives
import Transport
import Wire

extension Node {
    /// Performs an outbox in its order: rows are committed before anything that follows them.
    ///
    /// When a row cannot be kept, nothing after it happens, and the peer stops.
    func perform(_ out: Outbox) {
        var rows: [JournalRow] = []
        for effect in out.effects {
            if case .persist(let row) = effect {
                rows.append(row)
                continue
            }
            guard commit(&rows) else { return }
            perform(effect)
        }
        guard commit(&rows), let record = peer.ownRecord else { return }
        admission.update(record)
    }

    private func commit(_ rows: inout [JournalRow]) -> Bool {
        guard !rows.isEmpty else { return true }
        do {
            try storage.commit(rows)
            rows.removeAll()
            return true
        } catch {
            fail(NodeError.journalFailed("\(error)"))
            return false
        }
    }

    private func fail(_ error: any Error) {
        failure = error
        stop()
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .persist:
            preconditionFailure("rows are committed in groups")
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
        case .connect(let record):
            connect(record)
        case .storeChunk, .sendChunk, .storePiece, .sendPiece:
            do {
                try performData(effect)
            } catch {
                fail(error)
            }
        case .prepareWork(let order):
            prepare(order)
        case .startWork(let order):
            compute(order)
        case .stopWork(let number):
            runner.stop(number)
        case .penalize(let target, let what):
            if misbehaviors.count >= Self.misbehaviorsMax { misbehaviors.removeFirst() }
            misbehaviors.append((target, what))
        }
    }

    /// Dials a hub; the transport redials by itself until its record changes.
    private func connect(_ record: Record) {
        if let earlier = dialled[record.peer] {
            guard earlier.controlEndpoints != record.controlEndpoints else { return }
            for endpoint in earlier.controlEndpoints {
                _ = transport.hangUp(endpoint: endpoint, curveKey: earlier.curveKey)
            }
        }
        dialled[record.peer] = record
        for endpoint in record.controlEndpoints.prefix(1) {
            try? transport.dial(endpoint: endpoint, curveKey: record.curveKey)
        }
    }

    // MARK: - Data

    private func performData(_ effect: Effect) throws {
        switch effect {
        case .storeChunk(let chunk):
            try storage.keep(chunk)
            waiting.append(.chunkStored(ChunkWant(root: chunk.root, index: chunk.index)))
        case .sendChunk(let want, let to):
            guard let chunk = try storage.chunk(want) else { return }
            _ = transport.send(to: to, frames: [Message.chunk(chunk).frame])
        case .storePiece(let piece):
            try store(piece)
        case .sendPiece(let hash, let offset, let to):
            guard let bytes = try storage.result(hash), offset <= UInt64(bytes.count) else {
                return
            }
            let rest = bytes[Int(offset)...].prefix(Limits.chunkByteCount)
            let piece = ResultPiece(
                resultHash: hash,
                byteCount: UInt64(bytes.count),
                offset: offset,
                bytes: Array(rest)
            )
            _ = transport.send(to: to, frames: [Message.resultPiece(piece).frame])
        default:
            preconditionFailure("only data")
        }
    }

    private func store(_ piece: ResultPiece) throws {
        let hash = piece.resultHash
        if piece.offset == 0 {
            // What was begun first and never ended makes room.
            pieceOrder.removeAll { $0 == hash }
            if pieceOrder.count >= Self.piecesMax { pieces[pieceOrder.removeFirst()] = nil }
            pieceOrder.append(hash)
            pieces[hash] = []
        }
        guard var bytes = pieces[hash], UInt64(bytes.count) == piece.offset else { return }
        bytes += piece.bytes
        guard UInt64(bytes.count) == piece.byteCount else {
            pieces[hash] = bytes
            return
        }
        pieces[hash] = nil
        pieceOrder.removeAll { $0 == hash }
        guard sha256(bytes) == hash else {
            waiting.append(.resultCorrupt(hash))
            return
        }
        try storage.keep(result: bytes, hash: hash)
        waiting.append(.resultStored(hash))
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
            case .failed: self?.finished(.workFailed(order.number))
            case .stopped: break
            }
        }
    }
}

extension Node {
    /// Halts all units, and those that begin from now on; links and votes go on.
    package nonisolated func pauseWork() { runner.pause() }

    /// Lets the units go on.
    package nonisolated func resumeWork() { runner.resume() }

    /// The orders that are being computed.
    package nonisolated var runningOrders: [OrderProgress] { runner.progress }

    /// Orders that failed lately, oldest first.
    package nonisolated var failedOrders: [OrderFailure] { runner.failures }
}
