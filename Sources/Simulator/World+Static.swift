import Membership
import PeerCore
import Primitives
import Wire

extension Options {
    /// A large network whose members never change: nobody joins, crashes or is cut off, everybody
    /// knows everybody, and each peer has links to the stewards and to about `neighbours` others,
    /// drawn by chance.
    package init(
        steady seed: UInt64,
        peers: Int,
        units: UInt32,
        neighbours: Int = Self.neighbours
    ) {
        self.init(
            quiet: seed,
            peers: peers,
            units: units,
            liars: 0,
            anchors: min(Self.steadyAnchors, peers - 1)
        )
        self.neighbours = neighbours
        throughBytes = false
        faultSpan = .zero
    }

    /// Links to others drawn by chance, by default: as many as a real hub would keep.
    package static let neighbours = 16
    /// Anchors beside the submitter: enough to be the three stewards of every shard.
    private static let steadyAnchors = 3
}

extension World {
    /// Starts everybody with the records of all, and with every link up.
    func startSteady(neighbours: Int) {
        var table = HubTable(me: peers[Self.submitter].id)
        let records = peers.map { peer in
            signed(record(of: peer), by: peer)
        }
        for record in records { _ = table.insert(record.verifiedHere, epoch: epoch) }
        commonHubs = table
        for peer in peers {
            peer.disk.isKept = (options.model?.churn.numerator ?? 0) > 0
            start(peer)
        }
        steadyPairs = pairs(neighbours: neighbours)
        for (left, right) in steadyPairs where !links.contains(left, right) {
            links.insert(left, right)
            input(.linked(records[right].verifiedHere), to: peers[left])
            input(.linked(records[left].verifiedHere), to: peers[right])
        }
    }

    /// Who has a link to whom: everybody to each anchor, and by chance.
    private func pairs(neighbours: Int) -> [(Int, Int)] {
        let anchors = 0...min(options.anchors, peers.count - 1)
        var pairs: [(Int, Int)] = []
        for left in peers.indices {
            for right in anchors where right < left { pairs.append((left, right)) }
            for _ in 0..<neighbours / 2 {
                let right = Int(random.below(UInt64(peers.count)))
                if right != left { pairs.append((left, right)) }
            }
        }
        return pairs
    }
}
