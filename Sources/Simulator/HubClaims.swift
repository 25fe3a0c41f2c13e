import Membership
import Primitives
import Wire

/// A figure that the network is designed for, and what a simulation of it comes to.
package struct ClaimRow: Sendable {
    /// What is claimed.
    package let name: String
    /// What the design says.
    package let expected: String
    /// What came out.
    package let obtained: String
    /// Whether that is as good.
    package let isOK: Bool
}

/// What is claimed of hubs by the thousand.
package enum HubClaim: String, CaseIterable, Sendable {
    /// One record reaches all, also while three hubs of ten are gone.
    case flood
    /// One hub vanishes.
    case crash
    /// A tenth, three tenths, and half of all vanish at once.
    case evict
    /// Hubs stand still for a while.
    case stalls
    /// What it costs to do nothing.
    case idle
}

/// Tries what is claimed, each in a network of its own.
package struct HubClaims {
    private let hubCount: Int
    private let seed: UInt64
    /// Events of all networks so far.
    package private(set) var events: UInt64 = 0

    /// Networks of so many hubs.
    package init(hubs: Int, seed: UInt64) {
        hubCount = hubs
        self.seed = seed
    }

    /// What became of a claim.
    package mutating func run(_ claim: HubClaim) -> [ClaimRow] {
        switch claim {
        case .flood: flood(crashed: 0) + flood(crashed: 3)
        case .crash: crash(tenths: 0, certificateMax: 6_500, allMax: 7_000)
        case .evict:
            crash(tenths: 1, certificateMax: 13_500, allMax: nil)
                + crash(tenths: 3, certificateMax: 21_000, allMax: nil)
                + crash(tenths: 5, certificateMax: 35_000, allMax: nil)
        case .stalls: stalls()
        case .idle: idle()
        }
    }

    private func network() -> HubNetwork { HubNetwork(count: hubCount, seed: seed) }

    // MARK: - Claims

    private mutating func flood(crashed tenths: Int) -> [ClaimRow] {
        let network = network()
        network.pass(.seconds(3))
        for index in network.hubs.indices where index % 10 < tenths { network.stop(index) }
        let origin = network.hubs.count - 1
        let start = network.present
        var arrivals: [TimeSpan] = []
        var hops = Array(repeating: -1, count: network.hubs.count)
        hops[origin] = 0
        var copies = 0
        let peer = network.hubs[origin].overlay.me
        let incarnation = network.hubs[origin].record.body.incarnation + 1
        network.watch = { message, from, to in
            guard case .record(let signed) = message, signed.body.peer == peer,
                signed.body.incarnation == incarnation
            else { return }
            copies += 1
            guard hops[to] < 0 else { return }
            hops[to] = hops[from] + 1
            arrivals.append(network.present.since(start))
        }
        _ = network.renew(origin)
        network.pass(.seconds(2))
        let living = network.hubs.count { $0.isUp } - 1
        arrivals.sort()
        let place = (arrivals.count * 99 + 99) / 100 - 1
        let most = place >= 0 ? arrivals[place].milliseconds : .max
        let last = arrivals.last?.milliseconds ?? .max
        events += network.events
        let name = tenths == 0 ? "flood" : "flood, \(tenths)0 % gone"
        let limit: UInt64 = tenths == 0 ? 350 : 500
        var rows = [
            row("\(name): 99 % within", limit, most),
            ClaimRow(
                name: "\(name): reached",
                expected: tenths == 0 ? "all" : "9999 of 10000",
                obtained: "\(arrivals.count) of \(living)",
                isOK: tenths == 0
                    ? arrivals.count == living : arrivals.count * 10_000 >= living * 9_999
            ),
        ]
        guard tenths == 0 else { return rows }
        rows.append(row("\(name): all within", 400, last))
        let farthest = hops.max() ?? 0
        rows.append(
            ClaimRow(
                name: "\(name): hops",
                expected: "12 or fewer",
                obtained: "\(farthest)",
                isOK: farthest <= 12
            )
        )
        let hundredths = copies * 100 / max(1, living)
        rows.append(
            ClaimRow(
                name: "\(name): copies a hub",
                expected: "7.1 or fewer",
                obtained: "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)",
                isOK: hundredths <= 710
            )
        )
        return rows
    }

    /// How long it takes until those who vanish have been given up: once for each by anybody, and
    /// by all who are left.
    private mutating func crash(
        tenths: Int,
        certificateMax: UInt64,
        allMax: UInt64?
    ) -> [ClaimRow] {
        let network = network()
        network.pass(.seconds(5))
        let gone = network.hubs.indices.filter { tenths == 0 ? $0 == 0 : $0 % 10 < tenths }
        for index in gone { network.stop(index) }
        let start = network.present
        var certified: UInt64?
        var missed = SortedTable<PeerID, Bool>()
        for index in gone { missed[network.hubs[index].overlay.me] = true }
        network.watch = { message, _, _ in
            guard case .evict(let eviction) = message, missed.remove(eviction.subject) != nil,
                missed.isEmpty
            else { return }
            certified = network.present.since(start).milliseconds
        }
        let left = network.hubs.filter(\.isUp)
        let isDone = network.pass(.seconds(90)) {
            certified != nil && left.allSatisfy { $0.overlay.hubs.count <= left.count }
        }
        let all = isDone ? network.present.since(start).milliseconds : .max
        let wrong = left.reduce(0) { $0 + left.count - count(of: left, in: $1) }
        events += network.events
        let name = tenths == 0 ? "one hub vanishes" : "\(tenths)0 % vanish"
        return [
            row("\(name): last certificate", certificateMax, certified ?? .max),
            row("\(name): in all views", allMax ?? certificateMax + 1_000, all),
            ClaimRow(
                name: "\(name): living hubs given up",
                expected: "0",
                obtained: "\(wrong)",
                isOK: wrong == 0
            ),
        ]
    }

    private func count(of hubs: [HubNetwork.Hub], in hub: HubNetwork.Hub) -> Int {
        hubs.count { hub.overlay.hubs.contains($0.overlay.me) }
    }

    /// A tenth of the hubs stand still, for 1 to 30 seconds each.
    private mutating func stalls() -> [ClaimRow] {
        let network = network()
        network.pass(.seconds(5))
        let stalled = network.hubs.indices.filter { $0 % 10 == 0 }
        var long = 0
        for index in stalled {
            let span = TimeSpan.milliseconds(1_000 + network.dice.below(29_000))
            if span > .seconds(6) { long += 1 }
            network.stall(index, for: span)
        }
        // Who has not stood still is never to be given up; who has comes back.
        var accused = SortedTable<PeerID, Bool>()
        var told = SortedTable<PeerID, Int>()
        network.watch = { message, _, to in
            switch message {
            case .evict(let eviction): accused[eviction.subject] = true
            case .record(let signed) where signed.body.incarnation > 1:
                guard let place = network.place(of: signed.body.peer) else { return }
                let since = network.present.since(network.hubs[place].asleepUntil)
                let isNew = network.hubs[to].learn(signed.body.peer)
                if isNew, since <= .seconds(1) { told[signed.body.peer, default: 0] += 1 }
            default: break
            }
        }
        network.pass(.seconds(32))
        let others = network.hubs.indices.filter { $0 % 10 != 0 }
        let innocent = others.count { accused.contains(network.hubs[$0].overlay.me) }
        let reached = told.values.reduce(0, +) * 100 / max(1, told.count * (hubCount - 1))
        let wokenAt = network.present
        let isWhole = network.pass(.seconds(90)) {
            network.hubs.allSatisfy { $0.overlay.hubs.count == network.hubs.count }
        }
        let healed = isWhole ? network.present.since(wokenAt).milliseconds : .max
        events += network.events
        return [
            ClaimRow(
                name: "stalls: hubs given up that did not stand still",
                expected: "0",
                obtained: "\(innocent) of \(others.count)",
                isOK: innocent == 0
            ),
            ClaimRow(
                name: "stalls: hubs given up that did",
                expected: "those that stood still for over 6 s",
                obtained: "\(accused.count - innocent) of \(stalled.count), \(long) over 6 s",
                isOK: accused.count - innocent <= long
            ),
            ClaimRow(
                name: "stalls: undone a second after waking",
                expected: "in 95 % of views, a tenth of which stood still",
                obtained: "\(reached) %",
                isOK: reached >= 95
            ),
            row("stalls: undone everywhere after the last within", 90_000, healed),
        ]
    }

    private mutating func idle() -> [ClaimRow] {
        let network = network()
        network.pass(.seconds(5))
        let before = network.byteCount
        let seconds: UInt64 = 60
        network.pass(.seconds(seconds))
        let rate = (network.byteCount - before) / seconds / UInt64(hubCount)
        events += network.events
        return [
            ClaimRow(
                name: "idle: a hub sends, beats alone",
                expected: "below 1000 B/s",
                obtained: "\(rate) B/s",
                isOK: rate < 1_000
            )
        ]
    }

    private func row(_ name: String, _ limit: UInt64, _ milliseconds: UInt64) -> ClaimRow {
        ClaimRow(
            name: name,
            expected: "\(seconds(limit)) s",
            obtained: milliseconds == .max ? "never" : "\(seconds(milliseconds)) s",
            isOK: milliseconds <= limit
        )
    }

    private func seconds(_ milliseconds: UInt64) -> String {
        let hundredths = milliseconds / 10
        return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
    }
}
