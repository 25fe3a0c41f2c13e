/// A map whose iteration order is the order of its keys, in every process alike.
///
/// Keys and values stand in two sorted arrays. Look-up O(log n); insertion O(n) moves, and O(1) at
/// the end, which is where items ordered by epoch arrive.
package struct SortedTable<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// The keys, ascending.
    @usableFromInline package private(set) var keys: [Key] = []
    /// The values, in the order of their keys.
    @usableFromInline package private(set) var values: [Value] = []

    /// An empty table.
    @inlinable package init() {}

    /// How many entries there are.
    @inlinable package var count: Int { keys.count }

    /// Whether there is no entry.
    @inlinable package var isEmpty: Bool { keys.isEmpty }

    /// The value of `key`; assigning nil removes the entry.
    @inlinable package subscript(key: Key) -> Value? {
        get {
            let index = lowerBound(key)
            return index < keys.count && keys[index] == key ? values[index] : nil
        }
        set {
            if let newValue { insert(newValue, for: key) } else { remove(key) }
        }
    }

    /// The value of `key`, or `fallback` when there is none; changes are stored.
    @inlinable package subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
        get { self[key] ?? fallback() }
        _modify {
            let index = lowerBound(key)
            if index == keys.count || keys[index] != key {
                keys.insert(key, at: index)
                values.insert(fallback(), at: index)
            }
            yield &values[index]
        }
    }

    /// The entry at `index` in key order.
    @inlinable package func entry(at index: Int) -> (key: Key, value: Value) {
        (keys[index], values[index])
    }

    /// Whether `key` has a value.
    @inlinable package func contains(_ key: Key) -> Bool {
        let index = lowerBound(key)
        return index < keys.count && keys[index] == key
    }

    /// The first index whose key is not below `key`; `count` when there is none.
    @inlinable package func lowerBound(_ key: Key) -> Int {
        if let last = keys.last, last < key { return keys.count }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Changes the value of `key` in place; nothing happens when there is none.
    @inlinable package mutating func update<Result>(
        _ key: Key,
        _ change: (inout Value) -> Result
    ) -> Result? {
        let index = lowerBound(key)
        guard index < keys.count, keys[index] == key else { return nil }
        return change(&values[index])
    }

    /// Changes every value in place, in key order.
    @inlinable package mutating func updateAll(_ change: (Key, inout Value) -> Void) {
        for index in keys.indices { change(keys[index], &values[index]) }
    }

    /// Removes the entry of `key`, and returns its value if there was one.
    @inlinable @discardableResult package mutating func remove(_ key: Key) -> Value? {
        let index = lowerBound(key)
        guard index < keys.count, keys[index] == key else { return nil }
        keys.remove(at: index)
        return values.remove(at: index)
    }

    /// Keeps the entries that satisfy `isKept`.
    @inlinable package mutating func filter(_ isKept: (Key, Value) -> Bool) {
        let kept = keys.indices.filter { isKept(keys[$0], values[$0]) }
        guard kept.count < keys.count else { return }
        keys = kept.map { keys[$0] }
        values = kept.map { values[$0] }
    }

    @inlinable mutating func insert(_ value: Value, for key: Key) {
        let index = lowerBound(key)
        if index < keys.count && keys[index] == key {
            values[index] = value
        } else {
            keys.insert(key, at: index)
            values.insert(value, at: index)
        }
    }
}

extension SortedTable: Sequence {
    /// The entries in key order.
    @inlinable package func makeIterator() -> Zip2Sequence<[Key], [Value]>.Iterator {
        zip(keys, values).makeIterator()
    }
}

extension SortedTable: Equatable where Value: Equatable {}
