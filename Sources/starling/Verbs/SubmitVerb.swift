import Dispatch
import FilterbankFiles
import JobFiles
import Kernels
import PeerNode
import Primitives
import Wire

extension JobRequest {
    /// Reads and packs the file, which takes as long as reading it once or twice.
    fileprivate func pack() async throws -> (search: PackedSearch, remark: String?) {
        // On a thread of its own: whoever serves links and commands must not wait for a disk.
        try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<_, any Error>) in
            DispatchQueue.global().async { done.resume(with: Result { try packNow() }) }
        }
    }

    private func packNow() throws -> (search: PackedSearch, remark: String?) {
        let input = try InputPath.filterbank(file)
        let choice = input.filterbank.coarseChannelChoice(rules.method)
        let settings = settings(coarseChannels: choice.number)
        do {
            let search = try PackedSearch(input.filterbank, name: input.name, settings)
            return (search, coarseChannels == nil ? choice.remark : nil)
        } catch {
            throw CommandFailure("\(file): \(error)")
        }
    }

    fileprivate func terms(at node: Node) async throws -> JobTerms {
        var terms = JobTerms()
        terms.policy = policy.policy
        terms.priority = priority ?? terms.priority
        terms.deadlineHours = deadlineHours ?? terms.deadlineHours
        terms.ringers = ringers
        if let anchor { terms.anchors = [try await Subject.peer(anchor, at: node)] }
        return terms
    }
}

/// What a job would cost.
struct EstimateVerb: ControlVerb {
    static let name = "estimate"

    let request: JobRequest

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (EstimateReport) async throws -> Void
    ) async throws {
        let terms = try await request.terms(at: peer.node)
        let search = try await request.pack().search
        try await tell(EstimateReport(await peer.node.estimate(search, terms)))
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
        let terms = try await request.terms(at: peer.node)
        let (search, remark) = try await request.pack()
        let id = try await peer.node.submit(search, terms)
        var warning = remark
        if let name = request.name {
            do {
                try peer.names.set(name, for: id)
            } catch {
                let unnamed = "the job is submitted, and its name could not be kept: \(error)"
                warning = [remark, unnamed].compactMap(\.self).joined(separator: "\n")
            }
        }
        let report = SubmissionReport(
            job: id.description,
            link: JobLink(address: peer.node.address, job: id).description,
            units: search.plan.unitCount,
            replicas: Int(terms.policy.replicas),
            warning: warning
        )
        try await tell(report)
    }
}
