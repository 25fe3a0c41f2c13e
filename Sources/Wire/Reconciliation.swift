package import Primitives

/// Which replicated set a message is about.
package enum ReplicatedSet: UInt8, Sendable {
    /// RECORDs of hubs.
    case records = 0
    /// The ledger.
    case ledger = 1
}

/// What one side says about a range of a replicated set.
package enum RangeClaim: Hashable, Sendable {
    /// The range is settled.
    case settled
    /// Items in the range, and SHA-256 over the sum of their ids and their count.
    case fingerprint(count: UInt64, Digest)
    /// Every key in the range.
    case keys([ItemKey])
}

/// A range that starts where the one before it ends; the first starts below every key.
package struct ReconciliationRange: Hashable, Sendable {
    /// The first key after the range; nil for a range without end.
    package let end: ItemKey?
    /// What is said about it.
    package let claim: RangeClaim

    /// A range that ends before `end`.
    package init(end: ItemKey?, claim: RangeClaim) {
        self.end = end
        self.claim = claim
    }
}

/// RECON: one step of finding out what two copies of a set do not share.
package struct Reconciliation: Hashable, Sendable {
    /// The set.
    package let set: ReplicatedSet
    /// Adjoining ranges, ascending.
    package let ranges: [ReconciliationRange]

    /// A step about `set`.
    package init(set: ReplicatedSet, ranges: [ReconciliationRange]) {
        self.set = set
        self.ranges = ranges
    }

    func encode(into encoder: inout CBOREncoder) {
        encoder.unsigned(UInt64(set.rawValue))
        encoder.array(ranges.count)
        for range in ranges {
            encoder.array(2)
            if let end = range.end { encoder.key(end) } else { encoder.null() }
            switch range.claim {
            case .settled:
                encoder.null()
            case .fingerprint(let count, let digest):
                encoder.array(2)
                encoder.unsigned(count)
                encoder.digest(digest)
            case .keys(let keys):
                encoder.array(1)
                encoder.keys(keys)
            }
        }
    }

    init(from decoder: inout CBORDecoder) throws(DecodeError) {
        set = try decoder.replicatedSet()
        let start = decoder.position
        ranges = try decoder.list(upTo: Limits.rangesPerReconciliation) {
            (decoder) throws(DecodeError) in
            try decoder.array(exactly: 2)
            let end = try decoder.null() ? nil : try decoder.itemKey()
            return ReconciliationRange(end: end, claim: try decoder.rangeClaim())
        }
        for (left, right) in zip(ranges, ranges.dropFirst()) {
            guard let low = left.end, right.end.map({ low < $0 }) ?? true else {
                throw .notAscending(at: start, field: "ranges")
            }
        }
        let keyCount = ranges.reduce(0) { count, range in
            if case .keys(let keys) = range.claim { count + keys.count } else { count }
        }
        guard keyCount <= Limits.keysPerReconciliation else {
            throw .tooLong(at: start, limit: Limits.keysPerReconciliation)
        }
    }
}

extension CBOREncoder {
    /// A key: an array of epoch and id.
    mutating func key(_ key: ItemKey) {
        array(2)
        unsigned(key.epoch)
        identifier(key.id)
    }

    /// An array of keys.
    mutating func keys(_ keys: [ItemKey]) {
        array(keys.count)
        for each in keys { key(each) }
    }
}

extension CBORDecoder {
    /// Which set.
    mutating func replicatedSet() throws(DecodeError) -> ReplicatedSet {
        let start = position
        guard let set = ReplicatedSet(rawValue: try unsigned8(field: "set")) else {
            throw .outOfRange(at: start, field: "set")
        }
        return set
    }

    /// A key: an array of epoch and id.
    mutating func itemKey() throws(DecodeError) -> ItemKey {
        try array(exactly: 2)
        return ItemKey(epoch: try unsigned(), id: try identifier())
    }

    /// At most `Limits.keysPerReconciliation` keys, ascending.
    mutating func itemKeys() throws(DecodeError) -> [ItemKey] {
        try ascending(
            upTo: Limits.keysPerReconciliation,
            field: "keys",
            by: { $0 },
            { (decoder) throws(DecodeError) in try decoder.itemKey() }
        )
    }

    fileprivate mutating func rangeClaim() throws(DecodeError) -> RangeClaim {
        if try null() { return .settled }
        switch try array(upTo: 2) {
        case 1: return .keys(try itemKeys())
        case 2: return .fingerprint(count: try unsigned(), try digest())
        default: throw .outOfRange(at: position, field: "range")
        }
    }
}
