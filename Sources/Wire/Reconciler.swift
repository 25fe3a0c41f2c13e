import Primitives

/// Finds out what two copies of a set do not share, in a few messages.
///
/// A range is described by a fingerprint; where fingerprints differ, the range is split, until it
/// is small enough to list its keys. Whoever sees a list sends what the other lacks and asks for
/// what it lacks itself.
/// - Source: A. Meyer, "Range-Based Set Reconciliation", 2023.
package enum Reconciler {
    /// What to do after one message.
    package struct Step: Hashable, Sendable {
        /// The answer; nil when nothing is left to say.
        package var reply: Reconciliation?
        /// Keys that the other side has and this one lacks.
        package var wanted: [ItemKey] = []
        /// Keys that this side has and the other lacks.
        package var offered: [ItemKey] = []
    }

    /// The first message about a set that holds `keys`, ascending.
    package static func open(_ set: ReplicatedSet, keys: [ItemKey]) -> Reconciliation {
        let claim = fingerprint(keys[...])
        return Reconciliation(set: set, ranges: [ReconciliationRange(end: nil, claim: claim)])
    }

    /// The answer to `message` of a side that holds `keys`, ascending.
    package static func answer(_ message: Reconciliation, keys: [ItemKey]) -> Step {
        var step = Step()
        var ranges: [ReconciliationRange] = []
        var listed = 0
        var start = 0
        var first: ItemKey?
        for (index, range) in message.ranges.enumerated() {
            let end = range.end.map { bound(keys, $0) } ?? keys.count
            let mine = keys[start..<max(start, end)]
            start = max(start, end)
            defer { first = range.end }
            switch range.claim {
            case .settled:
                append(ReconciliationRange(end: range.end, claim: .settled), to: &ranges)
            case .keys(let theirs):
                // A key that lies outside its range could come twice.
                let inside = theirs.filter { key in
                    first.map { $0 <= key } ?? true && range.end.map { key < $0 } ?? true
                }
                compare(mine, inside, into: &step)
                append(ReconciliationRange(end: range.end, claim: .settled), to: &ranges)
            case .fingerprint(let count, let digest):
                if fingerprint(mine) == .fingerprint(count: count, digest) {
                    append(ReconciliationRange(end: range.end, claim: .settled), to: &ranges)
                } else {
                    // Each range that follows takes one place at least.
                    let later = message.ranges.count - index - 1
                    let room = Limits.rangesPerReconciliation - ranges.count - later
                    describe(mine, end: range.end, room: room, listed: &listed, into: &ranges)
                }
            }
        }
        step.wanted = Array(step.wanted.prefix(Limits.keysPerReconciliation))
        step.offered = Array(step.offered.prefix(Limits.keysPerReconciliation))
        if ranges.contains(where: { $0.claim != .settled }) {
            step.reply = Reconciliation(set: message.set, ranges: ranges)
        }
        return step
    }

    /// Keys up to which a range is listed rather than split.
    private static let listMax = 32
    /// Parts into which a range is split.
    private static let branching = 16

    /// SHA-256 over the sum of the ids modulo 2²⁵⁶ and their count.
    private static func fingerprint(_ keys: ArraySlice<ItemKey>) -> RangeClaim {
        var sum = Digest.zero
        for key in keys { sum = sum &+ key.id.digest }
        let digest = taggedHash("starling/range/1", count: 2) { encoder in
            encoder.digest(sum)
            encoder.unsigned(UInt64(keys.count))
        }
        return .fingerprint(count: UInt64(keys.count), digest)
    }

    private static func describe(
        _ mine: ArraySlice<ItemKey>,
        end: ItemKey?,
        room: Int,
        listed: inout Int,
        into ranges: inout [ReconciliationRange]
    ) {
        if mine.count <= listMax {
            guard listed + mine.count <= Limits.keysPerReconciliation / 2 else {
                // The rest waits for the next period: a frame has a size.
                append(ReconciliationRange(end: end, claim: .settled), to: &ranges)
                return
            }
            listed += mine.count
            ranges.append(ReconciliationRange(end: end, claim: .keys(Array(mine))))
            return
        }
        guard branching <= room else {
            // Said again, the fingerprint would come back for ever: the rest waits here, too.
            append(ReconciliationRange(end: end, claim: .settled), to: &ranges)
            return
        }
        for part in 0..<branching {
            let low = mine.startIndex + mine.count * part / branching
            let high = mine.startIndex + mine.count * (part + 1) / branching
            let partEnd = part == branching - 1 ? end : mine[high]
            ranges.append(
                ReconciliationRange(end: partEnd, claim: fingerprint(mine[low..<high]))
            )
        }
    }

    /// Adds a settled range, or stretches the one before it.
    private static func append(
        _ range: ReconciliationRange,
        to ranges: inout [ReconciliationRange]
    ) {
        if range.claim == .settled, ranges.last?.claim == .settled { ranges.removeLast() }
        ranges.append(range)
    }

    private static func compare(
        _ mine: ArraySlice<ItemKey>,
        _ theirs: [ItemKey],
        into step: inout Step
    ) {
        var left = mine.startIndex
        var right = theirs.startIndex
        while left < mine.endIndex || right < theirs.endIndex {
            if right == theirs.endIndex || (left < mine.endIndex && mine[left] < theirs[right]) {
                step.offered.append(mine[left])
                left += 1
            } else if left == mine.endIndex || theirs[right] < mine[left] {
                step.wanted.append(theirs[right])
                right += 1
            } else {
                left += 1
                right += 1
            }
        }
    }

    /// The first index whose key is not below `key`.
    private static func bound(_ keys: [ItemKey], _ key: ItemKey) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
