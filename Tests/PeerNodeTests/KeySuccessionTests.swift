import Identity
import Kernels
import Ledger
import PeerCore
import PeerNode
import Primitives
import Store
import Testing
import Wire

/// A peer goes on with another key, and everything of the old one is its own.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct KeySuccessionTests {
    @Test func theSuccessorTakesOverCreditAndJobs() async throws {
        let (search, next) = (try SmallSearch(), try SmallSearch(seed: 2))
        let other = try TestNode()
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        let first = try TestNode(
            join: [other.node.address],
            places: 1,
            storage: storage,
            folder: folder
        )
        try await first.node.until { await $0.linkedCount == 1 }
        try await search.expectFinishes(at: first.node)
        let job = try await first.node.submit(next.packed)
        try await first.node.hold(job)
        #expect(await first.node.progress(of: job)?.isHeld == true)
        let old = first.node.id
        let paid = await other.node.boards().hosts.first { $0.peer == old }?.won ?? 0
        #expect(paid > 0)
        try await first.end()

        let succession = try KeySuccession.run(folder: folder.path, storage: storage)
        #expect(succession.old == old && succession.new != old)
        let rows = storage.contents().rows
        #expect(!rows.contains { $0.table == .rounds || $0.table == .bundles })
        #expect(rows.contains { $0.table == .statements })

        let second = try TestNode(
            join: [other.node.address],
            places: 1,
            storage: storage,
            folder: folder
        )
        let new = second.node.id
        #expect(
            new == succession.new && second.node.address.curveKey != first.node.address.curveKey
        )
        try await other.node.until { node in
            let hosts = await node.boards().hosts.map(\.peer)
            return hosts.contains(new) && !hosts.contains(old)
        }
        let moved = await other.node.boards().hosts.first { $0.peer == new }
        #expect(moved?.won ?? 0 >= paid)
        // The job of the old key goes on, and its results come to the new one.
        try await second.node.release(job)
        let count = next.packed.plan.unitCount
        try await second.node.until { node in
            let progress = await node.progress(of: job)
            return progress?.certified ?? 0 == count && progress?.held ?? 0 == count
        }
        let users = await other.node.boards().users
        #expect(users.count == 2, "one line for each owner, whatever the keys")
        #expect(users.reduce(0) { $0 + $1.share } == 0)
        for member in [other, second] { try await member.end() }
    }

    @Test func aJobOfAnotherPeerIsNotHeldFromHere() async throws {
        try await withGrid(2) { nodes in
            let job = try await nodes[0].submit(SmallSearch().packed)
            try await nodes[1].until { await $0.progress(of: job) != nil }
            await #expect(throws: NodeError.cannotHold(job.short)) {
                try await nodes[1].hold(job)
            }
        }
    }

    @Test func aKeyThatWasNotForeseenTakesNothingOver() async throws {
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        let member = try TestNode(storage: storage, folder: folder)
        try await member.node.until { await $0.isReady }
        try await member.end()
        // The file is lost, and the next start makes another.
        try KeyFile.discard(at: "\(folder.path)/successor.key")
        let again = try TestNode(storage: storage, folder: folder)
        try await again.node.until { await $0.isReady }
        try await again.end()
        let error = #expect(throws: NodeError.self) {
            try KeySuccession.run(folder: folder.path, storage: storage)
        }
        #expect(error == .otherSuccessor("successor.key"))
        let peer = try KeyFile.load(at: "\(folder.path)/peer.key", purpose: .peer)
        #expect(PeerID(peer.publicKey) == again.node.id)
    }

    @Test func aReplacementThatACrashCutShortIsCompleted() async throws {
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        let member = try TestNode(storage: storage, folder: folder)
        try await member.node.until { await $0.isReady }
        try await member.end()
        let successor = "\(folder.path)/successor.key"
        let next = try KeyFile.load(at: successor, purpose: .successor)
        let whole = try KeySuccession.run(folder: folder.path, storage: storage)
        // Everything was done but the last step, which removes this file.
        try next.write(to: successor)
        #expect(try KeySuccession.run(folder: folder.path, storage: storage) == whole)
        #expect(whole.old == member.node.id && whole.new == PeerID(next.publicKey))
        let peer = try KeyFile.load(at: "\(folder.path)/peer.key", purpose: .peer)
        #expect(peer.publicKey == next.publicKey)
        #expect(throws: KeyFileError.missing(path: successor)) {
            try KeyFile.load(at: successor, purpose: .successor)
        }
    }

    @Test func aSecondReplacementNeedsAPlaceForTheKeyBeforeIt() async throws {
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        for number in 0..<2 {
            let member = try TestNode(storage: storage, folder: folder)
            try await member.node.until { await $0.isReady }
            try await member.end()
            guard number == 1 else {
                _ = try KeySuccession.run(folder: folder.path, storage: storage)
                continue
            }
            let error = #expect(throws: KeyFileError.self) {
                try KeySuccession.run(folder: folder.path, storage: storage)
            }
            #expect(error == .present(path: "\(folder.path)/peer.key.revoked"))
        }
    }
}
