import Foundation
import Kernels
package import Ledger
import Membership
package import PeerCore
package import Primitives
import Store
import Transport
package import Wire
package import WorkUnits

/// What a peer is and does, at one moment.
package struct NodeStatus: Hashable, Sendable {
    /// The name of its network.
    package let network: String
    /// Bundles that it computes at once when it is not paused.
    package let places: Int
    /// Why it takes no work; nil while it does.
    package let pause: Pause?
    /// Whether it takes no work because its disk is full.
    package let isDiskFull: Bool
    /// The job that it serves before any other, while that needs workers.
    package let firstJob: ManifestID?
    /// Peers with a link to it.
    package let linkedCount: Int
    /// How it looks for others; nil once it has a link.
    package let search: PeerSearch?
    /// Peers whose records it has, without its own.
    package let knownCount: Int
    /// Jobs that it knows.
    package let jobCount: Int
    /// Jobs with units that need workers.
    package let openJobCount: Int
    /// Jobs that would need workers, and that their submitters have put on hold.
    package let heldJobCount: Int
    /// Whether its ledger holds a proof that its key has signed two statements for one slot.
    package let isCulprit: Bool
    /// Certificates in its ledger.
    package let certificateCount: Int
    /// Its own line of the board; nil while it has none.
    package let credit: BoardRow?
    /// The bundles that it has leased.
    package let bundles: [BundleView]
    /// Orders that failed since the start, oldest first; only the newest hundred.
    package let failures: [OrderFailure]
}

/// A job as a peer sees it.
package struct JobView: Hashable, Sendable {
    /// How far a job is on the whole.
    package enum Stage: Hashable, Sendable {
        /// Units need workers, or votes and certificates are on their way.
        case open
        /// Every unit is certified, and some could still be contradicted, or are to be compared
        /// with what this peer finds out by itself.
        case settling
        /// Every unit is final, and results are still on their way here.
        case collecting
        /// Every unit is final, and a job of this peer's own has its results here.
        case complete
        /// Its project has ended it.
        case cancelled
        /// Its deadline has passed before every unit was certified.
        case expired
        /// It is over, and its results are dropped here.
        case released
    }

    /// The job.
    package let id: ManifestID
    /// What is to be computed.
    package let manifest: Manifest
    /// Whether this peer submitted it.
    package let isOwn: Bool
    /// How far its units are.
    package let progress: JobProgress
    /// How far it is on the whole.
    package let stage: Stage
    /// Units for which this machine is still needed; nobody else can finish them.
    package let unitsThatNeedUs: UInt32

    /// The name of the file that is searched; nil for a workload that has none.
    package var fileName: String? {
        guard manifest.workload == DriftSearch.id.description else { return nil }
        return try? DriftParameters(Parameters(bytes: manifest.parameters)).fileName
    }

    /// Whether nothing more will become of it.
    package var isOver: Bool {
        switch stage {
        case .complete, .cancelled, .expired, .released: true
        case .open, .settling, .collecting: false
        }
    }
}

/// Another peer, or this one, as its record and the links say.
package struct PeerView: Hashable, Sendable {
    /// What it says of itself.
    package let record: Record
    /// Whether it is this peer.
    package let isOwn: Bool
    /// Whether there is a link to it.
    package let isLinked: Bool
    /// How long an answer takes, where this peer has measured it.
    package let roundTrip: TimeSpan?
    /// Why the last attempt to dial it failed; nil while it is linked.
    package let dialFailure: DialFailure?
}

/// The names by which the owner of a peer stands on the boards.
package struct OwnNames: Hashable, Sendable {
    /// On the board of hosts.
    package let peer: PeerID
    /// On the board of users: who has adopted this peer, and who answers for its jobs.
    package let owners: [OwnerID]
    /// On the board of projects.
    package let project: ProjectID
}

/// What became of one unit's result.
package struct UnitResult: Sendable {
    /// The unit.
    package let unit: UInt32
    /// What won.
    package let core: Core
    /// The result's bytes.
    package let bytes: Bytes
    /// Whose result won, ascending.
    package let winners: [PeerID]
}

extension Node {
    /// What this peer is and does.
    package func status() -> NodeStatus {
        let ids = peer.ledger.manifests.keys
        return NodeStatus(
            network: configuration.network,
            places: configuration.places,
            pause: wishes.pause,
            isDiskFull: isDiskFull,
            firstJob: peer.firstJob,
            linkedCount: linkedCount,
            search: search,
            knownCount: peer.hubs.records.count { $0.body.peer != id },
            jobCount: ids.count,
            openJobCount: ids.count { isOpen($0) },
            heldJobCount: ids.count { waitsForRelease($0) },
            isCulprit: peer.ledger.culprits.contains(id),
            certificateCount: peer.allItems.count { item in
                if case .certificate = item { true } else { false }
            },
            credit: board().first { $0.peer == id },
            bundles: peer.worker.bundleViews,
            failures: runner.failures
        )
    }

    /// Every job that this peer knows, oldest first.
    package func jobs() -> [JobView] {
        peer.ledger.manifests.map { id, signed in (id, signed.body.epoch) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
            .compactMap { job($0.0) }
    }

    /// A job; nil when this peer does not know it.
    package func job(_ id: ManifestID) -> JobView? {
        guard let manifest = peer.ledger.manifest(id)?.body, let progress = progress(of: id) else {
            return nil
        }
        let isOwn = isOwn(manifest)
        return JobView(
            id: id,
            manifest: manifest,
            isOwn: isOwn,
            progress: progress,
            stage: stage(of: manifest, progress, isOwn: isOwn),
            unitsThatNeedUs: unitsThatNeedUs(of: manifest, id, progress)
        )
    }

    /// Every job's id, for those who look for one.
    package var jobIDs: [ManifestID] { peer.ledger.manifests.keys }

    /// The projects that have submitted any known job, ascending.
    package var projectIDs: [ProjectID] {
        var projects = SortedTable<ProjectID, Bool>()
        for signed in peer.ledger.manifests.values { projects[signed.body.project] = true }
        return projects.keys
    }

    /// The names by which this peer's owner stands on the boards.
    package var ownNames: OwnNames {
        OwnNames(
            peer: id,
            owners: [peer.ledger.ownership.owner(of: id), OwnerID(project.digest)],
            project: project
        )
    }

    /// Every known peer's id, this one's too.
    package var peerIDs: [PeerID] { peer.hubs.knownRecords.map(\.body.peer) }

    /// Every peer whose record is known, or that has done anything that the ledger tells of,
    /// ascending.
    package var explainablePeerIDs: [PeerID] { distinct(peerIDs + peer.ledger.knownWorkers) }

    /// Every peer whose record is known, this one first, then by id.
    package func peers() -> [PeerView] {
        let views = peer.hubs.knownRecords.map { view(of: $0.body) }
        return views.filter(\.isOwn) + views.filter { !$0.isOwn }
    }

    /// A peer whose record is known.
    package func peer(_ id: PeerID) -> PeerView? {
        peer.hubs.record(of: id).map { view(of: $0.body) }
    }

    /// The winning result of a unit that is final and whose bytes are here; else nil.
    package func result(of unit: UInt32, of id: ManifestID) throws -> UnitResult? {
        let verdict = peer.ledger.verdict(on: unit, of: id)
        guard let core = verdict.core,
            verdict.isFinal(at: now, settle: peer.hubs.settleSpan),
            let bytes = try storage.result(core.resultHash)
        else { return nil }
        let outcomes = peer.ledger.outcomes(of: unit, manifest: id, core: core)
        return UnitResult(
            unit: unit,
            core: core,
            bytes: bytes,
            winners: outcomes.filter(\.didWin).map(\.worker)
        )
    }

    /// The wall-clock time of an instant of this peer's clock.
    func date(of instant: Instant) -> Date {
        let ahead = instant.since(now).nanoseconds
        let behind = now.since(instant).nanoseconds
        return Date(timeIntervalSinceNow: (Double(ahead) - Double(behind)) / 1e9)
    }

    // MARK: - Parts

    /// Whether this peer submitted a job, by its key or by one that this has replaced.
    private func isOwn(_ manifest: Manifest) -> Bool {
        peer.ledger.ownership.current(of: manifest.submitter) == id
    }

    private func isOpen(_ id: ManifestID) -> Bool {
        guard let manifest = peer.ledger.manifest(id)?.body else { return false }
        return manifest.deadline >= peer.epoch && !peer.ledger.openShards(of: id).isEmpty
    }

    private func waitsForRelease(_ id: ManifestID) -> Bool {
        guard let manifest = peer.ledger.manifest(id)?.body, peer.ledger.isHeld(id) else {
            return false
        }
        return manifest.deadline >= peer.epoch && !peer.ledger.isCancelled(id)
            && peer.ledger.certifiedUnits(of: id).count < Int(manifest.unitCount)
    }

    private func stage(of manifest: Manifest, _ progress: JobProgress, isOwn: Bool) -> JobView.Stage
    {
        if progress.isReleased { return .released }
        if progress.isCancelled { return .cancelled }
        guard progress.certified == manifest.unitCount else {
            return manifest.deadline < peer.epoch ? .expired : .open
        }
        guard progress.final == manifest.unitCount, progress.ringers.open == 0 else {
            return .settling
        }
        return isOwn && progress.held < manifest.unitCount ? .collecting : .complete
    }

    /// Leases name the submitter as the only holder of a job's data, and nobody takes over from a
    /// steward: until a unit is certified and opened, its submitter and its steward must stay.
    private func unitsThatNeedUs(
        of manifest: Manifest,
        _ id: ManifestID,
        _ progress: JobProgress
    ) -> UInt32 {
        guard !progress.isCancelled, !progress.isReleased, manifest.deadline >= peer.epoch else {
            return 0
        }
        return (0..<manifest.shardCount).reduce(0) { sum, shard in
            let steward = peer.actingSteward(of: ShardKey(manifest: id, shard: shard))
            guard isOwn(manifest) || steward == self.id else { return sum }
            let open = manifest.units(ofShard: shard).count { unit in
                switch peer.ledger.verdict(on: unit, of: id) {
                case .open, .sealed, .disputed: true
                case .certified: false
                }
            }
            return sum + UInt32(open)
        }
    }

    private func view(of record: Record) -> PeerView {
        let isLinked = peer.hubs.isLinked(record.peer)
        let failures = record.controlEndpoints.compactMap { dialFailures[$0] }
        return PeerView(
            record: record,
            isOwn: record.peer == id,
            isLinked: isLinked,
            roundTrip: isLinked ? transport.roundTrip(of: record.peer) : nil,
            dialFailure: isLinked ? nil : failures.max { $0.date < $1.date }
        )
    }
}
