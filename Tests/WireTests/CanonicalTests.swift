import Primitives
import Testing
import Wire

/// Values that have more than one spelling are accepted in one of them only.
@Suite struct CanonicalTests {
    @Test func namesArePrintableASCII() throws {
        #expect(try decodedName("drift-search/1") == "drift-search/1")
        #expect(try decodedName("") == "")
        // K as the Kelvin sign equals the letter for Swift, but not for anybody who compares bytes.
        for name in ["\u{212A}", "e\u{301}", "\u{1b}[2J", "a\nb", "\u{7f}"] {
            #expect(throws: DecodeError.invalidText(at: 0)) { try decodedName(name) }
        }
    }

    @Test func everyNameOfAStatementIsChecked() {
        var generator = PRNG(seed: 1)
        let odd = "\u{212A}"
        let record = generator.record()
        let records = [
            record.with(controlEndpoints: [odd]),
            record.with(bulkEndpoints: [odd]),
            record.with(kernels: [KernelOffer(kernel: odd, operationsPerSecond: 1)]),
            record.with(engines: [odd]),
        ]
        for record in records {
            #expect(throws: DecodeError.self) { try Record(payload: record.payload) }
        }
        let manifest = generator.manifest()
        for manifest in [manifest.with(workload: odd), manifest.with(reducer: odd)] {
            #expect(throws: DecodeError.self) { try Manifest(payload: manifest.payload) }
        }
    }

    @Test func kernelsAndEnginesAscend() {
        var generator = PRNG(seed: 2)
        let record = generator.record()
        let fast = KernelOffer(kernel: "a", operationsPerSecond: 2)
        let slow = KernelOffer(kernel: "b", operationsPerSecond: 1)
        #expect(recodes(record.with(kernels: [fast, slow])))
        #expect(!recodes(record.with(kernels: [slow, fast])))
        #expect(!recodes(record.with(kernels: [fast, fast])))
        #expect(recodes(record.with(engines: ["A", "a", "b"])))
        #expect(!recodes(record.with(engines: ["b", "a"])))
        #expect(!recodes(record.with(engines: ["a", "a"])))
    }

    @Test func aCertificateWritesItsOwnStewardOnce() throws {
        let (own, other) = (Digest(1, 1, 1, 1), Digest(2, 2, 2, 2))
        let set = CertificateSet(
            steward: PeerID(other),
            round: 0,
            units: [1],
            epoch: 0,
            seatCount: 1,
            signature: nil,
            unrevealed: []
        )
        let certificate = Certificate(
            manifest: ManifestID(.zero),
            steward: PeerID(own),
            vote: .single,
            units: [1],
            sets: [set],
            entries: [],
            openings: [],
            rulings: []
        )
        var bytes = certificate.payload
        #expect(recodes(certificate))
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: other.bytes) })
        bytes.replaceSubrange(start..<start + Digest.byteCount, with: own.bytes)
        #expect(throws: DecodeError.notDeterministic(at: start - 2)) {
            try Certificate(payload: bytes)
        }
    }

    @Test func openedUnitsAscend() {
        var generator = PRNG(seed: 3)
        let cores = generator.cores(of: [1, 2])
        for (cores, fits) in [(cores, true), ([], false)]
            + [([cores[1], cores[0]], false), ([cores[0], cores[0]], false)]
        {
            let offer = ResultOffer(manifest: ManifestID(.zero), cores: cores)
            #expect(recodes(.resultOffer(offer)) == fits)
            let opening = Opening(
                manifest: ManifestID(.zero),
                certificate: ItemID(.zero),
                cores: cores
            )
            #expect(recodes(.opening(opening)) == fits)
        }
    }

    private func decodedName(_ name: String) throws(DecodeError) -> String {
        var encoder = CBOREncoder()
        encoder.text(name)
        var decoder = CBORDecoder(encoder.bytes)
        return try decoder.name()
    }
}

/// Whether `body` is read back as it was written.
func recodes<Body: StatementBody>(_ body: Body) -> Bool {
    (try? Body(payload: body.payload)) == body
}

/// Whether `message` is read back as it was written.
func recodes(_ message: Message) -> Bool {
    (try? Message(frame: message.frame)) == message
}
