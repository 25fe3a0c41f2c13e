import Primitives
import Testing
import Wire

/// Limits on the bytes of statements, frames and pieces.
@Suite struct SizeTests {
    @Test func statementsAreBounded() {
        // A certificate grows by a fixed number of bytes for each opening.
        let fits = certificate(openingCount: 300)
        #expect(fits.envelope.count <= Limits.statementByteCount)
        #expect((try? Signed<Certificate>(envelope: fits.envelope)) == fits)
        #expect(throws: DecodeError.tooLong(at: 0, limit: Limits.statementByteCount)) {
            try Signed<Certificate>(envelope: certificate(openingCount: 1_000).envelope)
        }
        // The bound itself: garbage that long is refused for what it holds, not for its length.
        let garbage = Bytes(repeating: 0, count: Limits.statementByteCount)
        #expect(throws: DecodeError.unexpectedType(at: 0, expected: "tag")) {
            try Signed<Cancel>(envelope: garbage)
        }
        #expect(throws: DecodeError.tooLong(at: 0, limit: garbage.count)) {
            try Signed<Cancel>(envelope: garbage + [0])
        }
    }

    @Test func aStatementInsideAFrameIsBounded() {
        for (count, error) in [
            (Limits.statementByteCount, DecodeError.unexpectedType(at: 0, expected: "tag")),
            (
                Limits.statementByteCount + 1,
                DecodeError.tooLong(at: 2, limit: Limits.statementByteCount)
            ),
        ] {
            var encoder = CBOREncoder()
            encoder.array(2)
            encoder.unsigned(3)
            encoder.byteString(Bytes(repeating: 0, count: count))
            #expect(throws: error) { try Message(frame: encoder.bytes) }
        }
    }

    @Test func framesAreBounded() {
        let limit = Limits.frameByteCount
        let garbage = Bytes(repeating: 0, count: limit)
        #expect(throws: DecodeError.unexpectedType(at: 0, expected: "array")) {
            try Message(frame: garbage)
        }
        #expect(throws: DecodeError.tooLong(at: 0, limit: limit)) {
            try Message(frame: garbage + [0])
        }
    }

    @Test func firstFramesAreBounded() throws {
        var generator = PRNG(seed: 1)
        let record = generator.record().with(controlEndpoints: [])
        // One endpoint more or less long moves the frame to its bound exactly.
        func hello(extra: Int) -> Hello {
            let names = (0..<16).map { _ in String(repeating: "e", count: 200) }
            let last = String(repeating: "e", count: extra)
            return Hello(
                isWelcome: false,
                network: NetworkID(.zero),
                record: Signed(
                    record.with(
                        controlEndpoints: names,
                        bulkEndpoints: [last, last],
                        kernels: [],
                        engines: []
                    ),
                    signature: Signature(.zero, .zero)
                )
            )
        }
        let frames = (30...250).map { hello(extra: $0).frame }
        let longest = try #require(frames.last { $0.count <= Limits.helloByteCount })
        #expect(longest.count >= Limits.helloByteCount - 1)
        #expect(try Hello(frame: longest).frame == longest)
        let tooLong = try #require(frames.first { $0.count > Limits.helloByteCount })
        #expect(throws: DecodeError.tooLong(at: 0, limit: Limits.helloByteCount)) {
            try Hello(frame: tooLong)
        }
    }

    @Test func piecesOfResultsLieWithinTheResult() {
        let (limit, piece) = (Limits.resultByteCount, Limits.chunkByteCount)
        #expect(recodes(piece, of: limit, at: limit - UInt64(piece)))
        #expect(!recodes(piece + 1, of: limit, at: 0))
        #expect(!recodes(1, of: limit + 1, at: 0))
        #expect(!recodes(2, of: 10, at: 9))
        #expect(!recodes(1, of: 10, at: 10))
        #expect(!recodes(1, of: 10, at: 11))
        #expect(!recodes(0, of: 10, at: 0))
        #expect(recodes(0, of: 0, at: 0))
        #expect(!recodes(1, of: 0, at: 0))
    }

    @Test func chunksAndTheirProofsAreBounded() {
        let (bytes, proof) = (Limits.chunkByteCount, Limits.proofHashes)
        #expect(recodesChunk(bytes, proof, of: Limits.datasetByteCount))
        #expect(!recodesChunk(bytes + 1, proof, of: 0))
        #expect(!recodesChunk(0, proof + 1, of: 0))
        #expect(!recodesChunk(0, 0, of: Limits.datasetByteCount + 1))
    }

    private func certificate(openingCount: UInt32) -> Signed<Certificate> {
        let core = Core(resultHash: .zero, operations: .max, evidence: .zero)
        return Signed(
            Certificate(
                manifest: ManifestID(.zero),
                steward: PeerID(.zero),
                vote: .panel,
                units: [1],
                sets: [],
                entries: [],
                openings: (0..<openingCount).map { UnitCore(unit: $0, core: core) },
                rulings: []
            ),
            signature: Signature(.zero, .zero)
        )
    }

    private func recodes(_ count: Int, of total: UInt64, at offset: UInt64) -> Bool {
        WireTests.recodes(
            .resultPiece(
                ResultPiece(
                    resultHash: .zero,
                    byteCount: total,
                    offset: offset,
                    bytes: Bytes(repeating: 1, count: count)
                )
            )
        )
    }

    private func recodesChunk(_ count: Int, _ hashes: Int, of total: UInt64) -> Bool {
        WireTests.recodes(
            .chunk(
                Chunk(
                    root: .zero,
                    datasetByteCount: total,
                    index: 0,
                    bytes: Bytes(repeating: 1, count: count),
                    proof: [Digest](repeating: .zero, count: hashes)
                )
            )
        )
    }
}
