import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Changes of one field of a certificate; each must be refused for its own reason.
struct CertificateChange: CustomTestStringConvertible, Sendable {
    let name: String
    let expected: CheckOutcome
    let change: @Sendable (inout CertificateDraft, TestGrid) -> Void

    init(
        _ name: String,
        _ expected: CheckOutcome,
        _ change: @escaping @Sendable (inout CertificateDraft, TestGrid) -> Void
    ) {
        self.name = name
        self.expected = expected
        self.change = change
    }

    var testDescription: String { name }
}

@Suite struct CertificateCheckTests {
    private static let grid = TestGrid(units: 8)
    private static let steward = TestGrid.peer(1)
    private static let other = TestGrid.peer(77)
    private static let units: [UInt32] = [1, 2]

    private static let quorum = grid.quorum(on: units)
    private static let panel = grid.certificate(
        .panel,
        of: steward,
        units: units,
        rounds: [
            TestRound(
                0,
                of: steward,
                on: units,
                votes: [(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 1)]
            ),
            TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(4), variant: 0)]),
            TestRound(2, of: steward, on: units, votes: [(TestGrid.peer(5), variant: 0)]),
            TestRound(3, of: steward, on: units, votes: [(TestGrid.peer(6), variant: 0)]),
        ]
    )
    private static let audit = grid.certificate(
        .audit,
        of: steward,
        units: units,
        rounds: [TestRound(0, of: steward, on: units, votes: [(TestGrid.peer(2), variant: 0)])]
    )
    private static let ruling = grid.certificate(
        .ruling,
        of: steward,
        units: units,
        rounds: [
            TestRound(
                0,
                of: steward,
                on: units,
                votes: [
                    (TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 1),
                ]
            )
        ],
        rulings: units.map { UnitCore(unit: $0, core: TestGrid.core($0)) }
    )

    private func check(_ change: CertificateChange, of certificate: Certificate) {
        var draft = CertificateDraft(certificate)
        change.change(&draft, Self.grid)
        #expect(draft.certificate != certificate, "the change changes something")
        #expect(outcome(draft.certificate, in: Self.grid) == change.expected)
    }

    @Test func validCertificatesOfEachKindPass() {
        for certificate in [Self.quorum, Self.panel, Self.audit, Self.ruling] {
            #expect(outcome(certificate, in: Self.grid) == .valid)
        }
        let single = TestGrid(units: 8, policy: .single)
        let round = TestRound(
            0,
            of: Self.steward,
            on: Self.units,
            votes: [(TestGrid.peer(2), variant: 0)]
        )
        let lone = single.certificate(
            .single,
            of: Self.steward,
            units: Self.units,
            rounds: [round]
        )
        #expect(outcome(lone, in: single) == .valid)
    }

    @Test func anybodyMayAssembleWhatOthersVoted() {
        var draft = CertificateDraft(Self.quorum)
        draft.steward = Self.other
        #expect(outcome(draft.certificate, in: Self.grid) == .valid)
    }

    @Test func aCertificateSignedByAnotherThanItsStewardIsUnverified() {
        let signed = Signed(Self.quorum, signature: TestGrid.wrongSignature)
        #expect(throws: VerificationError.badSignature(.certificate)) {
            try Verified(
                checking: signed,
                with: Self.grid.verifier,
                in: Self.grid.network
            )
        }
    }

    @Test func someUnitsOfABundleMayBeCertifiedAlone() {
        var draft = CertificateDraft(Self.quorum)
        draft.units = [2]
        #expect(outcome(draft.certificate, in: Self.grid) == .valid)
    }

    @Test(arguments: [
        CertificateChange("manifest", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.manifest = ManifestID(.zero)
        },
        CertificateChange("kind: single", .refused(.wrongKind)) { draft, _ in
            draft.vote = .single
        },
        CertificateChange("kind: audit", .refused(.notWon(unit: 1))) { draft, _ in
            draft.vote = .audit
        },
        CertificateChange("kind: panel", .refused(.notWon(unit: 1))) { draft, _ in
            draft.vote = .panel
        },
        CertificateChange("kind: ruling", .refused(.wrongRuling(unit: 1))) { draft, _ in
            draft.vote = .ruling
        },
        CertificateChange("a unit nobody voted on", .refused(.notWon(unit: 3))) { draft, _ in
            draft.units = [1, 3]
        },
        CertificateChange("a unit past the end", .refused(.unitOutOfRange(8))) { draft, _ in
            draft.units = [1, 8]
        },
        CertificateChange("units of no set", .refused(.malformedSet(index: 0))) { draft, _ in
            draft.units = [3]
        },
        CertificateChange("no sets", .refused(.epochOutOfRange(0))) { draft, _ in
            draft.sets = []
            draft.entries = []
        },
        CertificateChange("an opening", .refused(.notWon(unit: 1))) { draft, _ in
            draft.openings = [UnitCore(unit: 1, core: TestGrid.core(1))]
        },
        CertificateChange("a ruling", .refused(.notWon(unit: 1))) { draft, grid in
            let word = grid.ruling(on: UnitCore(unit: 1, core: TestGrid.core(1)))
            draft.rulings = [EmbeddedRuling(word)]
        },
        CertificateChange("a forged ruling", .unverified(.badSignature(.ruling))) { draft, grid in
            draft.rulings = [
                EmbeddedRuling(
                    project: grid.project,
                    unit: 1,
                    core: TestGrid.core(1),
                    epoch: TestGrid.epoch,
                    signature: TestGrid.wrongSignature
                )
            ]
        },
    ])
    func aChangedFieldOfAQuorumIsRefused(change: CertificateChange) {
        check(change, of: Self.quorum)
    }

    @Test(arguments: [
        CertificateChange("steward", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].steward = TestGrid.peer(77)
        },
        CertificateChange("round", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].round = 9
        },
        CertificateChange("units", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].units = [1, 3]
        },
        CertificateChange("epoch", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].epoch += 1
        },
        CertificateChange("seats", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].seatCount = 3
        },
        CertificateChange("signature", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].signature = TestGrid.wrongSignature
        },
        CertificateChange("no signature", .refused(.malformedSet(index: 0))) { draft, _ in
            draft.sets[0].signature = nil
        },
        CertificateChange("a silent member", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.sets[0].unrevealed = [
                SetMember(worker: TestGrid.peer(9), seat: 2, widening: 0, commit: .zero)
            ]
        },
        CertificateChange("worker", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries[0].worker = TestGrid.peer(77)
        },
        CertificateChange("seat", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries[0].seat = 2
        },
        CertificateChange("widening", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries[0].widening = 3
        },
        CertificateChange("nonce", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries[0].nonce[0] ^= 1
        },
        CertificateChange("digest", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries[0].digests[1] = .zero
        },
        CertificateChange("operations", .unverified(.badSignature(.result))) { draft, _ in
            draft.entries[0].operations[1] += 1
        },
        CertificateChange("result signature", .unverified(.badSignature(.result))) { draft, _ in
            draft.entries[1].signature = draft.entries[0].signature
        },
        CertificateChange("a missing entry", .unverified(.badSignature(.commitSet))) { draft, _ in
            draft.entries.removeLast()
        },
    ])
    func aChangedFieldOfASetOrEntryIsRefused(change: CertificateChange) {
        check(change, of: Self.quorum)
    }

    @Test(arguments: [
        CertificateChange("no opening of the loser", .refused(.notWon(unit: 1))) { draft, _ in
            draft.openings.removeAll { $0.core == TestGrid.core(1, variant: 1) }
        },
        CertificateChange("no opening of the winner", .refused(.notWon(unit: 2))) { draft, _ in
            draft.openings.removeAll { $0.core == TestGrid.core(2) }
        },
        CertificateChange("another core", .refused(.notWon(unit: 1))) { draft, _ in
            draft.openings[0] = UnitCore(unit: 1, core: TestGrid.core(1, variant: 9))
            draft.openings[1] = UnitCore(unit: 1, core: TestGrid.core(1, variant: 8))
        },
        CertificateChange("a ruling", .refused(.notWon(unit: 1))) { draft, grid in
            let word = grid.ruling(on: UnitCore(unit: 1, core: TestGrid.core(1)))
            draft.rulings = [EmbeddedRuling(word)]
        },
        CertificateChange("one voter less", .refused(.notWon(unit: 1))) { draft, _ in
            draft.sets.removeLast()
            draft.entries.removeLast()
        },
        CertificateChange("a round without its voter", .refused(.malformedSet(index: 3))) {
            draft,
            _ in
            draft.entries.removeLast()
        },
        CertificateChange("a signed set of one", .refused(.malformedSet(index: 1))) {
            draft,
            grid in
            let set = draft.certificate.commitSet(at: 1)
            draft.sets[1].signature = grid.sign(set).signature
        },
        CertificateChange("kind: quorum", .refused(.notWon(unit: 1))) { draft, _ in
            draft.vote = .quorum
        },
    ])
    func aChangedFieldOfAPanelIsRefused(change: CertificateChange) {
        check(change, of: Self.panel)
    }

    @Test(arguments: [
        CertificateChange("no opening", .refused(.notWon(unit: 1))) { draft, _ in
            draft.openings.removeFirst()
        },
        CertificateChange("another core", .refused(.notWon(unit: 2))) { draft, _ in
            draft.openings[1] = UnitCore(unit: 2, core: TestGrid.core(2, variant: 9))
        },
        CertificateChange("two cores", .refused(.notWon(unit: 1))) { draft, _ in
            draft.openings.append(UnitCore(unit: 2, core: TestGrid.core(2, variant: 9)))
        },
        CertificateChange("a ruling", .refused(.notWon(unit: 1))) { draft, grid in
            let word = grid.ruling(on: UnitCore(unit: 1, core: TestGrid.core(1)))
            draft.rulings = [EmbeddedRuling(word)]
        },
        CertificateChange("kind: single", .refused(.wrongKind)) { draft, _ in
            draft.vote = .single
        },
    ])
    func aChangedFieldOfAnAuditIsRefused(change: CertificateChange) {
        check(change, of: Self.audit)
    }

    @Test func anAuditIsOneWorkersAlone() {
        let votes: [(PeerID, variant: UInt64?)] = [
            (TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0),
        ]
        let rounds = [TestRound(0, of: Self.steward, on: Self.units, votes: votes)]
        let two = Self.grid.certificate(
            .audit,
            of: Self.steward,
            units: Self.units,
            rounds: rounds
        )
        #expect(outcome(two, in: Self.grid) == .refused(.notWon(unit: 1)))
    }

    @Test(arguments: [
        CertificateChange("the core", .unverified(.badSignature(.ruling))) { draft, _ in
            let old = draft.rulings[0]
            draft.rulings[0] = EmbeddedRuling(
                project: old.project,
                unit: old.unit,
                core: TestGrid.core(1, variant: 1),
                epoch: old.epoch,
                signature: old.signature
            )
        },
        CertificateChange("another project's word", .refused(.wrongRuling(unit: 1))) {
            draft,
            grid in
            let word = Ruling(
                project: ProjectID(Digest(9, 9, 9, 9)),
                manifest: grid.id,
                unit: 1,
                core: TestGrid.core(1),
                epoch: TestGrid.epoch
            )
            draft.rulings[0] = EmbeddedRuling(grid.sign(word))
        },
        CertificateChange("a unit without ruling", .refused(.wrongRuling(unit: 1))) { draft, _ in
            draft.rulings.removeLast()
        },
        CertificateChange("a ruling on another unit", .refused(.wrongRuling(unit: 1))) {
            draft,
            grid in
            let word = grid.ruling(on: UnitCore(unit: 3, core: TestGrid.core(3)))
            draft.rulings.append(EmbeddedRuling(word))
        },
        CertificateChange("no opening of the truth", .refused(.wrongRuling(unit: 1))) {
            draft,
            _ in
            draft.openings.removeAll { $0.core == TestGrid.core(1) }
        },
        CertificateChange("no opening of a lie", .refused(.notWon(unit: 2))) { draft, _ in
            draft.openings.removeAll { $0.core == TestGrid.core(2, variant: 1) }
        },
        CertificateChange("a ruling of the future", .refused(.epochOutOfRange(500_002))) {
            draft,
            grid in
            let word = grid.ruling(
                on: UnitCore(unit: 1, core: TestGrid.core(1)),
                epoch: TestGrid.epoch + 2
            )
            draft.rulings[0] = EmbeddedRuling(word)
        },
    ])
    func aChangedFieldOfARulingIsRefused(change: CertificateChange) {
        check(change, of: Self.ruling)
    }
}

/// What the signatures and the offline check say of `certificate`; its steward signs it first.
func outcome(_ certificate: Certificate, in grid: TestGrid) -> CheckOutcome {
    do throws(VerificationError) {
        _ = try Verified(
            checking: grid.sign(certificate),
            with: grid.verifier,
            in: grid.network
        )
    } catch {
        return .unverified(error)
    }
    let check = CertificateCheck(certificate, manifest: grid.manifest, id: grid.id)
    do throws(CertificateError) {
        try check.run(latestEpoch: TestGrid.epoch + Limits.epochSkew)
    } catch {
        return .refused(error)
    }
    return .valid
}
