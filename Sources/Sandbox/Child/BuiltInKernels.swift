import Kernels

/// The workloads that are part of this program.
enum BuiltInKernels {
    /// Their names and versions, as manifests state them.
    static let names = [DriftSearch.id.description]

    /// Computes a unit, and tells its progress after each step.
    static func compute(
        _ name: String,
        _ unit: UnitInput,
        progress: (Progress) -> Void
    ) throws(Refusal) -> UnitOutput {
        switch name {
        case DriftSearch.id.description: try compute(DriftSearch.self, unit, progress)
        default: throw Refusal("this executor does not run the workload '\(name)'")
        }
    }

    private static func compute<Workload: Kernel>(
        _ workload: Workload.Type,
        _ input: UnitInput,
        _ progress: (Progress) -> Void
    ) throws(Refusal) -> UnitOutput {
        do {
            var unit = try Workload(input)
            while true {
                let reached = try unit.step()
                if reached.isFinished { return try unit.finish() }
                progress(reached)
            }
        } catch {
            throw Refusal(error.description)
        }
    }
}
