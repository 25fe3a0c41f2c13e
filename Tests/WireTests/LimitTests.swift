import Primitives
import Testing
import Wire

/// Every limit that a decoder enforces: accepted at the limit, refused one beyond.
@Suite struct LimitTests {
    @Test func keysAreCountedOverAllRangesOfAReconciliation() {
        let limit = Limits.keysPerReconciliation
        #expect(recodes(reconciliation(keyCounts: [limit])))
        #expect(!recodes(reconciliation(keyCounts: [limit + 1])))
        #expect(recodes(reconciliation(keyCounts: [limit - 7, 0, 7])))
        #expect(!recodes(reconciliation(keyCounts: [limit - 7, 0, 8])))
    }

    @Test func everyUnitIsBelowTheUnitsOfAManifest() {
        var generator = PRNG(seed: 1)
        let core = generator.core()
        for (unit, fits) in [(Limits.unitsPerManifest - 1, true), (.max, false)]
            + [(Limits.unitsPerManifest, false)]
        {
            let manifest = ManifestID(.zero)
            let cores = [UnitCore(unit: unit, core: core)]
            #expect(recodes(Message.claim(claim(sealed: [unit]))) == fits)
            #expect(recodes(.held(UnitList(manifest: manifest, units: [unit]))) == fits)
            #expect(recodes(.resultOffer(ResultOffer(manifest: manifest, cores: cores))) == fits)
            #expect(recodes(ruling(unit)) == fits)
            let opening = Opening(manifest: manifest, certificate: ItemID(.zero), cores: cores)
            #expect(recodes(.opening(opening)) == fits)
            #expect(recodes(.item(.opening(opening))) == fits)
            #expect(recodes(certificate(openings: cores, rulings: [])) == fits)
            #expect(recodes(certificate(openings: [], rulings: [unit])) == fits)
        }
    }

    @Test func everyShardIsBelowTheShardsOfAManifest() {
        #expect(Limits.shardsPerManifest == 3_907)
        for (shard, fits) in [(3_906 as UInt32, true), (3_907, false), (.max, false)] {
            #expect(recodes(Message.claim(claim(shard: shard))) == fits)
            let refusal = Refusal(
                manifest: ManifestID(.zero),
                shard: shard,
                round: nil,
                reason: .stale,
                retryMilliseconds: 0
            )
            #expect(recodes(.refuse(refusal)) == fits)
        }
    }

    @Test func aResultIsWantedFromWithinItsLimit() {
        let limit = Limits.resultByteCount
        #expect(recodes(.resultWant(.zero, offset: limit)))
        #expect(!recodes(.resultWant(.zero, offset: limit + 1)))
        #expect(!recodes(.resultWant(.zero, offset: .max)))
    }

    private func claim(shard: UInt32 = 0, sealed: [UInt32] = []) -> Claim {
        Claim(
            manifest: ManifestID(.zero),
            shard: shard,
            unitCount: 1,
            operationsPerSecond: 1,
            sealed: sealed
        )
    }

    private func ruling(_ unit: UInt32) -> Ruling {
        Ruling(
            project: ProjectID(.zero),
            manifest: ManifestID(.zero),
            unit: unit,
            core: Core(resultHash: .zero, operations: 0, evidence: .zero),
            epoch: 0
        )
    }

    private func certificate(openings: [UnitCore], rulings: [UInt32]) -> Certificate {
        Certificate(
            manifest: ManifestID(.zero),
            steward: PeerID(.zero),
            vote: .ruling,
            units: [1],
            sets: [],
            entries: [],
            openings: openings,
            rulings: rulings.map { unit in
                EmbeddedRuling(
                    project: ProjectID(.zero),
                    unit: unit,
                    core: ruling(unit).core,
                    epoch: 0,
                    signature: Signature(.zero, .zero)
                )
            }
        )
    }

    private func reconciliation(keyCounts: [Int]) -> Message {
        var epoch: UInt64 = 0
        let ranges = keyCounts.map { count in
            let keys = keys(count, from: epoch)
            epoch += UInt64(count) + 1
            let end = ItemKey(epoch: epoch, id: ItemID(.zero))
            return ReconciliationRange(end: end, claim: .keys(keys))
        }
        return .reconcile(Reconciliation(set: .ledger, ranges: ranges))
    }

    private func keys(_ count: Int, from epoch: UInt64) -> [ItemKey] {
        (0..<count).map { ItemKey(epoch: epoch + UInt64($0), id: ItemID(.zero)) }
    }
}
