package import Primitives
package import Wire

/// How many rings there are, and what they decide.
package struct RingShape: Hashable, Sendable {
    /// Rings, at most `Limits.alertsPerEviction`.
    package let ringCount: Int
    /// Rings along which news spread.
    package let spreadCount: Int
    /// Rings whose watchers together end a record.
    package let quorum: Int
    /// Hubs before another that count as its watchers: views differ for moments.
    package let reach: Int
    /// Hubs up to which everybody has a link to everybody, and news take one step.
    package let meshMax: Int

    /// A shape with every number given.
    package init(ringCount: Int, spreadCount: Int, quorum: Int, reach: Int, meshMax: Int) {
        precondition(ringCount <= Limits.alertsPerEviction, "an alert has a bit for each ring")
        self.ringCount = ringCount
        self.spreadCount = spreadCount
        self.quorum = quorum
        self.reach = reach
        self.meshMax = meshMax
    }

    /// What the network goes by: eight rings, five of which end a record; the mesh is as large as a
    /// hub and two neighbours on each ring.
    package static let standard = RingShape(
        ringCount: 8,
        spreadCount: 4,
        quorum: 5,
        reach: 3,
        meshMax: 17
    )
    /// The least that holds together, by which small simulated networks are like large ones.
    package static let thin = RingShape(
        ringCount: 2,
        spreadCount: 2,
        quorum: 2,
        reach: 3,
        meshMax: 2
    )
}

/// Circular orders of the hubs, eight of them: who watches whom, and along which links news spread.
///
/// On each ring a hub is watched by the one before it. Where a hub stands follows from its key, the
/// ring and the day alone, so everybody with the same table knows who watches whom. A ring is in
/// another order each day, and no two begin their day in the same hour.
///
/// A hub that leaves is skipped where it stands, so that a copy shares its memory with the original
/// as long as nobody joins.
/// - Source: L. Suresh et al., "Stable and Consistent Membership at Scale with Rapid", 2018.
package struct Rings: Sendable {
    /// How many rings there are, and what they decide.
    package let shape: RingShape
    /// A hub's place on a ring.
    private struct Place: Comparable, Sendable {
        let position: UInt64
        let peer: PeerID

        static func < (left: Place, right: Place) -> Bool {
            left.position != right.position
                ? left.position < right.position : left.peer < right.peer
        }
    }

    /// The places on each ring, ascending, with those of hubs that have left.
    private var orders: [[Place]]
    /// The same on the day before: what was said then is judged by it.
    private var earlierOrders: [[Place]]
    /// Hubs that have left and still stand in `orders`.
    private var absent = SortedTable<PeerID, Bool>()
    private var epoch: UInt64
    /// Hubs that stand on the rings.
    package private(set) var memberCount = 0

    /// Rings in the order of `epoch` on which nobody stands.
    package init(_ shape: RingShape = .standard, epoch: UInt64) {
        self.shape = shape
        self.epoch = epoch
        orders = Array(repeating: [], count: shape.ringCount)
        earlierOrders = orders
    }

    // MARK: - Members

    /// `peer` takes its places; nothing happens when it stands there.
    package mutating func insert(_ peer: PeerID) {
        if absent.remove(peer) != nil {
            memberCount += 1
            return
        }
        guard !contains(peer) else { return }
        for ring in 0..<shape.ringCount {
            let day = Ring.day(of: ring, at: epoch)
            Self.insert(place(of: peer, on: ring, day: day), into: &orders[ring])
            if day > 0 {
                Self.insert(place(of: peer, on: ring, day: day - 1), into: &earlierOrders[ring])
            }
        }
        memberCount += 1
    }

    /// `peer` stands there no more.
    package mutating func remove(_ peer: PeerID) {
        guard contains(peer) else { return }
        absent[peer] = true
        memberCount -= 1
        guard absent.count > max(memberCount, 16) else { return }
        for ring in 0..<shape.ringCount {
            orders[ring].removeAll { absent.contains($0.peer) }
            earlierOrders[ring].removeAll { absent.contains($0.peer) }
        }
        absent = SortedTable()
    }

    /// Whether `peer` stands on the rings.
    package func contains(_ peer: PeerID) -> Bool {
        let place = place(of: peer, on: 0)
        let index = Self.lowerBound(place, in: orders[0])
        return index < orders[0].count && orders[0][index] == place && !absent.contains(peer)
    }

    /// Goes on to another hour: each ring whose day begins takes its new order.
    package mutating func advance(to epoch: UInt64) {
        let earlier = self.epoch
        self.epoch = epoch
        for ring in 0..<shape.ringCount {
            let day = Ring.day(of: ring, at: epoch)
            let lastDay = Ring.day(of: ring, at: earlier)
            guard day != lastDay else { continue }
            let members = orders[ring].map(\.peer)
            if day == lastDay + 1 {
                earlierOrders[ring] = orders[ring]
            } else if day > 0 {
                earlierOrders[ring] = members.map { place(of: $0, on: ring, day: day - 1) }.sorted()
            }
            orders[ring] = members.map { place(of: $0, on: ring, day: day) }.sorted()
        }
    }

    private static func insert(_ place: Place, into order: inout [Place]) {
        order.insert(place, at: lowerBound(place, in: order))
    }

    // MARK: - Neighbours

    /// Up to `count` hubs before `peer` on `ring`, the nearest first; `peer` itself may be gone.
    package func predecessors(of peer: PeerID, on ring: Int, count: Int = 1) -> [PeerID] {
        neighbours(of: peer, on: ring, count: count, step: -1)
    }

    /// The hub after `peer` on `ring`, if there is another one.
    package func successor(of peer: PeerID, on ring: Int) -> PeerID? {
        neighbours(of: peer, on: ring, count: 1, step: 1).first
    }

    private func neighbours(of peer: PeerID, on ring: Int, count: Int, step: Int) -> [PeerID] {
        let order = orders[ring]
        var found: [PeerID] = []
        // Where it stands or would stand: what comes before it is what comes before that.
        var index = Self.lowerBound(place(of: peer, on: ring), in: order)
        if step > 0 { index -= 1 }
        for _ in order.indices {
            guard found.count < count else { break }
            index = (index + step + order.count) % order.count
            let other = order[index].peer
            if other != peer, !absent.contains(other) { found.append(other) }
        }
        return found
    }

    /// The rings on which `alerts`, all about `subject`, come from one of the first hubs before it,
    /// each in the order of its own day: bit *n* for ring *n*.
    ///
    /// Whoever has left since may have watched then. Days other than this and the last one count
    /// for nothing.
    package func rings(of alerts: [Alert], about subject: PeerID) -> UInt8 {
        var mask: UInt8 = 0
        for ring in 0..<shape.ringCount {
            let bit = UInt8(1) << UInt8(ring)
            let today = Ring.day(of: ring, at: epoch)
            let isWatched = alerts.contains { alert in
                let day = Ring.day(of: ring, at: alert.epoch)
                guard alert.rings & bit != 0, alert.observer != subject,
                    day == today || day + 1 == today
                else { return false }
                let order = day == today ? orders[ring] : earlierOrders[ring]
                return isWatcher(alert.observer, of: subject, on: ring, day: day, in: order)
            }
            if isWatched { mask |= bit }
        }
        return mask
    }

    /// Whether fewer than `reach` hubs stand between `observer` and `subject`.
    private func isWatcher(
        _ observer: PeerID,
        of subject: PeerID,
        on ring: Int,
        day: UInt64,
        in order: [Place]
    ) -> Bool {
        let end = place(of: subject, on: ring, day: day)
        let distance = end.position &- place(of: observer, on: ring, day: day).position
        var count = 0
        var index = Self.lowerBound(end, in: order)
        for _ in order.indices {
            index = (index + order.count - 1) % order.count
            let other = order[index]
            guard end.position &- other.position < distance else { return true }
            guard other.peer != subject, !absent.contains(other.peer) else { continue }
            count += 1
            guard count < shape.reach else { return false }
        }
        return true
    }

    /// The hubs after `watcher` on `ring` up to the first that is not `isSilent`, at most `reach`.
    package func subjects(
        of watcher: PeerID,
        on ring: Int,
        skipping isSilent: (PeerID) -> Bool
    ) -> [PeerID] {
        let after = neighbours(of: watcher, on: ring, count: shape.reach, step: 1)
        let count = after.firstIndex { !isSilent($0) }.map { $0 + 1 } ?? after.count
        return Array(after.prefix(count))
    }

    /// The rings on which nobody stands between `observer` and `subject` who is not `isSilent`: bit
    /// *n* for ring *n*.
    package func rings(
        of observer: PeerID,
        before subject: PeerID,
        skipping isSilent: (PeerID) -> Bool
    ) -> UInt8 {
        var mask: UInt8 = 0
        for ring in 0..<shape.ringCount
        where subjects(of: observer, on: ring, skipping: isSilent).contains(subject) {
            mask |= 1 << UInt8(ring)
        }
        return mask
    }

    // MARK: - Order

    private func place(of peer: PeerID, on ring: Int, day: UInt64) -> Place {
        Place(position: Ring.position(of: peer, on: ring, day: day), peer: peer)
    }

    /// Where `peer` stands or would stand today.
    private func place(of peer: PeerID, on ring: Int) -> Place {
        place(of: peer, on: ring, day: Ring.day(of: ring, at: epoch))
    }

    /// The first index whose place is not before `place`.
    private static func lowerBound(_ place: Place, in order: [Place]) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
