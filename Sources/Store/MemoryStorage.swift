package import Primitives
import Synchronization
package import Wire

/// A store in memory: it serves a peer for as long as its process lives.
package final class MemoryStorage: Storage {
    private struct Kept {
        var rows: [RowKey: JournalRow] = [:]
        var chunks: [ChunkWant: Chunk] = [:]
        var datasets: [Digest: StoredDataset] = [:]
        var results: [Digest: Bytes] = [:]
    }

    private struct RowKey: Hashable {
        let table: JournalTable
        let key: Bytes
    }

    private let kept = Mutex(Kept())

    /// An empty store.
    package init() {}

    package func commit(_ rows: [JournalRow]) {
        kept.withLock { kept in
            for row in rows {
                let key = RowKey(table: row.table, key: row.key)
                kept.rows[key] = row.value == nil ? nil : row
            }
        }
    }

    package func contents() -> StorageContents {
        kept.withLock { kept in
            var all = StorageContents()
            all.rows = Array(kept.rows.values)
            all.results = kept.results.keys.sorted()
            all.chunks = kept.chunks.keys.sorted()
            all.datasets = kept.datasets.values
                .map { .init(root: $0.root, byteCount: UInt64($0.bytes.count)) }
                .sorted { $0.root < $1.root }
            return all
        }
    }

    package func keep(_ chunk: Chunk) {
        kept.withLock { kept in
            kept.chunks[ChunkWant(root: chunk.root, index: chunk.index)] = chunk
        }
    }

    package func chunk(_ want: ChunkWant) -> Chunk? {
        let dataset = kept.withLock { $0.datasets[want.root] }
        if let dataset { return dataset.chunk(Int(want.index)) }
        return kept.withLock { $0.chunks[want] }
    }

    package func keep(_ dataset: StoredDataset) {
        kept.withLock { $0.datasets[dataset.root] = dataset }
    }

    package func keep(result: Bytes, hash: Digest) {
        kept.withLock { $0.results[hash] = result }
    }

    package func result(_ hash: Digest) -> Bytes? { kept.withLock { $0.results[hash] } }

    package func forget(dataset root: Digest) {
        kept.withLock { $0.datasets[root] = nil }
    }

    package func forget(result hash: Digest) { kept.withLock { $0.results[hash] = nil } }

    /// None: memory has no quota.
    package func takeEvicted() -> [ChunkWant] { [] }

    /// None: memory is not damaged.
    package func takeDamagedResults() -> [Digest] { [] }

    /// Never: memory has no disk to fill.
    package var isDraining: Bool { false }

    package func recover() {}
}
