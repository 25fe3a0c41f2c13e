package import Primitives
package import Wire

/// Who has been proven to say two things for one slot: what FAULT says.
///
/// A pure function of the proofs that it was told, in whatever order. A proof is dated as the job
/// that it is about: nobody can choose another hour for it.
package struct Culprits: Sendable {
    /// The jobs in which each culprit was caught, and how.
    private var jobs = SortedTable<PeerID, SortedTable<ManifestID, Entry>>()

    private struct Entry: Sendable {
        /// The hour of the job.
        let epoch: UInt64
        /// The proof that came first.
        let first: ItemID
    }

    /// Nobody is proven anything.
    init() {}

    /// Takes in a proof about a job of the hour `epoch`; whether it is the first of its culprit in
    /// that job.
    mutating func note(_ fault: Fault, epoch: UInt64) -> Bool {
        guard jobs[fault.culprit]?.contains(fault.manifest) != true else { return false }
        let entry = Entry(epoch: epoch, first: Item.fault(fault).id)
        jobs[fault.culprit, default: SortedTable()][fault.manifest] = entry
        return true
    }

    /// Whether anything is proven of `peer`.
    package func contains(_ peer: PeerID) -> Bool { jobs.contains(peer) }

    /// Whether `peer` was caught in a job.
    package func contains(_ peer: PeerID, in manifest: ManifestID) -> Bool {
        jobs[peer]?.contains(manifest) ?? false
    }

    /// Whether `fault` is what first proved its culprit's deed in the job: others add nothing.
    package func wasFirst(_ fault: Fault) -> Bool {
        jobs[fault.culprit]?[fault.manifest]?.first == Item.fault(fault).id
    }

    /// Whether `peer` was caught in a job of an hour before `epoch`.
    func areKnown(_ peer: PeerID, at epoch: UInt64) -> Bool {
        jobs[peer]?.values.contains { $0.epoch < epoch } ?? false
    }
}
