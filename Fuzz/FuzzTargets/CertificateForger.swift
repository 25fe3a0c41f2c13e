import Primitives
import TestSupport
import Wire

/// A hostile steward: it changes certificates as its choices say, and signs what it can.
struct CertificateForger {
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
        var draft = CertificateDraft(base.body)
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
    private func sign(_ draft: inout CertificateDraft) {
        let grid = scene.grid
        for index in draft.sets.indices
        where draft.sets[index].steward == CertificateScene.attacker
            && draft.sets[index].signature != nil
        {
            let set = draft.certificate.commitSet(at: index)
            draft.sets[index].signature = grid.sign(set).signature
        }
        for index in draft.entries.indices
        where draft.entries[index].worker == CertificateScene.attacker {
            let certificate = draft.certificate
            let entry = certificate.entries[index]
            let hash = certificate.commitSet(at: Int(entry.set)).hash
            let result = certificate.result(of: entry, setHash: hash)
            draft.entries[index].signature = grid.sign(result).signature
        }
    }

    /// The orders that the format asks for.
    private func sort(_ draft: inout CertificateDraft) {
        draft.units = distinct(draft.units)
        draft.entries.sort { ($0.set, $0.worker) < ($1.set, $1.worker) }
        draft.openings.sort { ($0.unit, $0.core.hash) < ($1.unit, $1.core.hash) }
        draft.rulings.sort { $0.unit < $1.unit }
        for index in draft.sets.indices {
            draft.sets[index].unrevealed.sort { $0.worker < $1.worker }
        }
    }

    // MARK: - Changes

    private func edit(_ draft: inout CertificateDraft, _ choices: inout Choices) {
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

    private func editSet(_ kind: Int, _ draft: inout CertificateDraft, _ choices: inout Choices) {
        if kind == 5 {
            add(setOf: choices.pick(donors), to: &draft, &choices)
            return
        }
        guard !draft.sets.isEmpty else { return }
        let index = choices.below(draft.sets.count)
        switch kind {
        case 6: remove(set: index, from: &draft)
        case 7: draft.sets[index].steward = anyPeer(&choices)
        case 8: draft.sets[index].round = UInt32(choices.below(8))
        case 9:
            switch choices.below(3) {
            case 0: draft.sets[index].epoch = anyEpoch(&choices)
            case 1: draft.sets[index].seatCount = UInt8(choices.below(5))
            default: draft.sets[index].units = anyUnits(&choices)
            }
        default:
            let commitSet = draft.isWhole ? draft.certificate.commitSet(at: index) : nil
            let own = commitSet.map { scene.grid.signature(of: $0.payload, by: $0.steward.digest) }
            let signature = own ?? TestGrid.wrongSignature
            draft.sets[index].signature = choices.oneIn(2) ? nil : signature
        }
    }

    private func editEntry(_ kind: Int, _ draft: inout CertificateDraft, _ choices: inout Choices) {
        switch kind {
        case 11:
            sitDown(in: &draft, &choices)
            return
        case 12:
            let donor = choices.pick(donors).entries
            guard !donor.isEmpty else { return }
            let entry = choices.pick(donor)
            draft.entries.append(CertificateDraft.Entry(entry, set: UInt8(choices.below(4))))
            return
        default: break
        }
        guard !draft.entries.isEmpty else { return }
        let index = choices.below(draft.entries.count)
        switch kind {
        case 13: draft.entries.remove(at: index)
        case 14: silence(index, in: &draft)
        case 15: draft.entries[index].worker = anyPeer(&choices)
        case 16:
            if choices.oneIn(2) {
                draft.entries[index].seat = UInt8(choices.below(4))
            } else {
                draft.entries[index].widening = UInt8(choices.below(64))
            }
        case 17: draft.entries[index].set = UInt8(choices.below(4))
        default:
            guard let other = choices.pick(donors).entries.last else { return }
            switch choices.below(4) {
            case 0: draft.entries[index].digests = other.digests
            case 1: draft.entries[index].operations = other.operations
            case 2: draft.entries[index].signature = other.signature
            default: draft.entries[index].nonce = choices.bytes(16)
            }
        }
    }

    private func editWords(_ kind: Int, _ draft: inout CertificateDraft, _ choices: inout Choices) {
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
        to draft: inout CertificateDraft,
        _ choices: inout Choices
    ) {
        guard !donor.sets.isEmpty, draft.sets.count < Limits.setsPerCertificate else { return }
        let index = choices.below(donor.sets.count)
        draft.sets.append(CertificateDraft.Sitting(donor.sets[index]))
        for entry in donor.entries where Int(entry.set) == index {
            draft.entries.append(CertificateDraft.Entry(entry, set: UInt8(draft.sets.count - 1)))
        }
        for opening in donor.openings where !draft.openings.contains(opening) {
            draft.openings.append(opening)
        }
    }

    private func remove(set index: Int, from draft: inout CertificateDraft) {
        draft.sets.remove(at: index)
        draft.entries.removeAll { Int($0.set) == index }
        for later in draft.entries.indices where Int(draft.entries[later].set) > index {
            draft.entries[later].set -= 1
        }
    }

    /// A result is left out: its worker has promised and never revealed.
    private func silence(_ index: Int, in draft: inout CertificateDraft) {
        guard draft.isWhole else { return }
        let entry = draft.certificate.entries[index]
        let commit = draft.certificate.result(of: entry, setHash: .zero).commitment
        draft.entries.remove(at: index)
        let member = SetMember(
            worker: entry.worker,
            seat: entry.seat,
            widening: entry.widening,
            commit: commit
        )
        draft.sets[Int(entry.set)].unrevealed.append(member)
    }

    /// The attacker votes himself, in a round that is there or in a new one of his own.
    private func sitDown(in draft: inout CertificateDraft, _ choices: inout Choices) {
        let variant = UInt64(choices.below(2))
        if draft.sets.isEmpty || choices.oneIn(2) {
            let set = CertificateSet(
                steward: CertificateScene.attacker,
                round: 7,
                units: draft.units.isEmpty ? [0] : draft.units,
                epoch: TestGrid.epoch,
                seatCount: 1,
                signature: nil,
                unrevealed: []
            )
            draft.sets.append(CertificateDraft.Sitting(set))
        }
        let index = choices.below(draft.sets.count)
        let set = draft.sets[index]
        let cores = TestGrid.cores(set.units, variant: variant)
        let entry = CertificateEntry(
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
        draft.entries.append(CertificateDraft.Entry(entry, set: UInt8(index)))
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
