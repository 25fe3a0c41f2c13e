import Kernels
import Membership
import PeerCore
package import Primitives
package import Wire

/// What a submitter chooses beside the search itself.
package struct JobTerms: Hashable, Sendable {
    /// How results are trusted.
    package var policy = Policy.strict
    /// Higher goes first among the jobs of one project.
    package var priority: UInt8 = 0
    /// Hours from now after which nothing more is computed.
    package var deadlineHours: UInt64 = 7 * 24
    /// Who schedules it first, ascending; nobody for the peer that submits.
    package var anchors: [PeerID] = []
    /// Units that this peer finds out by itself, in secret, to compare them with what is certified.
    package var ringers: UInt32 = 0

    /// Two equal results for each unit, no priority, a week, and no other anchor.
    package init() {}

    /// The longest deadline that makes sense: ten years of hours.
    package static let deadlineHoursMax: UInt64 = 10 * 365 * 24
}

/// What a job would cost, on the peers that are known now.
package struct JobEstimate: Hashable, Sendable {
    /// Units of the job.
    package let unitCount: Int
    /// Results for each unit, while no vote is disputed.
    package let replicas: Int
    /// Operations of all replicas.
    package let operations: UInt64
    /// Bytes of the dataset.
    package let datasetByteCount: UInt64
    /// Bytes that this machine would send: the dataset once for each replica that others compute.
    package let transferByteCount: UInt64
    /// Operations of the largest unit.
    package let operationsPerUnit: UInt64
    /// Peers that could compute, this one included if it donates.
    package let donors: [Donor]
    /// Time to compute it if they did nothing else; nil when they are too few.
    package let span: TimeSpan?

    /// A peer that could compute.
    package struct Donor: Hashable, Sendable {
        /// Cores that it donates.
        package let cores: Int
        /// Operations per second of each, in the job's workload.
        package let operationsPerSecond: UInt64

        /// Operations per second of all its cores.
        var speed: UInt64 { saturatingProduct(operationsPerSecond, UInt64(cores)) }
    }
}

extension Node {
    /// What `search` would cost on the peers that are linked now.
    package func estimate(_ search: PackedSearch, _ terms: JobTerms) -> JobEstimate {
        let workload = Workload.driftSearch(configuration.variant).name
        var donors = peer.hubs.linkedPeers.compactMap { id in
            peer.hubs.record(of: id).flatMap { donor($0.body, workload) }
        }
        let replicas = UInt64(terms.policy.replicas)
        let remote = min(replicas, UInt64(donors.count))
        if wishes.pause == nil, let own = peer.ownRecord.flatMap({ donor($0.body, workload) }) {
            donors.append(own)
        }
        let operations = search.plan.operations
        let byteCount = UInt64(search.dataset.bytes.count)
        return JobEstimate(
            unitCount: search.plan.unitCount,
            replicas: Int(replicas),
            operations: saturatingProduct(operations, replicas),
            datasetByteCount: byteCount,
            transferByteCount: saturatingProduct(byteCount, remote),
            operationsPerUnit: search.plan.runs.map(\.operationsEach).max() ?? 1,
            donors: donors,
            span: Self.span(of: operations, replicas: replicas, speeds: donors.map(\.speed))
        )
    }

    /// What a peer that runs `workload` donates.
    private func donor(_ record: Record, _ workload: String) -> JobEstimate.Donor? {
        guard record.cores > 0,
            let offer = record.kernels.first(where: { $0.kernel == workload })
        else { return nil }
        return JobEstimate.Donor(
            cores: Int(record.cores),
            operationsPerSecond: offer.operationsPerSecond
        )
    }

    /// The least time in which workers of `speeds` compute everything `replicas` times.
    ///
    /// Nobody computes a unit twice, so a fast worker does everything once at most: of the sorted
    /// speeds the fastest ones may be limited by that, and the others share what is left.
    private static func span(
        of operations: UInt64,
        replicas: UInt64,
        speeds: [UInt64]
    ) -> TimeSpan? {
        let sorted = speeds.filter { $0 > 0 }.sorted(by: >)
        guard sorted.count >= Int(replicas) else { return nil }
        for limited in 0..<Int(replicas) {
            let rest = sorted.dropFirst(limited).reduce(0, saturatingSum)
            let left = Double(operations) * Double(Int(replicas) - limited)
            let seconds = left / Double(rest)
            // It holds when the next fastest does not do more than everything once.
            guard seconds * Double(sorted[limited]) <= Double(operations) * 1.000_001 else {
                continue
            }
            return TimeSpan(nanoseconds: UInt64(min(seconds * 1e9, 1e18)))
        }
        return nil
    }
}
