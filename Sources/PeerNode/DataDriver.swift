import Dispatch
import Identity
import PeerCore
import Primitives
import Store
import Synchronization
import Wire

/// Reads and writes chunks and results on a thread of its own, so that the core never waits for
/// large data.
final class DataDriver: Sendable {
    private let storage: any Storage
    private let results: FreshResults
    private let send: @Sendable (Message, PeerID) -> Void
    private let tell: @Sendable (Result<LocalEvent, any Error>) -> Void
    private let queue = DispatchQueue(label: "starling.data")
    private let assembly = Mutex(ResultAssembly())
    /// The result that was sent last, whole and checked: its pieces are asked for one by one.
    private let lastSent = Mutex<(hash: Digest, bytes: Bytes)?>(nil)

    /// A driver that answers through `tell`, with an error when something cannot be kept.
    init(
        storage: any Storage,
        results: FreshResults,
        send: @escaping @Sendable (Message, PeerID) -> Void,
        tell: @escaping @Sendable (Result<LocalEvent, any Error>) -> Void
    ) {
        self.storage = storage
        self.results = results
        self.send = send
        self.tell = tell
    }

    /// Performs an effect that moves data, after all that came before it.
    func perform(_ effect: Effect) {
        queue.async { [self] in
            do {
                if let event = try carryOut(effect) { tell(.success(event)) }
                reportLosses()
            } catch {
                tell(.failure(error))
            }
        }
    }

    /// The core has heard that results are kept; what it asks for from now on counts for them.
    func heard(_ hashes: [Digest]) { queue.async { [results] in results.heard(hashes) } }

    /// Tells of what somebody else found damaged who has read it, after all that came before.
    func tellLosses() { queue.async { [self] in reportLosses() } }

    private func reportLosses() {
        for chunk in storage.takeEvicted() { tell(.success(.chunkLost(chunk))) }
        for hash in storage.takeDamagedResults() { tell(.success(.resultLost(hash))) }
    }

    /// Keeps a dataset of this peer's own, after all that came before; returns when it is kept.
    func keep(_ dataset: StoredDataset) async throws {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [storage] in
                continuation.resume(with: Result { try storage.keep(dataset) })
            }
        }
    }

    private func carryOut(_ effect: Effect) throws -> LocalEvent? {
        switch effect {
        case .storeChunk(let chunk):
            try storage.keep(chunk)
            return .chunkStored(ChunkWant(root: chunk.root, index: chunk.index))
        case .sendChunk(let want, let to):
            if let chunk = try storage.chunk(want) { send(.chunk(chunk), to) }
            return nil
        case .storePiece(let piece):
            guard let bytes = assembly.withLock({ $0.add(piece) }) else { return nil }
            guard sha256(bytes) == piece.resultHash else { return .resultCorrupt(piece.resultHash) }
            try results.keep(bytes, hash: piece.resultHash)
            return .resultStored(piece.resultHash)
        case .sendPiece(let hash, let offset, let to):
            guard let bytes = try result(hash), offset <= UInt64(bytes.count) else { return nil }
            let rest = bytes[Int(offset)...].prefix(Limits.chunkByteCount)
            let piece = ResultPiece(
                resultHash: hash,
                byteCount: UInt64(bytes.count),
                offset: offset,
                bytes: Array(rest)
            )
            send(.resultPiece(piece), to)
            return nil
        case .dropResult(let hash):
            lastSent.withLock { if $0?.hash == hash { $0 = nil } }
            try results.drop(hash)
            return nil
        case .dropDataset(let root):
            try storage.forget(dataset: root)
            return nil
        default:
            preconditionFailure("only data")
        }
    }

    private func result(_ hash: Digest) throws -> Bytes? {
        if let last = lastSent.withLock({ $0 }), last.hash == hash { return last.bytes }
        guard let bytes = try storage.result(hash) else { return nil }
        lastSent.withLock { $0 = (hash, bytes) }
        return bytes
    }
}

/// Results that arrive in pieces.
private struct ResultAssembly {
    private var parts: [Digest: Bytes] = [:]
    /// Their hashes, the one that was begun first in front.
    private var order: [Digest] = []

    /// Results that arrive at once.
    private static let resultsMax = 64

    /// Takes in a piece that goes on where the last one ended; returns the bytes once all are here.
    mutating func add(_ piece: ResultPiece) -> Bytes? {
        let hash = piece.resultHash
        if piece.offset == 0 {
            // What was begun first and never ended makes room.
            order.removeAll { $0 == hash }
            if order.count >= Self.resultsMax { parts[order.removeFirst()] = nil }
            order.append(hash)
            parts[hash] = []
        }
        guard var bytes = parts[hash], UInt64(bytes.count) == piece.offset else { return nil }
        bytes += piece.bytes
        guard UInt64(bytes.count) == piece.byteCount else {
            parts[hash] = bytes
            return nil
        }
        parts[hash] = nil
        order.removeAll { $0 == hash }
        return bytes
    }
}
