import Membership
import PeerCore
import Primitives
import Wire

extension Options {
    /// A large network whose members never change: nobody joins, crashes or is cut off, everybody
    /// knows everybody, and each peer has links to the stewards and to its neighbours on the rings.
    package init(
        steady seed: UInt64,
        peers: Int,
        units: UInt32
    ) {
        self.init(
            quiet: seed,
            peers: peers,
            units: units,
            liars: 0,
            anchors: min(Self.steadyAnchors, peers - 1)
        )
        isFixed = true
        throughBytes = false
        faultSpan = .zero
    }

    /// Anchors beside the submitter: enough to be the three stewards of every shard.
    private static let steadyAnchors = 3
}

extension World {
    /// Starts everybody with the records of all, and with every link up.
    func startFixed() {
        let records = peers.map { peer in signed(record(of: peer), by: peer) }
        var overlay = Overlay(me: peers[Self.submitter].id)
        overlay.epochChanged(epoch, at: now)
        for record in records { overlay.restore(record.verifiedHere) }
        commonOverlay = overlay
        fixedPairs = pairs(in: overlay)
        for peer in peers {
            peer.disk.isKept = (options.model?.churn.numerator ?? 0) > 0
            start(peer)
        }
        for (left, right) in fixedPairs where !links.contains(left, right) {
            links.insert(left, right)
            input(.linked(records[right].verifiedHere), to: peers[left])
            input(.linked(records[left].verifiedHere), to: peers[right])
        }
    }

    /// Who has a link to whom: everybody to each anchor, and to its neighbours.
    private func pairs(in overlay: Overlay) -> [(Int, Int)] {
        let anchors = 0...min(options.anchors, peers.count - 1)
        var pairs: [(Int, Int)] = []
        for left in peers.indices {
            for right in anchors where right < left { pairs.append((left, right)) }
            for neighbour in overlay.neighbours(of: peers[left].id) {
                if let right = indices[neighbour], right < left { pairs.append((left, right)) }
            }
        }
        return pairs
    }
}
