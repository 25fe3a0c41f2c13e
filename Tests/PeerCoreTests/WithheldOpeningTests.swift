import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A peer that audits what another steward certified on the word of somebody unknown.
private struct AuditScene {
    let grid: TestGrid
    let pair: PeerPair
    let certificate: Signed<Certificate>

    /// The second peer of a pair is the auditor; only the submitter's peer may compute for it.
    init(submitter: PeerID = TestGrid.peer(0)) throws {
        grid = TestGrid(units: 2, policy: .adaptive, submitter: submitter)
        pair = try PeerPair(grid, seed: 1)
        let round = TestRound(0, of: TestGrid.peer(0), on: [0, 1], votes: [(TestGrid.peer(7), 0)])
        certificate = grid.sign(
            grid.certificate(.single, of: TestGrid.peer(0), units: [0, 1], rounds: [round])
        )
        for item in [Item.manifest(grid.signedManifest), .certificate(certificate)] {
            #expect(try receive(.item(item)).penalties.isEmpty)
        }
    }

    /// What the second peer does about a message of the first.
    func receive(_ message: Message) throws -> [Effect] {
        var out = Outbox()
        let checked = try Verified(
            checking: message,
            with: grid.verifier,
            in: grid.network
        )
        auditor.core.receive(checked, from: TestGrid.peer(0), at: pair.now, into: &out)
        return out.drain()
    }

    var auditor: PeerPair.Machine { pair.machines[1] }

    var isSealed: Bool { auditor.core.ledger.verdict(on: 0, of: grid.id) == .sealed }

    var isOpen: Bool {
        auditor.core.ledger.verdict(on: 0, of: grid.id).core == TestGrid.core(0)
    }

    /// How long an opening is withheld at most.
    var span: TimeSpan {
        Job(grid.signedManifest).leaseSpan(unitCount: 2).times(WorkLimits.openingLeases)
    }

    /// `span` after the start, as the second peer has it.
    func pass(_ span: TimeSpan) {
        var out = Outbox()
        auditor.core.tick(at: pair.now.advanced(by: span), into: &out)
    }

    /// The opening of the certificate; with another variant than 0 a wrong one.
    func opening(variant: UInt64 = 0) -> Opening {
        Opening(
            manifest: grid.id,
            certificate: certificate.id,
            cores: TestGrid.cores([0, 1], variant: variant).enumerated().map { index, core in
                UnitCore(unit: UInt32(index), core: core)
            }
        )
    }
}

/// Openings that wait until the audit of their certificate is over.
@Suite struct WithheldOpeningTests {
    @Test func openingOfWhatIsAuditedWaitsUntilItsTimeIsUp() throws {
        let scene = try AuditScene()
        #expect(try scene.receive(.opening(scene.opening())).isEmpty)
        #expect(scene.isSealed)
        scene.pass(TimeSpan(nanoseconds: scene.span.nanoseconds - 1))
        #expect(scene.isSealed)
        scene.pass(scene.span)
        #expect(scene.isOpen)
    }

    @Test func openingIsPublishedAtOnceWhereNobodyMayAudit() throws {
        let scene = try AuditScene(submitter: TestGrid.peer(9))
        #expect(try scene.receive(.opening(scene.opening())).penalties.isEmpty)
        #expect(scene.isOpen)
    }

    @Test func openingIsPublishedWhenNobodyLooksAnyMore() throws {
        let scene = try AuditScene()
        #expect(try scene.receive(.opening(scene.opening())).isEmpty)
        let round = TestRound(0, of: TestGrid.peer(5), on: [0, 1], votes: [(TestGrid.peer(8), 0)])
        let audit = scene.grid.certificate(
            .audit,
            of: TestGrid.peer(5),
            units: [0, 1],
            rounds: [round]
        )
        let item = Item.certificate(scene.grid.sign(audit))
        #expect(try scene.receive(.item(item)).penalties.isEmpty)
        #expect(scene.isOpen)
    }

    @Test func wrongOpeningIsRefusedAndTheRightOneTaken() throws {
        let scene = try AuditScene()
        let wrong = scene.opening(variant: 3)
        #expect(try scene.receive(.opening(wrong)).penalties == [TestGrid.peer(0)])
        #expect(try scene.receive(.opening(scene.opening())).isEmpty)
        scene.pass(scene.span)
        #expect(scene.isOpen)
    }
}

extension [Effect] {
    /// Who is penalised.
    fileprivate var penalties: [PeerID] {
        compactMap { effect in
            if case .penalize(let peer, _) = effect { peer } else { nil }
        }
    }
}
