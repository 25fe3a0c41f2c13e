package import Primitives
import Synchronization
package import Wire

/// What a peer keeps: the journal's rows, chunks of datasets, and results.
///
/// The driver calls it in the order of an outbox: when `commit` returns, its rows are as durable as
/// the store makes them. A store that cannot keep something throws, and what depends on it is not
/// sent.
package protocol Storage: Sendable {
    /// Makes rows durable, all or none of them.
    func commit(_ rows: [JournalRow]) throws
    /// Every row.
    func rows() throws -> [JournalRow]
    /// Keeps a checked chunk with its proof.
    func keep(_ chunk: Chunk) throws
    /// A chunk that is kept, alone or as part of a whole dataset.
    func chunk(_ want: ChunkWant) throws -> Chunk?
    /// Keeps a whole dataset.
    func keep(_ dataset: StoredDataset) throws
    /// Keeps a result under its hash.
    func keep(result: Bytes, hash: Digest) throws
    /// A result that is kept.
    func result(_ hash: Digest) throws -> Bytes?
}

/// A dataset of this peer's own, whole.
package struct StoredDataset: Sendable {
    /// Its bytes.
    package let bytes: Bytes
    /// The hashes of its chunks.
    package let leaves: [Digest]
    /// Root of its hash tree.
    package let root: Digest

    /// The dataset of `bytes`, hashed by `hash`.
    package init(_ bytes: Bytes, hash: (Bytes) -> Digest) {
        let byteCount = UInt64(bytes.count)
        self.bytes = bytes
        leaves = (0..<DataTree.chunkCount(byteCount: byteCount)).map { index in
            hash(Self.chunk(index, of: bytes))
        }
        root = DataTree.root(leaves: leaves, byteCount: byteCount)
    }

    /// The chunk at `index`, with its proof.
    func chunk(_ index: Int) -> Chunk? {
        guard leaves.indices.contains(index) else { return nil }
        return Chunk(
            root: root,
            datasetByteCount: UInt64(bytes.count),
            index: UInt32(index),
            bytes: Self.chunk(index, of: bytes),
            proof: DataTree.proof(leaves: leaves, index: index)
        )
    }

    private static func chunk(_ index: Int, of bytes: Bytes) -> Bytes {
        let start = index * Limits.chunkByteCount
        return Array(bytes[start..<min(start + Limits.chunkByteCount, bytes.count)])
    }
}

/// A store in memory: it serves a peer for as long as its process lives.
package final class MemoryStorage: Storage {
    private struct Contents {
        var rows: [RowKey: JournalRow] = [:]
        var chunks: [ChunkWant: Chunk] = [:]
        var datasets: [Digest: StoredDataset] = [:]
        var results: [Digest: Bytes] = [:]
    }

    private struct RowKey: Hashable {
        let table: JournalTable
        let key: Bytes
    }

    private let contents = Mutex(Contents())

    /// An empty store.
    package init() {}

    package func commit(_ rows: [JournalRow]) {
        contents.withLock { contents in
            for row in rows {
                let key = RowKey(table: row.table, key: row.key)
                contents.rows[key] = row.value == nil ? nil : row
            }
        }
    }

    package func rows() -> [JournalRow] { contents.withLock { Array($0.rows.values) } }

    package func keep(_ chunk: Chunk) {
        contents.withLock { contents in
            contents.chunks[ChunkWant(root: chunk.root, index: chunk.index)] = chunk
        }
    }

    package func chunk(_ want: ChunkWant) -> Chunk? {
        let dataset = contents.withLock { $0.datasets[want.root] }
        if let dataset { return dataset.chunk(Int(want.index)) }
        return contents.withLock { $0.chunks[want] }
    }

    package func keep(_ dataset: StoredDataset) {
        contents.withLock { $0.datasets[dataset.root] = dataset }
    }

    package func keep(result: Bytes, hash: Digest) {
        contents.withLock { $0.results[hash] = result }
    }

    package func result(_ hash: Digest) -> Bytes? { contents.withLock { $0.results[hash] } }
}
