/// Why a submitter's file or settings cannot be packed; the text says what to do.
package enum InputError: Error, Hashable, CustomStringConvertible {
    /// The file is not a filterbank file, or not one that this reader understands.
    case malformed(String)
    /// The file is well formed but holds what cannot be searched.
    case unsuitable(String)
    /// A setting makes no sense, or none for this file.
    case setting(String)
    /// The file changed, or could not be read on.
    case unreadable(String)

    package var description: String {
        switch self {
        case .malformed(let reason), .unsuitable(let reason), .setting(let reason),
            .unreadable(let reason):
            reason
        }
    }
}

/// Why parameters or a plan are refused.
package enum ManifestError: Error, Hashable, CustomStringConvertible {
    /// The parameters do not decode.
    case malformed(String)
    /// The parameters decode, but lie outside the limits.
    case outOfBounds(String)
    /// The dataset has another size than the parameters demand.
    case wrongDatasetSize(expected: UInt64, stated: UInt64)

    package var description: String {
        switch self {
        case .malformed(let reason): "parameters are malformed: \(reason)"
        case .outOfBounds(let reason): "parameters are out of bounds: \(reason)"
        case .wrongDatasetSize(let expected, let stated):
            "the parameters need a dataset of \(expected) bytes, the manifest states \(stated)"
        }
    }
}

/// Why a unit cannot run, or a result cannot be joined.
package enum KernelError: Error, Hashable, CustomStringConvertible {
    /// The unit's parameters are refused.
    case parameters(ManifestError)
    /// The plan has no such unit.
    case noSuchUnit(index: Int, unitCount: Int)
    /// The unit has another size than planned.
    case wrongUnitSize(expected: Int, given: Int)
    /// A sample is not a finite number of reasonable size.
    case badSample(column: Int, step: Int)
    /// The checkpoint does not belong to this unit, or is damaged.
    case badState(String)
    /// A result is not in canonical form or lists what its unit cannot hold.
    case badResult(String)
    /// A unit's output arrived out of order, or some are missing.
    case outOfOrder(expected: Int, given: Int)
    /// A part of the unit's memory is not as it was left, so that its result counts for nothing.
    case selfCheck(CheckedPart)

    package var description: String {
        switch self {
        case .parameters(let error): error.description
        case .noSuchUnit(let index, let unitCount):
            "there is no unit \(index), the plan has \(unitCount)"
        case .wrongUnitSize(let expected, let given):
            "the unit has \(given) bytes, the plan says \(expected)"
        case .badSample(let column, let step):
            "the sample in column \(column) of step \(step) is not a usable number"
        case .badState(let reason): "the checkpoint is unusable: \(reason)"
        case .badResult(let reason): "the result is not canonical: \(reason)"
        case .outOfOrder(let expected, let given):
            "unit \(expected) was expected, unit \(given) was given"
        case .selfCheck(let part):
            "the self-check of the \(part.rawValue) failed: a bit in memory changed, or the "
                + "processor erred; check this machine's memory and cooling"
        }
    }
}
