import Primitives
import Testing
import Wire

@Suite struct DataTreeTests {
    private static let chunk = UInt64(Limits.chunkByteCount)

    @Test(arguments: Array(1...20) + [31, 33, 63, 65, 129])
    func everyProofLeadsToTheRoot(leafCount: Int) {
        let (leaves, length) = tree(leafCount)
        let root = DataTree.root(leaves: leaves, byteCount: length)
        #expect(DataTree.chunkCount(byteCount: length) == leafCount)
        for index in leaves.indices {
            let proof = DataTree.proof(leaves: leaves, index: index)
            #expect(proof.count <= Limits.proofHashes)
            #expect(verifies(leaves[index], index, length, proof, root))
        }
    }

    @Test(arguments: Array(1...17) + [20])
    func anythingElseIsRefused(leafCount: Int) {
        let (leaves, length) = tree(leafCount)
        let root = DataTree.root(leaves: leaves, byteCount: length)
        var generator = PRNG(seed: ~UInt64(leafCount))
        let odd = generator.digest()
        var accepted: [String] = []
        for index in leaves.indices {
            let leaf = leaves[index]
            let proof = DataTree.proof(leaves: leaves, index: index)
            func expectRefused(_ what: String, _ wrong: Bool) {
                if wrong { accepted.append("\(what) at \(index)") }
            }
            for other in -1...leafCount + 1 where other != index {
                expectRefused("index \(other)", verifies(leaf, other, length, proof, root))
            }
            expectRefused("leaf", verifies(odd, index, length, proof, root))
            expectRefused("root", verifies(leaf, index, length, proof, odd))
            expectRefused("longer", verifies(leaf, index, length, proof + [odd], root))
            expectRefused("longer below", verifies(leaf, index, length, [odd] + proof, root))
            for length in [length - 1, length + 1, length + Self.chunk, 2 * length] {
                expectRefused("length \(length)", verifies(leaf, index, length, proof, root))
            }
            for position in proof.indices {
                var wrong = proof
                wrong[position] = odd
                expectRefused("hash \(position)", verifies(leaf, index, length, wrong, root))
                wrong.remove(at: position)
                expectRefused("gap \(position)", verifies(leaf, index, length, wrong, root))
            }
            if proof.count > 1 {
                expectRefused("order", verifies(leaf, index, length, proof.reversed(), root))
            }
        }
        #expect(accepted.isEmpty)
    }

    @Test func theTreeHasItsWrittenShape() {
        let (leaves, length) = tree(3)
        let left = node(leaves[0], leaves[1])
        let top = node(left, leaves[2])
        let root = taggedHash("starling/data/1", count: 2) { encoder in
            encoder.unsigned(length)
            encoder.digest(top)
        }
        #expect(DataTree.root(leaves: leaves, byteCount: length) == root)
        #expect(DataTree.proof(leaves: leaves, index: 0) == [leaves[1], leaves[2]])
        #expect(DataTree.proof(leaves: leaves, index: 2) == [left])
    }

    @Test func anEmptyDatasetHasOneEmptyChunk() {
        #expect(DataTree.chunkCount(byteCount: 0) == 1)
        #expect(DataTree.chunkLength(index: 0, byteCount: 0) == 0)
        let leaf = SHA256.hash([])
        let root = DataTree.root(leaves: [leaf], byteCount: 0)
        #expect(verifies(leaf, 0, 0, [], root))
        #expect(!verifies(leaf, 1, 0, [], root))
    }

    @Test func chunksCoverTheDatasetExactly() {
        #expect(DataTree.chunkCount(byteCount: Limits.datasetByteCount) == 1 << Limits.proofHashes)
        for length in [1, Self.chunk - 1, Self.chunk, Self.chunk + 1, 5 * Self.chunk + 7] {
            let count = DataTree.chunkCount(byteCount: length)
            let lengths = (0..<count).map { DataTree.chunkLength(index: $0, byteCount: length) }
            #expect(lengths.reduce(0, +) == Int(length))
            #expect(lengths.dropLast().allSatisfy { $0 == Limits.chunkByteCount })
            #expect(DataTree.chunkLength(index: count, byteCount: length) == 0)
            #expect(DataTree.chunks(of: 0..<length) == 0..<count)
        }
        #expect(DataTree.chunks(of: Self.chunk - 1..<Self.chunk + 1) == 0..<2)
        #expect(DataTree.chunks(of: Self.chunk..<Self.chunk + 1) == 1..<2)
    }

    private func tree(_ leafCount: Int) -> ([Digest], UInt64) {
        var generator = PRNG(seed: UInt64(leafCount))
        let leaves = generator.list(leafCount) { $0.digest() }
        return (leaves, UInt64(leafCount - 1) * Self.chunk + 1 + generator.below(Self.chunk - 1))
    }

    private func node(_ left: Digest, _ right: Digest) -> Digest {
        taggedHash("starling/node/1", count: 2) { encoder in
            encoder.digest(left)
            encoder.digest(right)
        }
    }

    private func verifies(
        _ leaf: Digest,
        _ index: Int,
        _ length: UInt64,
        _ proof: [Digest],
        _ root: Digest
    ) -> Bool {
        DataTree.verifies(
            leaf: leaf,
            index: index,
            byteCount: length,
            proof: proof,
            root: root
        )
    }
}
