import PeerCore
import Primitives
import Wire

/// Chunks and results: kept, read, sent and dropped, with the reactions of the real driver to what
/// is damaged or does not fit.
extension World {
    func performData(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .storeChunk(let chunk):
            guard hasRoom(at: peer) else { return stopFull(peer) }
            let want = ChunkWant(root: chunk.root, index: chunk.index)
            checkChunk(chunk, of: peer)
            peer.disk.chunks[want] = chunk.bytes
            peer.lostChunks.remove(want)
            answer(.chunkStored(want), to: peer, within: 5)
        case .sendChunk(let want, let to):
            guard want.root == oracle.root, let index = place(of: to),
                let bytes = chunk(want, at: peer)
            else { return }
            let chunk = Chunk(
                root: want.root,
                datasetByteCount: oracle.byteCount,
                index: want.index,
                bytes: bytes,
                proof: DataTree.proof(leaves: oracle.leaves, index: Int(want.index))
            )
            say(.chunk(chunk), by: peer, to: index)
        case .storePiece(let piece):
            store(piece, of: peer)
        case .sendPiece(let hash, let offset, let to):
            guard let bytes = result(hash, at: peer), let index = place(of: to),
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
            say(.resultPiece(piece), by: peer, to: index)
        default:
            preconditionFailure("only data")
        }
    }

    /// A chunk reaches the disk only if it is the dataset's.
    private func checkChunk(_ chunk: Chunk, of peer: SimulatedPeer) {
        let isKnown = chunk.root == oracle.root && Int(chunk.index) < oracle.leaves.count
        guard !isKnown || crypto.hash(chunk.bytes) != oracle.leaves[Int(chunk.index)] else {
            return
        }
        report.violations.append("peer \(peer.index) keeps a wrong chunk \(chunk.index)")
    }

    /// Drops what the core does not hold again since it said so.
    func drop(_ effect: Effect, of peer: SimulatedPeer) {
        switch effect {
        case .dropResult(let hash) where peer.core?.peer.holdsResult(hash) == false:
            peer.disk.results.remove(hash)
            report.dropped += 1
        case .dropDataset(let root) where peer.core?.peer.holdsDataset(root) == false:
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
        guard hasRoom(at: peer) else { return stopFull(peer) }
        peer.disk.results[hash] = bytes
        peer.lostResults.remove(hash)
        answer(.resultStored(hash), to: peer, within: 5)
    }

    // MARK: - Reading

    /// A chunk as the disk has it; one that turns out to be damaged goes, and the core hears of it.
    private func chunk(_ want: ChunkWant, at peer: SimulatedPeer) -> Bytes? {
        let truth = oracle.dataset[Int(want.index)]
        if peer.disk.hasDataset {
            guard peer.disk.flippedChunks.contains(want.index) else { return truth }
            report.datasetsDamaged += 1
            tell("chunk \(want.index) of the data of peer \(peer.index) is damaged")
            // The owner reads of it, and puts the same file there once more.
            let delay = TimeSpan.milliseconds(5_000 + random.below(30_000))
            queue.push(.mend, at: now.advanced(by: delay))
            return nil
        }
        guard let bytes = peer.disk.chunks[want] else { return nil }
        guard crypto.hash(bytes) == oracle.leaves[Int(want.index)] else {
            report.chunksDamaged += 1
            tell("chunk \(want.index) at peer \(peer.index) is damaged, and goes")
            peer.disk.chunks.remove(want)
            peer.lostChunks[want] = true
            answer(.chunkLost(want), to: peer, within: 5)
            return nil
        }
        return bytes
    }

    /// A result as the disk has it; one that turns out to be damaged goes likewise.
    private func result(_ hash: Digest, at peer: SimulatedPeer) -> Bytes? {
        guard let bytes = peer.disk.results[hash] else { return nil }
        guard crypto.hash(bytes) == hash else {
            report.resultsDamaged += 1
            tell("a result at peer \(peer.index) is damaged, and goes")
            peer.disk.results.remove(hash)
            peer.lostResults[hash] = true
            answer(.resultLost(hash), to: peer, within: 5)
            return nil
        }
        return bytes
    }

    /// The owner puts the dataset's file there again.
    func mendDataset() { peers[Self.submitter].disk.flippedChunks = SortedTable() }

    /// The owner reads the results of what is complete.
    func collectResults() {
        let submitter = peers[Self.submitter]
        guard isAwake(submitter) else { return }
        for id in jobs
        where submitter.core?.peer.progress(of: id, at: time(at: submitter))?.isComplete == true {
            for (unit, core) in submitter.core?.peer.verdicts(of: id) ?? [] {
                let bytes = result(core.resultHash, at: submitter)
                guard let bytes, bytes != oracle.result(of: unit), !options.mayBeFooled else {
                    continue
                }
                report.violations.append("the owner gets another result of unit \(unit)")
            }
        }
    }

    /// Whether the owner has every result of what is complete, undamaged.
    var areResultsThere: Bool {
        let submitter = peers[Self.submitter]
        return jobs.allSatisfy { id in
            let verdicts = submitter.core?.peer.verdicts(of: id) ?? []
            return submitter.core?.peer.progress(of: id, at: time(at: submitter))?.isComplete
                != true
                || verdicts.allSatisfy { unit, core in
                    let bytes = submitter.disk.results[core.resultHash]
                    return options.mayBeFooled ? bytes != nil : bytes == oracle.result(of: unit)
                }
        }
    }

    // MARK: - Computing

    func compute(_ order: WorkOrder, at peer: SimulatedPeer) {
        for unit in order.units {
            let want = ChunkWant(root: oracle.root, index: oracle.chunk(of: unit))
            guard chunk(want, at: peer) == nil else { continue }
            if !peer.disk.flippedChunks.contains(want.index), !peer.lostChunks.contains(want) {
                report.violations.append("peer \(peer.index) ran unit \(unit) without its chunk")
            }
            return answer(.workFailed(order.number), to: peer, within: 5)
        }
        if let span = beginModelled(order, at: peer) {
            let event = Event.computed(order, peer: peer.index, life: peer.life)
            return queue.push(event, at: now.advanced(by: span))
        }
        let isStalled = strikes(.stall, options.stall, at: peer)
        let work = UInt64(order.units.count) * (isStalled ? 10_000 : options.work.milliseconds)
        let delay = saturatingProduct(work, slowness(of: peer)) + random.below(500)
        let event = Event.computed(order, peer: peer.index, life: peer.life)
        queue.push(event, at: now.advanced(by: .milliseconds(delay)))
    }

    /// Results are kept, and the core hears of it before anything else is dropped.
    func finish(_ order: WorkOrder, at peer: SimulatedPeer) {
        guard endModelled(order, at: peer) else { return }
        guard hasRoom(at: peer) else {
            report.ordersUnkept += 1
            tell("the results of peer \(peer.index) do not fit its disk")
            return input(.workFailed(order.number), to: peer)
        }
        tellResult(of: order, by: peer)
        let cores = order.units.map { unit in
            report.results += 1
            if isByzantine(peer.index) { report.strangersResults += 1 }
            let (bytes, core) = outcome(of: unit, in: order.manifest, at: peer)
            peer.disk.results[core.resultHash] = bytes
            peer.lostResults.remove(core.resultHash)
            return core
        }
        peer.computed += order.units.count
        input(.workFinished(order.number, cores), to: peer)
    }

    /// Whether what the peer computes now is wrong; a sleeper earns trust first.
    func lies(_ peer: SimulatedPeer) -> Bool {
        peer.isLiar && peer.computed >= options.liesAfter
    }
}
