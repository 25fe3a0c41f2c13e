import Dispatch
import Kernels
import PeerNode
import Primitives
import Wire

/// What is to be searched, and how: what a job file or the options of `submit` say.
struct JobRequest: Codable, Sendable {
    /// The file's path as the peer sees it, from the root.
    let file: String
    let maxDrift: Double
    let snr: Float
    let coarseChannels: Int
    let rules: SearchRules
    /// What a unit is worth at least for each MiB of it.
    let operationsPerMebibyte: UInt64?
    let policy: JobPolicy
    let priority: UInt8
    let deadlineHours: UInt64
    let name: String?

    /// Reads and packs the file, which takes as long as reading it once or twice.
    fileprivate func pack() async throws -> PackedSearch {
        let settings = DriftSettings(
            method: rules.method,
            maxDrift: maxDrift,
            threshold: snr,
            coarseChannelCount: coarseChannels,
            operationsPerMebibyte: operationsPerMebibyte
        )
        // On a thread of its own: whoever serves links and commands must not wait for a disk.
        return try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<_, any Error>) in
            DispatchQueue.global().async {
                done.resume(
                    with: Result {
                        let title = file.split(separator: "/").last.map(String.init) ?? file
                        let input = InputFile(name: title, bytes: try InputPath.read(file))
                        do {
                            return try PackedSearch(input, settings)
                        } catch {
                            throw CommandFailure("\(file): \(error)")
                        }
                    }
                )
            }
        }
    }

    fileprivate var terms: JobTerms {
        var terms = JobTerms()
        terms.policy = policy == .strict ? .strict : .single
        terms.priority = priority
        terms.deadlineHours = deadlineHours
        return terms
    }
}

/// How a job's results are trusted.
enum JobPolicy: String, Codable, Sendable, CaseIterable {
    /// Two equal results of different workers.
    case strict
    /// One result, and no vote.
    case single
}

/// What a job would cost.
struct EstimateVerb: ControlVerb {
    static let name = "estimate"

    let request: JobRequest

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (EstimateReport) async throws -> Void
    ) async throws {
        let search = try await request.pack()
        try await tell(EstimateReport(await peer.node.estimate(search, request.terms)))
    }
}

/// Submits a job.
struct SubmitVerb: ControlVerb {
    static let name = "submit"

    let request: JobRequest

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (SubmissionReport) async throws -> Void
    ) async throws {
        let search = try await request.pack()
        let id = try await peer.node.submit(search, request.terms)
        var warning: String?
        if let name = request.name {
            do {
                try peer.names.set(name, for: id)
            } catch {
                warning = "the job is submitted, and its name could not be kept: \(error)"
            }
        }
        let report = SubmissionReport(
            job: id.description,
            link: JobLink(address: peer.node.address, job: id).description,
            units: search.plan.unitCount,
            replicas: Int(request.terms.policy.replicas),
            warning: warning
        )
        try await tell(report)
    }
}
