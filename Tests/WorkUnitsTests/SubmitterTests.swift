import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// What a submitter rules on, and when it stops to.
@Suite struct SubmitterTests {
    private let grid = TestGrid(units: 4)
    private let other = TestGrid(units: 4, nonce: 2)

    /// A submitter that computes unit 0 of each job for its rulings, as orders 0 and 1.
    private func ruling() -> Submitter {
        var submitter = Submitter()
        var out = Outbox()
        for (number, job) in [grid, other].enumerated() {
            let ruled = submitter.held(
                UnitList(manifest: job.id, units: [0]),
                of: Job(job.signedManifest),
                number: { UInt64(number) },
                vault: Vault(),
                into: &out
            )
            #expect(ruled.isEmpty)
        }
        let orders = [grid, other].enumerated().map { number, job in
            Effect.startWork(WorkOrder(number: UInt64(number), manifest: job.id, units: [0]))
        }
        #expect(out.drain() == orders)
        return submitter
    }

    private func finish(_ order: UInt64, of grid: TestGrid, _ submitter: inout Submitter)
        -> [Effect]
    {
        var vault = Vault()
        var out = Outbox()
        let ruled = submitter.finished(
            order,
            cores: [TestGrid.core(0)],
            of: Job(grid.signedManifest),
            epoch: TestGrid.epoch,
            vault: &vault,
            into: &out
        )
        #expect(ruled.isEmpty, "nothing was signed before")
        return out.drain()
    }

    @Test func whatItHasComputedItRulesOn() {
        var submitter = ruling()
        #expect(!finish(0, of: grid, &submitter).isEmpty)
        #expect(submitter.job(of: 0) == nil && submitter.job(of: 1) == other.id)
    }

    @Test func nothingIsRuledOnInAJobThatIsOver() {
        var submitter = ruling()
        var out = Outbox()
        submitter.ended(grid.id, into: &out)
        #expect(out.drain() == [.stopWork(0)])
        #expect(submitter.job(of: 0) == nil && submitter.job(of: 1) == other.id)
        #expect(finish(0, of: grid, &submitter).isEmpty)
        #expect(!finish(1, of: other, &submitter).isEmpty)
    }
}
