import Primitives
import Testing
import Wire

@Suite struct CertificateTests {
    @Test func commitSetsAndResultsAreReconstructed() throws {
        var generator = PRNG(seed: 1)
        for _ in 0..<30 {
            let vote = SampleVote(setCount: generator.count(1...4), &generator)
            let certificate = try Certificate(payload: vote.certificate.payload)
            #expect(certificate == vote.certificate)
            for (index, set) in vote.sets.enumerated() {
                #expect(certificate.commitSet(at: index) == set)
                #expect(certificate.commitSet(at: index).payload == set.payload)
            }
            let results = certificate.entries.map { entry in
                certificate.result(of: entry, setHash: vote.sets[Int(entry.set)].hash)
            }
            #expect(results == vote.results)
            #expect(results.map(\.payload) == vote.results.map(\.payload))
        }
    }

    @Test func rulingsAreReconstructed() {
        var generator = PRNG(seed: 2)
        let signed = generator.signed(generator.ruling())
        let embedded = EmbeddedRuling(signed)
        #expect(embedded.statement(of: signed.body.manifest) == signed)
    }

    @Test func roundAndEpochAreTheHighest() {
        var generator = PRNG(seed: 3)
        for _ in 0..<20 {
            let certificate = generator.certificate()
            let rounds = certificate.sets.map(\.round)
            let epochs = certificate.sets.map(\.epoch) + certificate.rulings.map(\.epoch)
            #expect(certificate.round == rounds.max() ?? 0)
            #expect(certificate.epoch == epochs.max() ?? 0)
            #expect(certificate.slots.count == certificate.units.count)
        }
    }

    @Test func aSetNamesEachMemberOnce() {
        var generator = PRNG(seed: 4)
        let (set, silent) = emptySet(unrevealed: 2, &generator)
        let other = generator.entry(of: set, at: 0, by: PeerID(.zero))
        #expect(recodes(certificate([set], [other])))
        let both = generator.entry(of: set, at: 0, by: silent[1].worker)
        #expect(!recodes(certificate([set], [both])))
        #expect(recodes(certificate([set, emptySet(unrevealed: 0, &generator).0], [other])))
    }

    @Test func aSetHasNoMoreMembersThanACommitSet() {
        var generator = PRNG(seed: 5)
        let limit = Limits.membersPerSet
        for (revealed, silent, fits) in [(limit - 3, 3, true), (limit - 2, 3, false)]
            + [(limit, 0, true), (limit + 1, 0, false), (0, limit, true), (0, limit + 1, false)]
        {
            let (set, _) = emptySet(unrevealed: silent, &generator)
            let workers: [PeerID] = generator.identifiers(revealed)
            let entries = workers.map { generator.entry(of: set, at: 0, by: $0) }
            #expect(recodes(certificate([set], entries)) == fits)
        }
    }

    /// The format's promise about its size, with every number at its longest that can occur.
    @Test func certificatesAreSmall() {
        let one = size(unitCount: 1)
        #expect(one == 583)
        #expect(one <= 600)
        // A unit adds two indices, two digests and two numbers: 2 × (5 + 34 + 9) bytes.
        #expect(size(unitCount: 2) == one + 96)
        for unitCount in 2...Limits.unitsPerBundle {
            #expect(size(unitCount: unitCount) <= one + 100 * (unitCount - 1))
        }
    }

    /// Bytes of the envelope of a certificate with two winners.
    private func size(unitCount: Int) -> Int {
        var generator = PRNG(seed: 6)
        let units = (0..<unitCount).map { Limits.unitsPerManifest - 64 + UInt32($0) }
        let set = CertificateSet(
            steward: PeerID(.zero),
            round: 255,
            units: units,
            epoch: 1_000_000,
            seatCount: 2,
            signature: generator.signature(),
            unrevealed: []
        )
        let entries = [UInt64(1), 2].map { number in
            CertificateEntry(
                set: 0,
                worker: PeerID(Digest(number, 0, 0, 0)),
                seat: 1,
                widening: Limits.wideningMax,
                nonce: generator.bytes(ResultStatement.nonceByteCount),
                digests: generator.list(unitCount) { $0.digest() },
                operations: units.map { _ in .max },
                signature: generator.signature()
            )
        }
        let certificate = Certificate(
            manifest: ManifestID(.zero),
            steward: PeerID(.zero),
            vote: .quorum,
            units: units,
            sets: [set],
            entries: entries,
            openings: [],
            rulings: []
        )
        return generator.signed(certificate).envelope.count
    }

    private func emptySet(
        unrevealed: Int,
        _ generator: inout PRNG
    ) -> (CertificateSet, [SetMember]) {
        let members = generator.members(unrevealed)
        let set = CertificateSet(
            steward: generator.identifier(),
            round: 1,
            units: [3],
            epoch: 7,
            seatCount: 2,
            signature: nil,
            unrevealed: members
        )
        return (set, members)
    }

    private func certificate(
        _ sets: [CertificateSet],
        _ entries: [CertificateEntry]
    ) -> Certificate {
        Certificate(
            manifest: ManifestID(.zero),
            steward: PeerID(.zero),
            vote: .panel,
            units: [3],
            sets: sets,
            entries: entries,
            openings: [],
            rulings: []
        )
    }
}
