package import Kernels
package import Wire

/// What is to be searched, and how: what a job file or the options of `submit` say.
package struct JobRequest: Codable, Sendable {
    /// The file's path as the peer sees it, from the root.
    package let file: String
    let maxDrift: Double
    let snr: Float
    /// Nil for as many as the file's header tells.
    package let coarseChannels: Int?
    /// By whose rules.
    package let rules: SearchRules
    /// What a unit is worth at least for each MiB of it.
    let operationsPerMebibyte: UInt64?
    /// How results are trusted.
    package let policy: JobPolicy
    /// Nil for the peer's own default.
    package let priority: UInt8?
    /// Nil for the peer's own default.
    package let deadlineHours: UInt64?
    /// Who schedules it, by an id that may be shortened; nil for the peer that submits.
    package let anchor: String?
    /// Units that the peer finds out by itself.
    package let ringers: UInt32
    /// What the owner calls the job.
    package let name: String?

    /// The search's settings; `told` are the coarse channels that the file's header tells.
    package func settings(coarseChannels told: Int) -> DriftSettings {
        DriftSettings(
            method: rules.method,
            maxDrift: maxDrift,
            threshold: snr,
            coarseChannelCount: coarseChannels ?? told,
            operationsPerMebibyte: operationsPerMebibyte
        )
    }
}

/// How a job's results are trusted, as job files say it.
package enum JobPolicy: String, Codable, Sendable, CaseIterable {
    /// Two equal results of different workers.
    case strict
    /// The result of a worker that is trusted, or two equal ones; some are computed again.
    case adaptive
    /// One result, and no vote.
    case single

    /// As manifests state it.
    package var policy: Policy {
        switch self {
        case .strict: .strict
        case .adaptive: .adaptive
        case .single: .single
        }
    }
}
