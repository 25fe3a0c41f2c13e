import Primitives
import Wire

/// Keys that sign without cryptography: a signature is SHA-256 of key and message, twice.
struct FakeVerifier: SignatureVerifier {
    func isValid(_ signature: Signature, of message: Bytes, by key: Digest) -> Bool {
        Self.sign(message, by: key) == signature
    }

    func hash(_ bytes: Bytes) -> Digest { SHA256.hash(bytes) }

    static func sign(_ message: Bytes, by key: Digest) -> Signature {
        let half = SHA256.hash(key.bytes + message)
        return Signature(half, half)
    }

    static func sign<Body: StatementBody>(_ body: Body, in network: NetworkID) -> Signed<Body> {
        let unsigned = Signed(body, signature: Signature(.zero, .zero))
        return Signed(
            body,
            signature: sign(unsigned.signedBytes(in: network), by: body.signer)
        )
    }
}

/// A vote as it happens: promises, closed sets, results, and the certificate that proves it.
struct SampleVote {
    let network: NetworkID
    let sets: [CommitSet]
    /// In the order of the certificate's entries.
    let results: [ResultStatement]
    let certificate: Certificate

    /// A vote over `setCount` rounds; every second round has another steward, and some workers stay
    /// silent.
    init(setCount: Int, ruling: Bool = false, _ generator: inout PRNG) {
        let network: NetworkID = generator.identifier()
        let manifest: ManifestID = generator.identifier()
        let stewards: [PeerID] = generator.identifiers(2)
        let units = generator.units()
        var sets: [CommitSet] = []
        var results: [ResultStatement] = []
        var compact: [CertificateSet] = []
        var entries: [CertificateEntry] = []
        for index in 0..<setCount {
            let round = Round(
                index: index,
                manifest: manifest,
                steward: stewards[index % 2],
                units: units,
                &generator
            )
            sets.append(round.set)
            results += round.results
            compact.append(round.compact(in: network))
            entries += round.entries(at: index, in: network)
        }
        self.network = network
        self.sets = sets
        self.results = results
        certificate = Certificate(
            manifest: manifest,
            steward: stewards[0],
            vote: ruling ? .ruling : setCount == 1 ? .quorum : .panel,
            units: units,
            sets: compact,
            entries: entries,
            openings: [],
            rulings: ruling
                ? Self.rulings(of: manifest, units, in: network, &generator) : []
        )
    }

    private static func rulings(
        of manifest: ManifestID,
        _ units: [UInt32],
        in network: NetworkID,
        _ generator: inout PRNG
    ) -> [EmbeddedRuling] {
        let project: ProjectID = generator.identifier()
        return units.map { unit in
            let ruling = Ruling(
                project: project,
                manifest: manifest,
                unit: unit,
                core: generator.core(),
                epoch: generator.number()
            )
            return EmbeddedRuling(FakeVerifier.sign(ruling, in: network))
        }
    }
}

/// One round of a vote, as its workers and its steward see it.
private struct Round {
    let set: CommitSet
    let results: [ResultStatement]

    init(
        index: Int,
        manifest: ManifestID,
        steward: PeerID,
        units: [UInt32],
        _ generator: inout PRNG
    ) {
        let workers: [PeerID] = generator.identifiers(generator.count(1...3))
        let unbound = workers.map { worker in
            ResultStatement(
                worker: worker,
                manifest: manifest,
                steward: steward,
                round: UInt32(index),
                units: units,
                digests: generator.list(units.count) { $0.digest() },
                operations: generator.list(units.count) { $0.number() },
                nonce: generator.bytes(ResultStatement.nonceByteCount),
                setHash: .zero
            )
        }
        let silent = generator.members(generator.count(0...2))
        let promised = unbound.map { result in
            SetMember(
                worker: result.worker,
                seat: generator.number8(),
                widening: generator.widening(),
                commit: result.commitment
            )
        }
        let set = CommitSet(
            steward: steward,
            manifest: manifest,
            round: UInt32(index),
            units: units,
            epoch: generator.number(),
            seatCount: UInt8(promised.count + silent.count),
            members: silent + promised.reversed()
        )
        self.set = set
        results = unbound.map { result in
            ResultStatement(
                worker: result.worker,
                manifest: result.manifest,
                steward: result.steward,
                round: result.round,
                units: result.units,
                digests: result.digests,
                operations: result.operations,
                nonce: result.nonce,
                setHash: set.hash
            )
        }
    }

    func compact(in network: NetworkID) -> CertificateSet {
        CertificateSet(
            steward: set.steward,
            round: set.round,
            units: set.units,
            epoch: set.epoch,
            seatCount: set.seatCount,
            signature: set.seatCount == 1 ? nil : FakeVerifier.sign(set, in: network).signature,
            unrevealed: set.members.filter { member in
                !results.contains { $0.worker == member.worker }
            }
        )
    }

    func entries(at index: Int, in network: NetworkID) -> [CertificateEntry] {
        results.compactMap { result in
            guard let member = set.members.first(where: { $0.worker == result.worker }) else {
                return nil
            }
            return CertificateEntry(
                set: UInt8(index),
                worker: result.worker,
                seat: member.seat,
                widening: member.widening,
                nonce: result.nonce,
                digests: result.digests,
                operations: result.operations,
                signature: FakeVerifier.sign(result, in: network).signature
            )
        }
    }
}
