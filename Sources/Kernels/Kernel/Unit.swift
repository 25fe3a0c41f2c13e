import CKernels
package import Primitives

/// Which implementation runs a unit; all of them give the same bytes.
package enum Variant: String, CaseIterable, Sendable {
    /// One number at a time, written to be read.
    case scalar
    /// What every x86-64 processor has, and any that is not ARM's.
    case baseline
    /// Eight numbers at a time, on x86-64 processors since about 2013.
    case avx2
    /// Sixteen numbers at a time.
    case avx512
    /// Eight numbers at a time in two vectors, which every 64-bit ARM processor has.
    case neon

    /// The name of the environment variable by which a user forces a variant.
    package static let environmentName = "STARLING_ISA"

    /// The variants that this processor runs, from the slowest to the fastest.
    package static let supported = allCases.filter(\.isSupported)

    /// The fastest variant that this processor runs.
    package static let fastest = supported.last ?? .scalar

    private var isSupported: Bool { instructions.map { drift_has($0) != 0 } ?? true }

    /// The number of its instructions in `CKernels`; nil for the scalar one.
    var instructions: CInt? {
        switch self {
        case .scalar: nil
        case .baseline: CInt(DRIFT_BASELINE)
        case .avx2: CInt(DRIFT_AVX2)
        case .avx512: CInt(DRIFT_AVX512)
        case .neon: CInt(DRIFT_NEON)
        }
    }
}

/// All that a worker needs to run one unit.
package struct UnitInput: Sendable {
    /// What all units have in common.
    package let parameters: Parameters
    /// The unit's index in the plan.
    package let index: Int
    /// The unit's bytes, cut from the dataset.
    package let bytes: Bytes
    /// The implementation to use.
    package let variant: Variant
    /// Whether evidence of the work is made; without it a search may be quicker, and its evidence is
    /// zero.
    package let isProven: Bool

    /// Unit `index` of the dataset that `parameters` explain.
    package init(
        parameters: Parameters,
        index: Int,
        bytes: Bytes,
        variant: Variant = .fastest,
        isProven: Bool = true
    ) {
        self.parameters = parameters
        self.index = index
        self.bytes = bytes
        self.variant = variant
        self.isProven = isProven
    }
}

/// How far a unit is: done of total, in operations.
package struct Progress: Hashable, Sendable {
    /// Operations done.
    package let operationsDone: UInt64
    /// Operations of the whole unit.
    package let operationsTotal: UInt64
    /// Whether `finish()` may be called.
    package let isFinished: Bool

    /// A unit that has done `operationsDone` of `operationsTotal`.
    package init(operationsDone: UInt64, operationsTotal: UInt64, isFinished: Bool) {
        self.operationsDone = operationsDone
        self.operationsTotal = operationsTotal
        self.isFinished = isFinished
    }
}

/// What a finished unit hands in; honest workers hand in equal bytes.
package struct UnitOutput: Hashable, Sendable {
    /// The result in the kernel's canonical encoding.
    package let result: Bytes
    /// The plan's figure for this unit.
    package let operations: UInt64
    /// Thirty-two bytes that only the work itself yields.
    package let evidence: Digest

    /// The output of one unit.
    package init(result: Bytes, operations: UInt64, evidence: Digest) {
        self.result = result
        self.operations = operations
        self.evidence = evidence
    }
}

/// The outputs of the units so far, joined in unit order.
package struct Aggregate: Hashable, Sendable {
    /// How many units are in it.
    package internal(set) var unitCount: Int
    /// Their results, one after the other.
    package internal(set) var bytes: Bytes

    /// The aggregate of no unit.
    package static let empty = Aggregate(unitCount: 0, bytes: [])

    /// An aggregate of `unitCount` units, as it was stored.
    package init(unitCount: Int, bytes: Bytes) {
        self.unitCount = unitCount
        self.bytes = bytes
    }
}
