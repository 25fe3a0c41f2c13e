import Primitives
import Wire

/// Notes of what must happen sometimes, if the simulator is to be worth its name.
///
/// Tables are looked up and never walked.
struct Coverage {
    private struct Seat: Hashable {
        let steward: Int
        let round: RoundKey
        let seat: UInt8
    }

    private struct Member: Hashable {
        let steward: Int
        let round: RoundKey
        let worker: PeerID
    }

    private struct Round: Hashable {
        let steward: Int
        let round: RoundKey
    }

    private struct Request: Hashable {
        let peer: Int
        let life: UInt64
        let chunk: ChunkWant
    }

    private struct Delivery: Hashable {
        let peer: Int
        let item: ItemID
    }

    /// The last holder of a seat.
    // tidy-allow-hash-table: looked up, never walked
    private var holders: [Seat: PeerID] = [:]
    /// When the lease of a member ends.
    // tidy-allow-hash-table: looked up, never walked
    private var leaseEnds: [Member: Instant] = [:]
    /// When the promise of a member first came.
    // tidy-allow-hash-table: looked up, never walked
    private var promises: [Member: Instant] = [:]
    /// When a seat of a round last went to another worker.
    // tidy-allow-hash-table: looked up, never walked
    private var reopenings: [Round: Instant] = [:]
    // tidy-allow-hash-table: looked up, never walked
    private var closedRounds: Set<Round> = []
    // tidy-allow-hash-table: looked up, never walked
    private var openings: Set<ItemID> = []
    // tidy-allow-hash-table: looked up, never walked
    private var requests: Set<Request> = []
    // tidy-allow-hash-table: looked up, never walked
    private var offered: Set<Delivery> = []

    // MARK: - What peers send

    /// A steward sends a lease.
    mutating func leased(
        _ lease: Lease,
        by steward: Int,
        to worker: PeerID,
        at now: Instant,
        into report: inout Report
    ) {
        let round = RoundKey(number: lease.round, firstUnit: lease.units[0])
        let seat = Seat(steward: steward, round: round, seat: lease.seat)
        let member = Member(steward: steward, round: round, worker: worker)
        // A lease is said again, also while a second worker has one for the same seat.
        if let earlier = holders[seat], earlier != worker, leaseEnds[member] == nil {
            report.reopened += 1
            reopenings[Round(steward: steward, round: round)] = now
        }
        holders[seat] = worker
        leaseEnds[member] = now.advanced(by: .milliseconds(lease.commitMilliseconds))
    }

    /// A steward closes a set.
    mutating func closed(_ set: CommitSet, by steward: Int, into report: inout Report) {
        let round = RoundKey(number: set.round, firstUnit: set.units[0])
        let name = Round(steward: steward, round: round)
        guard closedRounds.insert(name).inserted else { return }
        let members = set.members.map { member in
            Member(steward: steward, round: round, worker: member.worker)
        }
        for member in members {
            guard let promise = promises[member] else { continue }
            if let end = leaseEnds[member], end < promise { report.late += 1 }
            if let reopening = reopenings[name], promise < reopening { report.kept += 1 }
        }
    }

    /// A peer publishes an opening.
    mutating func published(
        _ opening: Opening,
        isOwn: Bool,
        into report: inout Report
    ) {
        guard openings.insert(opening.certificate).inserted, isOwn else { return }
        report.selfOpened += 1
    }

    /// A peer asks for a chunk.
    mutating func wanted(_ chunk: ChunkWant, by peer: SimulatedPeer, into report: inout Report) {
        let request = Request(peer: peer.index, life: peer.life, chunk: chunk)
        if !requests.insert(request).inserted { report.refetched += 1 }
    }

    /// An item answers a comparison of ledgers.
    mutating func offered(_ item: ItemID, to peer: Int) {
        offered.insert(Delivery(peer: peer, item: item))
    }

    /// Whether an item that was offered to a peer has not come yet.
    func isOffered(_ item: ItemID, to peer: Int) -> Bool {
        !offered.isEmpty && offered.contains(Delivery(peer: peer, item: item))
    }

    // MARK: - What reaches peers

    /// A promise comes to its steward.
    mutating func promised(_ commit: CommitStatement, to steward: Int, at now: Instant) {
        let round = RoundKey(number: commit.round, firstUnit: commit.units[0])
        let member = Member(steward: steward, round: round, worker: commit.worker)
        if promises[member] == nil { promises[member] = now }
    }

    /// A new item comes to a peer.
    mutating func learned(_ item: ItemID, by peer: Int, into report: inout Report) {
        if offered.remove(Delivery(peer: peer, item: item)) != nil { report.reconciled += 1 }
    }
}
