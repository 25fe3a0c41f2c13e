import Foundation
import GRDB
import Identity
import Primitives
import Store
import Testing
import Wire

/// A vault that must not sign is not opened, and the error says how to go on.
struct GuardTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder(in: fastFolder) }

    /// What opening a folder fails with.
    private func failure(
        _ folder: TestFolder,
        _ change: (inout StoreSettings) -> Void = { _ in }
    ) -> StoreError? {
        #expect(throws: StoreError.self) { _ = try folder.open(change) }
    }

    private func expect(_ error: StoreError?, says words: String...) {
        let text = error.map { "\($0)" } ?? ""
        for word in words { #expect(text.contains(word), "\(text)") }
    }

    @Test func secondProcessIsRefusedUntilTheFirstEnds() throws {
        var store: DurableStore? = try folder.open()
        #expect(failure(folder) == .locked(folder: folder.path))
        expect(failure(folder), says: folder.path, "another starling")
        try store?.commit([row(.slots, 1)])
        store = nil
        #expect(try folder.open().contents().rows.count == 1)
    }

    @Test func folderThatCannotBeMadeIsNamed() throws {
        let path = folder.file("no/such/folder")
        let error = #expect(throws: StoreError.self) {
            _ = try DurableStore(folder: path, hash: sha256)
        }
        expect(error, says: path, "No such file")
    }

    @Test func filesAreForTheirOwnerOnly() throws {
        let store = try folder.open()
        try store.commit([row(.slots, 1)])
        for name in folder.names where !name.contains("/") {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
            let mode = try #require(attributes[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
        }
    }

    // MARK: - Missing

    @Test func keyBesideNoVaultIsAFirstStart() throws {
        try Data([1]).write(to: URL(filePath: folder.file("peer.key")))
        let store = try folder.open()
        #expect(store.bootCount == 1)
        #expect(store.notices.isEmpty)
    }

    @Test func vaultThatIsGoneIsNotMadeAnew() throws {
        try folder.open().commit([row(.slots, 1)])
        try folder.remove("vault.sqlite")
        #expect(failure(folder) == .vaultMissing(folder: folder.path))
        #expect(failure(folder) { $0.acceptsMove = true } == .vaultMissing(folder: folder.path))
        expect(failure(folder), says: folder.path, "contradict", "copy", "new folder")
        #expect(!folder.has("vault.sqlite"))
    }

    @Test func logWithoutItsVaultIsNotTakenForANewOnes() throws {
        let live = try folder.open()
        try live.commit([row(.slots, 1)])
        let copy = try TestFolder(copying: folder, in: fastFolder)
        try copy.remove("vault.sqlite")
        try copy.remove("vault.id")
        #expect(failure(copy) == .vaultMissing(folder: copy.path))
    }

    @Test func vaultWithoutItsMarkerWorksOn() throws {
        try folder.open().commit([row(.slots, 1)])
        for content: Bytes? in [nil, [], sample(30), Bytes("starling-vault 1\n".utf8)] {
            try folder.remove("vault.id")
            if let content {
                try Data(content).write(to: URL(filePath: folder.file("vault.id")))
            }
            let store = try folder.open()
            #expect(try store.contents().rows == [row(.slots, 1)])
        }
        try folder.remove("vault.sqlite")
        #expect(failure(folder) == .vaultMissing(folder: folder.path))
    }

    // MARK: - Lost commits

    @Test func vaultWhoseLogWasDeletedIsRefused() throws {
        let live = try folder.open()
        // The start itself is the first change.
        for number in 0..<3 { try live.commit([row(.slots, number)]) }
        let copy = try TestFolder(copying: folder, in: fastFolder)
        try copy.remove("vault.sqlite-wal")
        let error = failure(copy) { $0.acceptsMove = true }
        expect(error, says: copy.file("vault.sqlite"), "its last 4 changes are gone", "contradict")
    }

    @Test func vaultOfABackupIsRefused() throws {
        try folder.open().commit([row(.slots, 1)])
        let old = try folder.bytes("vault.sqlite")
        try folder.open().commit([row(.slots, 2)])
        // In the same file: nothing but the marker knows.
        try folder.overwrite("vault.sqlite", with: old)
        expect(failure(folder), says: "its last 2 changes are gone")
    }

    @Test func vaultOfAnotherPeerIsRefused() throws {
        let other = try TestFolder(in: fastFolder)
        try other.open().commit([row(.slots, 1)])
        try folder.open().commit([row(.slots, 2)])
        try folder.overwrite("vault.sqlite", with: try other.bytes("vault.sqlite"))
        expect(failure(folder) { $0.acceptsMove = true }, says: "vault.id names")
    }

    @Test func logThatWasCutOffByAPowerCutGivesWholeCommits() throws {
        let live = try folder.open()
        for number in 0..<6 {
            try live.commit([row(.slots, number), row(.statements, number, byteCount: 5_000)])
        }
        let log = try folder.bytes("vault.sqlite-wal")
        let marker = "commits 00000000000000000000\n"
        var counts: Set<Int> = []
        for length in Array(stride(from: 0, to: log.count, by: 1_500)) + [log.count] {
            let copy = try TestFolder(copying: folder, in: fastFolder)
            try copy.overwrite("vault.sqlite-wal", with: Bytes(log.prefix(length)))
            // A power cut takes what the marker said too: it is never synchronized.
            let head = try copy.bytes("vault.id").dropLast(marker.utf8.count)
            try copy.overwrite("vault.id", with: head + Bytes(marker.utf8))
            let rows = Set(try copy.openCopy().contents().rows)
            let count = rows.count / 2
            counts.insert(count)
            let whole = (0..<count).flatMap {
                [row(.slots, $0), row(.statements, $0, byteCount: 5_000)]
            }
            #expect(rows == Set(whole))
        }
        #expect(counts == Set(0...6))
    }

    // MARK: - Copies

    @Test func copyIsRefusedUntilTheMoveIsAccepted() throws {
        try folder.open().commit([row(.slots, 1)])
        let copy = try TestFolder(copying: folder, in: fastFolder)
        expect(failure(copy), says: copy.path, "copied or moved", "--accept-move", "new folder")
        let bytes = try copy.bytes("vault.sqlite")
        #expect(bytes == (try folder.bytes("vault.sqlite")))
        #expect(try copy.openCopy().bootCount == 2)
        let store = try copy.open()
        #expect(store.bootCount == 3)
        #expect(try store.contents().rows == [row(.slots, 1)])
        // The original is where it was.
        #expect(try folder.open().bootCount == 2)
    }

    @Test func folderThatWasRenamedIsNoCopy() throws {
        try folder.open().commit([row(.slots, 1)])
        let other = try TestFolder(in: fastFolder)
        try FileManager.default.moveItem(atPath: folder.path, toPath: other.file("inner"))
        let store = try DurableStore(folder: other.file("inner"), hash: sha256)
        #expect(try store.contents().rows.count == 1)
    }

    @Test func otherMachineIsRefusedUntilTheMoveIsAccepted() throws {
        _ = try folder.open()
        let elsewhere = sha256([1])
        expect(failure(folder) { $0.host = elsewhere }, says: "another machine", "--accept-move")
        _ = try folder.open {
            $0.host = elsewhere
            $0.acceptsMove = true
        }
        _ = try folder.open { $0.host = elsewhere }
        expect(failure(folder), says: "another machine")
    }

    @Test func machineHasOneName() {
        #expect(Host.id == Host.id)
        #expect(Host.id != .zero)
    }

    // MARK: - Older and newer versions

    /// Takes back the vault's later steps, as if the first version had written it.
    private func makeOld() throws {
        let queue = try DatabaseQueue(path: folder.file("vault.sqlite"))
        try queue.write { database in
            try database.execute(sql: "DROP TABLE released")
            try database.execute(sql: "DROP TABLE ringers")
            try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier IN ('2', '3')")
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        try queue.close()
    }

    @Test func vaultOfTheFirstVersionIsOpenedAndTakesReleasesAndRingers() throws {
        let later: [JournalTable] = [.released, .ringers]
        let rows = JournalTable.allCases.filter { !later.contains($0) }.map { row($0, 1) }
        do {
            let store = try folder.open()
            try store.commit(rows)
            try store.keep(result: sample(1_000), hash: sha256(sample(1_000)))
        }
        try makeOld()
        let further = later.map { row($0, 1) }
        do {
            let store = try folder.open()
            #expect(Set(try store.contents().rows) == Set(rows))
            #expect(try store.result(sha256(sample(1_000))) == sample(1_000))
            #expect(store.notices.isEmpty)
            try store.commit(further)
        }
        #expect(Set(try folder.open().contents().rows) == Set(rows + further))
    }

    @Test func damagedReleaseIsNotTakenForOne() throws {
        try folder.open().commit([row(.released, 1)])
        do {
            let queue = try DatabaseQueue(path: folder.file("vault.sqlite"))
            try queue.write { try $0.execute(sql: "UPDATE released SET value = x'00'") }
            try queue.close()
        }
        expect(failure(folder), says: "released is not as it was written")
    }

    @Test(arguments: ["vault.sqlite", "grid.sqlite"])
    func databaseOfANewerVersionIsRefusedUntouched(name: String) throws {
        try folder.open().commit([row(.slots, 1), row(.items, 1)])
        do {
            let queue = try DatabaseQueue(path: folder.file(name))
            try queue.write { database in
                try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('4')")
                try database.execute(sql: "PRAGMA user_version = 4")
                try database.execute(sql: "CREATE TABLE further (key BLOB)")
            }
            try queue.close()
        }
        let names = folder.names
        let bytes = try ["vault.sqlite", "grid.sqlite", "vault.id"].map { try folder.bytes($0) }
        #expect(failure(folder) == .newerVersion(path: folder.file(name)))
        expect(failure(folder), says: folder.file(name), "newer version")
        #expect(
            try ["vault.sqlite", "grid.sqlite", "vault.id"].map { try folder.bytes($0) } == bytes
        )
        #expect(folder.names == names)
    }
}
