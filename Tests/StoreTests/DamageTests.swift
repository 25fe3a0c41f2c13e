import Foundation
import Identity
import Primitives
import Store
import Testing
import Wire

/// Whatever becomes of the files: no trap, and no other content than what was kept.
struct DamageTests {
    /// A folder in which everything is, with its log or without.
    private struct Original {
        let folder: TestFolder
        let snapshot: Snapshot
        let result: Bytes
        private let live: DurableStore?

        init(isLive: Bool) throws {
            folder = try TestFolder(in: fastFolder)
            let store = try folder.open()
            for number in 0..<12 {
                try store.commit(JournalTable.allCases.map { row($0, number) })
                try store.commit([row(.statements, 100 + number, byteCount: 1_500)])
            }
            try store.commit(
                (0..<6).map { JournalRow(.rounds, key: row(.rounds, $0).key, value: nil) }
            )
            result = sample(9_000, seed: 3)
            try store.keep(result: result, hash: sha256(result))
            try store.keep(StoredDataset(sample(1_000), hash: sha256))
            try store.keep(try chunks(1)[0])
            snapshot = try Snapshot(store)
            live = isLive ? store : nil
        }
    }

    /// The vault's content after its file was changed: what it was, or none and a reason.
    private func expectVaultIsRefusedOrWhole(
        _ original: Original,
        _ name: String,
        _ bytes: Bytes,
        _ what: String
    ) throws -> Bool {
        let copy = try TestFolder(copying: original.folder, in: fastFolder)
        try copy.overwrite(name, with: bytes)
        do {
            let store = try copy.openCopy()
            #expect(try Snapshot(store) == original.snapshot, "\(what)")
            let result = try store.result(sha256(original.result))
            #expect(result == nil || result == original.result, "\(what)")
            try store.commit([row(.slots, 1_000)])
            return false
        } catch StoreError.vaultDamaged(let path, let reason) {
            #expect(path == copy.file("vault.sqlite"))
            #expect(!reason.isEmpty)
            // A log that holds nothing may go.
            let left = copy.has(name) ? try copy.bytes(name) : []
            #expect(left == bytes, "\(what): a refused file was changed")
            return true
        }
    }

    @Test func changedBytesOfAVaultAreNeverTakenForItsContent() throws {
        let original = try Original(isLive: false)
        let bytes = try original.folder.bytes("vault.sqlite")
        var random = PRNG(seed: 1)
        var refused = 0
        let positions = Array(0..<100) + Array(stride(from: 100, to: bytes.count, by: 601))
        for position in positions {
            var changed = bytes
            changed[position] ^= UInt8(1 + random.below(255))
            let what = "byte \(position)"
            if try expectVaultIsRefusedOrWhole(original, "vault.sqlite", changed, what) {
                refused += 1
            }
        }
        // A third of the file is in use; most of that is rows.
        #expect(refused > positions.count / 5)
    }

    @Test func changedBytesOfAVaultsLogAreNeverTakenForItsContent() throws {
        let original = try Original(isLive: true)
        let log = try original.folder.bytes("vault.sqlite-wal")
        var random = PRNG(seed: 2)
        var refused = 0
        let positions = Array(0..<56) + Array(stride(from: 56, to: log.count, by: log.count / 90))
        for position in positions {
            var changed = log
            changed[position] ^= UInt8(1 + random.below(255))
            let what = "byte \(position) of the log"
            if try expectVaultIsRefusedOrWhole(original, "vault.sqlite-wal", changed, what) {
                refused += 1
            }
        }
        #expect(refused > positions.count / 2)
    }

    @Test(arguments: ["vault.sqlite", "vault.sqlite-wal"])
    func vaultThatWasCutOffIsRefused(name: String) throws {
        let original = try Original(isLive: true)
        let bytes = try original.folder.bytes(name)
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
            let isRefused = try expectVaultIsRefusedOrWhole(
                original,
                name,
                Bytes(bytes.prefix(length)),
                "\(length) bytes of \(name)"
            )
            #expect(isRefused || name == "vault.sqlite", "\(length) bytes of \(name)")
        }
    }

    @Test(arguments: [0, 1, 16, 100, 4_096, 20_000])
    func noiseIsNoVault(byteCount: Int) throws {
        let original = try Original(isLive: false)
        let noise = sample(byteCount, seed: 8)
        #expect(try expectVaultIsRefusedOrWhole(original, "vault.sqlite", noise, "noise"))
        let zeros = Bytes(repeating: 0, count: byteCount)
        #expect(try expectVaultIsRefusedOrWhole(original, "vault.sqlite", zeros, "zeros"))
    }

    @Test func gridIsNoVaultAndViceVersa() throws {
        let original = try Original(isLive: false)
        let grid = try original.folder.bytes("grid.sqlite")
        #expect(try expectVaultIsRefusedOrWhole(original, "vault.sqlite", grid, "the grid"))
        let vault = try original.folder.bytes("vault.sqlite")
        #expect(try !expectGridIsWhole(original, "grid.sqlite", vault, "the vault"))
    }

    // MARK: - The grid

    /// Whether the grid's content is what it was; if not, it was set aside, and all the rest is
    /// there.
    private func expectGridIsWhole(
        _ original: Original,
        _ name: String,
        _ bytes: Bytes,
        _ what: String
    ) throws -> Bool {
        let copy = try TestFolder(copying: original.folder, in: fastFolder)
        try copy.overwrite(name, with: bytes)
        let store = try copy.openCopy()
        let found = try Snapshot(store)
        #expect(found.results == original.snapshot.results, "\(what)")
        #expect(found.datasets == original.snapshot.datasets, "\(what)")
        // Chunks stand in files of their own, and are taken in again.
        #expect(found.chunks == original.snapshot.chunks, "\(what)")
        try store.commit([row(.items, 1_000), row(.records, 1_000)])
        if found.rows == original.snapshot.rows {
            #expect(!copy.has("grid.sqlite.broken-1") || found.rows.isEmpty, "\(what)")
            return true
        }
        let grid: Set<JournalTable> = [.items, .records]
        let ofVault = original.snapshot.rows.filter { !grid.contains($0.table) }
        if name == "grid.sqlite" {
            #expect(found.rows == ofVault, "\(what)")
            #expect(copy.has("grid.sqlite.broken-1"), "\(what)")
            #expect(try copy.bytes("grid.sqlite.broken-1") == bytes, "\(what)")
            #expect(store.notices.count == 1, "\(what): \(store.notices)")
            #expect(store.notices[0].contains(copy.file("grid.sqlite.broken-1")))
        } else {
            // The end of a log that does not check is what a power cut leaves.
            #expect(found.rows.isSubset(of: original.snapshot.rows), "\(what)")
            #expect(ofVault.isSubset(of: found.rows), "\(what)")
        }
        return false
    }

    @Test(arguments: ["grid.sqlite", "grid.sqlite-wal"])
    func changedBytesOfTheGridLoseTheGridAtMost(name: String) throws {
        let original = try Original(isLive: name.hasSuffix("wal"))
        let bytes = try original.folder.bytes(name)
        var random = PRNG(seed: 3)
        var lost = 0
        let step = bytes.count / 60
        let positions = Array(0..<100) + Array(stride(from: 100, to: bytes.count, by: step))
        // The version in the header: it may say that a newer program is needed.
        for position in positions where name.hasSuffix("wal") || !(60..<64).contains(position) {
            var changed = bytes
            changed[position] ^= UInt8(1 + random.below(255))
            if try !expectGridIsWhole(original, name, changed, "byte \(position) of \(name)") {
                lost += 1
            }
        }
        #expect(lost > positions.count / 10)
    }

    @Test(arguments: [0, 1, 100, 4_096, 20_000])
    func noiseIsSetAside(byteCount: Int) throws {
        let original = try Original(isLive: false)
        for bytes in [sample(byteCount), Bytes(repeating: 0, count: byteCount)] {
            #expect(try !expectGridIsWhole(original, "grid.sqlite", bytes, "\(byteCount) bytes"))
        }
    }

    @Test func gridThatWasCutOffIsSetAside() throws {
        let original = try Original(isLive: false)
        let bytes = try original.folder.bytes("grid.sqlite")
        for length in stride(from: 0, to: bytes.count, by: 3_000) {
            let cut = Bytes(bytes.prefix(length))
            #expect(try !expectGridIsWhole(original, "grid.sqlite", cut, "\(length) bytes"))
        }
    }

    @Test func eachBrokenGridIsSetAsideUnderANameOfItsOwn() throws {
        let original = try Original(isLive: false)
        let folder = original.folder
        for number in 1...3 {
            let noise = sample(5_000, seed: UInt64(number))
            try folder.overwrite("grid.sqlite", with: noise)
            let store = try folder.open()
            #expect(try folder.bytes("grid.sqlite.broken-\(number)") == noise)
            try store.commit([row(.items, 1)])
        }
        #expect(try folder.bytes("grid.sqlite.broken-1") == sample(5_000, seed: 1))
        let store = try folder.open()
        #expect(store.notices.isEmpty)
        #expect(try store.contents().rows.contains(row(.items, 1)))
    }

    @Test func gridThatIsGoneIsBegunAnewAndSaidSo() throws {
        let original = try Original(isLive: true)
        for names in [["grid.sqlite", "grid.sqlite-wal"], ["grid.sqlite"]] {
            let copy = try TestFolder(copying: original.folder, in: fastFolder)
            for name in names { try copy.remove(name) }
            let store = try copy.openCopy()
            #expect(store.notices.count == 1)
            #expect(store.notices.first?.contains(copy.file("grid.sqlite")) == true)
            #expect(try store.contents().rows.allSatisfy { $0.table != .items })
            #expect(try store.contents().chunks == original.snapshot.chunks)
        }
    }

    @Test func damagedResultIsDroppedWhenItIsAskedFor() throws {
        let original = try Original(isLive: false)
        let folder = original.folder
        var bytes = try folder.bytes("vault.sqlite")
        let middle = Bytes(original.result[4_500..<4_532])
        let position = try #require(
            (0..<bytes.count - 32).first { Bytes(bytes[$0..<$0 + 32]) == middle }
        )
        bytes[position] ^= 1
        try folder.overwrite("vault.sqlite", with: bytes)
        let hash = sha256(original.result)
        let store = try folder.open()
        #expect(try store.contents().results == [hash])
        #expect(try store.result(hash) == nil)
        #expect(store.takeDamagedResults() == [hash])
        #expect(store.takeDamagedResults().isEmpty, "it is told once")
        #expect(try store.contents().results.isEmpty)
        #expect(store.notices.count == 1)
        try store.keep(result: original.result, hash: hash)
        #expect(try store.result(hash) == original.result)
    }
}
