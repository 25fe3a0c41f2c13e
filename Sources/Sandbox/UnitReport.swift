package import Kernels

/// What became of a unit, and what it took.
package struct UnitReport: Hashable, Sendable {
    /// How it ended.
    package let ending: UnitEnding
    /// What its process took of the machine.
    package let usage: UnitUsage

    /// A unit that ended so.
    package init(ending: UnitEnding, usage: UnitUsage) {
        self.ending = ending
        self.usage = usage
    }
}

/// How a unit ended.
package enum UnitEnding: Hashable, Sendable {
    /// It was computed.
    case finished(UnitOutput)
    /// It was stopped, as somebody wished.
    case stopped
    /// It gave no result.
    case failed(UnitFailure)
}

/// What processes took of the machine.
package struct UnitUsage: Hashable, Sendable {
    /// Processor time, of user and system, in nanoseconds.
    package var processorNanoseconds: UInt64
    /// The most memory that one process had at a time, in bytes.
    ///
    /// It is what was seen of it last while it lived: zero for one that ended at once.
    package var peakMemoryByteCount: UInt64

    /// Nothing was taken.
    package static let zero = UnitUsage(processorNanoseconds: 0, peakMemoryByteCount: 0)

    /// So much time and memory.
    package init(processorNanoseconds: UInt64, peakMemoryByteCount: UInt64) {
        self.processorNanoseconds = processorNanoseconds
        self.peakMemoryByteCount = peakMemoryByteCount
    }

    /// Adds what another process took, after this one.
    package mutating func add(_ other: UnitUsage) {
        processorNanoseconds &+= other.processorNanoseconds
        peakMemoryByteCount = max(peakMemoryByteCount, other.peakMemoryByteCount)
    }
}
