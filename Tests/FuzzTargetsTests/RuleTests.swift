import FuzzTargets
import Primitives
import TestSupport
import Testing
import Wire

/// The rules that the fuzzer holds against what it meets can be broken.
@Suite struct RuleTests {
    private let scene = CertificateScene.strict

    private func quorum(
        by workers: [PeerID],
        variant: UInt64 = 0,
        round: UInt32 = 0
    ) -> Certificate {
        scene.grid.quorum(
            of: CertificateScene.attacker,
            round: round,
            on: [1, 2],
            by: workers,
            variant: variant
        )
    }

    @Test(arguments: CertificateScene.all.indices)
    func whatWasSaidPassesAndIsTrue(_ index: Int) {
        let scene = CertificateScene.all[index]
        for signed in scene.certificates {
            #expect(scene.grid.complaint(about: signed) == nil)
            #expect(CertificateFuzz.falsehoods(in: signed.body, of: scene).isEmpty)
        }
    }

    @Test func wordsThatNobodySaidAreNoticed() {
        let other = quorum(by: [TestGrid.peer(2), TestGrid.peer(3)], round: 9)
        let violations = CertificateFuzz.falsehoods(in: other, of: scene)
        #expect(violations.count { $0.contains("has never said this") } == 2)
    }

    @Test func aLieThatWinsIsNoticed() {
        let lie = quorum(
            by: [CertificateScene.attacker, CertificateScene.liar],
            variant: CertificateScene.lie
        )
        let violations = CertificateFuzz.falsehoods(in: lie, of: scene)
        #expect(violations.count { $0.contains("certifies variant 1") } == 2)
    }

    @Test func aSecondWordForOneSlotIsNoticed() {
        let grid = scene.grid
        var contract = OutboxContract(signers: [grid.project.digest])
        let first = grid.hold(0)
        let second = grid.hold(0, isHeld: false)
        var effects: [Effect] = []
        for hold in [first, second] {
            let id = hold.id.digest.bytes
            effects.append(.persist(JournalRow(.statements, key: id, value: [])))
            for slot in hold.body.slots {
                effects.append(.persist(JournalRow(.slots, key: slot.key.bytes, value: id)))
            }
            effects.append(.send(.item(.hold(hold)), to: TestGrid.peer(2)))
        }
        #expect(contract.check(Array(effects.prefix(3))).isEmpty)
        let violations = contract.check(Array(effects.dropFirst(3)))
        #expect(violations.count == 1)
        #expect(violations[0].contains("a second word for one slot"))
    }
}
