import Primitives

extension World {
    /// The longest time until both ends of a link know that nothing passes any more.
    private static let silenceMax = TimeSpan.seconds(45)

    /// Whether what `from` sends does not reach `to`.
    func isCut(_ from: Int, _ to: Int) -> Bool {
        guard isSplit else { return false }
        let (isFrom, isTo) = (farSide.contains(from), farSide.contains(to))
        return options.partition == .oneWay ? isFrom && !isTo : isFrom != isTo
    }

    /// When the network falls apart next.
    func scheduleSplit() {
        let span: UInt64
        switch options.partition {
        case .none: return
        case .islands, .oneWay: span = 30_000
        case .flapping: span = 5_000
        }
        queue.push(.split, at: now.advanced(by: .milliseconds(1 + random.below(span))))
    }

    /// The network falls into two parts, neither of them empty.
    func split() {
        guard areFaultsOn else { return }
        guard strikes(.split, Ratio(1, of: 1), at: peers[Self.submitter]) else {
            return scheduleSplit()
        }
        farSide = PeerSet(of: peers.count, drawnFrom: &random)
        if farSide.isEmpty || farSide.count == peers.count {
            farSide = PeerSet(of: peers.count)
            farSide.insert(Self.submitter)
        }
        let span: UInt64 = options.partition == .flapping ? 5_000 : 60_000
        split(for: .milliseconds(1 + random.below(span)))
    }

    /// Cuts off the far side for a while.
    func split(for span: TimeSpan) {
        report.splits += 1
        isSplit = true
        tellSides()
        queue.push(.heal, at: now.advanced(by: span))
        for left in peers.indices {
            for right in peers.indices where left < right {
                guard isCut(left, right) || isCut(right, left) else { continue }
                let delay = TimeSpan.milliseconds(500 + random.below(Self.silenceMax.milliseconds))
                queue.push(
                    .silence(left, right, split: report.splits),
                    at: now.advanced(by: delay)
                )
            }
        }
    }

    /// The parts see each other again.
    func heal() {
        guard isSplit else { return }
        tell("the network is whole again")
        isSplit = false
        scheduleSplit()
    }

    /// Both ends of a link notice that nothing has passed since the cut, if it still lasts.
    func endSilent(_ left: Int, _ right: Int, split: UInt64) {
        guard report.splits == split, isCut(left, right) || isCut(right, left) else { return }
        unlink(left, right)
    }
}
