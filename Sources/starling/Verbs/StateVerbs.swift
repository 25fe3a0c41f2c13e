import Foundation
import Glibc
import JobFiles
import Kernels
import PeerNode
import Primitives
import WorkUnits

/// What the peer is and does.
struct StatusVerb: ControlVerb {
    static let name = "status"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (StatusReport) async throws -> Void
    ) async throws {
        // An address is worth something once links are taken.
        guard await peer.node.first({ await $0.isReady ? true : nil }) == true else {
            throw CancellationError()
        }
        try await tell(await peer.status())
    }
}

/// The peers whose records it has.
struct PeersVerb: ControlVerb {
    static let name = "peers"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (PeersReport) async throws -> Void
    ) async throws {
        try await tell(PeersReport(peers: await peer.node.peers().map { PeerLine($0) }))
    }
}

/// Takes no more work, for a while or until `resume`.
struct PauseVerb: ControlVerb {
    static let name = "pause"

    /// For how long; until `resume` when it is missing.
    let seconds: UInt64?

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (PauseReport) async throws -> Void
    ) async throws {
        let bounded = seconds.map { min($0, Span.secondsMax) }
        await peer.node.pause(for: bounded.map { .seconds(Int64($0)) })
        try await tell(await peer.pause())
    }
}

/// Takes work again.
struct ResumeVerb: ControlVerb {
    static let name = "resume"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (PauseReport) async throws -> Void
    ) async throws {
        await peer.node.resume()
        try await tell(await peer.pause())
    }
}

extension ControlledPeer {
    /// Whether it takes work, and what it has begun.
    func pause() async -> PauseReport {
        let pause = await node.pause
        return PauseReport(
            isPaused: pause != nil,
            since: pause?.since,
            until: pause?.until,
            work: await work()
        )
    }

    /// The bundles that it has leased.
    func work() async -> [WorkLine] {
        await node.work().map { WorkLine($0) }
    }

    /// What it is and does.
    func status() async -> StatusReport {
        let status = await node.status()
        let (activity, reason) = activity(of: status)
        return StatusReport(
            peer: node.id.description,
            project: node.project.description,
            address: node.address.description,
            network: Printable.text(status.network),
            folder: folder.absolutePath,
            process: getpid(),
            uptimeSeconds: (ContinuousClock.now - start).components.seconds,
            cores: status.places,
            implementation: node.selfTest.variant?.rawValue,
            notice: node.selfTest.variant == nil ? nil : node.selfTest.notice,
            activity: activity,
            reason: reason,
            pause: await pause(),
            firstJob: status.firstJob?.description,
            work: await work(),
            links: status.linkedCount,
            search: status.search.map { SearchLine($0) },
            knownPeers: status.knownCount,
            jobs: status.jobCount,
            openJobs: status.openJobCount,
            heldJobs: status.heldJobCount,
            certificates: status.certificateCount,
            failures: status.failures.map { FailureLine($0) },
            credit: status.credit.map { BoardLine($0) }
        )
    }

    /// What the processors do and, when that is nothing, why.
    private func activity(of status: NodeStatus) -> (StatusReport.Activity, String?) {
        if status.bundles.contains(where: \.isBusy), status.pause == nil {
            return (.computing, nil)
        }
        if node.selfTest.variant == nil { return (.donatesNothing, node.selfTest.notice) }
        if status.places == 0 { return (.donatesNothing, "it was started with --cores 0") }
        if let pause = status.pause {
            return (.paused, pause.until.map { Moment.until($0) } ?? "ends with: starling resume")
        }
        if status.isCulprit {
            return (
                .idle,
                "the ledger proves that its key said two things, so nobody gives it work; was the "
                    + "folder copied? See docs/OPERATING.md"
            )
        }
        if status.isDiskFull {
            return (.idle, "the disk of \(folder.absolutePath) is nearly full; free 200 MB or more")
        }
        if let job = status.firstJob {
            return (.idle, "it serves job \(job.short) first, which has nothing for it now")
        }
        if status.jobCount == 0, status.linkedCount == 0 {
            return (.idle, "it has no link to another peer, and knows no job")
        }
        if status.openJobCount == 0, status.heldJobCount > 0 {
            return (.idle, "the jobs with units to compute are on hold until they are released")
        }
        if status.openJobCount == 0 { return (.idle, "no known job has units to compute") }
        return (.idle, "no open job has a unit for it now; see: starling why JOB")
    }
}
