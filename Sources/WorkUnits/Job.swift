public import Primitives
package import Wire

/// A manifest with the id that everything refers to.
package struct Job: Sendable {
    /// SHA-256 of the manifest's payload.
    package let id: ManifestID
    /// What is to be computed.
    package let manifest: Manifest

    /// The job of `signed`.
    package init(_ signed: Signed<Manifest>) {
        id = ManifestID(signed.id.digest)
        manifest = signed.body
    }

    /// How long a worker may take from the lease of `unitCount` units to its commitment.
    ///
    /// Time for the transfer of data, and the manifest's own bound for each unit.
    package func leaseSpan(unitCount: Int) -> TimeSpan {
        let perUnit = TimeSpan.seconds(max(1, manifest.secondsPerUnit))
        let work = perUnit.times(UInt64(unitCount))
        return TimeSpan(
            nanoseconds: saturatingSum(work.nanoseconds, WorkLimits.transferSpan.nanoseconds)
        )
    }
}

/// One shard of one job: the part of its units that one steward schedules.
public struct ShardKey: Hashable, Comparable, Sendable {
    /// The job.
    public let manifest: ManifestID
    /// The shard.
    public let shard: UInt32

    /// The shard `shard` of `manifest`.
    public init(manifest: ManifestID, shard: UInt32) {
        self.manifest = manifest
        self.shard = shard
    }

    /// By job, then by shard.
    public static func < (left: ShardKey, right: ShardKey) -> Bool {
        (left.manifest, left.shard) < (right.manifest, right.shard)
    }
}

/// Bounds and times of scheduling.
package enum WorkLimits {
    /// What a lease adds for the transfer of data.
    package static let transferSpan = TimeSpan.seconds(5)
    /// Work that a bundle aims at.
    package static let bundleSpan = TimeSpan.seconds(4)
    /// How long a claim waits for its answer before it is sent again.
    package static let claimSpan = TimeSpan.seconds(2)
    /// Unanswered claims in a row after which another steward is asked.
    package static let silencesMin = 3
    /// Unanswered claims in a row after which the wait between two grows no more: it is 30 s then.
    package static let silencesMax = 4
    /// The longest between two sendings of what a steward has not confirmed.
    package static let resendMillisecondsMax: UInt64 = 20_000
    /// After how long a refused worker asks again when no unit is open.
    package static let retrySpan = TimeSpan.milliseconds(500)
    /// How long a disputed unit waits for a further voter before the submitter rules.
    package static let panelLeases: UInt64 = 4
    /// Lease times that a steward asks for the bytes of a result that won, before it has the unit
    /// computed once more.
    package static let bytesLeases: UInt64 = 4
    /// How long a result or chunk request waits before another holder is asked, and an offer or an
    /// opening before it is sent again.
    package static let fetchSpan = TimeSpan.seconds(2)
    /// The share of its lease after which a seat's worker may be slow enough to be doubled: one
    /// part in so many.
    package static let duplicateShare: UInt64 = 8
    /// The same where one result is all, and nobody would outvote it.
    package static let loneDuplicateShare: UInt64 = 2
    /// Holders of one chunk that are asked in turn.
    package static let chunkSourcesMax = 16
    /// Chunks that a worker asks for at once.
    package static let chunkWindow = 8
    /// Leases after the end of a worker's own, or without a certificate, after which a steward is
    /// taken for one that certifies nothing.
    package static let fruitlessLeases: UInt64 = 3
    /// Owners that a round remembers of those whose leases ran out.
    static let lapsesMax = 64
    /// Bundles that one worker may have in flight, however many certificates it has earned.
    package static let quotaMax: UInt32 = 64
    /// Lease times after which a worker gives up a bundle that nobody answers for.
    package static let patienceLeases: UInt64 = 20
    /// Leases that a worker holds at once from all stewards.
    package static let bundlesMax = 256
    /// How long a worker waits for the next chunk before it gives up a job's data for a while.
    package static let fetchPatience = TimeSpan.seconds(15)
    /// How long a worker leaves a job to others after nobody sent its data.
    package static let dataSpan = TimeSpan.seconds(60)
    /// How long a worker leaves a job to others after a unit could not be computed.
    package static let failureSpan = TimeSpan.seconds(600)
    /// The longest that a refusal keeps a worker from asking again.
    package static let refusalMillisecondsMax: UInt64 = 60_000
    /// Lease times of one unit after which nobody is asked any more to look at a vote again.
    package static let auditLeases: UInt64 = 16
    /// Lease times of one unit after which nobody is asked any more to settle a contradiction
    /// between certificates, until others are here or the ledger knows more.
    package static let disputeLeases: UInt64 = 64
    /// Lease times that a steward waits before it publishes an opening itself.
    package static let openingLeases: UInt64 = 2
    /// Certificates whose openings a worker keeps for the case that nobody publishes them.
    package static let unopenedMax = 4_096
}
