import Glibc
import Primitives
import Synchronization
import Wire

/// Strangers' chunks: a file for each with its proof, and their order of use in the grid.
///
/// The files are not synchronized. Each proves itself when it is read, and what a power cut takes
/// is fetched again; two waits for the disk for every 256 KiB would cost far more.
final class ChunkFolder: Sendable {
    private let folder: String
    private let grid: DatabaseFile
    private let room: DiskRoom
    private let quotaByteCount: UInt64
    private let hash: @Sendable (Bytes) -> Digest
    private let state = Mutex(State())

    private struct State {
        /// Bytes of all files.
        var byteCount: UInt64 = 0
        /// Rises with every use of any chunk.
        var lastUsed: Int64 = 0
        /// What is gone and was not told yet.
        var evicted: [ChunkWant] = []
    }

    /// Chunks that are gone and not told yet, at most; the oldest are left out.
    private static let evictedMax = 1 << 16

    /// Opens the chunks below `folder`: rows and files that lack each other are put right.
    init(
        _ folder: String,
        grid: DatabaseFile,
        room: DiskRoom,
        quotaByteCount: UInt64,
        hash: @escaping @Sendable (Bytes) -> Digest
    ) throws {
        self.folder = "\(folder)/chunks"
        self.grid = grid
        self.room = room
        self.quotaByteCount = quotaByteCount
        self.hash = hash
        try room.write { try Disk.makeFolder(self.folder) }
        try state.withLock { state in
            try reconcile(&state)
            // A start has nobody yet to tell of what is gone.
            try evict(but: nil, &state)
            state.evicted = []
        }
    }

    /// The chunks that are kept.
    func all() throws -> [ChunkWant] {
        try grid.read { try ChunkTable.entries(in: $0) }.entries.map(\.want).sorted()
    }

    /// Keeps a chunk; those that were used longest ago make room for it.
    func keep(_ chunk: Chunk) throws {
        let want = ChunkWant(root: chunk.root, index: chunk.index)
        let frame = Message.chunk(chunk).frame
        let entry = ChunkTable.Entry(want: want, byteCount: UInt64(frame.count))
        try state.withLock { state in
            try room.write {
                try Disk.makeFolder(folder(of: want.root))
                try Disk.write(frame, to: path(want), isDurable: false)
            }
            state.lastUsed += 1
            let lastUsed = state.lastUsed
            let earlier = try room.write {
                try grid.write { database in
                    let earlier = try ChunkTable.byteCount(want, in: database)
                    try ChunkTable.put(entry, lastUsed: lastUsed, into: database)
                    return earlier ?? 0
                }
            }
            state.byteCount += entry.byteCount
            state.byteCount -= min(earlier, state.byteCount)
            try evict(but: want, &state)
        }
    }

    /// A chunk that is kept; one that is damaged is dropped.
    func chunk(_ want: ChunkWant) throws -> Chunk? {
        try state.withLock { state in
            guard let byteCount = try grid.read({ try ChunkTable.byteCount(want, in: $0) }) else {
                return nil
            }
            guard let chunk = try read(want) else {
                try room.write { try grid.write { try ChunkTable.remove(want, from: $0) } }
                discard([ChunkTable.Entry(want: want, byteCount: byteCount)], &state)
                return nil
            }
            state.lastUsed += 1
            let lastUsed = state.lastUsed
            // On a full disk the order of use may be forgotten; the chunk may not.
            try? grid.write { try ChunkTable.touch(want, lastUsed: lastUsed, in: $0) }
            return chunk
        }
    }

    /// The chunks that are gone since the last call.
    func takeEvicted() -> [ChunkWant] {
        state.withLock { state in
            defer { state.evicted = [] }
            return state.evicted
        }
    }

    private func folder(of root: Digest) -> String { "\(folder)/\(root)" }
    private func path(_ want: ChunkWant) -> String { "\(folder(of: want.root))/\(want.index)" }

    /// The chunk in the file of `want`; nil when the file is gone or holds something else.
    private func read(_ want: ChunkWant) throws -> Chunk? {
        let frame: Bytes
        do {
            frame = try Disk.read(path(want), upTo: Limits.frameByteCount)
        } catch StoreError.system(_, _, ENOENT), StoreError.system(_, _, EIO) {
            return nil
        }
        guard case .chunk(let chunk)? = try? Message(frame: frame),
            chunk.root == want.root, chunk.index == want.index
        else { return nil }
        let index = Int(chunk.index)
        let byteCount = chunk.datasetByteCount
        let isRight =
            chunk.bytes.count == DataTree.chunkLength(index: index, byteCount: byteCount)
            && DataTree.verifies(
                leaf: hash(chunk.bytes),
                index: index,
                byteCount: byteCount,
                proof: chunk.proof,
                root: want.root
            )
        return isRight ? chunk : nil
    }

    private func evict(but newest: ChunkWant?, _ state: inout State) throws {
        let excess = state.byteCount - min(quotaByteCount, state.byteCount)
        guard excess > 0 else { return }
        let evicted = try room.write {
            try grid.write { try ChunkTable.evict(excess, but: newest, from: $0) }
        }
        discard(evicted, &state)
    }

    /// Removes the files of rows that are gone; what stays is removed by the next start.
    private func discard(_ entries: [ChunkTable.Entry], _ state: inout State) {
        for entry in entries {
            try? Disk.remove(path(entry.want))
            Disk.removeEmptyFolder(folder(of: entry.want.root))
            state.byteCount -= min(entry.byteCount, state.byteCount)
            state.evicted.append(entry.want)
        }
        state.evicted = state.evicted.suffix(Self.evictedMax)
    }

    // MARK: - Start

    /// Drops rows whose file is not there as it was, and takes in files without a row: each proves
    /// itself when it is read.
    private func reconcile(_ state: inout State) throws {
        var files = try files()
        let (entries, lastUsed) = try grid.read { try ChunkTable.entries(in: $0) }
        var gone: [ChunkTable.Entry] = []
        for entry in entries {
            let byteCount = files.removeValue(forKey: entry.want)
            if byteCount == entry.byteCount {
                state.byteCount += entry.byteCount
            } else {
                gone.append(entry)
            }
        }
        let found = files.map { ChunkTable.Entry(want: $0.key, byteCount: $0.value) }
        let lost = gone
        try room.write {
            try grid.write { database in
                for entry in lost { try ChunkTable.remove(entry.want, from: database) }
                for entry in found { try ChunkTable.put(entry, lastUsed: 0, into: database) }
            }
        }
        for entry in gone { try Disk.remove(path(entry.want)) }
        state.byteCount += found.reduce(0) { $0 + $1.byteCount }
        state.lastUsed = lastUsed
    }

    /// The files that may be chunks, with their bytes; what was begun and not ended is removed.
    private func files() throws -> [ChunkWant: UInt64] {
        var files: [ChunkWant: UInt64] = [:]
        for name in try Disk.names(in: folder) {
            guard let root = Digest(hexadecimal: name) else { continue }
            let subfolder = folder(of: root)
            for name in try Disk.names(in: subfolder) {
                let path = "\(subfolder)/\(name)"
                if name.hasSuffix(Disk.temporarySuffix) {
                    try Disk.remove(path)
                } else if let index = UInt32(name), "\(index)" == name,
                    let byteCount = try Disk.status(path)?.byteCount
                {
                    files[ChunkWant(root: root, index: index)] = byteCount
                }
            }
            Disk.removeEmptyFolder(subfolder)
        }
        return files
    }
}
