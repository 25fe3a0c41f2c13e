import Primitives
import Store
import Synchronization
import Wire

/// What a store was asked to keep.
struct Tally {
    /// Calls of `commit`.
    var commits = 0
    /// Those of them that had one row.
    var loneRowCommits = 0
    /// Rows, and bytes of their keys and values.
    var rows = 0
    var rowByteCount = 0
    /// Signed statements among the rows.
    var signatures = 0
    /// Transactions that wait for the disk: commits with rows of the vault, and results.
    var flushes = 0
    /// Time inside `commit`.
    var span = Duration.zero

    mutating func count(_ rows: [JournalRow], _ span: Duration) {
        commits += 1
        if rows.count == 1 { loneRowCommits += 1 }
        self.rows += rows.count
        rowByteCount += rows.reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) }
        signatures += rows.count { $0.table == .statements && $0.value != nil }
        if rows.contains(where: { $0.table.isOfVault }) { flushes += 1 }
        self.span += span
    }

    static func + (left: Tally, right: Tally) -> Tally {
        var sum = left
        sum.commits += right.commits
        sum.loneRowCommits += right.loneRowCommits
        sum.rows += right.rows
        sum.rowByteCount += right.rowByteCount
        sum.signatures += right.signatures
        sum.flushes += right.flushes
        sum.span += right.span
        return sum
    }
}

/// Counts what another store is asked to keep.
final class CountingStorage: Storage {
    private let inner: any Storage
    private let counted = Mutex(Tally())

    init(_ inner: any Storage) { self.inner = inner }

    /// What was kept since the start, or since the last call.
    func takeTally() -> Tally {
        counted.withLock { tally in
            defer { tally = Tally() }
            return tally
        }
    }

    func commit(_ rows: [JournalRow]) throws {
        let start = ContinuousClock.now
        try inner.commit(rows)
        let span = ContinuousClock.now - start
        counted.withLock { $0.count(rows, span) }
    }

    func keep(result: Bytes, hash: Digest) throws {
        try inner.keep(result: result, hash: hash)
        counted.withLock { $0.flushes += 1 }
    }

    func contents() throws -> StorageContents { try inner.contents() }

    func keep(_ chunk: Chunk) throws { try inner.keep(chunk) }

    func chunk(_ want: ChunkWant) throws -> Chunk? { try inner.chunk(want) }

    func keep(_ dataset: StoredDataset) throws { try inner.keep(dataset) }

    func result(_ hash: Digest) throws -> Bytes? { try inner.result(hash) }

    func forget(dataset root: Digest) throws { try inner.forget(dataset: root) }

    func forget(result hash: Digest) throws { try inner.forget(result: hash) }

    func takeEvicted() -> [ChunkWant] { inner.takeEvicted() }

    func takeDamagedResults() -> [Digest] { inner.takeDamagedResults() }

    var isDraining: Bool { inner.isDraining }

    func recover() { inner.recover() }
}
