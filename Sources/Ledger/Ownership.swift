package import Primitives
import Wire

/// Whose machine each peer is, and which key took over from which: what DEVICE and REVOKE say.
///
/// A pure function of the statements that it was told, in whatever order.
package struct Ownership: Sendable {
    private var adoptions = SortedTable<PeerID, Adoption>()
    private var successions = SortedTable<PeerID, Succession>()
    /// The keys that each key has replaced, or claims to.
    private var predecessors = SortedTable<PeerID, [PeerID]>()
    /// For each key those that claim to take over from it, with the first hour in which they do.
    private var claims = SortedTable<PeerID, SortedTable<PeerID, UInt64>>()

    private struct Adoption: Sendable {
        let owner: OwnerID
        /// The place of the DEVICE among all items: of several the first counts.
        let key: ItemKey
    }

    private enum Succession: Sendable {
        case successor(PeerID)
        /// Two keys claim it: whoever signed a second first record had stolen the key. Nobody
        /// succeeds, so that a theft gains nothing.
        case contested
    }

    /// Keys that take over one from the other; a longer chain, or a ring, leads nowhere.
    package static let successionsMax = 64

    /// Nothing is known of anybody.
    init() {}

    mutating func adopt(_ device: Device, at key: ItemKey) {
        if let earlier = adoptions[device.peer], earlier.key < key { return }
        adoptions[device.peer] = Adoption(owner: device.owner, key: key)
    }

    mutating func succeed(_ revoke: Revoke) {
        if predecessors[revoke.successor]?.contains(revoke.old) != true {
            predecessors[revoke.successor, default: []].append(revoke.old)
        }
        let earlier = claims[revoke.old]?[revoke.successor] ?? revoke.epoch
        claims[revoke.old, default: SortedTable()][revoke.successor] = min(earlier, revoke.epoch)
        switch successions[revoke.old] {
        case nil: successions[revoke.old] = .successor(revoke.successor)
        case .successor(revoke.successor): break
        case .successor, .contested: successions[revoke.old] = .contested
        }
    }

    /// Whether another key has taken over from `peer`, or claims to.
    package func isRevoked(_ peer: PeerID) -> Bool { successions.contains(peer) }

    /// The key that `peer` is known by now: its last successor, or itself.
    package func current(of peer: PeerID) -> PeerID {
        var key = peer
        for _ in 0...Self.successionsMax {
            guard case .successor(let next)? = successions[key] else { return key }
            key = next
        }
        return peer
    }

    /// Every key of the machine whose key `peer` is or was, ascending; at most `successionsMax`.
    package func keys(of peer: PeerID) -> [PeerID] {
        let newest = current(of: peer)
        var found = SortedTable<PeerID, Bool>()
        var waiting = [newest]
        while let key = waiting.popLast(), found.count < Self.successionsMax {
            guard !found.contains(key), current(of: key) == newest else { continue }
            found[key] = true
            waiting += predecessors[key] ?? []
        }
        found[peer] = true
        return found.keys
    }

    /// Who has adopted `peer`, or the key that took over from it; nil when nobody has.
    package func adopter(of peer: PeerID) -> OwnerID? { adoptions[current(of: peer)]?.owner }

    /// Whether it is `owner` that has adopted the very key `peer`.
    package func isAdopted(_ peer: PeerID, by owner: OwnerID) -> Bool {
        adoptions[peer]?.owner == owner
    }

    /// Who has adopted the very key `peer`, and the hour of that; nil when nobody has.
    func adoption(of peer: PeerID) -> (owner: OwnerID, epoch: UInt64)? {
        adoptions[peer].map { ($0.owner, $0.key.epoch) }
    }

    /// Which keys take over, or claim to, from any of `keys`, or are any of them, in which hour,
    /// each once.
    func takeovers(of keys: [PeerID]) -> [(old: PeerID, new: PeerID, epoch: UInt64)] {
        let olds = distinct(keys + keys.flatMap { predecessors[$0] ?? [] })
        return olds.flatMap { old in
            let claimants = claims[old, default: SortedTable()]
            let counting = claimants.keys.filter { keys.contains(old) || keys.contains($0) }
            return counting.map { (old, $0, claimants[$0, default: 0]) }
        }
    }

    /// Whether several keys claim to take over from `peer`, so that none does.
    func isContested(_ peer: PeerID) -> Bool {
        switch successions[peer] {
        case .contested: true
        case .successor, nil: false
        }
    }

    /// Whose line `peer` counts on: its adopter's, or one of its own.
    package func owner(of peer: PeerID) -> OwnerID {
        let key = current(of: peer)
        return adoptions[key]?.owner ?? OwnerID(key.digest)
    }
}
