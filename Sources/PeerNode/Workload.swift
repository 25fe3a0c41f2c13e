package import Kernels
import Primitives
import Wire

/// A workload that this peer runs: what it must know of one without running it.
///
/// The units themselves run in child processes. A plan is made here, from a manifest that a
/// stranger wrote; a kernel's limits bound what that may cost.
package struct Workload: Sendable {
    /// Name and version, as manifests state them.
    let name: String
    /// The implementation that its units run in.
    let variant: Variant
    /// Works out a job's units; throws what is wrong with its manifest.
    let plan: @Sendable (Manifest) throws -> UnitPlan

    /// The plainest implementation, for who looks at what others computed; nil when the units run
    /// in it anyhow, or it does not pass its self-test here.
    var reference: Variant? { variant == .scalar ? nil : Self.testedReference }

    /// The self-test takes a moment, and most peers are never asked.
    private static let testedReference: Variant? = SelfTest.passes(.scalar) ? .scalar : nil

    /// The drift search, in the given implementation.
    package static func driftSearch(_ variant: Variant) -> Workload {
        Workload(
            name: DriftSearch.id.description,
            variant: variant,
            plan: { manifest in
                let plan = try DriftSearch.plan(
                    Parameters(bytes: manifest.parameters),
                    InputShape(byteCount: manifest.datasetByteCount)
                )
                try check(plan, against: manifest)
                return plan
            }
        )
    }

    /// The plan that follows from a manifest must be the one that it states.
    private static func check(_ plan: UnitPlan, against manifest: Manifest) throws {
        guard plan.unitCount == Int(manifest.unitCount) else {
            throw NodeError.manifestContradictsItself(
                "it states \(manifest.unitCount) units, and its parameters make \(plan.unitCount)"
            )
        }
        for run in plan.runs where run.operationsEach > manifest.operationsPerUnit {
            throw NodeError.manifestContradictsItself(
                "its units take \(run.operationsEach) operations, and it allows "
                    + "\(manifest.operationsPerUnit)"
            )
        }
    }
}

/// Why a peer cannot do what it was asked.
package enum NodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No kernel of this peer has that name.
    case unknownWorkload(String)
    /// A manifest's statements do not go together.
    case manifestContradictsItself(String)
    /// No manifest can hold the search's parameters.
    case parametersTooLong(Int)
    /// The search has no unit: no channel can reach the threshold.
    case nothingToCompute
    /// A job has no such unit.
    case noSuchUnit(UInt32)
    /// A chunk that a unit needs is not kept here.
    case missingChunk(UInt32)
    /// A result is larger than its manifest allows.
    case resultTooLarge(UInt64)
    /// The peer's first record names another successor than this key file.
    case otherSuccessor(String)
    /// A job is not this peer's own, or was held and let go too often.
    case cannotHold(String)
    /// A job whose data is gone has no ringers.
    case cannotPlant(String)
    /// A job is not this peer's own, or not over.
    case cannotRelease(String)
    /// A peer cannot be named an anchor in this hour, or to that end.
    case cannotName(String)
    /// An address is not of the form that `--join` takes.
    case malformedAddress(String)
    /// The journal could not be written, so the peer stops before it says anything more.
    case journalFailed(String)
    /// Another process signs with this peer's key, from this address.
    case keyUsedElsewhere(String)

    package var description: String {
        switch self {
        case .unknownWorkload(let name):
            "this peer does not run the workload '\(name)'"
        case .manifestContradictsItself(let what):
            "the manifest contradicts itself: \(what)"
        case .parametersTooLong(let count):
            "the search's parameters take \(count) bytes, and a job holds at most "
                + "\(Limits.parameterByteCount); take fewer coarse channels"
        case .nothingToCompute:
            "no channel of the file can reach the threshold, so there is nothing to compute; "
                + "lower --snr, or use a file with signals"
        case .noSuchUnit(let unit):
            "the job has no unit \(unit)"
        case .missingChunk(let index):
            "chunk \(index) of the dataset is not here"
        case .resultTooLarge(let count):
            "a result of \(count) bytes is beyond the manifest's cap"
        case .malformedAddress(let text):
            "'\(text)' is not an address; write starling://host:port/<peer>?curve=<key>, as the "
                + "other peer prints it"
        case .journalFailed(let reason):
            "the journal cannot be written: \(reason); free space or mend the disk, then start "
                + "again"
        case .otherSuccessor(let name):
            "\(name) is not the key that the peer foresaw at its first start, so nobody would let "
                + "it take over; restore that key from a backup"
        case .cannotHold(let job):
            "job \(job) cannot be held or let go from here: only the peer that submitted it can do "
                + "that, and \(Limits.holdsPerManifest) times in all; check the job's id"
        case .cannotPlant(let job):
            "job \(job) takes no ringers: only the peer that submitted it can plant them, as long "
                + "as its data is here; see: starling why \(job)"
        case .cannotRelease(let job):
            "the results of job \(job) cannot be released: only the peer that submitted it can do "
                + "that, once every unit is final and its result is here, the job is cancelled, or "
                + "its deadline has passed; see: starling why \(job)"
        case .cannotName(let peer):
            "peer \(peer) cannot be named an anchor until then; check this machine's clock, and "
                + "name another day"
        case .keyUsedElsewhere(let endpoint):
            "another process uses this peer's key, at \(endpoint); two at once would sign "
                + "contradictions and lose their credit: keep one, and give the other a folder of "
                + "its own with --folder"
        }
    }
}
