/// One unit's share of a dataset.
package struct UnitExtent: Hashable, Sendable {
    /// The unit's bytes in the dataset.
    package let bytes: Range<UInt64>
    /// The operations that the unit is worth, whatever variant runs it.
    package let operations: UInt64

    /// A unit over `bytes` worth `operations`.
    package init(bytes: Range<UInt64>, operations: UInt64) {
        self.bytes = bytes
        self.operations = operations
    }
}

/// Consecutive units of equal size, whose bytes follow each other.
package struct UnitRun: Hashable, Sendable {
    /// Index of the first unit.
    package let firstUnit: Int
    /// How many units there are, at least one.
    package let unitCount: Int
    /// Where the first unit's bytes begin.
    package let firstByte: UInt64
    /// Bytes of each unit.
    package let byteCountEach: UInt64
    /// Operations of each unit.
    package let operationsEach: UInt64

    /// A run of `unitCount` units from `firstUnit` on.
    package init(
        firstUnit: Int,
        unitCount: Int,
        firstByte: UInt64,
        byteCountEach: UInt64,
        operationsEach: UInt64
    ) {
        self.firstUnit = firstUnit
        self.unitCount = unitCount
        self.firstByte = firstByte
        self.byteCountEach = byteCountEach
        self.operationsEach = operationsEach
    }
}

/// All units of a dataset, held as runs so that a million units cost little memory.
package struct UnitPlan: Hashable, Sendable {
    /// The runs, in unit order, without gaps.
    package let runs: [UnitRun]
    /// How many units there are.
    package let unitCount: Int

    /// A plan of `runs` that follow each other from unit zero.
    package init(runs: [UnitRun]) {
        self.runs = runs
        unitCount = runs.last.map { $0.firstUnit + $0.unitCount } ?? 0
    }

    /// The share of the unit at `index`, which is below `unitCount`; O(log runs).
    package subscript(index: Int) -> UnitExtent {
        precondition(index >= 0 && index < unitCount, "a unit outside the plan")
        var low = 0
        var high = runs.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if runs[middle].firstUnit <= index { low = middle } else { high = middle - 1 }
        }
        let run = runs[low]
        let start = run.firstByte + UInt64(index - run.firstUnit) * run.byteCountEach
        return UnitExtent(
            bytes: start..<(start + run.byteCountEach),
            operations: run.operationsEach
        )
    }

    /// The operations of all units.
    package var operations: UInt64 {
        runs.reduce(0) { $0 &+ UInt64($1.unitCount) &* $1.operationsEach }
    }
}
