import Foundation
import Glibc
import Identity
import Primitives
import Store
import Testing
import Wire

/// A disk that is full stops the peer before it says what it cannot keep, and costs nothing that
/// was kept.
struct FullDiskTests {
    private static let ballast: UInt64 = 2 << 20

    /// A file system of a few megabytes in memory; gone with the object.
    private final class SmallDisk: Sendable {
        let mountPoint: TestFolder

        /// Throws where this process may not mount.
        init(byteCount: Int = 12 << 20) throws {
            mountPoint = try TestFolder()
            guard mount("tmpfs", mountPoint.path, "tmpfs", 0, "size=\(byteCount)") == 0 else {
                throw CocoaError(.fileWriteNoPermission)
            }
        }

        deinit { _ = umount2(mountPoint.path, CInt(MNT_DETACH)) }

        static let isPossible = (try? SmallDisk()) != nil

        /// Leaves `byteCount` bytes free.
        func fill(leaving byteCount: Int) throws {
            var status = statvfs()
            guard statvfs(mountPoint.path, &status) == 0 else { throw POSIXError(.EIO) }
            let free = Int(status.f_bavail) * Int(status.f_frsize)
            let path = mountPoint.file("filler")
            if !mountPoint.has("filler") {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(count: max(0, free - byteCount)))
            try handle.close()
        }

        /// Takes back what `fill` has taken.
        func empty() throws { try mountPoint.remove("filler") }
    }

    private func withBallast(_ settings: inout StoreSettings) {
        settings.ballastByteCount = Self.ballast
    }

    /// Commits rows until something changes; the rows that were kept.
    private func commit(
        to store: DurableStore,
        from number: inout Int,
        until isOver: (Int) -> Bool
    ) throws -> [JournalRow] {
        var kept: [JournalRow] = []
        while !isOver(number) {
            let rows = [
                row(.slots, number), row(.statements, number, byteCount: 20_000),
                row(.items, number, byteCount: 20_000),
            ]
            number += 1
            try store.commit(rows)
            kept += rows
        }
        return kept
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"))
    func fullDiskDrainsThenStopsAndRecovers() throws {
        let disk = try SmallDisk()
        let folder = disk.mountPoint
        let store = try folder.open(withBallast)
        #expect(!store.isDraining)
        #expect(try folder.bytes("ballast").count == Int(Self.ballast))
        try disk.fill(leaving: 100_000)
        var number = 0
        var kept = try commit(to: store, from: &number) { _ in store.isDraining }
        #expect(!folder.has("ballast"))
        #expect(!kept.isEmpty)
        let error = #expect(throws: StoreError.self) {
            _ = try commit(to: store, from: &number) { $0 == 10_000 }
        }
        #expect(error == .diskFull(folder: folder.path))
        #expect("\(error.map { "\($0)" } ?? "")".contains("free some space"))
        // Slots tell which commits were kept; rows of the vault come first, whole or not at all.
        let rows = Set(try store.contents().rows)
        #expect(rows.isSuperset(of: kept))
        for row in rows where row.table == .slots {
            let number = (0..<number).first { StoreTests.row(.slots, $0) == row }
            let statement = StoreTests.row(.statements, try #require(number), byteCount: 20_000)
            #expect(rows.contains(statement))
        }
        store.recover()
        #expect(store.isDraining)
        try disk.empty()
        store.recover()
        #expect(!store.isDraining)
        #expect(folder.has("ballast"))
        var further = number
        kept += try commit(to: store, from: &further) { $0 == number + 5 }
        let all = Set(try store.contents().rows)
        #expect(all.isSuperset(of: kept))
        let copy = try TestFolder(copying: folder)
        #expect(Set(try copy.openCopy().contents().rows) == all)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"))
    func datasetThatDoesNotFitCostsNothing() throws {
        let disk = try SmallDisk()
        let store = try disk.mountPoint.open(withBallast)
        let dataset = StoredDataset(sample(16 << 20), hash: sha256)
        #expect(throws: StoreError.self) { try store.keep(dataset) }
        #expect(!store.isDraining)
        #expect(try store.contents().datasets.isEmpty)
        #expect(!disk.mountPoint.names.contains { $0.hasPrefix("datasets/") })
        // As large as the room, so that the vault's row finds none.
        try disk.fill(leaving: 1 << 20)
        let tight = StoredDataset(sample(1 << 20 - 8_192), hash: sha256)
        try store.keep(tight)
        #expect(store.isDraining)
        #expect(try store.chunk(ChunkWant(root: tight.root, index: 0)) != nil)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"))
    func chunksAndResultsFailCleanlyOnAFullDisk() throws {
        let disk = try SmallDisk()
        let store = try disk.mountPoint.open()
        let all = try chunks(3)
        try store.keep(all[0])
        try disk.fill(leaving: 0)
        #expect(throws: StoreError.self) { try store.keep(all[1]) }
        #expect(throws: StoreError.self) {
            try store.keep(result: sample(1 << 20), hash: sha256(sample(1 << 20)))
        }
        #expect(store.isDraining)
        #expect(try store.chunk(all[0].want) == all[0])
        #expect(try store.contents().chunks == [all[0].want])
        #expect(!disk.mountPoint.names.contains { $0.hasSuffix(".new") })
        try disk.empty()
        try store.keep(all[1])
        #expect(try store.chunk(all[1].want) == all[1])
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"))
    func startOnAFullDiskUsesTheBallast() throws {
        let disk = try SmallDisk()
        let folder = disk.mountPoint
        do {
            let store = try folder.open(withBallast)
            try store.commit([row(.slots, 1), row(.items, 1)])
        }
        try disk.fill(leaving: 0)
        do {
            let store = try folder.open(withBallast)
            #expect(store.isDraining)
            #expect(store.notices.count == 1)
            #expect(try store.contents().rows.count == 2)
            try store.commit([row(.slots, 2)])
        }
        try disk.empty()
        let store = try folder.open(withBallast)
        #expect(!store.isDraining)
        #expect(try store.contents().rows.count == 3)
    }

    /// Where nothing can be mounted, SQLite is told that its disk ends.
    @Test func databasesThatCannotGrowStopThePeerAndKeepWhatTheyHold() throws {
        let folder = try TestFolder(in: fastFolder)
        var number = 0
        var rows: Set<JournalRow> = []
        do {
            let store = try folder.open {
                $0.ballastByteCount = 1 << 20
                $0.pageCountMax = 60
            }
            #expect(folder.has("ballast"))
            let error = #expect(throws: StoreError.self) {
                _ = try commit(to: store, from: &number) { $0 == 1_000 }
            }
            #expect(error == .diskFull(folder: folder.path))
            #expect(store.isDraining)
            #expect(!folder.has("ballast"))
            rows = Set(try store.contents().rows)
            #expect(rows.count >= 3 * (number - 1))
            #expect(!rows.contains(row(.statements, number - 1, byteCount: 20_000)))
            store.recover()
            #expect(!store.isDraining)
            #expect(folder.has("ballast"))
        }
        let store = try folder.open()
        #expect(Set(try store.contents().rows) == rows)
        _ = try commit(to: store, from: &number) { $0 == 100 }
    }

    // MARK: - The ballast

    @Test func ballastOfAnotherSizeIsReplacedAndHolesAreFilled() throws {
        let folder = try TestFolder(in: fastFolder)
        _ = try folder.open { $0.ballastByteCount = 1 << 20 }
        #expect(try folder.bytes("ballast").count == 1 << 20)
        _ = try folder.open { $0.ballastByteCount = 3 << 20 }
        #expect(try folder.bytes("ballast").count == 3 << 20)
        let handle = try FileHandle(forWritingTo: URL(filePath: folder.file("ballast")))
        try handle.truncate(atOffset: 0)
        try handle.truncate(atOffset: 3 << 20)
        try handle.close()
        _ = try folder.open { $0.ballastByteCount = 3 << 20 }
        var status = stat()
        #expect(stat(folder.file("ballast"), &status) == 0)
        #expect(status.st_blocks * 512 >= 3 << 20)
        _ = try folder.open { $0.ballastByteCount = 0 }
        #expect(!folder.has("ballast"))
    }

    @Test func storeThatHasNoRoomForItsBallastDrainsFromTheStart() throws {
        let folder = try TestFolder(in: fastFolder)
        let store = try folder.open { $0.ballastByteCount = 1 << 50 }
        #expect(store.isDraining)
        #expect(store.notices.count == 1)
        #expect(!folder.has("ballast"))
        try store.commit([row(.slots, 1)])
    }
}
