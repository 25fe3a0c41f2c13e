import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Replicas of one unit, which machines of one network do not compute while others may.
@Suite struct NetworkTests {
    private static let near = NetworkPrefix(rawValue: 1)
    private static let far = NetworkPrefix(rawValue: 2)

    @Test func aNeighbourLeavesTheSecondSeatToAStranger() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.place([2, 3], in: Self.near)
        bench.place([4], in: Self.far)
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.claim(3)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        bench.claim(4)
        #expect(try bench.takeLease(of: 4).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func aNeighbourTakesTheSeatWhenNobodyElseHasWithinALease() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.place([2, 3], in: Self.near)
        bench.claim(2)
        let lease = try bench.takeLease(of: 2)
        bench.commit(2, lease)
        bench.pass(bench.lease)
        bench.claim(3)
        #expect(try bench.takeLease(of: 3).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func whereAllAreNeighboursNobodyWaits() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.place([2, 3, 4], in: Self.near)
        bench.claim(2)
        bench.claim(3)
        _ = try [2, 3].map { try bench.takeLease(of: $0) }
        bench.expectNothingLeft()
    }

    /// As on a LAN, where private addresses tell nothing.
    @Test func machinesWhoseNetworkIsUnknownAreNoNeighbours() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.place([4], in: Self.near)
        bench.claim(2)
        bench.claim(3)
        _ = try [2, 3].map { try bench.takeLease(of: $0) }
        bench.expectNothingLeft()
    }

    @Test func whereAVoterWasIsKnownWhenItIsGoneAndAfterARestart() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...4)
        bench.place([2, 3], in: Self.near)
        bench.claim(2)
        _ = try bench.takeLease(of: 2)
        bench.candidates.removeFirst()
        bench.restart()
        bench.claim(3)
        #expect(bench.takeRefusals(of: 3) == [.nothingOpen])
        bench.claim(4)
        #expect(try bench.takeLease(of: 4).seat == 1)
        bench.expectNothingLeft()
    }

    @Test func aFurtherVoterIsNoNeighbourOfTheFirstOnes() throws {
        var bench = StewardBench(TestGrid(units: 1), workers: 2...5)
        bench.place([2, 4], in: Self.near)
        for worker in UInt64(2)...3 { bench.claim(worker) }
        let leases = try [2, 3].map { try bench.takeLease(of: $0) }
        for (worker, lease) in zip([UInt64(2), 3], leases) {
            bench.commit(worker, lease, variant: worker)
        }
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        for (worker, lease) in zip([UInt64(2), 3], leases) {
            bench.reveal(worker, lease, variant: worker, setHash: set.hash)
        }
        bench.claim(4)
        #expect(bench.takeRefusals(of: 4) == [.nothingOpen])
        bench.claim(5)
        #expect(try bench.takeLease(of: 5).seatCount == 1)
        bench.expectNothingLeft()
    }
}
