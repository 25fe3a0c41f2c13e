import Identity
package import Kernels
package import Ledger
import Membership
package import PeerCore
package import Primitives
import Store
package import Wire
import WorkUnits

/// A search that is packed and ready to be submitted.
package struct PackedSearch: Sendable {
    /// The parameters and the dataset.
    package let dataset: Dataset
    /// Its units.
    package let plan: UnitPlan
    let stored: StoredDataset

    /// Packs `file`; this takes as long as reading it once or twice.
    package init(_ file: InputFile, _ settings: DriftSettings) throws {
        try self.init(Filterbank(file.bytes), name: file.name, settings)
    }

    /// Packs `filterbank`, whose file is called `name`, unit by unit.
    package init(_ filterbank: Filterbank, name: String, _ settings: DriftSettings) throws {
        dataset = try DriftPack(filterbank, name: name, settings, isShipped: true).dataset()
        let parameterByteCount = dataset.parameters.bytes.count
        guard parameterByteCount <= Limits.parameterByteCount else {
            throw NodeError.parametersTooLong(parameterByteCount)
        }
        plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        guard plan.unitCount > 0 else { throw NodeError.nothingToCompute }
        stored = StoredDataset(dataset.bytes, hash: sha256)
    }
}

/// How one unit's vote went.
package struct UnitVote: Hashable, Sendable {
    /// The unit.
    package let unit: UInt32
    /// Which vote settled it; nil while it is open.
    package let kind: CertificateKind?
    /// The votes that it had, each as often as there were such: first ones, audits, panels,
    /// rulings.
    package let kinds: [CertificateKind]
    /// What won; nil while it is open.
    package let core: Core?
    /// Who computed it, and whether its result won, ascending by worker.
    package let voters: [Voter]

    /// One worker's part in a vote.
    package struct Voter: Hashable, Sendable {
        /// Who.
        package let peer: PeerID
        /// Whether its result is the one that won.
        package let didWin: Bool
        /// What it said; nil when nobody has opened that.
        package let core: Core?
    }
}

extension Node {
    /// Submits a packed search as a job of this peer's project.
    ///
    /// Returns when the manifest is durable: the job outlives a crash of this machine. Before the
    /// peer has begun to run it waits for that.
    package func submit(
        _ search: PackedSearch,
        _ terms: JobTerms = JobTerms()
    ) async throws -> ManifestID {
        if let failure { throw failure }
        // The hour is not known before, and a manifest of another hour is refused.
        _ = await first { await $0.isReady ? true : nil }
        let root = search.stored.root
        submissions[root, default: 0] += 1
        defer { submissions[root] = submissions[root].flatMap { $0 > 1 ? $0 - 1 : nil } }
        try await data.keep(search.stored)
        let epoch = OwnRecord.epoch
        let operations = search.plan.runs.map(\.operationsEach).max() ?? 0
        let workload = Workload.driftSearch(configuration.variant).name
        let nonce = randomBytes(count: Digest.byteCount)
        let manifest = Manifest(
            network: network,
            project: project,
            owner: OwnerID(keys.project.publicKey),
            submitter: id,
            nonce: sha256(nonce),
            epoch: epoch,
            workload: workload,
            workloadHash: sha256(Array(workload.utf8)),
            parameters: search.dataset.parameters.bytes,
            datasetRoot: search.stored.root,
            datasetByteCount: UInt64(search.dataset.bytes.count),
            shape: [search.dataset.shape.byteCount],
            unitCount: UInt32(search.plan.unitCount),
            operationsPerUnit: operations,
            resultByteCount: Limits.resultByteCount,
            memoryByteCount: Self.memoryPerUnit,
            secondsPerUnit: UnitTime.seconds(operations: operations),
            policy: terms.policy,
            anchors: terms.anchors.isEmpty ? [id] : terms.anchors,
            recognised: [],
            population: population,
            priority: terms.priority,
            deadline: epoch + min(terms.deadlineHours, JobTerms.deadlineHoursMax),
            retention: Self.retentionEpochs,
            reducer: workload
        )
        take(.submit(manifest))
        let id = ManifestID(SHA256.hash(manifest.payload))
        try await settle { peer.ledger.manifest(id) != nil }
        try await plant(terms.ringers, in: id)
        return id
    }

    /// Draws `count` more units of a job of this peer's own, finds their results out here, and
    /// holds what is certified against these.
    ///
    /// Returns when it is durable which units they are; there are no more of them than units.
    package func plant(_ count: UInt32, in id: ManifestID) async throws {
        guard count > 0, let progress = progress(of: id) else { return }
        let planted = progress.ringers.planted
        let wanted = min(planted + min(count, progress.unitCount), progress.unitCount)
        take(.plant(id, ringers: wanted))
        try await settle { peer.ringers(of: id).count >= wanted }
        guard peer.ringers(of: id).count >= wanted else { throw NodeError.cannotPlant(id.short) }
    }

    /// Peers that a new job is made for, as its tickets count them.
    private var population: UInt64 {
        let hubs = UInt64(peer.hubs.count)
        return hubs <= Trust.smallGridPeers ? 1 : hubs
    }

    /// Bytes of memory that a unit of the drift search may take, its input apart.
    ///
    /// They are its samples, the maxima of a stripe, the sums of the tree, and its lists.
    private static let memoryPerUnit = UInt64(KernelLimits.workingByteCountMax) * 2

    /// Results are kept for 30 days after that.
    private static let retentionEpochs: UInt32 = 30 * 24

    /// Ends a job of this peer's own.
    package func cancel(_ id: ManifestID) async throws {
        take(.cancel(id))
        try await settle { peer.ledger.isCancelled(id) }
    }

    /// Holds a job of this peer's own: leases that are out run to their end, and no more come.
    package func hold(_ id: ManifestID) async throws { try await hold(id, isHeld: true) }

    /// Lets a job of this peer's own go on that is held.
    package func release(_ id: ManifestID) async throws { try await hold(id, isHeld: false) }

    /// Drops the results of a job of this peer's own that is over, and never fetches them again.
    package func releaseResults(of id: ManifestID) async throws {
        take(.release(id))
        try await settle { peer.isReleased(id) }
        guard peer.isReleased(id) else { throw NodeError.cannotRelease(id.short) }
    }

    private func hold(_ id: ManifestID, isHeld: Bool) async throws {
        take(isHeld ? .hold(id) : .resume(id))
        try await settle { peer.ledger.isHeld(id) == isHeld }
        guard peer.ledger.isHeld(id) == isHeld else { throw NodeError.cannotHold(id.short) }
    }

    // MARK: - Views

    /// How far a job is, as this peer sees it.
    package func progress(of id: ManifestID) -> JobProgress? { peer.progress(of: id, at: now) }

    /// Peers with a link to this one.
    package var linkedCount: Int { peer.hubs.linkedPeers.count }

    /// The board of everything that this peer holds.
    package func board() -> [BoardRow] { peer.board(at: now) }

    /// The boards of hosts, users and projects, over the jobs of one project or of all.
    package func boards(of project: ProjectID? = nil) -> Boards {
        peer.boards(of: project, at: now)
    }

    /// Each unit's vote, in unit order.
    package func votes(of id: ManifestID) -> [UnitVote] {
        guard let manifest = peer.ledger.manifest(id)?.body else { return [] }
        return (0..<manifest.unitCount).map { unit in
            let certificates = peer.ledger.certificates(on: unit, of: id)
            guard let core = peer.ledger.verdict(on: unit, of: id).core else {
                return UnitVote(unit: unit, kind: nil, kinds: [], core: nil, voters: [])
            }
            let outcomes = peer.ledger.outcomes(of: unit, manifest: id, core: core)
            let words = peer.ledger.words(on: unit, of: id)
            return UnitVote(
                unit: unit,
                kind: certificates.map(\.body.vote).max { $0.rawValue < $1.rawValue },
                kinds: certificates.map(\.body.vote).sorted { $0.turn < $1.turn },
                core: core,
                voters: outcomes.map { outcome in
                    let word = words.first { $0.worker == outcome.worker && $0.core != nil }
                    return UnitVote.Voter(
                        peer: outcome.worker,
                        didWin: outcome.didWin,
                        core: word?.core
                    )
                }
            )
        }
    }

    /// Joins the results of a finished job, in unit order; nil while one is missing.
    package func aggregate(of id: ManifestID) throws -> (Aggregate, Parameters)? {
        guard let manifest = peer.ledger.manifest(id)?.body else { return nil }
        // What turns out to be damaged is fetched again.
        defer { data.tellLosses() }
        var aggregate = Aggregate.empty
        for unit in 0..<manifest.unitCount {
            guard let core = peer.ledger.verdict(on: unit, of: id).core,
                let bytes = try storage.result(core.resultHash)
            else { return nil }
            let output = UnitOutput(
                result: bytes,
                operations: core.operations,
                evidence: core.evidence
            )
            aggregate = try DriftSearch.reduce(aggregate, output, index: Int(unit))
        }
        return (aggregate, Parameters(bytes: manifest.parameters))
    }
}

extension CertificateKind {
    /// When it is a unit's turn for such a vote: a panel may follow an audit, and a ruling both.
    fileprivate var turn: Int {
        switch self {
        case .quorum, .single: 0
        case .audit: 1
        case .panel: 2
        case .ruling: 3
        }
    }
}
