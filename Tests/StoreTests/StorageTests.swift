import Identity
import Primitives
import Store
import Testing
import Wire

struct StorageTests {
    @Test(arguments: [0, 1, Limits.chunkByteCount, Limits.chunkByteCount + 1, 700_000])
    func everyChunkOfADatasetVerifies(byteCount: Int) throws {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let dataset = StoredDataset(bytes, hash: sha256)
        let storage = MemoryStorage()
        storage.keep(dataset)
        #expect(dataset.leaves.count == max(1, (byteCount + 262_143) / 262_144))
        var joined: Bytes = []
        for index in dataset.leaves.indices {
            let want = ChunkWant(root: dataset.root, index: UInt32(index))
            let chunk = try #require(storage.chunk(want))
            _ = try verified(chunk, in: NetworkID(.zero))
            joined += chunk.bytes
        }
        #expect(joined == bytes)
        let beyond = ChunkWant(root: dataset.root, index: UInt32(dataset.leaves.count))
        #expect(storage.chunk(beyond) == nil)
    }

    @Test func chunkThatWasChangedDoesNotVerify() throws {
        let dataset = StoredDataset(Bytes(repeating: 7, count: 600_000), hash: sha256)
        let storage = MemoryStorage()
        storage.keep(dataset)
        let chunk = try #require(storage.chunk(ChunkWant(root: dataset.root, index: 2)))
        let changed = [
            copy(chunk, bytes: chunk.bytes.dropLast() + [8]),
            copy(chunk, bytes: Bytes(chunk.bytes.dropLast())),
            copy(chunk, byteCount: 600_001),
            copy(chunk, index: 1),
            copy(chunk, proof: []),
            copy(chunk, proof: chunk.proof + [.zero]),
        ]
        for chunk in changed {
            #expect(throws: VerificationError.badChunk) {
                _ = try verified(chunk, in: NetworkID(.zero))
            }
        }
    }

    @Test func keptThingsComeBackUnderTheirNamesOnly() throws {
        let dataset = StoredDataset([1, 2, 3], hash: sha256)
        let other = MemoryStorage()
        other.keep(dataset)
        let want = ChunkWant(root: dataset.root, index: 0)
        let chunk = try #require(other.chunk(want))
        let storage = MemoryStorage()
        #expect(storage.chunk(want) == nil)
        storage.keep(chunk)
        #expect(storage.chunk(want) == chunk)
        #expect(storage.chunk(ChunkWant(root: dataset.root, index: 1)) == nil)
        storage.keep(result: [9], hash: sha256([9]))
        #expect(storage.result(sha256([9])) == [9])
        #expect(storage.result(sha256([8])) == nil)
    }

    @Test func rowsAreReplacedAndDeletedByTableAndKey() {
        let storage = MemoryStorage()
        storage.commit([JournalRow(.slots, key: [1], value: [1])])
        storage.commit([
            JournalRow(.items, key: [1], value: [2]),
            JournalRow(.slots, key: [1], value: [3]),
            JournalRow(.slots, key: [2], value: [4]),
        ])
        storage.commit([JournalRow(.slots, key: [2], value: nil)])
        #expect(
            Set(storage.contents().rows) == [
                JournalRow(.items, key: [1], value: [2]), JournalRow(.slots, key: [1], value: [3]),
            ]
        )
    }

    private func copy(
        _ chunk: Chunk,
        byteCount: UInt64? = nil,
        index: UInt32? = nil,
        bytes: Bytes? = nil,
        proof: [Digest]? = nil
    ) -> Chunk {
        Chunk(
            root: chunk.root,
            datasetByteCount: byteCount ?? chunk.datasetByteCount,
            index: index ?? chunk.index,
            bytes: bytes ?? chunk.bytes,
            proof: proof ?? chunk.proof
        )
    }
}
