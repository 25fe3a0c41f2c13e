package import Primitives
import Wire

/// A dataset of this peer's own, whole.
package struct StoredDataset: Sendable {
    /// Its bytes.
    package let bytes: Bytes
    /// The hashes of its chunks.
    package let leaves: [Digest]
    /// Root of its hash tree.
    package let root: Digest

    /// The dataset of `bytes`, hashed by `hash`.
    package init(_ bytes: Bytes, hash: (Bytes) -> Digest) {
        let byteCount = UInt64(bytes.count)
        self.bytes = bytes
        leaves = (0..<DataTree.chunkCount(byteCount: byteCount)).map { index in
            hash(Self.chunk(index, of: bytes))
        }
        root = DataTree.root(leaves: leaves, byteCount: byteCount)
    }

    /// The chunk at `index`, with its proof.
    func chunk(_ index: Int) -> Chunk? {
        guard leaves.indices.contains(index) else { return nil }
        return Chunk(
            root: root,
            datasetByteCount: UInt64(bytes.count),
            index: UInt32(index),
            bytes: Self.chunk(index, of: bytes),
            proof: DataTree.proof(leaves: leaves, index: index)
        )
    }

    private static func chunk(_ index: Int, of bytes: Bytes) -> Bytes {
        let start = index * Limits.chunkByteCount
        return Array(bytes[start..<min(start + Limits.chunkByteCount, bytes.count)])
    }
}
