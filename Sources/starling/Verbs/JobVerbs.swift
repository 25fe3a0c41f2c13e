import Foundation
import PeerNode
import Primitives
import Wire

/// The jobs that the peer knows.
struct JobsVerb: ControlVerb {
    static let name = "jobs"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (JobsReport) async throws -> Void
    ) async throws {
        let lines = await peer.node.jobs().map { JobLine($0, name: peer.names[$0.id]) }
        try await tell(JobsReport(jobs: lines))
    }
}

/// Ends a job of the peer's own.
struct CancelVerb: ControlVerb {
    static let name = "cancel"

    let job: String

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (JobLine) async throws -> Void
    ) async throws {
        let (id, line) = try await peer.ownJob(job, to: "cancel it")
        guard line.stage != .complete, line.stage != .released else {
            throw CommandFailure("job \(id.short) is \(line.stage); there is nothing to cancel")
        }
        try await peer.node.cancel(id)
        try await tell(try await peer.line(of: id))
    }
}

/// Puts a job of the peer's own on hold.
struct HoldVerb: ControlVerb {
    static let name = "hold"

    let job: String

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (JobLine) async throws -> Void
    ) async throws {
        let (id, line) = try await peer.ownJob(job, to: "put it on hold")
        guard !line.isOver else {
            throw CommandFailure("job \(id.short) is \(line.stage); there is nothing to hold")
        }
        try await peer.node.hold(id)
        try await tell(try await peer.line(of: id))
    }
}

/// Has the peer find out some more units of a job of its own by itself.
struct PlantVerb: ControlVerb {
    static let name = "plant"

    let job: String
    let count: UInt32

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (JobLine) async throws -> Void
    ) async throws {
        let (id, line) = try await peer.ownJob(job, to: "plant ringers in it")
        guard !line.isOver else {
            throw CommandFailure("job \(id.short) is \(line.stage); there is nothing to compare")
        }
        guard line.ringers < line.units else {
            throw CommandFailure("each of the \(line.units) units of job \(id.short) is a ringer")
        }
        try await peer.node.plant(count, in: id)
        try await tell(try await peer.line(of: id))
    }
}

/// Lets a job of the peer's own go on.
struct ReleaseVerb: ControlVerb {
    static let name = "release"

    let job: String

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (JobLine) async throws -> Void
    ) async throws {
        let (id, line) = try await peer.ownJob(job, to: "release it")
        guard !line.isOver else {
            let state = line.stage == .released ? "over" : line.stage.rawValue
            throw CommandFailure("job \(id.short) is \(state); there is nothing to release")
        }
        try await peer.node.release(id)
        try await tell(try await peer.line(of: id))
    }
}

/// How far a job is, again and again until it is over; without one, every open job.
struct WatchVerb: ControlVerb {
    static let name = "watch"

    /// A job's id, which may be shortened, or a job link; every open job when it is missing.
    let target: String?

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (WatchEvent) async throws -> Void
    ) async throws {
        guard let target else {
            return try await watch(await openJobs(of: peer), at: peer, tell)
        }
        guard target.hasPrefix("starling:") else {
            return try await watch([try await Subject.job(target, at: peer.node)], at: peer, tell)
        }
        guard let link = JobLink(target) else {
            throw CommandFailure(
                "'\(Printable.text(target))' is not a job link; write it as `starling submit` "
                    + "prints it, in quotation marks"
            )
        }
        try await wait(for: link, at: peer, tell)
        try await watch([link.job], at: peer, tell)
    }

    private func openJobs(of peer: ControlledPeer) async throws -> [ManifestID] {
        let open = await peer.node.jobs().filter { !$0.isOver }.map(\.id)
        guard !open.isEmpty else {
            throw CommandFailure("no known job is open; `starling jobs` lists those that are known")
        }
        return open
    }

    /// Joins the peer of the link, and waits until the job is known.
    private func wait(
        for link: JobLink,
        at peer: ControlledPeer,
        _ tell: @Sendable (WatchEvent) async throws -> Void
    ) async throws {
        guard await peer.node.job(link.job) == nil else { return }
        try await peer.node.join(link.address)
        var last: WatchEvent.Unknown?
        try await peer.follow { node in
            if await node.job(link.job) != nil { return true }
            let view = await node.peer(link.address.peer)
            let unknown = WatchEvent.Unknown(
                job: link.job.description,
                peer: link.address.peer.description,
                isLinked: view?.isLinked ?? false,
                reason: await node.dialFailure(at: link.address)?.reason
            )
            if unknown != last { try await tell(WatchEvent(unknown: unknown)) }
            last = unknown
            return false
        }
    }

    private func watch(
        _ ids: [ManifestID],
        at peer: ControlledPeer,
        _ tell: @Sendable (WatchEvent) async throws -> Void
    ) async throws {
        var last: [ManifestID: JobLine] = [:]
        try await peer.follow { _ in
            for id in ids where last[id]?.isOver != true {
                let line = try await peer.line(of: id)
                guard line != last[id] else { continue }
                last[id] = line
                try await tell(WatchEvent(progress: line))
            }
            return ids.allSatisfy { last[$0]?.isOver == true }
        }
    }
}

/// The results of a job's units as they become final.
struct ResultsVerb: ControlVerb {
    static let name = "results"

    let job: String
    /// Whether to wait for those that are not final yet.
    let waits: Bool

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (ResultsEvent) async throws -> Void
    ) async throws {
        let id = try await Subject.job(job, at: peer.node)
        let line = try await peer.line(of: id)
        guard let manifest = await peer.node.job(id)?.manifest else { return }
        let head = ResultsEvent.Job(line: line, parameters: Data(manifest.parameters))
        try await tell(ResultsEvent(job: head))
        // Results that it shares with other jobs may still be here; they are not its own any more.
        guard line.stage != .released else { return }
        var missing = Array(0..<manifest.unitCount)
        try await peer.follow { node in
            var rest: [UInt32] = []
            for unit in missing {
                guard let result = try await node.result(of: unit, of: id) else {
                    rest.append(unit)
                    continue
                }
                try await tell(ResultsEvent(result: ResultsEvent.Unit(result)))
            }
            missing = rest
            guard waits, !missing.isEmpty else { return true }
            switch try await peer.line(of: id).stage {
            case .cancelled, .expired, .released: return true
            case .open, .settling, .collecting, .complete: return false
            }
        }
    }
}

/// Drops the results of a job of the peer's own that is over.
struct ReleaseResultsVerb: ControlVerb {
    static let name = "release-results"

    let job: String

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (ReleaseEvent) async throws -> Void
    ) async throws {
        let (id, line) = try await peer.ownJob(job, to: "release its results")
        guard line.isOver else {
            throw CommandFailure(
                "job \(id.short) is \(line.stage), and its results may still be needed; release "
                    + "them when it is complete"
            )
        }
        try await peer.node.releaseResults(of: id)
        try await tell(ReleaseEvent(released: try await peer.line(of: id)))
    }
}

extension ControlledPeer {
    /// The job that `text` names; fails when another peer submitted it, which alone can do `deed`.
    fileprivate func ownJob(
        _ text: String,
        to deed: String
    ) async throws -> (id: ManifestID, line: JobLine) {
        let id = try await Subject.job(text, at: node)
        let line = try await line(of: id)
        guard line.isOwn else {
            throw CommandFailure(
                "job \(id.short) was submitted by peer \(Printable.short(line.submitter)), which "
                    + "alone can \(deed)"
            )
        }
        return (id, line)
    }

    /// Between two looks at a view there is this much time at least, and nine times as much as a
    /// look takes: watching never takes more than a tenth of a processor.
    private static let restMin = Duration.milliseconds(50)
    private static let restPerLook = 9

    /// Looks at once, and again after each change, until `look` says that it is done.
    ///
    /// Fails when the peer ends before that, or when nobody wants to know any more.
    func follow(_ look: (Node) async throws -> Bool) async throws {
        for await _ in node.changes {
            let begin = ContinuousClock.now
            if try await look(node) { return }
            let rest = max(Self.restMin, (ContinuousClock.now - begin) * Self.restPerLook)
            try await Task.sleep(for: rest)
        }
        try Task.checkCancellation()
        throw CommandFailure("the peer ends; what it has begun goes on when it is started again")
    }
}
