import Primitives
import Synchronization
import Wire

/// Own datasets: raw files named after their roots, and their hash trees in the vault.
final class DatasetFolder: Sendable {
    private let folder: String
    private let storeFolder: String
    private let vault: VaultDatabase
    private let room: DiskRoom
    private let hash: @Sendable (Bytes) -> Digest
    private let notices: Notices
    private let entries = Mutex<[Digest: DatasetTable.Entry]>([:])
    /// Held while files change; reading goes on meanwhile.
    private let changing = Mutex(())

    /// Opens the datasets below `folder`: a file and a row that lack each other go.
    init(
        _ folder: String,
        vault: VaultDatabase,
        room: DiskRoom,
        notices: Notices,
        hash: @escaping @Sendable (Bytes) -> Digest
    ) throws {
        self.folder = "\(folder)/datasets"
        storeFolder = folder
        self.vault = vault
        self.room = room
        self.notices = notices
        self.hash = hash
        try room.write { try Disk.makeFolder(self.folder) }
        try reconcile()
    }

    /// The datasets, ascending by root.
    var all: [StorageContents.WholeDataset] {
        entries.withLock { entries in
            entries.values
                .map { .init(root: $0.root, byteCount: $0.byteCount) }
                .sorted { $0.root < $1.root }
        }
    }

    /// Keeps a whole dataset, and again if it is kept already: that repairs its file.
    func keep(_ dataset: StoredDataset) throws {
        // What cannot fit must not cost the ballast.
        guard try Disk.freeByteCount(folder) > UInt64(dataset.bytes.count) else {
            throw StoreError.diskFull(folder: storeFolder)
        }
        try changing.withLock { _ in try write(dataset) }
    }

    /// Drops a dataset.
    func forget(_ root: Digest) throws {
        try changing.withLock { _ in
            guard entries.withLock({ $0.removeValue(forKey: root) }) != nil else { return }
            try room.write { try vault.write { try DatasetTable.remove(root, from: $0) } }
            try Disk.remove(path(root))
        }
    }

    /// Whether the dataset of `root` is one of these.
    func contains(_ root: Digest) -> Bool { entries.withLock { $0[root] != nil } }

    /// A chunk, with its proof; nil when there is none, or when the file is damaged there.
    func chunk(_ want: ChunkWant) throws -> Chunk? {
        let index = Int(want.index)
        guard let entry = entries.withLock({ $0[want.root] }),
            entry.leaves.indices.contains(index)
        else { return nil }
        let bytes = try? Disk.read(
            path(want.root),
            at: UInt64(index) * UInt64(Limits.chunkByteCount),
            upTo: DataTree.chunkLength(index: index, byteCount: entry.byteCount)
        )
        guard let bytes, hash(bytes) == entry.leaves[index] else {
            notices.add(
                "the file \(path(want.root)) is damaged; submit its job again to repair it"
            )
            return nil
        }
        return Chunk(
            root: want.root,
            datasetByteCount: entry.byteCount,
            index: want.index,
            bytes: bytes,
            proof: DataTree.proof(leaves: entry.leaves, index: index)
        )
    }

    private func path(_ root: Digest) -> String { "\(folder)/\(root)" }

    private func write(_ dataset: StoredDataset) throws {
        let path = path(dataset.root)
        do {
            try room.write { try Disk.write(dataset.bytes, to: path, isDurable: true) }
            try room.write { try vault.write { try DatasetTable.put(dataset, into: $0) } }
        } catch {
            if entries.withLock({ $0[dataset.root] }) == nil { try? Disk.remove(path) }
            throw error
        }
        let entry = DatasetTable.Entry(
            root: dataset.root,
            byteCount: UInt64(dataset.bytes.count),
            leaves: dataset.leaves
        )
        entries.withLock { $0[dataset.root] = entry }
    }

    private func reconcile() throws {
        var known: [Digest: DatasetTable.Entry] = [:]
        for entry in try vault.read({ try DatasetTable.entries(in: $0) }) {
            if try Disk.status(path(entry.root))?.byteCount == entry.byteCount {
                known[entry.root] = entry
            } else {
                notices.add(
                    "the file \(path(entry.root)) is gone or cut off; submit its job again"
                )
                try room.write { try vault.write { try DatasetTable.remove(entry.root, from: $0) } }
            }
        }
        for name in try Disk.names(in: folder) {
            let isTemporary = name.hasSuffix(Disk.temporarySuffix)
            let root = Digest(hexadecimal: name)
            if isTemporary || root.map({ known[$0] == nil }) == true {
                try Disk.remove("\(folder)/\(name)")
            }
        }
        let all = known
        entries.withLock { $0 = all }
    }
}
