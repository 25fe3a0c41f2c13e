import Primitives
import Wire

/// How long a unit may take, as manifests state it.
package enum UnitTime {
    /// Seconds for a unit of `operations`, on the slowest machine that is welcome, or on one that
    /// is busy.
    package static func seconds(operations: UInt64) -> UInt64 {
        min(max(secondsMin, operations / operationsPerSecondMin), Limits.secondsPerUnit)
    }

    /// Seconds of the smallest unit, which takes milliseconds: they are what a seat is lost for.
    private static let secondsMin: UInt64 = 10
    /// Operations per second that are too few to be welcome; a core of 2024 makes 500 million.
    private static let operationsPerSecondMin: UInt64 = 20_000_000
}
