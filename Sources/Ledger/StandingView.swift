package import Primitives
import Wire

/// Why a peer is what it is, from the ledger alone.
extension CreditLedger {
    /// Everybody of whom the ledger has a reason to think anything, ascending.
    package var knownWorkers: [PeerID] { distinct(deeds.keys + culprits.peers) }

    /// What the ledger makes of `peer` in the hour `epoch`, with the newest events of its machine's
    /// keys, at most `eventsMax`.
    package func standing(of peer: PeerID, at epoch: UInt64, eventsMax: Int) -> PeerStanding {
        let keys = ownership.keys(of: peer)
        let projects = projects(knowing: keys)
        let traces = traces(of: keys)
        return PeerStanding(
            epoch: epoch,
            keys: keys,
            projects: projects.prefix(PeerStanding.projectsMax).map { job in
                standing(of: peer, keys: keys, for: job, at: epoch)
            },
            furtherProjects: max(0, projects.count - PeerStanding.projectsMax),
            events: events(of: Array(traces.prefix(eventsMax)), keys: keys),
            furtherEvents: max(0, traces.count - eventsMax)
        )
    }

    // MARK: - Projects

    /// The newest job of each project that has a reason to know one of `keys`, newest first.
    private func projects(knowing keys: [PeerID]) -> [ManifestID] {
        var newest = SortedTable<ProjectID, ManifestID>()
        var caught = SortedTable<ProjectID, Bool>()
        for (id, signed) in manifests {
            let project = signed.body.project
            let known = newest[project].flatMap { manifest($0)?.body.epoch } ?? 0
            // Of one hour the last by id.
            if known <= signed.body.epoch { newest[project] = id }
            if keys.contains(where: { culprits.contains($0, in: id) }) { caught[project] = true }
        }
        let trust = trustView
        let knowing = newest.values.filter { id in
            guard let job = manifest(id)?.body else { return false }
            let project = job.project
            return caught.contains(project) || keys.contains(job.submitter)
                || keys.contains { job.anchors.contains($0) }
                || keys.contains { anchors.naming(of: $0, by: project) != nil }
                || trust.projects(of: job).contains { trust.book.knows(keys, for: $0) }
        }
        let dated = knowing.map { id in
            ItemKey(epoch: manifest(id)?.body.epoch ?? 0, id: ItemID(id.digest))
        }
        return dated.sorted().reversed().map { ManifestID($0.id.digest) }
    }

    private func standing(
        of peer: PeerID,
        keys: [PeerID],
        for job: ManifestID,
        at epoch: UInt64
    ) -> ProjectStanding {
        guard let manifest = manifest(job)?.body else { preconditionFailure("of a known job") }
        let view = trustView
        let innocent = keys.filter { !culprits.areKnown($0, at: saturatingSum(epoch, 1)) }
        let projects = view.projects(of: manifest)
        let all = view.book.reputation(of: innocent, projects: projects, through: epoch)
        let old =
            epoch < trust.seniorHours
            ? Reputation()
            : view.book.reputation(
                of: innocent,
                projects: projects,
                through: epoch - trust.seniorHours
            )
        let trustClass = view.trustClass(of: peer, for: manifest, at: epoch)
        return ProjectStanding(
            project: manifest.project,
            job: job,
            trustClass: trustClass,
            reason: reason(trustClass, of: peer, keys: keys, for: manifest, at: epoch, old: old),
            nextClass: view.trustClass(of: peer, for: manifest, at: saturatingSum(epoch, 1)),
            reputation: all,
            oldUnits: old.units,
            streakMissing: all.streakMissing(trust),
            unitsMissing: all.unitsMissing(trust),
            cleanMissing: all.cleanMissing(trust)
        )
    }

    private func reason(
        _ trustClass: TrustClass,
        of peer: PeerID,
        keys: [PeerID],
        for manifest: Manifest,
        at epoch: UInt64,
        old: Reputation
    ) -> ProjectStanding.Reason {
        switch trustClass {
        case .anchor:
            if keys.contains(manifest.submitter) { return .submitter }
            if keys.contains(where: manifest.anchors.contains) { return .manifest }
            let until = keys.compactMap { anchors.naming(of: $0, by: manifest.project) }
                .filter { $0.covers(epoch) }.map(\.until).max()
            return .anchor(until: until ?? epoch)
        case .senior: return .units(old.units)
        case .trusted:
            let recent = trustView.book.reputation(
                of: keys.filter { !culprits.areKnown($0, at: epoch) },
                projects: trustView.projects(of: manifest),
                through: epoch - 1
            )
            return .streak(recent.streak)
        case .newcomer:
            return keys.contains { culprits.areKnown($0, at: epoch) } ? .fault : .nothing
        }
    }
}
