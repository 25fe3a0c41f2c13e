import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

/// Whose jobs are served first.
@Suite struct FairShareTests {
    private let grid = TestGrid(units: 2)
    private let worker = ProjectID(TestGrid.peer(2).digest)

    private func share(_ ledger: CreditLedger, projects: [ProjectID]) -> FairShare {
        var share = FairShare()
        share.update(ledger, projects: projects, epoch: TestGrid.epoch, at: .zero)
        return share
    }

    private func ledger() -> CreditLedger {
        var ledger = CreditLedger()
        let certificate = grid.sign(grid.quorum(on: [0, 1]))
        let opening = grid.opening(of: certificate)
        let items = [
            Item.manifest(grid.signedManifest), .certificate(certificate), .opening(opening),
        ]
        for item in items {
            #expect(ledger.insert(item.verifiedHere, epoch: TestGrid.epoch, at: .zero).isAccepted)
        }
        return ledger
    }

    @Test func whoHasGivenComesBeforeWhoHasTaken() {
        let project = grid.manifest.project
        let share = share(ledger(), projects: [project, worker])
        #expect(share.isGiver(worker))
        #expect(!share.isGiver(project), "it has taken")
        #expect(!share.isGiver(ProjectID(TestGrid.peer(9).digest)), "it has done nothing")
    }

    @Test func nobodyIsLookedForWhereThereIsOneProject() {
        #expect(!share(ledger(), projects: [worker, worker]).isGiver(worker))
        #expect(!share(ledger(), projects: []).isGiver(worker))
    }
}

extension CreditLedger.Insertion {
    fileprivate var isAccepted: Bool {
        if case .accepted = self { true } else { false }
    }
}
