import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Openings that wait until the audit of their certificate is over.
@Suite struct WithheldOpeningTests {
    private let grid = TestGrid(units: 2, policy: .adaptive)
    private let pair: PeerPair
    /// What another steward certified on the word of somebody unknown, so that it is audited.
    private let certificate: Signed<Certificate>

    init() throws {
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
    private func receive(_ message: Message) throws -> [Effect] {
        var out = Outbox()
        let checked = try Verified(
            checking: message,
            with: grid.verifier,
            in: grid.network
        )
        auditor.core.receive(checked, from: TestGrid.peer(0), at: pair.now, into: &out)
        return out.drain()
    }

    private var auditor: PeerPair.Machine { pair.machines[1] }

    private var isSealed: Bool { auditor.core.ledger.verdict(on: 0, of: grid.id) == .sealed }

    private var isOpen: Bool {
        auditor.core.ledger.verdict(on: 0, of: grid.id).core == TestGrid.core(0)
    }

    /// How long an opening is withheld at most.
    private var span: TimeSpan {
        Job(grid.signedManifest).leaseSpan(unitCount: 2).times(WorkLimits.openingLeases)
    }

    /// `span` after the start, as the second peer has it.
    private func pass(_ span: TimeSpan) {
        var out = Outbox()
        auditor.core.tick(at: pair.now.advanced(by: span), into: &out)
    }

    @Test func openingOfWhatIsAuditedWaitsUntilItsTimeIsUp() throws {
        let opening = grid.opening(of: certificate)
        #expect(try receive(.opening(opening)).isEmpty)
        #expect(isSealed)
        pass(TimeSpan(nanoseconds: span.nanoseconds - 1))
        #expect(isSealed)
        pass(span)
        #expect(isOpen)
    }

    @Test func openingIsPublishedWhenNobodyLooksAnyMore() throws {
        #expect(try receive(.opening(grid.opening(of: certificate))).isEmpty)
        let round = TestRound(0, of: TestGrid.peer(5), on: [0, 1], votes: [(TestGrid.peer(8), 0)])
        let audit = grid.certificate(.audit, of: TestGrid.peer(5), units: [0, 1], rounds: [round])
        #expect(try receive(.item(.certificate(grid.sign(audit)))).penalties.isEmpty)
        #expect(isOpen)
    }

    @Test func wrongOpeningIsRefusedAndTheRightOneTaken() throws {
        let wrong = Opening(
            manifest: grid.id,
            certificate: certificate.id,
            cores: TestGrid.cores([0, 1], variant: 3).enumerated().map { index, core in
                UnitCore(unit: UInt32(index), core: core)
            }
        )
        #expect(try receive(.opening(wrong)).penalties == [TestGrid.peer(0)])
        #expect(try receive(.opening(grid.opening(of: certificate))).isEmpty)
        pass(span)
        #expect(isOpen)
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
