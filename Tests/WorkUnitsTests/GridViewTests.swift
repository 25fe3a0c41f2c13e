import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// What a steward's view of the grid shows of reputations that change after it was made.
@Suite struct GridViewTests {
    @Test func seniorsAreCountedAnewWhereThePresentHourMayDiffer() {
        let peers = (1...3).map { TestGrid.peer($0) }
        var view = GridView(
            me: TestGrid.peer(0),
            epoch: TestGrid.epoch,
            candidates: peers.map { Candidate(peer: $0, owner: OwnerID($0.digest)) },
            owner: { OwnerID($0.digest) },
            trustClassAt: { peer, _ in peer == peers[0] ? .senior : .newcomer },
            current: { $0 },
            submitter: peers[2],
            isDataReachable: true,
            secondHolder: nil,
            nextSteward: nil
        )
        #expect(view.seniorCount == 1)
        // What is said of the present hour counts from the next one on.
        view.judge(by: { _, _ in .senior }, hasErredAt: { _, _ in false }, after: TestGrid.epoch)
        #expect(view.seniorCount == 1)
        #expect(view.trustClassAt(peers[1], TestGrid.epoch + 1) == .senior)
        view.judge(
            by: { _, _ in .senior },
            hasErredAt: { _, _ in false },
            after: TestGrid.epoch - 1
        )
        #expect(view.seniorCount == 2, "the submitter is not counted")
    }
}
