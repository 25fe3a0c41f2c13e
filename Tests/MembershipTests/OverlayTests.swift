import Membership
import Primitives
import TestSupport
import Testing
import Wire

/// Some hubs, and messages that take no time between those that are linked.
private final class Hubs {
    let grid = TestGrid()
    var overlays: [Overlay] = []
    var incarnations: [UInt64] = []
    var now = Instant(nanoseconds: 1_000_000_000)
    /// Hubs that neither hear nor say anything.
    var silent: Set<Int> = []
    /// Whose table has changed because a record ended, and how often.
    var endings: [Int]
    /// Alerts and evictions that were sent.
    var alertCount = 0
    var evictionCount = 0
    private var queue: [(from: Int, to: PeerID, message: Message)] = []

    init(_ count: Int, shape: RingShape = .standard) {
        endings = Array(repeating: 0, count: count)
        for index in 0..<count {
            overlays.append(Overlay(me: peer(index), shape: shape))
            incarnations.append(1)
        }
        for index in 0..<count {
            overlays[index].epochChanged(TestGrid.epoch, at: now)
            for other in 0..<count {
                overlays[index].restore(grid.record(of: peer(other), incarnation: 1).verifiedHere)
            }
        }
        for index in 0..<count {
            for other in 0..<count where other != index {
                overlays[index].linked(peer(other), network: nil, at: now)
            }
        }
        settle()
    }

    func peer(_ index: Int) -> PeerID { TestGrid.peer(UInt64(index)) }

    func index(of peer: PeerID) -> Int? { overlays.firstIndex { $0.me == peer } }

    /// Lets time pass in steps of 100 ms.
    func pass(seconds: UInt64) {
        for _ in 0..<(10 * seconds) {
            now = now.advanced(by: .milliseconds(100))
            for index in overlays.indices where !silent.contains(index) { tick(index) }
        }
    }

    func tick(_ index: Int) {
        guard let due = overlays[index].deadline, due <= now else { return }
        perform(index) { _ = $0.tick(at: self.now, into: &$1) }
        settle()
    }

    func receive(_ message: Message, at index: Int, from other: Int) {
        queue.append((other, peer(index), message))
        settle()
    }

    func settle() {
        while !queue.isEmpty {
            let (from, to, message) = queue.removeFirst()
            guard let index = index(of: to), !silent.contains(index), !silent.contains(from)
            else { continue }
            deliver(message, to: index, from: peer(from))
        }
    }

    private func deliver(_ message: Message, to index: Int, from source: PeerID) {
        let now = now
        perform(index) { overlay, out in
            let checked = message.verifiedHere
            var isChanged = false
            switch message {
            case .beat(let incarnation):
                overlay.takeBeat(of: incarnation, from: source, at: now, into: &out)
            case .alert:
                isChanged = checked.alert.map { overlay.take($0, at: now, into: &out) } ?? false
            case .evict:
                isChanged =
                    checked.eviction.map { overlay.take($0, from: source, at: now, into: &out) }
                    ?? false
            case .bye:
                isChanged =
                    checked.bye.map { overlay.take($0, from: source, at: now, into: &out) } ?? false
            case .record:
                if let record = checked.record {
                    _ = overlay.learn(record, from: source, at: now, into: &out)
                }
            default: break
            }
            if isChanged { self.endings[index] += 1 }
        }
    }

    private func perform(_ index: Int, _ body: (inout Overlay, inout Outbox) -> Void) {
        var out = Outbox()
        body(&overlays[index], &out)
        for statement in overlays[index].takeUnsigned() {
            switch statement {
            case .alert(let alert):
                _ = overlays[index].signed(grid.sign(alert), at: now, into: &out)
            case .recordAfter(let incarnation):
                incarnations[index] = incarnation + 1
                let record = grid.record(of: peer(index), incarnation: incarnation + 1)
                let me = peer(index)
                _ = overlays[index].learn(record.verifiedHere, from: me, at: now, into: &out)
            }
        }
        for effect in out.drain() {
            switch effect {
            case .send(let message, let to): send(message, from: index, to: to)
            case .passOn(let message, let peers, let source):
                for to in peers where to != source { send(message, from: index, to: to) }
            default: break
            }
        }
    }

    private func send(_ message: Message, from index: Int, to peer: PeerID) {
        if case .alert = message { alertCount += 1 }
        if case .evict = message { evictionCount += 1 }
        queue.append((index, peer, message))
    }

    /// The hubs that still count `index`, itself not asked.
    func believers(in index: Int) -> [Int] {
        overlays.indices.filter { $0 != index && overlays[$0].hubs.contains(peer(index)) }
    }
}

@Suite struct OverlayTests {
    @Test(arguments: [2, 3, 4, 5, 9, 17, 40])
    func nobodyWhoBeatsIsGivenUp(count: Int) {
        let hubs = Hubs(count)
        hubs.pass(seconds: 60)
        #expect(hubs.alertCount == 0 && hubs.evictionCount == 0)
        for index in 0..<count { #expect(hubs.believers(in: index).count == count - 1) }
    }

    @Test(arguments: [2, 3, 4, 5, 9, 17, 40])
    func whoFallsSilentIsGivenUpByAllAfterThreeBeats(count: Int) {
        let hubs = Hubs(count)
        hubs.pass(seconds: 10)
        hubs.silent = [1]
        hubs.pass(seconds: 3)
        #expect(hubs.believers(in: 1).count == count - 1, "two beats may be missed")
        hubs.pass(seconds: 4)
        #expect(hubs.believers(in: 1).isEmpty)
        for index in 0..<count where index != 1 {
            #expect(hubs.believers(in: index).filter { $0 != 1 }.count == count - 2)
            guard case .evicted(let eviction)? = hubs.overlays[index].hubs.end(of: hubs.peer(1))
            else {
                Issue.record("hub \(index) holds no eviction")
                continue
            }
            #expect(eviction.incarnation == 1)
        }
    }

    @Test(arguments: [10, 30])
    func halfOfAllMayVanishAtOnce(count: Int) {
        let hubs = Hubs(count)
        hubs.pass(seconds: 10)
        hubs.silent = Set(0..<count / 2)
        hubs.pass(seconds: 60)
        for index in hubs.silent { #expect(hubs.believers(in: index).isDisjoint(with: count / 2)) }
    }

    @Test func whoWasOnlyHeldUpComesBackByItself() {
        let hubs = Hubs(9)
        hubs.pass(seconds: 10)
        hubs.silent = [4]
        hubs.pass(seconds: 12)
        #expect(hubs.believers(in: 4).isEmpty)
        hubs.silent = []
        hubs.pass(seconds: 3)
        #expect(hubs.believers(in: 4).count == 8)
        #expect(hubs.incarnations[4] == 2, "one record undoes it")
        hubs.pass(seconds: 30)
        #expect(hubs.incarnations == [1, 1, 1, 1, 2, 1, 1, 1, 1], "and it blames nobody")
    }

    @Test func oneHubAloneEndsNoRecord() {
        let hubs = Hubs(5)
        let grid = hubs.grid
        let rings = UInt8.max
        let lies = (0..<5).filter { $0 != 2 }.map { observer in
            grid.sign(
                Alert(
                    observer: hubs.peer(3),
                    subject: hubs.peer(observer),
                    incarnation: 1,
                    rings: rings,
                    epoch: TestGrid.epoch
                )
            )
        }
        for lie in lies where lie.body.subject != hubs.peer(3) {
            for target in 0..<5 where target != 3 {
                hubs.receive(.alert(lie), at: target, from: 3)
                if let eviction = Eviction(alerts: [lie]) {
                    hubs.receive(.evict(eviction), at: target, from: 3)
                }
            }
        }
        #expect(hubs.endings.allSatisfy { $0 == 0 })
        for index in 0..<5 { #expect(hubs.believers(in: index).count == 4) }
    }

    @Test func alertsOfWhoDoesNotWatchCountForNothing() {
        let hubs = Hubs(40)
        let overlay = hubs.overlays[0]
        let subject = 7
        let watchers = Set(
            (0..<40).filter { other in
                other != subject && isWatcher(hubs, other, subject)
            }
        )
        let strangers = (0..<40).filter { $0 != subject && !watchers.contains($0) }
        #expect(strangers.count > 8, "24 watch at most, within reach")
        let alerts = strangers.prefix(8).map { observer in
            hubs.grid.sign(
                Alert(
                    observer: hubs.peer(observer),
                    subject: hubs.peer(subject),
                    incarnation: 1,
                    rings: .max,
                    epoch: TestGrid.epoch
                )
            )
        }
        if let eviction = Eviction(alerts: Array(alerts)) {
            hubs.receive(.evict(eviction), at: 0, from: 1)
        }
        #expect(overlay.hubs.contains(hubs.peer(subject)))
        #expect(hubs.believers(in: subject).count == 39)
    }

    private func isWatcher(_ hubs: Hubs, _ observer: Int, _ subject: Int) -> Bool {
        var rings = Rings(epoch: TestGrid.epoch)
        for index in hubs.overlays.indices { rings.insert(hubs.peer(index)) }
        let alert = Alert(
            observer: hubs.peer(observer),
            subject: hubs.peer(subject),
            incarnation: 1,
            rings: .max,
            epoch: TestGrid.epoch
        )
        return rings.rings(of: [alert], about: hubs.peer(subject)) != 0
    }

    @Test func whoSaysGoodbyeIsMissedAtOnce() {
        let hubs = Hubs(6)
        hubs.pass(seconds: 4)
        let bye = hubs.grid.sign(Bye(peer: hubs.peer(2), incarnation: 1))
        hubs.silent = [2]
        hubs.receive(.bye(bye), at: 0, from: 1)
        #expect(hubs.believers(in: 2).isEmpty)
        #expect(hubs.endings == [1, 1, 0, 1, 1, 1])
        hubs.silent = []
        hubs.receive(.bye(bye), at: 2, from: 0)
        #expect(hubs.incarnations[2] == 2, "it is alive, and has not said it in this life")
        #expect(hubs.believers(in: 2).count == 5)
    }

    @Test func aRecordOfAnEarlierLifeIsOutlived() {
        let hubs = Hubs(3)
        let old = hubs.grid.record(of: hubs.peer(0), incarnation: 9)
        hubs.receive(.record(old), at: 0, from: 1)
        #expect(hubs.incarnations[0] == 10)
        #expect(hubs.overlays[2].hubs.record(of: hubs.peer(0))?.body.incarnation == 10)
    }

    @Test func whoeverWasHeldUpItselfForgivesTheTimeItLost() {
        let hubs = Hubs(9)
        hubs.pass(seconds: 10)
        // Everything stands still but one, which then finds that nobody has beaten.
        hubs.now = hubs.now.advanced(by: .seconds(60))
        hubs.tick(0)
        #expect(hubs.alertCount == 0)
        for index in 1..<9 { hubs.tick(index) }
        hubs.pass(seconds: 30)
        #expect(hubs.alertCount == 0 && hubs.evictionCount == 0)
    }

    @Test func inALargeNetworkLinksAreWantedWithNeighboursAlone() {
        let hubs = Hubs(40)
        let overlay = hubs.overlays[0]
        #expect(!overlay.isMesh)
        let neighbours = overlay.neighbours(of: hubs.peer(0))
        #expect((8...16).contains(neighbours.count))
        #expect(overlay.spreadPeers.count <= 8)
        #expect(Set(overlay.spreadPeers).isSubset(of: neighbours))
        for neighbour in neighbours {
            #expect(overlay.neighbours(of: neighbour).contains(hubs.peer(0)), "they agree")
        }
        #expect(Hubs(17).overlays[0].neighbours(of: hubs.peer(0)).count == 16)
        #expect(Hubs(17).overlays[0].isMesh)
    }
}

extension [Int] {
    /// Whether none of them is `bound` or more.
    fileprivate func isDisjoint(with bound: Int) -> Bool { allSatisfy { $0 < bound } }
}
