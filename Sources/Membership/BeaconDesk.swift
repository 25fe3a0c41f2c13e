package import Primitives
package import Wire

/// Where a beacon says that a peer listens.
package struct BeaconPlace: Hashable, Comparable, Sendable {
    /// Who is said to listen there.
    package let peer: PeerID
    /// The address that the beacon came from with the port that it names, as `tcp://host:port`.
    package let endpoint: String
    /// The key of the links there.
    package let curveKey: CurveKey

    /// The place of `beacon`, which came from where `endpoint` names.
    package init(of beacon: Beacon, endpoint: String) {
        peer = beacon.peer
        curveKey = beacon.curveKey
        self.endpoint = endpoint
    }

    /// By peer, then by place.
    package static func < (left: BeaconPlace, right: BeaconPlace) -> Bool {
        (left.peer, left.endpoint, left.curveKey) < (right.peer, right.endpoint, right.curveKey)
    }
}

/// When a peer sends beacons, and whom it dials for those that it hears.
///
/// ```
///             heard              in its turn             link is up
/// (no entry) ───────▶ planned ────────────────▶ dialled ────────────▶ linked
///      ▲                 │ link is up              │ failed, too long    │
///      ├─────────────────┘                         ▼                     │
///      ├───────────────────── rest is over ──── resting                  │
///      └─────────────────────────── last link is down ───────────────────┘
/// ```
/// A beacon is worth one attempt: once its peer is known, the table of hubs says whom to dial.
package struct BeaconDesk: ~Copyable, Sendable {
    /// What the driver has to do.
    package enum Action: Hashable, Sendable {
        /// Send a beacon.
        case send
        /// Dial a place.
        case dial(BeaconPlace)
        /// Dial it no more.
        case hangUp(BeaconPlace)
    }

    private enum State {
        case planned(at: Instant)
        case dialled(until: Instant)
        case linked
        case resting(until: Instant)
    }

    private let me: PeerID
    private var random: PRNG
    private var places = SortedTable<BeaconPlace, State>()
    private var nextSend: Instant
    /// Beacons that are still sent one after the other.
    private var openingCount = Self.openingsCount
    /// Peers that were heard in this period.
    private var heard = SortedTable<PeerID, Bool>()
    private var heardBefore = 0
    private var checkPeriodEnd: Instant
    private var checkCount = 0

    /// Beacons that are sent one after the other when there is a new network.
    package static let openingsCount = 3
    /// Between two of them, and before the first.
    package static let openingSpan = TimeSpan.seconds(1)
    /// The shortest time between two beacons after that; others are below three times as long.
    package static let periodMin = TimeSpan.seconds(15)
    /// A peer that has heard so many others in a period is silent at its end.
    package static let crowdCount = 8
    /// Peers that are counted in one period.
    package static let heardMax = 1_000
    /// Before the peer with the higher key dials, so that one link is made and not two.
    package static let courtesySpan = TimeSpan.seconds(2)
    /// Places that are dialled at the same time without a link.
    package static let dialsMax = 8
    /// How long one attempt may take: connecting, HELLO, and some more.
    package static let attemptSpan = TimeSpan.seconds(20)
    /// Before a place where nobody answered is dialled for another beacon.
    package static let restSpan = TimeSpan.seconds(60)
    /// Places that are known; beacons from others are passed over.
    package static let placesMax = 128
    /// Signatures that are checked in one `checkSpan`.
    package static let checksMax = 200
    /// How often there may be as many checks again.
    package static let checkSpan = TimeSpan.seconds(10)

    /// The desk of `me`, whose network begins at `now`; `seed` is any number.
    package init(me: PeerID, seed: UInt64, at now: Instant) {
        self.me = me
        random = PRNG(seed: seed)
        nextSend = now.advanced(by: Self.openingSpan)
        checkPeriodEnd = now
    }

    /// When `tick` has something to do next.
    package var deadline: Instant {
        var deadline = nextSend
        let mayDial = dialledCount < Self.dialsMax
        for state in places.values {
            switch state {
            case .planned(let at): if mayDial { deadline = min(deadline, at) }
            case .dialled(let until), .resting(let until): deadline = min(deadline, until)
            case .linked: break
            }
        }
        return deadline
    }

    /// Other peers whose beacons came in the last period, or so far in this one if that is more.
    package var neighbourCount: Int { max(heardBefore, heard.count) }

    // MARK: - Events

    /// There are other addresses than before, so perhaps another network.
    package mutating func networkChanged(at now: Instant) {
        openingCount = Self.openingsCount
        nextSend = now.advanced(by: Self.openingSpan)
    }

    /// Whether another signature may be checked now, which a flood of beacons must not decide.
    package mutating func mayCheck(at now: Instant) -> Bool {
        if now >= checkPeriodEnd {
            checkPeriodEnd = now.advanced(by: Self.checkSpan)
            checkCount = 0
        }
        guard checkCount < Self.checksMax else { return false }
        checkCount += 1
        return true
    }

    /// A beacon has come from the address in `endpoint`.
    package mutating func heard(
        _ beacon: Verified<Beacon>,
        endpoint: String,
        isLinked: Bool,
        at now: Instant
    ) {
        let peer = beacon.value.peer
        guard peer != me else { return }
        if heard.count < Self.heardMax { heard[peer] = true }
        let place = BeaconPlace(of: beacon.value, endpoint: endpoint)
        guard !isLinked, !places.contains(place), places.count < Self.placesMax else { return }
        places[place] = .planned(at: me < peer ? now : now.advanced(by: Self.courtesySpan))
    }

    /// The first link with `peer` is up, by whatever way.
    package mutating func linked(_ peer: PeerID) {
        for (place, state) in places where place.peer == peer {
            switch state {
            case .planned: places.remove(place)
            case .dialled: places[place] = .linked
            case .linked, .resting: break
            }
        }
    }

    /// The last link with `peer` is down: the table of hubs says how to go on.
    package mutating func unlinked(_ peer: PeerID) -> [Action] {
        var actions: [Action] = []
        for (place, state) in places where place.peer == peer {
            switch state {
            case .linked:
                places.remove(place)
                actions.append(.hangUp(place))
            case .planned, .dialled, .resting: break
            }
        }
        return actions
    }

    /// An attempt to dial `endpoint` failed, whoever had asked for it.
    package mutating func dialFailed(_ endpoint: String, at now: Instant) -> [Action] {
        var actions: [Action] = []
        for (place, state) in places where place.endpoint == endpoint {
            switch state {
            case .dialled, .linked:
                places[place] = .resting(until: now.advanced(by: Self.restSpan))
                actions.append(.hangUp(place))
            case .planned, .resting: break
            }
        }
        return actions
    }

    /// Does what is due.
    package mutating func tick(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for (place, state) in places {
            switch state {
            case .dialled(let until) where until <= now:
                places[place] = .resting(until: now.advanced(by: Self.restSpan))
                actions.append(.hangUp(place))
            case .resting(let until) where until <= now:
                places.remove(place)
            case .planned, .dialled, .linked, .resting: break
            }
        }
        var room = Self.dialsMax - dialledCount
        for (place, state) in places where room > 0 {
            guard case .planned(let at) = state, at <= now else { continue }
            places[place] = .dialled(until: now.advanced(by: Self.attemptSpan))
            actions.append(.dial(place))
            room -= 1
        }
        if now >= nextSend, endPeriod(at: now) { actions.append(.send) }
        return actions
    }

    // MARK: - Parts

    private var dialledCount: Int {
        places.values.count { if case .dialled = $0 { true } else { false } }
    }

    /// Plans the next beacon; whether one is sent now.
    private mutating func endPeriod(at now: Instant) -> Bool {
        if openingCount > 0 {
            openingCount -= 1
            nextSend = now.advanced(by: openingCount > 0 ? Self.openingSpan : period())
            return true
        }
        let isCrowded = heard.count >= Self.crowdCount
        heardBefore = heard.count
        heard = SortedTable()
        nextSend = now.advanced(by: period())
        return !isCrowded
    }

    private mutating func period() -> TimeSpan {
        let extra = random.jitter(below: Self.periodMin.times(2))
        return TimeSpan(nanoseconds: Self.periodMin.nanoseconds + extra.nanoseconds)
    }
}
