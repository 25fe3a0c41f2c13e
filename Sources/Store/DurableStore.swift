import GRDB
package import Primitives
import Synchronization
package import Wire

/// A store in a folder: what a peer keeps survives the end of its process at any moment, and as
/// far as the disk keeps its word a power cut too.
///
/// ```
/// commit ─┬─▶ vault.sqlite   signed, promised, computed: durable at once
///         └─▶ grid.sqlite    what others hold too: durable soon
/// keep ──┬──▶ vault.sqlite   results
///        ├──▶ datasets/      own datasets, whole
///        └──▶ chunks/        strangers' chunks, up to a quota
/// ```
/// Two processes never share a folder. A vault that may have forgotten something, or that may be
/// in use elsewhere, is not opened; a grid that is damaged is set aside and begun anew.
package final class DurableStore: Storage {
    private let folder: String
    private let vault: VaultDatabase
    private let grid: DatabaseFile
    private let room: DiskRoom
    private let datasets: DatasetFolder
    private let chunks: ChunkFolder
    private let hash: @Sendable (Bytes) -> Digest
    private let said: Notices
    /// Results that were damaged, which was not told yet.
    private let damaged = Mutex<[Digest]>([])
    private let lock: FolderLock

    /// Opens the store in `folder`, which is made on the first start.
    ///
    /// `hash` is SHA-256. Throws a `StoreError` when the folder must not or cannot be used.
    package init(
        folder: String,
        settings: StoreSettings = StoreSettings(),
        hash: @escaping @Sendable (Bytes) -> Digest
    ) throws {
        try Disk.makeFolder(folder)
        self.folder = folder
        self.hash = hash
        lock = try FolderLock(folder)
        let said = Notices()
        let room = DiskRoom(
            folder,
            ballastByteCount: settings.ballastByteCount,
            notices: said
        )
        (vault, grid) = try room.write { try Self.open(folder, settings, said) }
        datasets = try DatasetFolder(folder, vault: vault, room: room, notices: said, hash: hash)
        chunks = try ChunkFolder(
            folder,
            grid: grid,
            room: room,
            quotaByteCount: settings.chunkQuotaByteCount,
            hash: hash
        )
        try Disk.synchronize(folder)
        room.prepare()
        self.room = room
        self.said = said
    }

    deinit {
        // Before the lock goes, so that the next process finds them at rest.
        vault.close()
        grid.close()
    }

    /// What the owner should know: what was damaged and begun anew, what is gone, oldest first.
    package var notices: [String] { said.all }

    /// Starts of the peer in this folder, the present one included.
    package var bootCount: UInt64 { UInt64(vault.meta.boots) }

    // MARK: - Rows

    package func commit(_ rows: [JournalRow]) throws {
        let ofVault = rows.filter { $0.table.database == .vault }
        let ofGrid = rows.filter { $0.table.database == .grid }
        if !ofVault.isEmpty {
            try room.write { try vault.write { try DatabaseFile.put(ofVault, into: $0) } }
        }
        if !ofGrid.isEmpty {
            try room.write { try grid.write { try DatabaseFile.put(ofGrid, into: $0) } }
        }
    }

    package func contents() throws -> StorageContents {
        var contents = StorageContents()
        for kind in DatabaseKind.allCases {
            for table in kind.tables {
                try read(kind) { database in
                    try DatabaseFile.forEachRow(of: table, in: database) {
                        contents.rows.append($0)
                    }
                }
            }
        }
        contents.results = try vault.read { try ResultTable.hashes(in: $0) }
        contents.chunks = try chunks.all()
        contents.datasets = datasets.all
        return contents
    }

    private func read(_ kind: DatabaseKind, _ body: (Database) throws -> Void) throws {
        switch kind {
        case .vault: try vault.read(body)
        case .grid: try grid.read(body)
        }
    }

    // MARK: - Data

    package func keep(_ chunk: Chunk) throws { try chunks.keep(chunk) }

    package func chunk(_ want: ChunkWant) throws -> Chunk? {
        datasets.contains(want.root) ? try datasets.chunk(want) : try chunks.chunk(want)
    }

    package func keep(_ dataset: StoredDataset) throws { try datasets.keep(dataset) }

    package func forget(dataset root: Digest) throws { try datasets.forget(root) }

    package func keep(result: Bytes, hash: Digest) throws {
        guard UInt64(result.count) <= Limits.resultByteCount else {
            throw StoreError.resultTooLong(byteCount: result.count)
        }
        try room.write { try vault.write { try ResultTable.put(result, hash: hash, into: $0) } }
    }

    package func result(_ hash: Digest) throws -> Bytes? {
        guard let bytes = try vault.read({ try ResultTable.bytes(hash, in: $0) }) else {
            return nil
        }
        guard self.hash(bytes) == hash else {
            said.add("the result \(hash) was damaged on the disk of \(folder), and is dropped")
            try forget(result: hash)
            damaged.withLock { $0.append(hash) }
            return nil
        }
        return bytes
    }

    package func forget(result hash: Digest) throws {
        try room.write { try vault.write { try ResultTable.remove(hash, from: $0) } }
    }

    package func takeEvicted() -> [ChunkWant] { chunks.takeEvicted() }

    package func takeDamagedResults() -> [Digest] {
        damaged.withLock { hashes in
            defer { hashes = [] }
            return hashes
        }
    }

    // MARK: - Room

    package var isDraining: Bool { room.isDraining }

    package func recover() { room.recover() }
}
