package import Primitives
package import Wire

/// Who has been proven to say two things for one slot: what FAULT says.
///
/// A pure function of the proofs that it was told, in whatever order. A proof is dated as the job
/// that it is about: nobody can choose another hour for it.
package struct Culprits: Sendable {
    /// The jobs in which each culprit was caught.
    private var jobs = SortedTable<PeerID, SortedTable<ManifestID, Proof>>()

    /// What is proven of a culprit in one job.
    struct Proof: Hashable, Sendable {
        /// The hour of the job.
        let epoch: UInt64
        /// The FAULT; of several the one of the lowest id.
        let id: ItemID
        /// The FAULT that was known first.
        let first: ItemID
    }

    /// Nobody is proven anything.
    init() {}

    /// Takes in a proof about a job of the hour `epoch`; whether it is the first of its culprit in
    /// that job.
    mutating func note(_ fault: Fault, epoch: UInt64) -> Bool {
        let known = jobs[fault.culprit]?[fault.manifest]
        let proof = Proof(
            epoch: epoch,
            id: known.map { min($0.id, fault.id) } ?? fault.id,
            first: known?.first ?? fault.id
        )
        jobs[fault.culprit, default: SortedTable()][fault.manifest] = proof
        return known == nil
    }

    /// What is proven of `peer`, one FAULT for each job, ascending by job.
    func proofs(of peer: PeerID) -> [(manifest: ManifestID, proof: Proof)] {
        jobs[peer]?.map { ($0, $1) } ?? []
    }

    /// Everybody of whom anything is proven, ascending.
    var peers: [PeerID] { jobs.keys }

    /// Whether anything is proven of `peer`.
    package func contains(_ peer: PeerID) -> Bool { jobs.contains(peer) }

    /// Whether `peer` was caught in a job.
    package func contains(_ peer: PeerID, in manifest: ManifestID) -> Bool {
        jobs[peer]?.contains(manifest) ?? false
    }

    /// Whether `fault` is what first proved its culprit's deed in the job: others add nothing.
    package func wasFirst(_ fault: Fault) -> Bool {
        jobs[fault.culprit]?[fault.manifest]?.first == fault.id
    }

    /// Whether `peer` was caught in a job of an hour before `epoch`.
    func areKnown(_ peer: PeerID, at epoch: UInt64) -> Bool {
        jobs[peer]?.values.contains { $0.epoch < epoch } ?? false
    }
}
