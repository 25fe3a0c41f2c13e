import Foundation
import Identity
import PeerNode
import Primitives
import Store
import Testing
import Wire

/// Results that leave the disk, and those that must not.
@Suite(.timeLimit(.minutes(10)))
struct ReleaseTests {
    @Test func freshResultsOutliveADrop() throws {
        let storage = MemoryStorage()
        let results = FreshResults(storage: storage)
        let bytes = Bytes("a table without rows".utf8)
        let hash = sha256(bytes)
        // Two orders have made it; the core hears of one after the other.
        for _ in 0..<2 { try results.keep(bytes, hash: hash) }
        for _ in 0..<2 {
            try results.drop(hash)
            #expect(storage.result(hash) == bytes)
            results.heard([hash])
        }
        try results.drop(hash)
        #expect(storage.result(hash) == nil)
        results.heard([hash])
        try results.keep(bytes, hash: hash)
        try results.drop(hash)
        #expect(storage.result(hash) == bytes, "what was said too often counts for nothing")
    }

    @Test func releasedResultsLeaveTheStoreAndAreNotMissed() async throws {
        let folder = try TestFolder()
        let storage = MemoryStorage()
        let first = try TestNode(storage: storage, folder: folder)
        let second = try TestNode(join: [first.node.address])
        try await first.node.until { await $0.linkedCount == 1 }
        let search = try SmallSearch()
        let id = try await first.node.submit(search.packed)
        await #expect(throws: NodeError.cannotRelease(id.short)) {
            try await first.node.releaseResults(of: id)
        }
        try await first.node.until { await $0.job(id)?.stage == .complete }
        #expect(!storage.contents().results.isEmpty && !storage.contents().datasets.isEmpty)
        await #expect(throws: NodeError.cannotRelease(id.short)) {
            try await second.node.releaseResults(of: id)
        }
        try await first.node.releaseResults(of: id)
        try await first.node.releaseResults(of: id)
        // Drops come after the row, on another thread, and change no view.
        while !storage.contents().results.isEmpty || !storage.contents().datasets.isEmpty {
            await Task.yield()
        }
        for node in [first, second] { try await node.end() }

        let again = try TestNode(storage: storage, folder: folder)
        try await again.node.until { await $0.isReady }
        let view = try #require(await again.node.job(id))
        #expect(view.stage == .released && view.isOver && view.unitsThatNeedUs == 0)
        #expect(try await again.node.aggregate(of: id) == nil)
        // The same file is searched anew, as if it had never been there.
        let other = try await again.node.submit(search.packed)
        #expect(storage.contents().datasets.count == 1)
        #expect(await again.node.job(other)?.stage == .open)
        try await again.end()
    }
}
