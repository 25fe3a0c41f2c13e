import Primitives

/// Some of the peers of a network, by their places.
struct PeerSet: Hashable {
    private var words: [UInt64]

    /// Nobody of `count` peers.
    init(of count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    /// Any of `count` peers, each with an even chance.
    init(of count: Int, drawnFrom random: inout PRNG) {
        self.init(of: count)
        for index in words.indices {
            let width = min(64, count - index * 64)
            words[index] = random.next() & (.max >> UInt64(64 - width))
        }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func contains(_ peer: Int) -> Bool { words[peer / 64] >> UInt64(peer % 64) & 1 == 1 }

    mutating func insert(_ peer: Int) { words[peer / 64] |= 1 << UInt64(peer % 64) }

    mutating func remove(_ peer: Int) { words[peer / 64] &= ~(1 << UInt64(peer % 64)) }
}

/// The links of a network: who has one to whom, both ways.
struct LinkTable {
    private var rows: [PeerSet]

    /// No links between `count` peers.
    init(of count: Int) { rows = Array(repeating: PeerSet(of: count), count: count) }

    func contains(_ left: Int, _ right: Int) -> Bool { rows[left].contains(right) }

    mutating func insert(_ left: Int, _ right: Int) {
        rows[left].insert(right)
        rows[right].insert(left)
    }

    /// Removes the link of two peers; whether there was one.
    mutating func remove(_ left: Int, _ right: Int) -> Bool {
        guard contains(left, right) else { return false }
        rows[left].remove(right)
        rows[right].remove(left)
        return true
    }
}
