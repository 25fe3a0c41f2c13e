package import Primitives
package import Wire

/// Everything that a peer does as a worker: the bundles it has leased, and the claims for more.
package struct Worker: Sendable {
    let me: PeerID
    /// What makes nonces unpredictable to others and the same after a crash.
    let secret: Bytes
    var bundles = SortedTable<BundleKey, Bundle>()
    /// Units that this peer has computed: kept, so that a late lease costs no second computation.
    var sealed = SortedTable<UnitKey, Core>()
    var claims = SortedTable<ShardKey, ClaimState>()
    /// Jobs whose manifest the driver refused or whose units fail here.
    var refused = SortedTable<ManifestID, Bool>()
    var nextOrder: UInt64 = 1
    /// Bundles that it computes at once; 0 while it donates nothing.
    package private(set) var places = 0
    /// Operations per second of one core by workload, for those that it runs.
    package private(set) var speeds = SortedTable<String, UInt64>()

    /// What is known of asking for units of one shard.
    struct ClaimState: Sendable {
        var nextAttempt: Instant
        /// Whether an answer is awaited until `nextAttempt`.
        var isOutstanding: Bool
    }

    /// A shard that still has work, and who gives it out.
    package struct Opportunity: Sendable {
        /// The shard.
        package let key: ShardKey
        /// Its steward.
        package let steward: PeerID
        /// What must be run.
        package let workload: String

        /// Work of `steward`.
        package init(key: ShardKey, steward: PeerID, workload: String) {
            self.key = key
            self.steward = steward
            self.workload = workload
        }
    }

    /// A worker that donates nothing yet.
    package init(me: PeerID, secret: Bytes) {
        self.me = me
        self.secret = secret
    }

    /// The owner has said how much to donate.
    package mutating func donates(places: Int, speeds: SortedTable<String, UInt64>) {
        self.places = places
        self.speeds = speeds
    }

    /// When `tick` or `claim` has something to do; `hasWork` tells whether any shard is open.
    package func deadline(hasOpportunity: Bool) -> Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant) { earliest = min(earliest ?? instant, instant) }
        for bundle in bundles.values {
            consider(bundle.giveUp)
            if let resendAt = bundle.resendAt { consider(resendAt) }
        }
        if hasOpportunity, freePlaces > 0 {
            for claim in claims.values { consider(claim.nextAttempt) }
        }
        return earliest
    }

    /// Whether it holds no bundle.
    package var isIdle: Bool { bundles.isEmpty }

    /// Bundles that it could take now.
    package var freePlaces: Int {
        max(0, places - bundles.values.count { $0.isBusy })
    }

    // MARK: - Claims

    /// Claims units wherever there may be some, as long as there are free places.
    package mutating func claim(
        _ opportunities: [Opportunity],
        at now: Instant,
        into out: inout Outbox
    ) {
        let outstanding = claims.values.count { $0.isOutstanding && $0.nextAttempt > now }
        var room = freePlaces - outstanding
        guard room > 0, bundles.count < WorkLimits.bundlesMax else { return }
        for opportunity in opportunities where room > 0 {
            let key = opportunity.key
            guard let speed = speeds[opportunity.workload], !refused.contains(key.manifest),
                (claims[key]?.nextAttempt ?? .zero) <= now
            else { continue }
            let mine = sealed.keys.filter { unit in
                unit.manifest == key.manifest && unit.unit / Limits.unitsPerShard == key.shard
            }
            let claim = Claim(
                manifest: key.manifest,
                shard: key.shard,
                unitCount: UInt32(Limits.unitsPerBundle),
                operationsPerSecond: speed,
                sealed: mine.prefix(Limits.sealedPerClaim).map(\.unit)
            )
            out.send(.claim(claim), to: opportunity.steward)
            claims[key] = ClaimState(
                nextAttempt: now.advanced(by: WorkLimits.claimSpan),
                isOutstanding: true
            )
            room -= 1
        }
    }

    /// A steward says no.
    package mutating func refused(
        _ refusal: Refusal,
        by steward: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let round = refusal.round else {
            let wait = TimeSpan.milliseconds(
                min(max(refusal.retryMilliseconds, 100), WorkLimits.refusalMillisecondsMax)
            )
            let key = ShardKey(manifest: refusal.manifest, shard: refusal.shard)
            guard claims.contains(key) else { return }
            claims[key] = ClaimState(nextAttempt: now.advanced(by: wait), isOutstanding: false)
            return
        }
        guard refusal.reason == .stale else { return }
        drop(
            BundleKey(manifest: refusal.manifest, steward: steward, round: round),
            into: &out
        )
    }

    // MARK: - Bundles

    /// A steward gives a bundle.
    package mutating func leased(
        _ lease: Lease,
        by steward: PeerID,
        of job: Job,
        epoch: UInt64,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let last = lease.units.last, last < job.manifest.unitCount, lease.seatCount > 0,
            lease.seat < lease.seatCount, isNear(lease.epoch, epoch),
            speeds.contains(job.manifest.workload), !refused.contains(job.id)
        else { return }
        let shard = ShardKey(manifest: job.id, shard: lease.units[0] / Limits.unitsPerShard)
        claims[shard] = ClaimState(nextAttempt: now, isOutstanding: false)
        let span = TimeSpan.milliseconds(
            min(lease.commitMilliseconds, job.leaseSpan(unitCount: lease.units.count).milliseconds)
        )
        var bundle = Bundle(
            lease: lease,
            steward: steward,
            state: .sealed,
            end: now.advanced(by: span),
            giveUp: now.advanced(by: span.times(2))
        )
        guard !bundles.contains(bundle.key), bundles.count < WorkLimits.bundlesMax else { return }
        let known = lease.units.compactMap { sealed[UnitKey(manifest: job.id, unit: $0)] }
        if known.count == lease.units.count {
            bundle.cores = known
            bundles[bundle.key] = bundle
            seal(bundle.key, at: now, vault: &vault, into: &out)
            return
        }
        let order = WorkOrder(number: nextOrder, manifest: job.id, units: lease.units)
        nextOrder += 1
        bundle.state = .preparing(order: order.number)
        bundles[bundle.key] = bundle
        out.append(.prepareWork(order))
    }

    /// The driver knows which chunks an order needs.
    package mutating func prepared(
        _ order: UInt64,
        chunks: [UInt32],
        of job: Job,
        at now: Instant,
        desk: inout ChunkDesk,
        into out: inout Outbox
    ) {
        guard let key = bundle(of: order), bundles[key]?.state == .preparing(order: order) else {
            return
        }
        let wants = chunks.map { ChunkWant(root: job.manifest.datasetRoot, index: $0) }
        bundles.update(key) { bundle in
            bundle.chunks = wants
            bundle.state = .fetching(order: order)
        }
        let holders = bundles[key]?.lease.holders ?? []
        desk.want(wants, from: holders.filter { $0 != me }, at: now, into: &out)
        startReady(desk: desk, into: &out)
    }

    /// Starts every bundle whose chunks are all here.
    package mutating func startReady(desk: ChunkDesk, into out: inout Outbox) {
        for key in bundles.keys {
            guard let bundle = bundles[key], case .fetching(let order) = bundle.state,
                bundle.chunks.allSatisfy({ desk.holds($0) })
            else { continue }
            bundles.update(key) { $0.state = .running(order: order) }
            out.append(
                .startWork(
                    WorkOrder(number: order, manifest: key.manifest, units: bundle.lease.units)
                )
            )
        }
    }

    /// The driver has computed an order and keeps the results' bytes.
    package mutating func finished(
        _ order: UInt64,
        cores: [Core],
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let key = bundle(of: order), bundles[key]?.state == .running(order: order),
            bundles[key]?.lease.units.count == cores.count
        else { return }
        bundles.update(key) { $0.cores = cores }
        seal(key, at: now, vault: &vault, into: &out)
    }

    /// The driver cannot compute an order: this peer leaves the job to others.
    package mutating func failed(_ order: UInt64, into out: inout Outbox) {
        guard let key = bundle(of: order) else { return }
        refused[key.manifest] = true
        drop(key, into: &out)
    }

    /// The job of an order of this worker's.
    package func job(of order: UInt64) -> ManifestID? { bundle(of: order)?.manifest }

    /// The number of the next order; the submitter's own orders count with the worker's.
    package mutating func takeOrderNumber() -> UInt64 {
        defer { nextOrder += 1 }
        return nextOrder
    }

    private func bundle(of order: UInt64) -> BundleKey? {
        bundles.keys.first { bundles[$0]?.order == order }
    }

    func isNear(_ left: UInt64, _ right: UInt64) -> Bool {
        max(left, right) - min(left, right) <= Limits.epochSkew
    }

    mutating func drop(_ key: BundleKey, into out: inout Outbox) {
        guard let bundle = bundles.remove(key) else { return }
        if case .running(let order) = bundle.state { out.append(.stopWork(order)) }
        if !bundle.isBusy {
            out.append(
                .persist(JournalRow(.bundles, key: Bundle.rowKey(key), value: nil))
            )
        }
    }
}
