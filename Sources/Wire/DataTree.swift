package import Primitives

/// The hash tree over the chunks of a dataset, which lets a peer check any chunk alone.
///
/// A leaf is the SHA-256 of a chunk's bytes, a node is `H("starling/node/1", left, right)`, where
/// the left side holds the largest power of two of leaves that is below the whole, and the root is
/// `H("starling/data/1", length, top)`; the length fixes the shape of the tree.
package enum DataTree {
    /// Chunks of a dataset of `byteCount` bytes; an empty one has one empty chunk.
    package static func chunkCount(byteCount: UInt64) -> Int {
        max(1, Int((byteCount + UInt64(Limits.chunkByteCount) - 1) / UInt64(Limits.chunkByteCount)))
    }

    /// Bytes of the chunk at `index` of a dataset of `byteCount` bytes.
    package static func chunkLength(index: Int, byteCount: UInt64) -> Int {
        let start = UInt64(index) * UInt64(Limits.chunkByteCount)
        return Int(min(UInt64(Limits.chunkByteCount), byteCount - min(start, byteCount)))
    }

    /// The chunks that hold the bytes of `range`, which is not empty.
    package static func chunks(of range: Range<UInt64>) -> Range<Int> {
        let size = UInt64(Limits.chunkByteCount)
        return Int(range.lowerBound / size)..<Int((range.upperBound + size - 1) / size)
    }

    /// The root over `leaves`, at least one.
    package static func root(leaves: [Digest], byteCount: UInt64) -> Digest {
        root(top: top(leaves[...]), byteCount: byteCount)
    }

    /// The hashes that lead from the leaf at `index` to the top, lowest first.
    package static func proof(leaves: [Digest], index: Int) -> [Digest] {
        path(leaves[...], index: index)
    }

    /// Whether `leaf` stands at `index` in the dataset whose root is `root`.
    package static func verifies(
        leaf: Digest,
        index: Int,
        byteCount: UInt64,
        proof: [Digest],
        root expected: Digest
    ) -> Bool {
        let count = chunkCount(byteCount: byteCount)
        guard index >= 0, index < count else { return false }
        guard let top = climb(leaf, index: index, count: count, proof: proof[...]) else {
            return false
        }
        return root(top: top, byteCount: byteCount) == expected
    }

    private static func root(top: Digest, byteCount: UInt64) -> Digest {
        taggedHash("starling/data/1", count: 2) { encoder in
            encoder.unsigned(byteCount)
            encoder.digest(top)
        }
    }

    private static func node(_ left: Digest, _ right: Digest) -> Digest {
        taggedHash("starling/node/1", count: 2) { encoder in
            encoder.digest(left)
            encoder.digest(right)
        }
    }

    /// The largest power of two below `count`, which is at least 2.
    private static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    private static func top(_ leaves: ArraySlice<Digest>) -> Digest {
        guard leaves.count > 1 else { return leaves[leaves.startIndex] }
        let middle = leaves.startIndex + split(leaves.count)
        return node(top(leaves[..<middle]), top(leaves[middle...]))
    }

    private static func path(_ leaves: ArraySlice<Digest>, index: Int) -> [Digest] {
        guard leaves.count > 1 else { return [] }
        let left = split(leaves.count)
        let middle = leaves.startIndex + left
        guard index >= left else {
            return path(leaves[..<middle], index: index) + [top(leaves[middle...])]
        }
        return path(leaves[middle...], index: index - left) + [top(leaves[..<middle])]
    }

    private static func climb(
        _ leaf: Digest,
        index: Int,
        count: Int,
        proof: ArraySlice<Digest>
    ) -> Digest? {
        guard count > 1 else { return proof.isEmpty ? leaf : nil }
        guard let sibling = proof.last else { return nil }
        let left = split(count)
        if index < left {
            let below = climb(leaf, index: index, count: left, proof: proof.dropLast())
            return below.map { node($0, sibling) }
        }
        let below = climb(leaf, index: index - left, count: count - left, proof: proof.dropLast())
        return below.map { node(sibling, $0) }
    }
}
