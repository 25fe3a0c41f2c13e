import Primitives
import Wire

/// Random values of the simple kinds; everything follows from the generator's seed.
extension PRNG {
    /// A count in `range`.
    mutating func count(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(below(UInt64(range.count)))
    }

    /// A number whose magnitude varies as well, so that every length of head occurs.
    mutating func number() -> UInt64 { next() >> below(64) }

    mutating func number32() -> UInt32 { UInt32(truncatingIfNeeded: next()) >> UInt32(below(32)) }

    mutating func number8() -> UInt8 { UInt8(truncatingIfNeeded: next()) >> UInt8(below(8)) }

    mutating func widening() -> UInt8 { UInt8(below(UInt64(Limits.wideningMax) + 1)) }

    mutating func digest() -> Digest { Digest(next(), next(), next(), next()) }

    mutating func identifier<ID: Identifier>() -> ID { ID(digest()) }

    mutating func bytes(_ count: Int) -> Bytes {
        list(count) { UInt8(truncatingIfNeeded: $0.next()) }
    }

    mutating func signature() -> Signature { Signature(digest(), digest()) }

    /// Printable ASCII of 1 to 24 characters.
    mutating func name() -> String {
        let length = count(1...24)
        return String(decoding: list(length) { UInt8(0x21 + $0.below(0x5e)) }, as: UTF8.self)
    }

    mutating func list<Element>(
        _ count: Int,
        _ make: (inout PRNG) -> Element
    ) -> [Element] {
        var list: [Element] = []
        for _ in 0..<count { list.append(make(&self)) }
        return list
    }

    /// 1 to `limit` units, ascending.
    mutating func units(upTo limit: Int = 5) -> [UInt32] {
        let length = count(1...limit)
        var unit = UInt32(below(UInt64(Limits.unitsPerManifest) - 200 * UInt64(length)))
        return list(length) { generator in
            unit += 1 + UInt32(generator.below(100))
            return unit
        }
    }

    mutating func identifiers<ID: Identifier>(_ count: Int) -> [ID] {
        list(count) { $0.identifier() }.sorted()
    }

    mutating func core() -> Core {
        Core(resultHash: digest(), operations: number(), evidence: digest())
    }

    mutating func cores(of units: [UInt32]) -> [UnitCore] {
        var cores: [UnitCore] = []
        for unit in units { cores.append(UnitCore(unit: unit, core: core())) }
        return cores
    }

    mutating func key() -> ItemKey { ItemKey(epoch: number(), id: identifier()) }
}

/// Random bodies of statements.
extension PRNG {
    mutating func record() -> Record {
        let lists = [count(0...3), count(0...3), count(0...3), count(0...3)]
        return Record(
            peer: identifier(),
            incarnation: number(),
            curveKey: identifier(),
            binding: signature(),
            controlEndpoints: list(lists[0]) { $0.name() },
            bulkEndpoints: list(lists[1]) { $0.name() },
            role: below(2) == 0 ? .leaf : .hub,
            owner: identifier(),
            cores: number32(),
            memoryByteCount: number(),
            kernels: Set(list(lists[2]) { $0.name() }).sorted().map {
                KernelOffer(kernel: $0, operationsPerSecond: number())
            },
            engines: Set(list(lists[3]) { $0.name() }).sorted(),
            successorHash: digest(),
            epoch: number(),
            expiry: number()
        )
    }

    mutating func manifest() -> Manifest {
        let lists = [count(0...4), count(0...4), count(0...200)]
        return Manifest(
            network: identifier(),
            project: identifier(),
            owner: identifier(),
            submitter: identifier(),
            nonce: digest(),
            epoch: number(),
            workload: name(),
            workloadHash: digest(),
            parameters: bytes(lists[2]),
            datasetRoot: digest(),
            datasetByteCount: below(Limits.datasetByteCount + 1),
            shape: list(lists[0]) { $0.number() },
            unitCount: 1 + UInt32(below(UInt64(Limits.unitsPerManifest))),
            operationsPerUnit: number(),
            resultByteCount: below(Limits.resultByteCount + 1),
            memoryByteCount: number(),
            secondsPerUnit: below(Limits.secondsPerUnit + 1),
            policy: Policy(rawValue: UInt8(below(3))) ?? .strict,
            anchors: identifiers(lists[0]),
            recognised: identifiers(lists[1]),
            population: number(),
            priority: number8(),
            deadline: number(),
            retention: number32(),
            reducer: name()
        )
    }

    mutating func cancel() -> Cancel {
        Cancel(project: identifier(), manifest: identifier(), epoch: number())
    }

    mutating func ruling() -> Ruling {
        Ruling(
            project: identifier(),
            manifest: identifier(),
            unit: units(upTo: 1)[0],
            core: core(),
            epoch: number()
        )
    }

    mutating func hold() -> Hold {
        Hold(
            project: identifier(),
            manifest: identifier(),
            number: UInt32(below(UInt64(Limits.holdsPerManifest))),
            isHeld: below(2) == 0,
            epoch: number()
        )
    }

    mutating func device() -> Device {
        Device(owner: identifier(), peer: identifier(), consent: signature(), epoch: number())
    }

    mutating func revoke() -> Revoke {
        let first = record().with(incarnation: 0)
        return Revoke(successor: identifier(), record: signed(first), epoch: number())
    }

    mutating func anchor() -> Anchor {
        let epoch = below(.max - Limits.anchorHours)
        return Anchor(
            project: identifier(),
            peer: identifier(),
            until: epoch + below(Limits.anchorHours + 1),
            epoch: epoch
        )
    }

    mutating func commit() -> CommitStatement {
        CommitStatement(
            worker: identifier(),
            manifest: identifier(),
            steward: identifier(),
            round: number32(),
            units: units(),
            commit: digest()
        )
    }

    mutating func members(_ count: Int) -> [SetMember] {
        list(count) { generator in
            SetMember(
                worker: generator.identifier(),
                seat: generator.number8(),
                widening: generator.widening(),
                commit: generator.digest()
            )
        }.sorted { $0.worker < $1.worker }
    }

    mutating func commitSet() -> CommitSet {
        let size = count(0...5)
        return CommitSet(
            steward: identifier(),
            manifest: identifier(),
            round: number32(),
            units: units(),
            epoch: number(),
            seatCount: number8(),
            members: members(size)
        )
    }

    mutating func result(units: [UInt32]) -> ResultStatement {
        ResultStatement(
            worker: identifier(),
            manifest: identifier(),
            steward: identifier(),
            round: number32(),
            units: units,
            digests: list(units.count) { $0.digest() },
            operations: list(units.count) { $0.number() },
            nonce: bytes(ResultStatement.nonceByteCount),
            setHash: digest()
        )
    }
}

/// Random certificates and openings.
extension PRNG {
    mutating func certificate() -> Certificate {
        let steward: PeerID = identifier()
        let sets = list(count(0...3)) { $0.certificateSet(steward: steward) }
        var entries: [CertificateEntry] = []
        for (index, set) in sets.enumerated() {
            for worker in identifiers(count(0...3)) as [PeerID] {
                entries.append(entry(of: set, at: index, by: worker))
            }
        }
        let opened = list(count(0...3)) { $0.units(upTo: 1)[0] }
        let ruled = below(2) == 0 ? units() : []
        return Certificate(
            manifest: identifier(),
            steward: steward,
            vote: CertificateKind(rawValue: UInt8(below(5))) ?? .quorum,
            units: units(),
            sets: sets,
            entries: entries,
            openings: cores(of: opened).sorted {
                ($0.unit, $0.core.hash) < ($1.unit, $1.core.hash)
            },
            rulings: ruled.map { unit in
                EmbeddedRuling(
                    project: identifier(),
                    unit: unit,
                    core: core(),
                    epoch: number(),
                    signature: signature()
                )
            }
        )
    }

    private mutating func certificateSet(steward: PeerID) -> CertificateSet {
        let silent = count(0...2)
        return CertificateSet(
            steward: below(2) == 0 ? steward : identifier(),
            round: number32(),
            units: units(),
            epoch: number(),
            seatCount: number8(),
            signature: below(2) == 0 ? nil : signature(),
            unrevealed: members(silent)
        )
    }

    mutating func entry(
        of set: CertificateSet,
        at index: Int,
        by worker: PeerID
    ) -> CertificateEntry {
        CertificateEntry(
            set: UInt8(index),
            worker: worker,
            seat: number8(),
            widening: widening(),
            nonce: bytes(ResultStatement.nonceByteCount),
            digests: list(set.units.count) { $0.digest() },
            operations: list(set.units.count) { $0.number() },
            signature: signature()
        )
    }

    mutating func opening() -> Opening {
        let opened = units()
        return Opening(
            manifest: identifier(),
            certificate: identifier(),
            cores: cores(of: opened)
        )
    }

    /// Two statements of one kind that contradict each other.
    mutating func fault() -> Fault {
        let (worker, steward, job): (PeerID, PeerID, ManifestID) =
            (identifier(), identifier(), identifier())
        let (round, units) = (number32(), units())
        switch below(4) {
        case 0:
            return fault(Fault.Proof.commits) { generator in
                CommitStatement(
                    worker: worker,
                    manifest: job,
                    steward: steward,
                    round: round,
                    units: units,
                    commit: generator.digest()
                )
            }
        case 1:
            return fault(Fault.Proof.commitSets) { generator in
                CommitSet(
                    steward: steward,
                    manifest: job,
                    round: round,
                    units: units,
                    epoch: generator.number(),
                    seatCount: generator.number8(),
                    members: generator.members(generator.count(0...3))
                )
            }
        case 2:
            return fault(Fault.Proof.results) { generator in
                ResultStatement(
                    worker: worker,
                    manifest: job,
                    steward: steward,
                    round: round,
                    units: units,
                    digests: units.map { _ in generator.digest() },
                    operations: units.map { _ in generator.number() },
                    nonce: generator.bytes(ResultStatement.nonceByteCount),
                    setHash: generator.digest()
                )
            }
        default:
            let model = certificate()
            return fault(Fault.Proof.certificates) { generator in
                Certificate(
                    manifest: model.manifest,
                    steward: model.steward,
                    vote: model.vote,
                    units: model.units,
                    sets: model.sets,
                    entries: model.entries,
                    openings: generator.cores(of: model.units),
                    rulings: model.rulings
                )
            }
        }
    }

    /// Two statements that `make` makes, which differ.
    private mutating func fault<Body: UnitStatement>(
        _ proof: (Contradiction<Body>) -> Fault.Proof,
        _ make: (inout PRNG) -> Body
    ) -> Fault {
        while true {
            let (left, right) = (make(&self), make(&self))
            if let pair = Contradiction(signed(left), signed(right)) { return Fault(proof(pair)) }
        }
    }

    /// A statement with a signature that nobody made.
    mutating func signed<Body: StatementBody>(_ body: Body) -> Signed<Body> {
        Signed(body, signature: signature())
    }
}
