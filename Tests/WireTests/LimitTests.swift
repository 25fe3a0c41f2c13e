import Primitives
import Testing
import Wire

/// Every limit that a decoder enforces: accepted at the limit, refused one beyond.
@Suite struct LimitTests {
    @Test func numbersOfAManifestAreBounded() {
        var generator = PRNG(seed: 2)
        let good = generator.manifest()
        #expect(recodes(good.with(unitCount: 1)))
        #expect(!recodes(good.with(unitCount: 0)))
        #expect(recodes(good.with(unitCount: Limits.unitsPerManifest)))
        #expect(!recodes(good.with(unitCount: Limits.unitsPerManifest + 1)))
        #expect(recodes(good.with(datasetByteCount: Limits.datasetByteCount)))
        #expect(!recodes(good.with(datasetByteCount: Limits.datasetByteCount + 1)))
        #expect(recodes(good.with(resultByteCount: Limits.resultByteCount)))
        #expect(!recodes(good.with(resultByteCount: Limits.resultByteCount + 1)))
        #expect(recodes(good.with(secondsPerUnit: Limits.secondsPerUnit)))
        #expect(!recodes(good.with(secondsPerUnit: Limits.secondsPerUnit + 1)))
    }

    @Test func listsOfAManifestAreBounded() {
        var generator = PRNG(seed: 3)
        let good = generator.manifest()
        let bytes = Bytes(repeating: 7, count: Limits.parameterByteCount)
        #expect(recodes(good.with(parameters: bytes)))
        #expect(!recodes(good.with(parameters: bytes + [7])))
        let shape = [UInt64](repeating: .max, count: Limits.shapeCount)
        #expect(recodes(good.with(shape: shape)))
        #expect(!recodes(good.with(shape: shape + [1])))
        let anchors: [PeerID] = generator.identifiers(Limits.manifestListCount + 1)
        #expect(recodes(good.with(anchors: [])))
        #expect(recodes(good.with(anchors: Array(anchors.dropLast()))))
        #expect(!recodes(good.with(anchors: anchors)))
        #expect(!recodes(good.with(anchors: anchors.prefix(2).reversed())))
        let projects: [ProjectID] = generator.identifiers(Limits.manifestListCount + 1)
        #expect(recodes(good.with(recognised: Array(projects.dropLast()))))
        #expect(!recodes(good.with(recognised: projects)))
        #expect(!recodes(good.with(recognised: [projects[0], projects[0]])))
    }

    @Test func namesAreBounded() {
        var generator = PRNG(seed: 4)
        let (manifest, record) = (generator.manifest(), generator.record())
        for (length, fits) in [(Limits.nameByteCount, true), (Limits.nameByteCount + 1, false)] {
            let name = String(repeating: "n", count: length)
            #expect(recodes(manifest.with(workload: name)) == fits)
            #expect(recodes(manifest.with(reducer: name)) == fits)
            #expect(recodes(record.with(controlEndpoints: [name])) == fits)
            #expect(recodes(record.with(bulkEndpoints: [name])) == fits)
            #expect(recodes(record.with(engines: [name])) == fits)
            let offer = KernelOffer(kernel: name, operationsPerSecond: 1)
            #expect(recodes(record.with(kernels: [offer])) == fits)
        }
    }

    @Test func listsOfARecordAreBounded() {
        var generator = PRNG(seed: 5)
        let record = generator.record()
        let limit = Limits.recordListCount
        for (count, fits) in [(limit, true), (limit + 1, false)] {
            let names = (0..<count).map { "name \(10 + $0)" }
            #expect(recodes(record.with(controlEndpoints: names)) == fits)
            #expect(recodes(record.with(bulkEndpoints: names)) == fits)
            #expect(recodes(record.with(engines: names)) == fits)
            let offers = names.map { KernelOffer(kernel: $0, operationsPerSecond: 1) }
            #expect(recodes(record.with(kernels: offers)) == fits)
        }
    }

    @Test func bundlesAreBounded() {
        let limit = UInt32(Limits.unitsPerBundle)
        for (units, fits) in [(0..<limit, true), (0..<limit + 1, false), (0..<0, false)] {
            var generator = PRNG(seed: 6)
            let units = Array(units)
            let manifest = ManifestID(.zero)
            #expect(recodes(.held(UnitList(manifest: manifest, units: units))) == fits)
            #expect(recodes(.resultHeld(UnitList(manifest: manifest, units: units))) == fits)
            #expect(recodes(Message.lease(generator.lease().with(units: units))) == fits)
            #expect(recodes(generator.result(units: units)) == fits)
            let cores = generator.cores(of: units)
            #expect(recodes(.resultOffer(ResultOffer(manifest: manifest, cores: cores))) == fits)
            let opening = Opening(manifest: manifest, certificate: ItemID(.zero), cores: cores)
            #expect(recodes(.opening(opening)) == fits)
            let commit = CommitStatement(
                worker: PeerID(.zero),
                manifest: manifest,
                steward: PeerID(.zero),
                round: 0,
                units: units,
                commit: .zero
            )
            #expect(recodes(commit) == fits)
            #expect(recodes(commitSet(units: units)) == fits)
            #expect(recodes(certificate(units: units)) == fits)
            // Rulings may be none.
            #expect(recodes(certificate(rulings: units)) == (fits || units.isEmpty))
        }
    }

    @Test func membersOfASetAreBounded() {
        for (count, fits) in [(Limits.membersPerSet, true), (Limits.membersPerSet + 1, false)] {
            var generator = PRNG(seed: 7)
            #expect(recodes(commitSet(members: generator.members(count))) == fits)
        }
    }

    @Test func setsAndEntriesOfACertificateAreBounded() {
        var generator = PRNG(seed: 8)
        let limit = Limits.setsPerCertificate
        #expect(recodes(certificate(setCount: limit)))
        #expect(!recodes(certificate(setCount: limit + 1)))
        let sets = certificate(setCount: limit).sets
        let entries = (0...Limits.entriesPerCertificate).map { index in
            let worker = PeerID(Digest(UInt64(index), 0, 0, 0))
            return generator.entry(of: sets[index / 3], at: index / 3, by: worker)
        }
        #expect(recodes(certificate(setCount: limit, entries: Array(entries.dropLast()))))
        #expect(!recodes(certificate(setCount: limit, entries: entries)))
        let stray = generator.entry(of: sets[0], at: limit, by: PeerID(.zero))
        #expect(!recodes(certificate(setCount: limit, entries: [stray])))
    }

    @Test func openingsOfACertificateAreBounded() {
        let limit = Limits.unitsPerBundle * Limits.entriesPerCertificate
        let core = Core(resultHash: .zero, operations: 0, evidence: .zero)
        let openings = (0...limit).map { UnitCore(unit: UInt32($0), core: core) }
        #expect(recodes(certificate(openings: Array(openings.dropLast()))))
        #expect(!recodes(certificate(openings: openings)))
    }

    @Test func wideningIsBounded() {
        var generator = PRNG(seed: 9)
        for (widening, fits) in [(Limits.wideningMax, true), (Limits.wideningMax + 1, false)] {
            let member = SetMember(
                worker: PeerID(.zero),
                seat: .max,
                widening: widening,
                commit: .zero
            )
            #expect(recodes(commitSet(members: [member])) == fits)
            #expect(recodes(Message.lease(generator.lease().with(widening: widening))) == fits)
            let sets = certificate(setCount: 1).sets
            let entry = CertificateEntry(
                set: 0,
                worker: PeerID(.zero),
                seat: .max,
                widening: widening,
                nonce: generator.bytes(ResultStatement.nonceByteCount),
                digests: sets[0].units.map { _ in .zero },
                operations: sets[0].units.map { _ in 0 },
                signature: generator.signature()
            )
            #expect(recodes(certificate(setCount: 1, entries: [entry])) == fits)
        }
    }

    @Test func listsOfMessagesAreBounded() {
        var generator = PRNG(seed: 10)
        let sealed = (0...UInt32(Limits.sealedPerClaim)).map { $0 }
        #expect(recodes(Message.claim(claim(sealed: sealed.dropLast()))))
        #expect(!recodes(Message.claim(claim(sealed: sealed))))
        #expect(!recodes(Message.claim(claim(sealed: [2, 1]))))
        let holders = generator.list(Limits.holdersPerLease + 1) { $0.identifier() as PeerID }
        #expect(recodes(.lease(generator.lease().with(holders: holders.dropLast()))))
        #expect(!recodes(.lease(generator.lease().with(holders: holders))))
        let keys = keys(Limits.keysPerReconciliation + 1, from: 0)
        #expect(recodes(.fetch(.ledger, keys.dropLast())))
        #expect(!recodes(.fetch(.ledger, keys)))
        #expect(!recodes(.fetch(.ledger, [keys[1], keys[0]])))
        let limit = Limits.rangesPerReconciliation
        #expect(recodes(reconciliation(keyCounts: Array(repeating: 0, count: limit))))
        #expect(!recodes(reconciliation(keyCounts: Array(repeating: 0, count: limit + 1))))
    }

    @Test func onlyTheLastRangeHasNoEnd() {
        let end = ItemKey(epoch: 1, id: ItemID(.zero))
        let open = ReconciliationRange(end: nil, claim: .settled)
        let closed = ReconciliationRange(end: end, claim: .settled)
        for (ranges, fits) in [([closed, open], true), ([open, closed], false)]
            + [([open, open], false), ([closed, closed], false), ([], true)]
        {
            #expect(recodes(.reconcile(Reconciliation(set: .ledger, ranges: ranges))) == fits)
        }
    }

    @Test func keysAreCountedOverAllRangesOfAReconciliation() {
        let limit = Limits.keysPerReconciliation
        #expect(recodes(reconciliation(keyCounts: [limit])))
        #expect(!recodes(reconciliation(keyCounts: [limit + 1])))
        #expect(recodes(reconciliation(keyCounts: [limit - 7, 0, 7])))
        #expect(!recodes(reconciliation(keyCounts: [limit - 7, 0, 8])))
    }

    @Test func shardsOfAListAreThoseOfAManifestAtMost() {
        let count = Limits.shardsPerManifest
        for (shards, fits) in [(0..<count, true), (0..<count + 1, false), (0..<0, false)]
            + [(count - 1..<count, true), (count..<count + 1, false)]
        {
            let list = ShardList(manifest: ManifestID(.zero), shards: Array(shards))
            #expect(recodes(.acting(list)) == fits)
        }
        let unsorted = ShardList(manifest: ManifestID(.zero), shards: [2, 1])
        #expect(!recodes(.acting(unsorted)))
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
            let refusal = Refusal(
                manifest: manifest,
                shard: 0,
                round: RoundKey(number: .max, firstUnit: unit),
                reason: .stale,
                retryMilliseconds: 0
            )
            #expect(recodes(.refuse(refusal)) == fits)
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

    @Test func holdsAreNumberedBelowTheirLimit() {
        let limit = Limits.holdsPerManifest
        for (number, fits) in [(limit - 1, true), (limit, false), (.max, false)] {
            let hold = Hold(
                project: ProjectID(.zero),
                manifest: ManifestID(.zero),
                number: number,
                isHeld: true,
                epoch: .max
            )
            #expect(recodes(hold) == fits)
        }
    }

    @Test func anAnchorCountsFromItsHourOnAndForTenYearsAtMost() {
        let limit = Limits.anchorHours
        for (epoch, until, fits) in [
            (9, 9, true), (9, 8, false), (9, 9 + limit, true), (9, 10 + limit, false),
            (0, 0, true), (.max, .max, true), (.max - limit, .max, true),
            (.max - limit - 1, .max, false), (.max, 0, false),
        ] as [(UInt64, UInt64, Bool)] {
            let anchor = Anchor(
                project: ProjectID(.zero),
                peer: PeerID(.zero),
                until: until,
                epoch: epoch
            )
            #expect(recodes(anchor) == fits)
        }
    }

    @Test func aRevokeHoldsTheFirstRecordOfAnotherKey() {
        var generator = PRNG(seed: 11)
        let record = generator.record()
        for incarnation in [1, UInt64.max] {
            let later = generator.signed(record.with(incarnation: incarnation))
            #expect(!recodes(Revoke(successor: PeerID(.zero), record: later, epoch: 0)))
        }
        let first = generator.signed(record.with(incarnation: 0))
        #expect(recodes(Revoke(successor: PeerID(.zero), record: first, epoch: 0)))
        #expect(!recodes(Revoke(successor: record.peer, record: first, epoch: 0)))
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

    private func commitSet(units: [UInt32] = [1], members: [SetMember] = []) -> CommitSet {
        CommitSet(
            steward: PeerID(.zero),
            manifest: ManifestID(.zero),
            round: 0,
            units: units,
            epoch: 0,
            seatCount: 2,
            members: members
        )
    }

    private func certificate(
        units: [UInt32] = [1],
        setCount: Int = 0,
        entries: [CertificateEntry] = [],
        openings: [UnitCore] = [],
        rulings: [UInt32] = []
    ) -> Certificate {
        Certificate(
            manifest: ManifestID(.zero),
            steward: PeerID(.zero),
            vote: .ruling,
            units: units,
            sets: (0..<setCount).map { index in
                CertificateSet(
                    steward: PeerID(.zero),
                    round: UInt32(index),
                    units: units,
                    epoch: 0,
                    seatCount: 2,
                    signature: nil,
                    unrevealed: []
                )
            },
            entries: entries,
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
