import Foundation
import Glibc
import Identity
import Primitives
import Store
import Wire

/// A folder of a test's own; gone with the object.
final class TestFolder: Sendable {
    let path: String

    /// A folder below `base`, which is the system's place for such things unless it is told.
    init(in base: String = NSTemporaryDirectory()) throws {
        path = "\(base)/starling-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    /// A copy of everything in `original` but its lock.
    init(copying original: TestFolder, in base: String = NSTemporaryDirectory()) throws {
        path = "\(base)/starling-store-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: original.path, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in the folder.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Whether there is such a file.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// Names below the folder, sorted.
    var names: [String] {
        (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted()
    }

    /// A file's bytes.
    func bytes(_ name: String) throws -> Bytes {
        Bytes(try Data(contentsOf: URL(filePath: file(name))))
    }

    /// Puts other bytes into a file, which stays the same file.
    func overwrite(_ name: String, with bytes: Bytes) throws {
        let handle = try FileHandle(forWritingTo: URL(filePath: file(name)))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    /// Removes a file or folder.
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

    /// Opens a store in the folder, without ballast unless the settings say otherwise.
    func open(_ change: (inout StoreSettings) -> Void = { _ in }) throws -> DurableStore {
        var settings = StoreSettings()
        settings.ballastByteCount = 0
        change(&settings)
        return try DurableStore(folder: path, settings: settings, hash: sha256)
    }

    /// Opens a store in a copy of a folder.
    func openCopy() throws -> DurableStore { try open { $0.acceptsMove = true } }
}

/// Where synchronizing costs nothing, if there is such a place.
let fastFolder =
    access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()

/// Bytes that differ for each `seed`.
func sample(_ count: Int, seed: UInt64 = 1) -> Bytes {
    var random = PRNG(seed: seed)
    var bytes: Bytes = []
    bytes.reserveCapacity(count + 7)
    while bytes.count < count {
        withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
    }
    return Bytes(bytes.prefix(count))
}

/// A row of `table` that differs for each `number`.
func row(_ table: JournalTable, _ number: Int, byteCount: Int = 100) -> JournalRow {
    let seed = UInt64(table.rawValue) << 32 | UInt64(number)
    return JournalRow(
        table,
        key: sample(32, seed: seed),
        value: sample(byteCount, seed: seed + 1 << 16)
    )
}

/// Single chunks of a dataset, as a stranger would send them.
func chunks(_ count: Int, seed: UInt64 = 1) throws -> [Chunk] {
    let memory = MemoryStorage()
    let dataset = StoredDataset(sample(1_000 + (count - 1) << 18, seed: seed), hash: sha256)
    memory.keep(dataset)
    return (0..<UInt32(count)).compactMap {
        memory.chunk(ChunkWant(root: dataset.root, index: $0))
    }
}

extension Chunk {
    /// What asks for it.
    var want: ChunkWant { ChunkWant(root: root, index: index) }
}

/// What a store holds, in an order of its own, for comparing.
struct Snapshot: Equatable {
    let rows: Set<JournalRow>
    let results: [Digest]
    let chunks: [ChunkWant]
    let datasets: [StorageContents.WholeDataset]

    init(_ store: some Storage) throws {
        let contents = try store.contents()
        rows = Set(contents.rows)
        results = contents.results.sorted()
        chunks = contents.chunks.sorted()
        datasets = contents.datasets
    }
}
