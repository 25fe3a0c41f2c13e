import Membership
import Primitives
import TestSupport
import Testing
import Wire

struct BeaconDeskTests {
    private typealias Action = BeaconDesk.Action

    private static let me = PeerID(Digest(0, 0, 0, 100))
    private static let start = Instant(nanoseconds: 5_000_000_000)
    /// A peer that dials after this one, and one that dials before it.
    private static let (above, below) = (beacon(200), beacon(50))

    private static func beacon(_ name: UInt64) -> Beacon {
        Beacon(
            network: NetworkID(.zero),
            peer: PeerID(Digest(0, 0, 0, name)),
            curveKey: CurveKey(Digest(1, 0, 0, name)),
            port: 4_711,
            epoch: 7,
            sign: { _ in TestGrid.wrongSignature }
        )
    }

    private static func endpoint(_ number: UInt64) -> String {
        "tcp://10.0.\(number / 250).\(1 + number % 250):4711"
    }

    private static func place(_ beacon: Beacon, _ number: UInt64 = 0) -> BeaconPlace {
        BeaconPlace(of: beacon, endpoint: endpoint(number))
    }

    private static func desk(seed: UInt64 = 1) -> BeaconDesk {
        BeaconDesk(me: me, seed: seed, at: start)
    }

    private static func at(seconds: UInt64) -> Instant { start.advanced(by: .seconds(seconds)) }

    /// Lets time pass from deadline to deadline up to `end`, and returns what was due, and when.
    private static func run(
        _ desk: inout BeaconDesk,
        until end: Instant
    ) -> [(at: Instant, action: Action)] {
        var log: [(Instant, Action)] = []
        while desk.deadline <= end {
            let now = desk.deadline
            for action in desk.tick(at: now) { log.append((now, action)) }
            guard desk.deadline > now else {
                Issue.record("the desk wants to be asked again at once")
                break
            }
        }
        return log
    }

    // MARK: - Sending

    @Test func threeBeaconsOpenAndThenOneFollowsInEachPeriod() {
        for seed: UInt64 in 0..<50 {
            var desk = Self.desk(seed: seed)
            let log = Self.run(&desk, until: Self.at(seconds: 3_600))
            #expect(log.allSatisfy { $0.action == .send })
            let times = log.map { $0.at.since(Self.start) }
            #expect(times.prefix(3) == [.seconds(1), .seconds(2), .seconds(3)])
            let gaps = zip(times.dropFirst(3), times.dropFirst(2)).map {
                $0.nanoseconds - $1.nanoseconds
            }
            #expect(gaps.allSatisfy { (15_000_000_000..<45_000_000_000).contains($0) })
            #expect((3_600 / 45...3_600 / 15).contains(gaps.count))
            // Peers that start together do not send together for long.
            #expect(Set(gaps).count == gaps.count)
        }
    }

    @Test func nothingIsSentBeforeItsTime() {
        var desk = Self.desk()
        #expect(desk.tick(at: Self.start).isEmpty)
        #expect(desk.tick(at: Instant(nanoseconds: desk.deadline.nanoseconds - 1)).isEmpty)
        #expect(desk.tick(at: desk.deadline) == [.send])
    }

    @Test(arguments: [0, 7, 8, 20])
    func periodWithACrowdIsSilent(count: UInt64) {
        var desk = Self.desk()
        #expect(Self.run(&desk, until: Self.at(seconds: 3)).count == 3)
        for name in 0..<count {
            // The same peer twice is one peer; linked ones count as well.
            for _ in 0..<2 {
                Self.hear(Self.beacon(200 + name), from: name, isLinked: true, &desk)
            }
        }
        let end = desk.deadline
        #expect(desk.tick(at: end) == (count < 8 ? [.send] : []))
        #expect(desk.neighbourCount == Int(count))
        // Nobody was heard in the next one.
        #expect(desk.tick(at: desk.deadline) == [.send])
    }

    @Test func openingBeaconsAreSentIntoACrowdToo() {
        var desk = Self.desk()
        for name: UInt64 in 0..<20 {
            Self.hear(
                Self.beacon(200 + name),
                from: name,
                isLinked: true,
                at: Self.start,
                &desk
            )
        }
        #expect(Self.run(&desk, until: Self.at(seconds: 3)).map(\.action) == [.send, .send, .send])
    }

    @Test func newNetworkIsOpenedLikeTheFirst() {
        var desk = Self.desk()
        _ = Self.run(&desk, until: Self.at(seconds: 100))
        desk.networkChanged(at: Self.at(seconds: 100))
        let log = Self.run(&desk, until: Self.at(seconds: 103))
        #expect(log.map(\.at) == [101, 102, 103].map(Self.at))
        #expect(log.allSatisfy { $0.action == .send })
    }

    // MARK: - Dialling

    /// Four seconds after the start, when the opening is over.
    private static let now = at(seconds: 4)

    /// A desk after its opening.
    private static func openedDesk() -> BeaconDesk {
        var desk = desk()
        _ = run(&desk, until: at(seconds: 3))
        return desk
    }

    private static func hear(
        _ beacon: Beacon,
        from number: UInt64 = 0,
        isLinked: Bool = false,
        at now: Instant = now,
        _ desk: inout BeaconDesk
    ) {
        desk.heard(
            beacon.verifiedHere,
            endpoint: endpoint(number),
            isLinked: isLinked,
            at: now
        )
    }

    @Test func lowerKeyDialsAtOnceAndTheHigherOneSoon() {
        var desk = Self.openedDesk()
        Self.hear(Self.above, &desk)
        #expect(desk.deadline == Self.now)
        #expect(desk.tick(at: Self.now) == [.dial(Self.place(Self.above))])
        Self.hear(Self.below, &desk)
        #expect(desk.tick(at: Self.now).isEmpty)
        #expect(desk.deadline == Self.now.advanced(by: BeaconDesk.courtesySpan))
        #expect(desk.tick(at: desk.deadline) == [.dial(Self.place(Self.below))])
    }

    @Test func whoIsLinkedIsNotDialled() {
        var desk = Self.openedDesk()
        Self.hear(Self.above, isLinked: true, &desk)
        #expect(desk.tick(at: Self.now).isEmpty)
        Self.hear(Self.below, &desk)
        desk.linked(Self.below.peer)
        #expect(desk.tick(at: Self.now.advanced(by: BeaconDesk.courtesySpan)).isEmpty)
    }

    @Test func ownBeaconIsNobody() {
        var desk = Self.openedDesk()
        Self.hear(Self.beacon(100), &desk)
        #expect(desk.tick(at: Self.now.advanced(by: .seconds(3))).isEmpty)
        #expect(desk.neighbourCount == 0)
    }

    @Test func aPlaceIsDialledOnceForManyBeacons() {
        var desk = Self.openedDesk()
        Self.hear(Self.above, &desk)
        #expect(desk.tick(at: Self.now).count == 1)
        for second: UInt64 in 5..<10 {
            Self.hear(Self.above, at: Self.at(seconds: second), &desk)
            #expect(desk.tick(at: Self.at(seconds: second)).isEmpty)
        }
    }

    @Test func failedAttemptRestsAndIsRepeatedForALaterBeaconOnly() {
        var desk = Self.openedDesk()
        let now = Self.now
        Self.hear(Self.above, &desk)
        let place = Self.place(Self.above)
        #expect(desk.tick(at: now) == [.dial(place)])
        #expect(desk.dialFailed(Self.endpoint(1), at: now).isEmpty)
        #expect(desk.dialFailed(place.endpoint, at: now) == [.hangUp(place)])
        #expect(desk.dialFailed(place.endpoint, at: now).isEmpty)
        let rest = now.advanced(by: BeaconDesk.restSpan)
        let log = Self.run(&desk, until: rest)
        #expect(log.allSatisfy { $0.action == .send })
        Self.hear(Self.above, at: rest, &desk)
        let due = desk.tick(at: rest)
        #expect(due.contains(.dial(place)))
    }

    @Test func attemptWithoutAnEndIsGivenUp() {
        var desk = Self.openedDesk()
        let now = Self.now
        Self.hear(Self.above, &desk)
        let place = Self.place(Self.above)
        #expect(desk.tick(at: now) == [.dial(place)])
        let end = now.advanced(by: BeaconDesk.attemptSpan)
        let log = Self.run(&desk, until: end)
        #expect(log.last { $0.action != .send }?.at == end)
        #expect(log.last { $0.action != .send }?.action == .hangUp(place))
    }

    @Test func linkThatCameOfABeaconIsKeptUntilItIsLost() {
        var desk = Self.openedDesk()
        var now = Self.now
        Self.hear(Self.above, &desk)
        let place = Self.place(Self.above)
        #expect(desk.tick(at: now) == [.dial(place)])
        desk.linked(place.peer)
        let log = Self.run(&desk, until: Self.at(seconds: 1_000))
        #expect(log.allSatisfy { $0.action == .send })
        #expect(desk.unlinked(Self.below.peer).isEmpty)
        #expect(desk.unlinked(place.peer) == [.hangUp(place)])
        #expect(desk.unlinked(place.peer).isEmpty)
        now = Self.at(seconds: 1_001)
        Self.hear(Self.above, at: now, &desk)
        let due = desk.tick(at: now)
        #expect(due.contains(.dial(place)))
    }

    // MARK: - Bounds

    @Test func floodOfBeaconsMakesFewDials() {
        var desk = Self.openedDesk()
        var now = Self.now
        var open: Set<BeaconPlace> = []
        var dialCount = 0
        // A hundred forged peers a second for two minutes: nobody ever answers.
        for number: UInt64 in 0..<12_000 {
            now = now.advanced(by: .milliseconds(10))
            Self.hear(Self.beacon(1_000 + number), from: number, at: now, &desk)
            for action in desk.tick(at: now) {
                switch action {
                case .send: break
                case .dial(let place):
                    #expect(open.insert(place).inserted)
                    dialCount += 1
                case .hangUp(let place): #expect(open.remove(place) != nil)
                }
            }
            #expect(open.count <= BeaconDesk.dialsMax)
        }
        // Eight at a time, each for twenty seconds.
        #expect(dialCount == 48)
    }

    @Test func refusedAttemptsAreFewToo() {
        var desk = Self.openedDesk()
        var now = Self.now
        var dialCount = 0
        for number: UInt64 in 0..<6_000 {
            now = now.advanced(by: .milliseconds(10))
            Self.hear(Self.beacon(1_000 + number), from: number, at: now, &desk)
            for case .dial(let place) in desk.tick(at: now) {
                dialCount += 1
                #expect(desk.dialFailed(place.endpoint, at: now) == [.hangUp(place)])
            }
        }
        #expect(dialCount == BeaconDesk.placesMax)
    }

    @Test func signaturesAreCheckedSoOftenAndNoMore() {
        var desk = Self.desk()
        for second: UInt64 in [0, 10, 25] {
            var count = 0
            for _ in 0..<1_000 where desk.mayCheck(at: Self.at(seconds: second)) { count += 1 }
            #expect(count == BeaconDesk.checksMax)
            let isOneMore = desk.mayCheck(at: Self.at(seconds: second + 9))
            #expect(!isOneMore)
        }
    }

    // MARK: - Any order

    @Test func whateverHappensDialsAndHangUpsAlternate() {
        for seed: UInt64 in 0..<200 {
            var random = PRNG(seed: seed)
            var desk = Self.desk(seed: seed)
            var now = Self.start
            var open: Set<BeaconPlace> = []
            var linked: Set<PeerID> = []
            func note(_ actions: [Action]) {
                for action in actions {
                    switch action {
                    case .send: break
                    case .dial(let place):
                        #expect(open.insert(place).inserted)
                        #expect(!linked.contains(place.peer))
                    case .hangUp(let place): #expect(open.remove(place) != nil)
                    }
                }
            }
            for _ in 0..<400 {
                let name = 95 + random.below(12)
                let beacon = Self.beacon(name)
                switch random.below(6) {
                case 0, 1:
                    desk.heard(
                        beacon.verifiedHere,
                        endpoint: Self.endpoint(random.below(2)),
                        isLinked: linked.contains(beacon.peer),
                        at: now
                    )
                case 2:
                    if linked.insert(beacon.peer).inserted { desk.linked(beacon.peer) }
                case 3:
                    if linked.remove(beacon.peer) != nil { note(desk.unlinked(beacon.peer)) }
                case 4: note(desk.dialFailed(Self.endpoint(random.below(2)), at: now))
                default: now = now.advanced(by: random.jitter(below: .seconds(40)))
                }
                note(desk.tick(at: now))
                #expect(desk.deadline > now)
            }
        }
    }
}
