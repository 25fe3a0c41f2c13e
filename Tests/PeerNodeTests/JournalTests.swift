import Dispatch
import PeerNode
import Primitives
import Store
import Synchronization
import Testing
import Transport
import Wire

/// A peer whose journal cannot be written says nothing that depends on it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct JournalTests {
    @Test(arguments: [JournalTable.slots, .statements, .items])
    func rowThatIsNotKeptStopsThePeer(table: JournalTable) async throws {
        let storage = BrokenStorage()
        let member = try TestNode(places: 0, storage: storage)
        try await member.node.until { await $0.isReady }
        let client = try Stranger().dial(member.node.address)
        try await client.linked()
        storage.breaks(table)
        let search = try SmallSearch().packed
        _ = try? await member.node.submit(search)
        let error = await #expect(throws: NodeError.self) { try await member.death() }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("the journal cannot be written: the disk is full"), "\(text)")
        // Everything that was sent before the end has come when the link is down.
        try await client.next { event -> Void? in
            if case .received(_, let frames) = event, let frame = frames.first,
                case .item(.manifest)? = try? Message(frame: frame)
            {
                Issue.record("the manifest was sent although its row was not kept")
            }
            if case .unlinked = event { return () }
            return nil
        }
        client.close()
        await #expect(throws: NodeError.self) { _ = try await member.node.submit(search) }
    }

    @Test func whoWaitsForACommitHearsOfAFailureMeanwhile() async throws {
        let storage = GatedStorage()
        let member = try TestNode(places: 0, storage: storage)
        let donors = try (0..<2).map { _ in try TestNode(join: [member.node.address]) }
        try await member.node.until { await $0.linkedCount == donors.count }
        _ = try await member.node.submit(SmallSearch().packed)
        // The first result is being kept, and the rows of another job are being written.
        await storage.results.reached()
        storage.commits.close()
        let other = try SmallSearch(seed: 2).packed
        let submission = Task { try await member.node.submit(other) }
        await storage.commits.reached()
        storage.results.open()
        await #expect(throws: DiskFull.self) { try await member.death() }
        storage.commits.open()
        await #expect(throws: DiskFull.self) { try await submission.value }
        for donor in donors { try await donor.end() }
    }

    @Test func rowsThatCannotBeReadPreventTheStart() throws {
        let storage = BrokenStorage()
        storage.breaks(nil)
        #expect(throws: DiskFull.self) { _ = try TestNode(storage: storage) }
    }
}

private struct DiskFull: Error, CustomStringConvertible {
    let description = "the disk is full"
}

/// Where a thread waits until it is let through.
private final class Gate: Sendable {
    private let isClosed: Mutex<Bool>
    private let opening = DispatchSemaphore(value: 0)
    private let arrivals = AsyncStream.makeStream(of: Void.self)

    init(isClosed: Bool) { self.isClosed = Mutex(isClosed) }

    /// Whoever comes from now on waits.
    func close() { isClosed.withLock { $0 = true } }

    /// Lets everybody through, now and later.
    func open() {
        isClosed.withLock { $0 = false }
        opening.signal()
    }

    /// Waits where the gate is closed, and lets the next one through in turn.
    func pass() {
        guard isClosed.withLock({ $0 }) else { return }
        arrivals.continuation.yield()
        opening.wait()
        opening.signal()
    }

    /// Returns when somebody waits.
    func reached() async {
        for await _ in arrivals.stream { return }
    }
}

/// A store in memory that writes slowly, and cannot keep results.
private final class GatedStorage: Storage {
    let commits = Gate(isClosed: false)
    let results = Gate(isClosed: true)
    private let memory = MemoryStorage()

    func commit(_ rows: [JournalRow]) {
        commits.pass()
        memory.commit(rows)
    }

    func keep(result: Bytes, hash: Digest) throws {
        results.pass()
        throw DiskFull()
    }

    func contents() -> StorageContents { memory.contents() }
    func keep(_ chunk: Chunk) { memory.keep(chunk) }
    func chunk(_ want: ChunkWant) -> Chunk? { memory.chunk(want) }
    func keep(_ dataset: StoredDataset) { memory.keep(dataset) }
    func result(_ hash: Digest) -> Bytes? { memory.result(hash) }
    func forget(dataset root: Digest) { memory.forget(dataset: root) }
    func forget(result hash: Digest) { memory.forget(result: hash) }
    func takeEvicted() -> [ChunkWant] { memory.takeEvicted() }
    func takeDamagedResults() -> [Digest] { memory.takeDamagedResults() }
    var isDraining: Bool { memory.isDraining }
    func recover() { memory.recover() }
}

/// A store in memory that fails on demand.
private final class BrokenStorage: Storage {
    private let memory = MemoryStorage()
    private let broken = Mutex<JournalTable?>(nil)
    private let isUnreadable = Mutex(false)

    /// From now on rows of `table` are not kept; without a table, none can be read.
    func breaks(_ table: JournalTable?) {
        broken.withLock { $0 = table }
        isUnreadable.withLock { $0 = table == nil }
    }

    func commit(_ rows: [JournalRow]) throws {
        let table = broken.withLock { $0 }
        guard !rows.contains(where: { $0.table == table }) else { throw DiskFull() }
        memory.commit(rows)
    }

    func contents() throws -> StorageContents {
        guard !isUnreadable.withLock({ $0 }) else { throw DiskFull() }
        return memory.contents()
    }

    func keep(_ chunk: Chunk) { memory.keep(chunk) }
    func chunk(_ want: ChunkWant) -> Chunk? { memory.chunk(want) }
    func keep(_ dataset: StoredDataset) { memory.keep(dataset) }
    func keep(result: Bytes, hash: Digest) { memory.keep(result: result, hash: hash) }
    func result(_ hash: Digest) -> Bytes? { memory.result(hash) }
    func forget(dataset root: Digest) { memory.forget(dataset: root) }
    func forget(result hash: Digest) { memory.forget(result: hash) }
    func takeEvicted() -> [ChunkWant] { memory.takeEvicted() }
    func takeDamagedResults() -> [Digest] { memory.takeDamagedResults() }
    var isDraining: Bool { memory.isDraining }
    func recover() { memory.recover() }
}
