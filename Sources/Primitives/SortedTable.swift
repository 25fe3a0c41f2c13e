/// A map whose iteration order is the order of its keys, in every process alike.
///
/// Keys and values stand in two sorted arrays. Look-up O(log n); insertion O(n) moves, and O(1) at
/// the end, which is where items ordered by epoch arrive.
public struct SortedTable<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var sortedKeys: [Key] = []
    @usableFromInline var orderedValues: [Value] = []

    /// The keys, ascending.
    @inlinable public var keys: [Key] { sortedKeys }

    /// The values, in the order of their keys.
    @inlinable public var values: [Value] { orderedValues }

    /// An empty table.
    @inlinable public init() {}

    /// How many entries there are.
    @inlinable public var count: Int { sortedKeys.count }

    /// Whether there is no entry.
    @inlinable public var isEmpty: Bool { sortedKeys.isEmpty }

    /// The value of `key`; assigning nil removes the entry.
    @inlinable public subscript(key: Key) -> Value? {
        get {
            let index = lowerBound(key)
            return index < sortedKeys.count && sortedKeys[index] == key ? orderedValues[index] : nil
        }
        set {
            if let newValue { insert(newValue, for: key) } else { remove(key) }
        }
    }

    /// The value of `key`, or `fallback` when there is none; changes are stored.
    @inlinable public subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
        get { self[key] ?? fallback() }
        _modify {
            let index = lowerBound(key)
            if index == sortedKeys.count || sortedKeys[index] != key {
                sortedKeys.insert(key, at: index)
                orderedValues.insert(fallback(), at: index)
            }
            yield &orderedValues[index]
        }
    }

    /// The entry at `index` in key order.
    @inlinable public func entry(at index: Int) -> (key: Key, value: Value) {
        (sortedKeys[index], orderedValues[index])
    }

    /// The entry of the lowest key.
    @inlinable public var first: (key: Key, value: Value)? {
        isEmpty ? nil : entry(at: 0)
    }

    /// Whether `key` has a value.
    @inlinable public func contains(_ key: Key) -> Bool {
        let index = lowerBound(key)
        return index < sortedKeys.count && sortedKeys[index] == key
    }

    /// Where `key` stands among the keys, and its value among the values; nil when there is none.
    ///
    /// For a look at a part of a value whose copy would cost more than the look.
    @inlinable public func index(of key: Key) -> Int? {
        let index = lowerBound(key)
        return index < sortedKeys.count && sortedKeys[index] == key ? index : nil
    }

    /// The first index whose key is not below `key`; `count` when there is none.
    @inlinable public func lowerBound(_ key: Key) -> Int {
        if let last = sortedKeys.last, last < key { return sortedKeys.count }
        var low = 0
        var high = sortedKeys.count
        while low < high {
            let middle = (low + high) / 2
            if sortedKeys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Changes the value of `key` in place; nothing happens when there is none.
    @inlinable public mutating func update<Result>(
        _ key: Key,
        _ change: (inout Value) -> Result
    ) -> Result? {
        let index = lowerBound(key)
        guard index < sortedKeys.count, sortedKeys[index] == key else { return nil }
        return change(&orderedValues[index])
    }

    /// Changes every value in place, in key order.
    @inlinable public mutating func updateAll(_ change: (Key, inout Value) -> Void) {
        for index in sortedKeys.indices { change(sortedKeys[index], &orderedValues[index]) }
    }

    /// Removes the entry of `key`, and returns its value if there was one.
    @inlinable @discardableResult public mutating func remove(_ key: Key) -> Value? {
        let index = lowerBound(key)
        guard index < sortedKeys.count, sortedKeys[index] == key else { return nil }
        sortedKeys.remove(at: index)
        return orderedValues.remove(at: index)
    }

    /// Removes the entries of the `count` lowest keys; there are as many.
    @inlinable public mutating func removeFirst(_ count: Int) {
        sortedKeys.removeFirst(count)
        orderedValues.removeFirst(count)
    }

    /// Keeps the entries that satisfy `isKept`.
    @inlinable public mutating func filter(_ isKept: (Key, Value) -> Bool) {
        let kept = sortedKeys.indices.filter { isKept(sortedKeys[$0], orderedValues[$0]) }
        guard kept.count < sortedKeys.count else { return }
        sortedKeys = kept.map { sortedKeys[$0] }
        orderedValues = kept.map { orderedValues[$0] }
    }

    @inlinable mutating func insert(_ value: Value, for key: Key) {
        let index = lowerBound(key)
        if index < sortedKeys.count && sortedKeys[index] == key {
            orderedValues[index] = value
        } else {
            sortedKeys.insert(key, at: index)
            orderedValues.insert(value, at: index)
        }
    }
}

extension SortedTable: Sequence {
    /// The entries in key order.
    @inlinable public func makeIterator() -> Zip2Sequence<[Key], [Value]>.Iterator {
        zip(sortedKeys, orderedValues).makeIterator()
    }
}

extension SortedTable: Equatable where Value: Equatable {}
