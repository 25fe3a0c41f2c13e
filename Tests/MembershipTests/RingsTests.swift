import Membership
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct RingsTests {
    private let epoch = TestGrid.epoch

    private func rings(_ peers: some Sequence<UInt64>, at epoch: UInt64) -> Rings {
        var rings = Rings(epoch: epoch)
        for number in peers { rings.insert(TestGrid.peer(number)) }
        return rings
    }

    /// The order of a ring as whoever stands on it sees it: round from `first`.
    private func order(_ rings: Rings, from first: PeerID, on ring: Int) -> [PeerID] {
        var order = [first]
        while let next = rings.successor(of: order[order.count - 1], on: ring), next != first {
            order.append(next)
        }
        return order
    }

    private func alert(_ observer: PeerID, _ subject: PeerID, at epoch: UInt64) -> Alert {
        Alert(observer: observer, subject: subject, incarnation: 1, rings: .max, epoch: epoch)
    }

    @Test func eachRingHoldsEverybodyOnceInAnOrderOfItsOwn() {
        let rings = rings(0..<40, at: epoch)
        let orders = (0..<8).map { order(rings, from: TestGrid.peer(0), on: $0) }
        for order in orders {
            #expect(Set(order) == Set((0..<40).map { TestGrid.peer($0) }))
            #expect(order.count == 40)
        }
        #expect(Set(orders).count == 8)
    }

    @Test func whoComesBeforeIsWhoeverIsFollowed() {
        let rings = rings(0..<40, at: epoch)
        for number in UInt64(0)..<40 {
            for ring in 0..<8 {
                let peer = TestGrid.peer(number)
                let next = rings.successor(of: peer, on: ring)
                #expect(next.map { rings.predecessors(of: $0, on: ring) } == [peer])
            }
        }
    }

    @Test func theOrderDoesNotDependOnWhoCameFirst() {
        var random = PRNG(seed: 1)
        var other = Rings(epoch: epoch)
        var order = Array(UInt64(0)..<40)
        for index in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        for number in order { other.insert(TestGrid.peer(number)) }
        let same = rings(0..<40, at: epoch)
        for ring in 0..<8 {
            #expect(
                self.order(other, from: TestGrid.peer(3), on: ring)
                    == self.order(same, from: TestGrid.peer(3), on: ring)
            )
        }
    }

    @Test func whoeverLeavesIsAsIfItHadNeverBeenThere() {
        var left = rings(0..<60, at: epoch)
        for number in UInt64(20)..<60 { left.remove(TestGrid.peer(number)) }
        left.insert(TestGrid.peer(30))
        let never = rings(Array(0..<20) + [30], at: epoch)
        #expect(left.memberCount == 21)
        for ring in 0..<8 {
            #expect(
                order(left, from: TestGrid.peer(0), on: ring)
                    == order(never, from: TestGrid.peer(0), on: ring)
            )
        }
        #expect(left.contains(TestGrid.peer(30)) && !left.contains(TestGrid.peer(31)))
    }

    @Test func inADayEachRingChangesOnceAndNoTwoInOneHour() {
        var rings = rings(0..<20, at: epoch)
        let first = TestGrid.peer(0)
        var changes = Array(repeating: 0, count: 8)
        for hour in 1...24 {
            let before = (0..<8).map { order(rings, from: first, on: $0) }
            rings.advance(to: epoch + UInt64(hour))
            let changed = (0..<8).filter { order(rings, from: first, on: $0) != before[$0] }
            #expect(changed.count <= 1)
            for ring in changed { changes[ring] += 1 }
            let fresh = self.rings(0..<20, at: epoch + UInt64(hour))
            for ring in 0..<8 {
                #expect(
                    order(rings, from: first, on: ring) == order(fresh, from: first, on: ring)
                )
            }
        }
        #expect(changes == Array(repeating: 1, count: 8))
    }

    @Test func onlyTheFirstThreeBeforeAHubWatchIt() {
        let rings = rings(0..<40, at: epoch)
        let subject = TestGrid.peer(7)
        for ring in 0..<8 {
            let before = rings.predecessors(of: subject, on: ring, count: 39)
            #expect(before.count == 39)
            for (distance, observer) in before.enumerated() {
                let mask = rings.rings(of: [alert(observer, subject, at: epoch)], about: subject)
                #expect((mask >> UInt8(ring) & 1 == 1) == (distance < 3))
            }
        }
    }

    @Test func ringsThatAnAlertDoesNotNameDoNotCount() {
        let rings = rings(0..<4, at: epoch)
        let subject = TestGrid.peer(1)
        let named = Alert(
            observer: TestGrid.peer(2),
            subject: subject,
            incarnation: 1,
            rings: 0b0000_0101,
            epoch: epoch
        )
        #expect(rings.rings(of: [named], about: subject) == 0b0000_0101)
        #expect(rings.rings(of: [alert(subject, subject, at: epoch)], about: subject) == 0)
    }

    @Test func whatWasSaidADayAgoIsJudgedByTheOrderOfThen() {
        var rings = rings(0..<40, at: epoch)
        let subject = TestGrid.peer(7)
        let observers = (0..<8).map { rings.predecessors(of: subject, on: $0)[0] }
        let alerts = Set(observers).map { alert($0, subject, at: epoch) }
        #expect(rings.rings(of: alerts, about: subject) == .max)
        for hour in [UInt64(1), 12, 24] {
            rings.advance(to: epoch + hour)
            #expect(rings.rings(of: alerts, about: subject) == .max)
        }
        rings.advance(to: epoch + 48)
        #expect(rings.rings(of: alerts, about: subject) == 0)
    }

    @Test func theNextIsWatchedOverTheHeadOfWhoeverIsSilent() {
        let rings = rings(0..<40, at: epoch)
        let watcher = TestGrid.peer(7)
        let next = rings.successor(of: watcher, on: 2)
        let second = next.flatMap { rings.successor(of: $0, on: 2) }
        #expect(rings.subjects(of: watcher, on: 2) { _ in false } == [next])
        #expect(rings.subjects(of: watcher, on: 2) { $0 == next } == [next, second])
        #expect(rings.subjects(of: watcher, on: 2) { _ in true }.count == 3)
    }

    @Test func aLoneHubHasNoNeighbours() {
        let rings = rings([5], at: epoch)
        #expect(rings.predecessors(of: TestGrid.peer(5), on: 0).isEmpty)
        #expect(rings.successor(of: TestGrid.peer(5), on: 0) == nil)
    }
}
