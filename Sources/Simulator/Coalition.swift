import PeerCore
import Primitives
import Wire

/// What byzantine machines of one kind know together.
struct Coalition {
    /// Seats of a round that its machines have.
    private struct Seats: Comparable {
        let steward: PeerID
        let manifest: ManifestID
        let round: RoundKey

        static func < (left: Seats, right: Seats) -> Bool {
            (left.steward, left.manifest, left.round.number, left.round.firstUnit)
                < (right.steward, right.manifest, right.round.number, right.round.firstUnit)
        }
    }

    private struct Holding {
        let lease: Lease
        var workers: [PeerID]
    }

    /// The keys of those who were leased something.
    private var members: [PeerID] = []
    private var leases = SortedTable<Seats, Holding>()
    /// Units on which they have said something, and whether that was a lie.
    private(set) var said = SortedTable<UInt32, Bool>()
    /// What others have revealed of units.
    private(set) var heard = SortedTable<UInt32, Core>()
    /// Messages that were sent and heard, some of them.
    private(set) var recorded: [Message] = []

    /// The hour in which the job of their own is dated, once there is one.
    var farmEpoch: UInt64?

    /// Messages that are remembered.
    private static let recordedMax = 200

    /// One of its machines is leased a seat.
    mutating func leased(_ lease: Lease, by steward: PeerID, to worker: PeerID) {
        if !members.contains(worker) { members.append(worker) }
        let round = RoundKey(number: lease.round, firstUnit: lease.units[0])
        let key = Seats(steward: steward, manifest: lease.manifest, round: round)
        var holding = leases[key] ?? Holding(lease: lease, workers: [])
        if !holding.workers.contains(worker) { holding.workers.append(worker) }
        leases[key] = holding
    }

    /// Whether its machines have all seats of a round of several in which `worker` votes on `unit`
    /// or, where single results are trusted, its only one.
    func hasAllSeats(on unit: UInt32, worker: PeerID, policy: Policy) -> Bool {
        leases.values.contains { holding in
            holding.lease.units.contains(unit) && holding.workers.contains(worker)
                && holding.workers.count == Int(holding.lease.seatCount)
                && (holding.lease.seatCount > 1 || policy != .strict)
        }
    }

    /// Whether `worker` votes on `unit` in a round of one of theirs.
    func isSteward(of unit: UInt32, for worker: PeerID) -> Bool {
        leases.contains { key, holding in
            members.contains(key.steward) && holding.lease.units.contains(unit)
                && holding.workers.contains(worker)
        }
    }

    /// They have said something of a unit.
    mutating func says(_ unit: UInt32, isLie: Bool) { said[unit] = isLie }

    /// One of them was told of results.
    mutating func hear(_ cores: [UnitCore]) {
        for each in cores { heard[each.unit] = each.core }
    }

    /// Keeps a message, perhaps in place of another one.
    mutating func record(_ message: Message, random: inout PRNG) {
        guard recorded.count == Self.recordedMax else { return recorded.append(message) }
        recorded[Int(random.below(UInt64(Self.recordedMax)))] = message
    }
}
