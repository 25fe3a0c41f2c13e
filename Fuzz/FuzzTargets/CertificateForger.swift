import Primitives
import TestSupport
import Wire

/// A hostile steward: it changes certificates as its choices say, and signs what it can.
struct CertificateForger {
    /// A certificate while it is being changed: fields that need not go together.
    private struct Draft {
        var manifest: ManifestID
        var steward: PeerID
        var vote: CertificateKind
        var units: [UInt32]
        var sets: [CertificateSet]
        var entries: [CertificateEntry]
        var openings: [UnitCore]
        var rulings: [EmbeddedRuling]

        init(_ certificate: Certificate) {
            manifest = certificate.manifest
            steward = certificate.steward
            vote = certificate.vote
            units = certificate.units
            sets = certificate.sets
            entries = certificate.entries
            openings = certificate.openings
            rulings = certificate.rulings
        }

        var certificate: Certificate {
            Certificate(
                manifest: manifest,
                steward: steward,
                vote: vote,
                units: units,
                sets: sets,
                entries: entries,
                openings: openings,
                rulings: rulings
            )
        }

        /// Entries whose set is there.
        var isWhole: Bool {
            entries.allSatisfy { entry in
                Int(entry.set) < sets.count
                    && entry.digests.count == sets[Int(entry.set)].units.count
                    && entry.operations.count == entry.digests.count
                    && entry.nonce.count == ResultStatement.nonceByteCount
            }
        }
    }

    /// Kinds of change.
    static let editCount = 24

    private static let everywhere = CertificateScene.all.flatMap(\.certificates).map(\.body)

    private let scene: CertificateScene
    /// What may be put in from elsewhere: this job's certificates first.
    private let donors: [Certificate]

    /// A steward in `scene`, which knows what is said in other jobs, too.
    init(_ scene: CertificateScene) {
        self.scene = scene
        donors = scene.certificates.map(\.body) + Self.everywhere
    }

    /// The next certificate; nil for one that cannot be written down.
    mutating func next(_ choices: inout Choices) -> Signed<Certificate>? {
        let base = choices.pick(scene.certificates)
        var draft = Draft(base.body)
        let edits = choices.below(12)
        for _ in 0..<edits { edit(&draft, &choices) }
        if edits > 0, !choices.oneIn(8) { sort(&draft) }
        guard draft.isWhole else { return nil }
        if edits > 0, !choices.oneIn(8) { sign(&draft) }
        var payload = draft.certificate.payload
        for _ in 0..<choices.below(4) where edits > 0 {
            payload[choices.below(payload.count)] ^= 1 << UInt8(choices.below(8))
        }
        guard let body = try? Certificate(payload: payload) else { return nil }
        guard body.steward != CertificateScene.attacker else {
            return reread(scene.grid.sign(body))
        }
        return reread(Signed(body, signature: base.signature))
    }

    /// The same as it arrives elsewhere.
    private func reread(_ signed: Signed<Certificate>) -> Signed<Certificate>? {
        try? Signed<Certificate>(envelope: signed.envelope)
    }

    // MARK: - Signing

    /// The attacker's signatures on all that he may sign.
    private func sign(_ draft: inout Draft) {
        let grid = scene.grid
        for index in draft.sets.indices
        where draft.sets[index].steward == CertificateScene.attacker
            && draft.sets[index].signature != nil
        {
            let set = draft.certificate.commitSet(at: index)
            draft.sets[index] = draft.sets[index].with(signature: grid.sign(set).signature)
        }
        for index in draft.entries.indices
        where draft.entries[index].worker == CertificateScene.attacker {
            let entry = draft.entries[index]
            let certificate = draft.certificate
            let hash = certificate.commitSet(at: Int(entry.set)).hash
            let result = certificate.result(of: entry, setHash: hash)
            draft.entries[index] = entry.with(signature: grid.sign(result).signature)
        }
    }

    /// The orders that the format asks for.
    private func sort(_ draft: inout Draft) {
        draft.units = distinct(draft.units)
        draft.entries.sort { ($0.set, $0.worker) < ($1.set, $1.worker) }
        draft.openings.sort { ($0.unit, $0.core.hash) < ($1.unit, $1.core.hash) }
        draft.rulings.sort { $0.unit < $1.unit }
        for index in draft.sets.indices {
            let set = draft.sets[index]
            draft.sets[index] = set.with(
                unrevealed: set.unrevealed.sorted { $0.worker < $1.worker }
            )
        }
    }

    // MARK: - Changes

    private func edit(_ draft: inout Draft, _ choices: inout Choices) {
        let kind = choices.below(Self.editCount)
        switch kind {
        case 0: draft.steward = anyPeer(&choices)
        case 1: draft.vote = CertificateKind(rawValue: UInt8(choices.below(5))) ?? .quorum
        case 2: draft.units = anyUnits(&choices)
        case 3: draft.units = Array(draft.units.dropLast())
        case 4: draft.manifest = choices.pick(donors).manifest
        case 5...10: editSet(kind, &draft, &choices)
        case 11...18: editEntry(kind, &draft, &choices)
        default: editWords(kind, &draft, &choices)
        }
    }

    private func editSet(_ kind: Int, _ draft: inout Draft, _ choices: inout Choices) {
        if kind == 5 {
            add(setOf: choices.pick(donors), to: &draft, &choices)
            return
        }
        guard !draft.sets.isEmpty else { return }
        let index = choices.below(draft.sets.count)
        let set = draft.sets[index]
        switch kind {
        case 6: remove(set: index, from: &draft)
        case 7: draft.sets[index] = set.with(steward: anyPeer(&choices))
        case 8: draft.sets[index] = set.with(round: UInt32(choices.below(8)))
        case 9:
            switch choices.below(3) {
            case 0: draft.sets[index] = set.with(epoch: anyEpoch(&choices))
            case 1: draft.sets[index] = set.with(seatCount: UInt8(choices.below(5)))
            default: draft.sets[index] = set.with(units: anyUnits(&choices))
            }
        default:
            let commitSet = draft.isWhole ? draft.certificate.commitSet(at: index) : nil
            let own = commitSet.map { scene.grid.signature(of: $0.payload, by: $0.steward.digest) }
            draft.sets[index] = set.with(
                signature: choices.oneIn(2) ? nil : own ?? TestGrid.wrongSignature
            )
        }
    }

    private func editEntry(_ kind: Int, _ draft: inout Draft, _ choices: inout Choices) {
        switch kind {
        case 11:
            sitDown(in: &draft, &choices)
            return
        case 12:
            let donor = choices.pick(donors).entries
            guard !donor.isEmpty else { return }
            let entry = choices.pick(donor)
            draft.entries.append(entry.with(set: UInt8(choices.below(4))))
            return
        default: break
        }
        guard !draft.entries.isEmpty else { return }
        let index = choices.below(draft.entries.count)
        let entry = draft.entries[index]
        switch kind {
        case 13: draft.entries.remove(at: index)
        case 14: silence(index, in: &draft)
        case 15: draft.entries[index] = entry.with(worker: anyPeer(&choices))
        case 16:
            draft.entries[index] =
                choices.oneIn(2)
                ? entry.with(seat: UInt8(choices.below(4)))
                : entry.with(widening: UInt8(choices.below(64)))
        case 17: draft.entries[index] = entry.with(set: UInt8(choices.below(4)))
        default:
            let other = choices.pick(donors).entries.last ?? entry
            switch choices.below(4) {
            case 0: draft.entries[index] = entry.with(digests: other.digests)
            case 1: draft.entries[index] = entry.with(operations: other.operations)
            case 2: draft.entries[index] = entry.with(signature: other.signature)
            default: draft.entries[index] = entry.with(nonce: choices.bytes(16))
            }
        }
    }

    private func editWords(_ kind: Int, _ draft: inout Draft, _ choices: inout Choices) {
        switch kind {
        case 19:
            let unit = draft.units.isEmpty ? 0 : choices.pick(draft.units)
            draft.openings.append(UnitCore(unit: unit, core: anyCore(of: unit, &choices)))
        case 20:
            if !draft.openings.isEmpty {
                draft.openings.remove(at: choices.below(draft.openings.count))
            }
        case 21:
            let words = donors.flatMap(\.rulings)
            draft.rulings.append(choices.pick(words))
        case 22:
            if !draft.rulings.isEmpty {
                draft.rulings.remove(at: choices.below(draft.rulings.count))
            }
        default:
            guard !draft.rulings.isEmpty else { return }
            let index = choices.below(draft.rulings.count)
            let old = draft.rulings[index]
            let project =
                choices.oneIn(2) ? ProjectID(CertificateScene.attacker.digest) : old.project
            let word = Ruling(
                project: project,
                manifest: draft.manifest,
                unit: old.unit,
                core: anyCore(of: old.unit, &choices),
                epoch: anyEpoch(&choices)
            )
            let isOwn = project.digest == CertificateScene.attacker.digest
            let signature = isOwn ? scene.grid.sign(word).signature : old.signature
            draft.rulings[index] = EmbeddedRuling(Signed(word, signature: signature))
        }
    }

    /// Copies a round of another certificate, with what was said in it.
    private func add(
        setOf donor: Certificate,
        to draft: inout Draft,
        _ choices: inout Choices
    ) {
        guard !donor.sets.isEmpty, draft.sets.count < Limits.setsPerCertificate else { return }
        let index = choices.below(donor.sets.count)
        draft.sets.append(donor.sets[index])
        for entry in donor.entries where Int(entry.set) == index {
            draft.entries.append(entry.with(set: UInt8(draft.sets.count - 1)))
        }
        for opening in donor.openings where !draft.openings.contains(opening) {
            draft.openings.append(opening)
        }
    }

    private func remove(set index: Int, from draft: inout Draft) {
        draft.sets.remove(at: index)
        draft.entries.removeAll { Int($0.set) == index }
        draft.entries = draft.entries.map { entry in
            Int(entry.set) > index ? entry.with(set: entry.set - 1) : entry
        }
    }

    /// A result is left out: its worker has promised and never revealed.
    private func silence(_ index: Int, in draft: inout Draft) {
        let entry = draft.entries[index]
        guard draft.isWhole else { return }
        let commit = draft.certificate.result(of: entry, setHash: .zero).commitment
        draft.entries.remove(at: index)
        let set = draft.sets[Int(entry.set)]
        let member = SetMember(
            worker: entry.worker,
            seat: entry.seat,
            widening: entry.widening,
            commit: commit
        )
        draft.sets[Int(entry.set)] = set.with(unrevealed: set.unrevealed + [member])
    }

    /// The attacker votes himself, in a round that is there or in a new one of his own.
    private func sitDown(in draft: inout Draft, _ choices: inout Choices) {
        let variant = UInt64(choices.below(2))
        if draft.sets.isEmpty || choices.oneIn(2) {
            draft.sets.append(
                CertificateSet(
                    steward: CertificateScene.attacker,
                    round: 7,
                    units: draft.units.isEmpty ? [0] : draft.units,
                    epoch: TestGrid.epoch,
                    seatCount: 1,
                    signature: nil,
                    unrevealed: []
                )
            )
        }
        let index = choices.below(draft.sets.count)
        let set = draft.sets[index]
        let cores = TestGrid.cores(set.units, variant: variant)
        draft.entries.append(
            CertificateEntry(
                set: UInt8(index),
                worker: CertificateScene.attacker,
                seat: UInt8(choices.below(3)),
                widening: set.seatCount > 1 ? 2 : 0,
                nonce: Bytes(repeating: 5, count: ResultStatement.nonceByteCount),
                digests: zip(set.units, cores).map { unit, core in
                    core.digest(
                        manifest: draft.manifest,
                        steward: set.steward,
                        round: set.round,
                        unit: unit
                    )
                },
                operations: cores.map(\.operations),
                signature: TestGrid.wrongSignature
            )
        )
    }

    // MARK: - Values

    private func anyPeer(_ choices: inout Choices) -> PeerID {
        TestGrid.peer(UInt64(choices.below(11)))
    }

    private func anyEpoch(_ choices: inout Choices) -> UInt64 {
        choices.oneIn(4) ? choices.number() : TestGrid.epoch + UInt64(choices.below(4)) - 1
    }

    private func anyUnits(_ choices: inout Choices) -> [UInt32] {
        distinct(
            (0...choices.below(4)).map { _ in
                let near = UInt32(choices.below(12))
                return choices.oneIn(4) ? Limits.unitsPerShard - 4 + near : near
            }
        )
    }

    private func anyCore(of unit: UInt32, _ choices: inout Choices) -> Core {
        let core = TestGrid.core(unit, variant: UInt64(choices.below(3)))
        guard choices.oneIn(4) else { return core }
        return Core(
            resultHash: core.resultHash,
            operations: choices.number(),
            evidence: core.evidence
        )
    }
}
