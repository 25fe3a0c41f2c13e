import Primitives
import Testing
import Wire

/// The vectors come from an implementation in another language; see Vectors/README.md.
@Suite struct VectorTests {
    private let vectors: VectorValue

    init() throws { vectors = try Vectors.load() }

    @Test func everyKindOfStatementHasAVector() {
        let kinds = Set(vectors["statements"].list.compactMap { $0["kind"].text })
        #expect(kinds == Set(StatementKind.allCases.map(Self.name)))
        let votes = vectors["statements"].list.compactMap { $0["fields"]["vote"].number }
        #expect(Set(votes) == [0, 1, 2, 3, 4])
    }

    @Test func statementsAreAsWritten() throws {
        for vector in vectors["statements"].list {
            switch vector["kind"].text {
            case "record": try expectStatement(Record.self, vector)
            case "manifest": try expectStatement(Manifest.self, vector)
            case "cancel": try expectStatement(Cancel.self, vector)
            case "ruling": try expectStatement(Ruling.self, vector)
            case "commit": try expectStatement(CommitStatement.self, vector)
            case "commitset": try expectStatement(CommitSet.self, vector)
            case "result": try expectStatement(ResultStatement.self, vector)
            case "certificate": try expectStatement(Certificate.self, vector)
            case "hold": try expectStatement(Hold.self, vector)
            case "device": try expectStatement(Device.self, vector)
            case "revoke": try expectStatement(Revoke.self, vector)
            case "anchor": try expectStatement(Anchor.self, vector)
            case "alert": try expectStatement(Alert.self, vector)
            case "bye": try expectStatement(Bye.self, vector)
            default: Issue.record("unknown kind")
            }
        }
    }

    @Test func certificatesHoldTheSetsAndResultsOfTheirVote() throws {
        for vector in vectors["statements"].list where vector["kind"].text == "certificate" {
            let payload = try #require(vector["payload"].bytes)
            let certificate = try Certificate(payload: payload)
            let sets = certificate.sets.indices.map { certificate.commitSet(at: $0) }
            #expect(
                sets.map { .bytes($0.payload) } == vector["commitSets"].list.map { $0["payload"] }
            )
            #expect(sets.map { .digest($0.hash) } == vector["commitSets"].list.map { $0["hash"] })
            let results = certificate.entries.map { entry in
                certificate.result(of: entry, setHash: sets[Int(entry.set)].hash)
            }
            #expect(results.map { .bytes($0.payload) } == vector["results"].list)
        }
    }

    @Test func itemsAreAsWritten() throws {
        #expect(vectors["items"].list.count == 11)
        for vector in vectors["items"].list {
            var decoder = CBORDecoder(try #require(vector["bytes"].bytes))
            let item = try Item(from: &decoder)
            try decoder.finish()
            #expect(VectorValue(describing: item) == vector["fields"])
            #expect(.bytes(encoded(item)) == vector["bytes"])
            #expect(.digest(item.id.digest) == vector["id"])
        }
    }

    @Test func messagesAreAsWritten() throws {
        var kinds: Set<UInt64> = []
        for vector in vectors["messages"].list {
            let frame = try #require(vector["bytes"].bytes)
            let message = try Message(frame: frame)
            #expect(VectorValue(describing: message) == vector["fields"])
            #expect(.bytes(message.frame) == vector["bytes"])
            kinds.insert(UInt64(frame[1] == 24 ? frame[2] : frame[1]))
        }
        #expect(kinds == Set(3...26))
    }

    @Test func firstFramesAreAsWritten() throws {
        #expect(vectors["hellos"].list.count == 2)
        for vector in vectors["hellos"].list {
            let hello = try Hello(frame: try #require(vector["bytes"].bytes))
            #expect(VectorValue(describing: hello) == vector["fields"])
            #expect(.bytes(hello.frame) == vector["bytes"])
        }
    }

    @Test func beaconsAreAsWritten() throws {
        #expect(vectors["beacons"].list.count == 2)
        for vector in vectors["beacons"].list {
            let beacon = try Beacon(datagram: try #require(vector["bytes"].bytes))
            #expect(VectorValue(describing: beacon) == vector["fields"])
            #expect(.bytes(beacon.datagram) == vector["bytes"])
            #expect(.bytes(beacon.signedBytes) == vector["signedBytes"])
        }
    }

    @Test func hashesAreAsWritten() throws {
        let hashes = vectors["hashes"]
        let core = try core(hashes["core"]["fields"])
        #expect(.digest(core.hash) == hashes["core"]["hash"])
        let digest = hashes["digest"]
        let found = try self.core(digest["core"]).digest(
            manifest: ManifestID(try #require(digest["manifest"].digest)),
            steward: PeerID(try #require(digest["steward"].digest)),
            round: UInt32(try #require(digest["round"].number)),
            unit: UInt32(try #require(digest["unit"].number))
        )
        #expect(.digest(found) == digest["hash"])
        for each in hashes["commitments"].list {
            let result = try ResultStatement(payload: try #require(each["payload"].bytes))
            #expect(.digest(result.commitment) == each["hash"])
        }
        for each in hashes["sets"].list {
            let set = try CommitSet(payload: try #require(each["payload"].bytes))
            #expect(.digest(set.hash) == each["hash"])
        }
        let node = hashes["node"]
        let items = try node["items"].list.map { try #require($0.digest) }
        let hash = taggedHash("starling/node/1", count: 2) { encoder in
            for item in items { encoder.digest(item) }
        }
        #expect(.digest(hash) == node["hash"])
        let binding = Record.bindingBytes(
            network: try network,
            curveKey: CurveKey(try #require(hashes["binding"]["curveKey"].digest))
        )
        #expect(.bytes(binding) == hashes["binding"]["bytes"])
    }

    @Test func whatOwnersAndSuccessorsAreNamedByIsAsWritten() throws {
        let hashes = vectors["hashes"]
        let consent = Device.consentBytes(
            network: try network,
            owner: OwnerID(try #require(hashes["consent"]["owner"].digest))
        )
        #expect(.bytes(consent) == hashes["consent"]["bytes"])
        let key = PeerID(try #require(hashes["successor"]["key"].digest))
        #expect(.digest(Record.successorHash(of: key)) == hashes["successor"]["hash"])
    }

    @Test func placesOnRingsAndIdsOfEvictionsAreAsWritten() throws {
        let hashes = vectors["hashes"]
        let eviction = hashes["eviction"]
        let id = Eviction.id(
            of: PeerID(try #require(eviction["subject"].digest)),
            incarnation: try #require(eviction["incarnation"].number)
        )
        #expect(.digest(id.digest) == eviction["id"])
        for vector in hashes["rings"].list {
            let ring = Int(try #require(vector["ring"].number))
            let day = Ring.day(of: ring, at: try #require(vector["epoch"].number))
            let peer = PeerID(try #require(vector["peer"].digest))
            #expect(Ring.position(of: peer, on: ring, day: day) == vector["position"].number)
        }
    }

    @Test func fingerprintsOfRangesAreAsWritten() throws {
        let range = vectors["hashes"]["range"]
        let keys = try range["keys"].list.map { key in
            ItemKey(
                epoch: try #require(key["epoch"].number),
                id: ItemID(try #require(key["id"].digest))
            )
        }
        let message = Reconciler.open(.ledger, keys: keys)
        let hash = try #require(range["hash"].digest)
        let claim = RangeClaim.fingerprint(count: UInt64(keys.count), hash)
        #expect(message.ranges == [ReconciliationRange(end: nil, claim: claim)])
    }

    @Test func ticketsAreAsWritten() throws {
        for vector in vectors["hashes"]["tickets"].list {
            let number = Ticket.number(
                manifest: ManifestID(try #require(vector["manifest"].digest)),
                lowestUnit: UInt32(try #require(vector["lowestUnit"].number)),
                seat: UInt8(try #require(vector["seat"].number)),
                worker: PeerID(try #require(vector["worker"].digest))
            )
            #expect(number == vector["number"].number)
            let admits = Ticket.admits(
                number,
                population: try #require(vector["population"].number),
                widening: UInt8(try #require(vector["widening"].number))
            )
            #expect(admits == vector["admits"].bool)
        }
    }

    @Test func dataTreesAreAsWritten() throws {
        for vector in vectors["hashes"]["trees"].list {
            let leaves = try vector["leaves"].list.map { try #require($0.digest) }
            let length = try #require(vector["byteCount"].number)
            let root = DataTree.root(leaves: leaves, byteCount: length)
            #expect(.digest(root) == vector["root"])
            for (index, proof) in vector["proofs"].list.enumerated() {
                let found = DataTree.proof(leaves: leaves, index: index)
                #expect(found.map { .digest($0) } == proof.list)
            }
        }
    }

    private var network: NetworkID {
        get throws { NetworkID(try #require(vectors["network"].digest)) }
    }

    private func expectStatement<Body: StatementBody>(
        _: Body.Type,
        _ vector: VectorValue
    ) throws {
        let envelope = try #require(vector["envelope"].bytes)
        let signed = try Signed<Body>(envelope: envelope)
        #expect(VectorValue(describing: signed.body) == vector["fields"])
        #expect(signed.envelope == envelope)
        #expect(.bytes(signed.body.payload) == vector["payload"])
        #expect(.bytes(signed.signature.bytes) == vector["signature"])
        #expect(.digest(signed.id.digest) == vector["id"])
        #expect(.digest(signed.body.signer) == vector["signer"])
        #expect(.bytes(signed.signedBytes(in: try network)) == vector["signedBytes"])
        #expect(signed.body.slots.map { .digest($0.key) } == vector["slots"].list)
        #expect(Self.name(Body.kind) == vector["kind"].text)
    }

    private func core(_ fields: VectorValue) throws -> Core {
        Core(
            resultHash: try #require(fields["resultHash"].digest),
            operations: try #require(fields["operations"].number),
            evidence: try #require(fields["evidence"].digest)
        )
    }

    /// The kind's name as its tag spells it.
    private static func name(_ kind: StatementKind) -> String {
        String(kind.tag.split(separator: "/")[2])
    }
}

extension VectorValue {
    fileprivate static func bytes(_ bytes: Bytes) -> VectorValue { .text(hexadecimal(bytes)) }

    fileprivate static func digest(_ digest: Digest) -> VectorValue { .text(digest.description) }
}
