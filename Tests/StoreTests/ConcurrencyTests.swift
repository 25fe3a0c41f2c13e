import Dispatch
import Identity
import Primitives
import Store
import Synchronization
import Testing
import Wire

/// A store is used by the journal's thread, the data's thread and those of the kernels at once.
struct ConcurrencyTests {
    @Test func threadsDoNotDisturbEachOther() throws {
        let folder = try TestFolder(in: fastFolder)
        let all = try chunks(6)
        let dataset = StoredDataset(sample(600_000, seed: 9), hash: sha256)
        let failures = Mutex<[String]>([])
        let evicted = Mutex<Set<ChunkWant>>([])
        var kept: Snapshot?
        do {
            let store = try folder.open { $0.chunkQuotaByteCount = 1_000_000 }
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                do {
                    for number in 0..<20 {
                        let name = thread * 100 + number
                        try store.commit([row(.slots, name), row(.items, name), row(.slots, 0)])
                        let result = sample(3_000, seed: UInt64(name))
                        try store.keep(result: result, hash: sha256(result))
                        let chunk = all[name % all.count]
                        try store.keep(chunk)
                        let found = try store.chunk(chunk.want)
                        if let found, found != chunk { throw Wrong() }
                        try store.keep(dataset)
                        let want = ChunkWant(root: dataset.root, index: UInt32(number % 3))
                        guard try store.chunk(want) != nil else { throw Wrong() }
                        guard try store.result(sha256(result)) == result else { throw Wrong() }
                        let gone = store.takeEvicted()
                        evicted.withLock { $0.formUnion(gone) }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            kept = try Snapshot(store)
        }
        let failed = failures.withLock { $0 }
        #expect(failed == [])
        let isAnyEvicted = evicted.withLock { !$0.isEmpty }
        #expect(isAnyEvicted)
        let store = try folder.open { $0.chunkQuotaByteCount = 1_000_000 }
        #expect(try Snapshot(store) == kept)
        #expect(try store.contents().rows.count == 2 * 8 * 20)
        #expect(try store.contents().results.count == 8 * 20)
        #expect(store.notices.isEmpty)
    }

    private struct Wrong: Error {}
}
