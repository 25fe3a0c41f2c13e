import Kernels
import Primitives
import Wire

/// The driver's clock: nanoseconds since the process needed it first.
struct MonotonicClock: Sendable {
    private let origin = ContinuousClock.now

    /// The present; never goes back.
    var now: Instant {
        // One second of head start, so that "zero" always lies in the past.
        Instant(nanoseconds: 1_000_000_000 + (ContinuousClock.now - origin).wholeNanoseconds)
    }
}

extension Duration {
    /// The length in nanoseconds, rounded down; zero when it is negative.
    fileprivate var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

/// How fast this machine is, measured in some milliseconds at start.
enum Calibration {
    /// Operations per second of one core in the drift search.
    static func driftSearchSpeed(_ variant: Variant) -> UInt64 {
        let sample = SyntheticFilterbank(seed: 1, channelCount: 8_192, toneCount: 1).make().file
        let file = InputFile(name: "calibration", bytes: sample)
        guard let pack = try? DriftPack(file, DriftSettings()), pack.plan.unitCount > 0 else {
            return fallback
        }
        let start = ContinuousClock.now
        for index in 0..<pack.plan.unitCount {
            guard let bytes = try? pack.unit(index) else { return fallback }
            let input = UnitInput(
                parameters: pack.parameters,
                index: index,
                bytes: bytes,
                variant: variant
            )
            guard var unit = try? DriftSearch(input) else { return fallback }
            while let progress = try? unit.step(), !progress.isFinished {}
        }
        let elapsed = max(1, (ContinuousClock.now - start).wholeNanoseconds)
        return max(1, saturatingProduct(pack.plan.operations, 1_000_000_000) / elapsed)
    }

    /// What is assumed of a machine that could not be measured.
    private static let fallback: UInt64 = 100_000_000
}
