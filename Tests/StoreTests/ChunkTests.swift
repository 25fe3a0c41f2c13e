import Foundation
import Identity
import Primitives
import Store
import Testing
import Wire

/// Strangers' chunks: a cache with a quota, none of which is believed.
struct ChunkTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder(in: fastFolder) }

    /// Room for two whole chunks and their proofs.
    private func small(_ settings: inout StoreSettings) {
        settings.chunkQuotaByteCount = 2 * (256 << 10 + 1_000)
    }

    @Test func leastRecentlyUsedChunkMakesRoom() throws {
        let all = try chunks(4)
        let store = try folder.open(small)
        try store.keep(all[0])
        try store.keep(all[1])
        #expect(store.takeEvicted().isEmpty)
        #expect(try store.chunk(all[0].want) == all[0])
        try store.keep(all[2])
        #expect(store.takeEvicted() == [all[1].want])
        #expect(store.takeEvicted().isEmpty)
        #expect(try store.chunk(all[1].want) == nil)
        #expect(try store.contents().chunks == [all[0].want, all[2].want])
        #expect(!folder.has("chunks/\(all[1].root)/1"))
    }

    @Test func orderOfUseOutlivesAStart() throws {
        let all = try chunks(4)
        do {
            let store = try folder.open(small)
            try store.keep(all[0])
            try store.keep(all[1])
            _ = try store.chunk(all[0].want)
        }
        let store = try folder.open(small)
        try store.keep(all[2])
        #expect(store.takeEvicted() == [all[1].want])
    }

    @Test func newestChunkStaysHoweverSmallTheQuota() throws {
        let all = try chunks(2)
        let store = try folder.open { $0.chunkQuotaByteCount = 1 }
        try store.keep(all[0])
        #expect(try store.chunk(all[0].want) == all[0])
        try store.keep(all[1])
        #expect(store.takeEvicted() == [all[0].want])
        #expect(try store.chunk(all[1].want) == all[1])
    }

    @Test func sameChunkAgainTakesNoMoreRoom() throws {
        let all = try chunks(2)
        let store = try folder.open(small)
        for _ in 0..<5 { for chunk in all { try store.keep(chunk) } }
        #expect(store.takeEvicted().isEmpty)
        #expect(try store.contents().chunks.count == 2)
    }

    @Test func smallerQuotaIsKeptFromTheNextStartOn() throws {
        let all = try chunks(5)
        do {
            let store = try folder.open()
            for chunk in all { try store.keep(chunk) }
        }
        let store = try folder.open(small)
        // The last chunk is short, so three fit.
        #expect(try store.contents().chunks == all.suffix(3).map(\.want))
        #expect(store.takeEvicted().isEmpty)
    }

    @Test func damagedChunkIsDroppedAndReported() throws {
        let all = try chunks(3)
        let others = try chunks(2, seed: 7)
        let store = try folder.open()
        for chunk in all + others { try store.keep(chunk) }
        let root = all[0].root
        var bytes = try folder.bytes("chunks/\(root)/0")
        bytes[bytes.count / 2] ^= 1
        try folder.overwrite("chunks/\(root)/0", with: bytes)
        try folder.overwrite("chunks/\(root)/1", with: [])
        try folder.remove("chunks/\(root)/2")
        // A sound chunk under another's name.
        let other = try folder.bytes("chunks/\(others[0].root)/0")
        try folder.overwrite("chunks/\(others[0].root)/1", with: other)
        let damaged = [all[0].want, all[1].want, all[2].want, others[1].want]
        for want in damaged { #expect(try store.chunk(want) == nil) }
        #expect(store.takeEvicted() == damaged)
        #expect(try store.contents().chunks == [others[0].want])
        #expect(!folder.has("chunks/\(root)"))
        try store.keep(all[0])
        #expect(try store.chunk(all[0].want) == all[0])
    }

    @Test func everyByteOfAChunksFileMatters() throws {
        let chunk = try chunks(3)[2]
        let store = try folder.open()
        try store.keep(chunk)
        let name = "chunks/\(chunk.root)/2"
        let bytes = try folder.bytes(name)
        for position in stride(from: 0, to: bytes.count, by: 13) {
            var changed = bytes
            changed[position] ^= 0x41
            try folder.overwrite(name, with: changed)
            #expect(try store.chunk(chunk.want) == nil, "byte \(position)")
            try store.keep(chunk)
        }
        #expect(try store.chunk(chunk.want) == chunk)
    }

    @Test func filesWithoutRowsAreTakenInAndRowsWithoutFilesGo() throws {
        let all = try chunks(4)
        do {
            let store = try folder.open()
            for chunk in all { try store.keep(chunk) }
        }
        for name in ["grid.sqlite"] { try folder.remove(name) }
        try folder.remove("chunks/\(all[0].root)/1")
        do {
            let store = try folder.open()
            #expect(try store.contents().chunks == [all[0].want, all[2].want, all[3].want])
            #expect(store.notices.count == 1)
        }
        try folder.remove("chunks/\(all[0].root)/3")
        let store = try folder.open()
        #expect(try store.contents().chunks == [all[0].want, all[2].want])
        #expect(try store.chunk(all[2].want) == all[2])
        #expect(store.notices.isEmpty)
    }

    @Test func foreignFilesInTheFolderAreLeftAlone() throws {
        _ = try folder.open()
        let foreign = ["chunks/notes.txt", "datasets/notes.txt", "notes.txt"]
        for name in foreign { try Data([1]).write(to: URL(filePath: folder.file(name))) }
        let store = try folder.open()
        for name in foreign { #expect(folder.has(name)) }
        #expect(store.notices.isEmpty)
    }
}
