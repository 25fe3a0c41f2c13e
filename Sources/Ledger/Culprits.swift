package import Primitives
import Wire

/// Who has been proven to say two things for one slot: what FAULT says.
///
/// A pure function of the proofs that it was told, in whatever order. A proof is dated as the job
/// that it is about: nobody can choose another hour for it.
package struct Culprits: Sendable {
    /// The hours of the jobs in which each culprit was caught.
    private var jobs = SortedTable<PeerID, SortedTable<ManifestID, UInt64>>()

    /// Nobody is proven anything.
    init() {}

    /// Takes in a proof about a job of the hour `epoch`; whether it is the first of its culprit in
    /// that job.
    mutating func note(_ fault: Fault, epoch: UInt64) -> Bool {
        guard jobs[fault.culprit]?.contains(fault.manifest) != true else { return false }
        jobs[fault.culprit, default: SortedTable()][fault.manifest] = epoch
        return true
    }

    /// Whether anything is proven of `peer`.
    package func contains(_ peer: PeerID) -> Bool { jobs.contains(peer) }

    /// Whether `peer` was caught in a job.
    package func contains(_ peer: PeerID, in manifest: ManifestID) -> Bool {
        jobs[peer]?.contains(manifest) ?? false
    }

    /// Whether `peer` was caught in a job of an hour before `epoch`.
    func areKnown(_ peer: PeerID, at epoch: UInt64) -> Bool {
        jobs[peer]?.values.contains { $0 < epoch } ?? false
    }
}
