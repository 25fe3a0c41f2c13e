import Foundation
import Identity
import Primitives
import Store
import Testing
import Wire

/// What is kept comes back, and nothing else does.
struct DurableStoreTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder(in: fastFolder) }

    @Test func aNewStoreIsEmpty() throws {
        let store = try folder.open()
        let contents = try store.contents()
        #expect(contents.rows.isEmpty && contents.results.isEmpty)
        #expect(contents.chunks.isEmpty && contents.datasets.isEmpty)
        #expect(store.notices.isEmpty)
        #expect(!store.isDraining)
        #expect(store.takeEvicted().isEmpty)
    }

    @Test func everythingIsThereAfterAStart() throws {
        let dataset = StoredDataset(sample(700_000), hash: sha256)
        let stranger = try chunks(2, seed: 5)
        let rows = JournalTable.allCases.flatMap { table in (0..<5).map { row(table, $0) } }
        let result = sample(50_000, seed: 9)
        var before: Snapshot?
        do {
            let store = try folder.open()
            try store.commit(rows)
            try store.keep(result: result, hash: sha256(result))
            try store.keep(dataset)
            for chunk in stranger { try store.keep(chunk) }
            before = try Snapshot(store)
        }
        let store = try folder.open()
        #expect(try Snapshot(store) == before)
        #expect(Set(try store.contents().rows) == Set(rows))
        #expect(try store.result(sha256(result)) == result)
        #expect(try store.contents().datasets.map(\.byteCount) == [700_000])
        for chunk in stranger { #expect(try store.chunk(chunk.want) == chunk) }
        for index in dataset.leaves.indices {
            let want = ChunkWant(root: dataset.root, index: UInt32(index))
            _ = try verified(try #require(try store.chunk(want)), in: NetworkID(.zero))
        }
        #expect(try store.chunk(ChunkWant(root: dataset.root, index: 3)) == nil)
        #expect(store.notices.isEmpty)
    }

    @Test func copyOfALiveFolderHoldsEverything() throws {
        let store = try folder.open()
        for number in 0..<20 { try store.commit([row(.statements, number), row(.items, number)]) }
        let dataset = StoredDataset(sample(1_000), hash: sha256)
        try store.keep(dataset)
        let copy = try TestFolder(copying: folder, in: fastFolder)
        let other = try copy.openCopy()
        #expect(try Snapshot(other) == Snapshot(store))
        #expect(try other.contents().rows.count == 40)
        #expect(other.notices.isEmpty)
    }

    @Test func startsAreCounted() throws {
        for count in 1...3 { #expect(try folder.open().bootCount == UInt64(count)) }
    }

    // MARK: - Rows

    @Test func rowsAreReplacedAndDeletedByTableAndKey() throws {
        let store = try folder.open()
        let tables = JournalTable.allCases.filter { $0 != .slots }
        for table in tables {
            try store.commit([
                JournalRow(table, key: [1], value: [1]),
                JournalRow(table, key: [2], value: [2]),
                JournalRow(table, key: [1], value: [3]),
                JournalRow(table, key: [2], value: nil),
                JournalRow(table, key: [4], value: nil),
            ])
        }
        #expect(
            Set(try store.contents().rows)
                == Set(tables.map { JournalRow($0, key: [1], value: [3]) })
        )
    }

    @Test(arguments: [0, 1, 1_000, 64 << 10, 300_000])
    func rowsOfAnyLengthAreKept(byteCount: Int) throws {
        let rows = JournalTable.allCases.map { row($0, 1, byteCount: byteCount) }
        try folder.open().commit(rows)
        #expect(Set(try folder.open().contents().rows) == Set(rows))
    }

    @Test func emptyKeysAndValuesAreKeptAndDeleted() throws {
        let store = try folder.open()
        let rows = JournalTable.allCases.map { JournalRow($0, key: [], value: []) }
        try store.commit(rows)
        #expect(Set(try store.contents().rows) == Set(rows))
        try store.commit(rows.map { JournalRow($0.table, key: [], value: nil) })
        #expect(try store.contents().rows.isEmpty)
    }

    @Test func noRowsAreNoWork() throws {
        try folder.open().commit([])
    }

    // MARK: - Sign once

    @Test func filledSlotKeepsItsValue() throws {
        let store = try folder.open()
        let slot = JournalRow(.slots, key: sample(32), value: sample(32, seed: 2))
        try store.commit([slot])
        try store.commit([slot])
        let other = JournalRow(.slots, key: slot.key, value: sample(32, seed: 3))
        #expect(throws: StoreError.slotFilled(key: slot.key)) { try store.commit([other]) }
        #expect(throws: StoreError.slotFilled(key: slot.key)) {
            try store.commit([JournalRow(.slots, key: slot.key, value: [])])
        }
        #expect(try store.contents().rows == [slot])
    }

    @Test func commitThatContradictsASlotKeepsNothing() throws {
        let store = try folder.open()
        let slot = row(.slots, 1)
        try store.commit([slot])
        #expect(throws: StoreError.slotFilled(key: slot.key)) {
            try store.commit([
                row(.items, 1), row(.statements, 1), row(.slots, 2),
                JournalRow(.slots, key: slot.key, value: [1]),
                row(.rounds, 1),
            ])
        }
        #expect(try store.contents().rows == [slot])
        try store.commit([row(.slots, 2)])
        #expect(try store.contents().rows.count == 2)
    }

    @Test func twoValuesForASlotInOneCommitAreRefused() throws {
        let store = try folder.open()
        #expect(throws: StoreError.slotFilled(key: [1])) {
            try store.commit([
                JournalRow(.slots, key: [1], value: [1]), JournalRow(.slots, key: [1], value: [2]),
            ])
        }
        #expect(try store.contents().rows.isEmpty)
    }

    // MARK: - Results and datasets

    @Test(arguments: [0, 1, 4_096, 16 << 20])
    func resultsOfAnyLengthAreKept(byteCount: Int) throws {
        let result = sample(byteCount)
        try folder.open().keep(result: result, hash: sha256(result))
        let store = try folder.open()
        #expect(try store.result(sha256(result)) == result)
        try store.forget(result: sha256(result))
        #expect(try store.result(sha256(result)) == nil)
        #expect(try store.contents().results.isEmpty)
        try store.forget(result: sha256(result))
    }

    @Test func resultThatIsTooLongIsRefused() throws {
        let store = try folder.open()
        let count = 16 << 20 + 1
        #expect(throws: StoreError.resultTooLong(byteCount: count)) {
            try store.keep(result: Bytes(repeating: 0, count: count), hash: .zero)
        }
        #expect(try store.contents().results.isEmpty)
    }

    @Test(arguments: [0, 1, 262_144, 262_145])
    func datasetIsARawFileUntilItIsForgotten(byteCount: Int) throws {
        let dataset = StoredDataset(sample(byteCount), hash: sha256)
        let store = try folder.open()
        try store.keep(dataset)
        try store.keep(dataset)
        #expect(try folder.bytes("datasets/\(dataset.root)") == dataset.bytes)
        try store.forget(dataset: dataset.root)
        #expect(!folder.has("datasets/\(dataset.root)"))
        #expect(try store.contents().datasets.isEmpty)
        #expect(try store.chunk(ChunkWant(root: dataset.root, index: 0)) == nil)
        try store.forget(dataset: dataset.root)
    }

    @Test func damagedDatasetServesItsSoundChunksAndIsMendedByKeepingItAgain() throws {
        let dataset = StoredDataset(sample(600_000), hash: sha256)
        let store = try folder.open()
        try store.keep(dataset)
        let name = "datasets/\(dataset.root)"
        var bytes = dataset.bytes
        bytes[300_000] ^= 1
        try folder.overwrite(name, with: bytes)
        #expect(try store.chunk(ChunkWant(root: dataset.root, index: 0)) != nil)
        #expect(try store.chunk(ChunkWant(root: dataset.root, index: 1)) == nil)
        #expect(store.notices.count == 1)
        #expect(store.notices[0].contains(folder.file(name)))
        try store.keep(dataset)
        #expect(try store.chunk(ChunkWant(root: dataset.root, index: 1)) != nil)
    }

    @Test func datasetWhoseFileIsGoneOrShortIsForgottenAtTheStart() throws {
        let datasets = (1...3).map { StoredDataset(sample(1_000, seed: $0), hash: sha256) }
        do {
            let store = try folder.open()
            for dataset in datasets { try store.keep(dataset) }
        }
        try folder.remove("datasets/\(datasets[0].root)")
        try folder.overwrite("datasets/\(datasets[1].root)", with: sample(999, seed: 2))
        let store = try folder.open()
        #expect(try store.contents().datasets.map(\.root) == [datasets[2].root])
        #expect(store.notices.count == 2)
        #expect(!folder.has("datasets/\(datasets[1].root)"))
    }

    @Test func whatWasBegunAndNotEndedIsRemovedAtTheStart() throws {
        let chunk = try chunks(1)[0]
        try folder.open().keep(chunk)
        let leftovers = [
            "vault.sqlite.new", "vault.sqlite.new-wal", "grid.sqlite.new", "vault.id.new",
            "datasets/\(sha256([1])).new", "datasets/\(sha256([2]))",
            "chunks/\(chunk.root)/7.new",
        ]
        for name in leftovers { try Data([1]).write(to: URL(filePath: folder.file(name))) }
        let store = try folder.open()
        for name in leftovers { #expect(!folder.has(name), "\(name) is still there") }
        #expect(try store.chunk(chunk.want) == chunk)
    }
}
