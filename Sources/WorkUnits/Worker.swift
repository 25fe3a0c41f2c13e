package import Primitives
package import Wire

/// Everything that a peer does as a worker: the bundles it has leased, and the claims for more.
package struct Worker: Sendable {
    let me: PeerID
    /// What makes nonces unpredictable to others and the same after a crash.
    let secret: Bytes
    var bundles = SortedTable<BundleKey, Bundle>() { didSet { plan = nil } }
    /// Units that this peer has computed: kept, so that a late lease costs no second computation.
    var sealed = SortedTable<UnitKey, Core>()
    /// Certificates that this worker can open, should their stewards fail to.
    var unopened = SortedTable<ItemID, Unopened>() { didSet { plan = nil } }
    var claims = SortedTable<ShardKey, ClaimState>() { didSet { plan = nil } }
    /// Jobs that the driver could not compute, and until when they are left to others.
    var refused = SortedTable<ManifestID, Instant>() { didSet { plan = nil } }
    var nextOrder: UInt64 = 1
    /// Bundles that it computes at once; 0 while it donates nothing.
    package private(set) var places = 0 { didSet { plan = nil } }
    /// Operations per second of one core by workload, for those that it runs.
    package private(set) var speeds = SortedTable<String, UInt64>() { didSet { plan = nil } }
    /// When something is to be done, as long as nothing changes.
    private var plan: Plan?

    /// Claims that a steward has not answered for long, since they were last asked for.
    private var unanswered: [(key: ShardKey, steward: PeerID)] = []
    /// Stewards that have done nothing with a promise or a result for long.
    var fruitless: [(key: ShardKey, steward: PeerID)] = []
    /// What stewards have been proven, until it is published.
    var faults: [Fault] = []
    /// Chunks of bundles that were dropped before they had come.
    private var forgottenChunks: [ChunkWant] = []

    /// An opening, and when to stop waiting for others to publish it.
    struct Unopened: Sendable {
        let opening: Opening
        let publishAt: Instant
    }

    /// What is known of asking for units of one shard.
    struct ClaimState: Sendable {
        /// Who was asked; nobody else's refusal counts.
        let steward: PeerID
        var nextAttempt: Instant
        /// Whether an answer is awaited until `nextAttempt`.
        var isOutstanding: Bool
        /// Claims in a row that the steward has not answered.
        var silences = 0
        /// Whether the steward had nothing when it last answered.
        var isEmpty = false

        /// Whether nothing is to be had there, as far as is known.
        var isVain: Bool { isEmpty || silences > 0 }

        /// The answer has not come: each further time its steward gets its turn later.
        mutating func expire(at now: Instant) {
            isOutstanding = false
            nextAttempt = now.advanced(by: WorkLimits.claimSpan.times((1 << UInt64(silences)) - 1))
            silences = min(silences + 1, WorkLimits.silencesMax)
        }
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

    /// When something is to be done, if nothing happens before.
    private struct Plan: Sendable {
        /// When `tick` or `claim` has something to do.
        let deadline: Instant?
        /// Before when `claim` changes nothing.
        let claimAt: Instant?
    }

    /// When `tick` has something to do, or `claim` about `opportunities`.
    package func deadline(_ opportunities: [Opportunity]) -> Instant? {
        plan.map(\.deadline) ?? nextDeadline(opportunities)
    }

    /// Works out once what `deadline` and `claim` need to know of `opportunities`, which are the
    /// same until `keepClaims` is told of others.
    package mutating func noteDeadline(_ opportunities: [Opportunity]) {
        guard plan == nil else { return }
        plan = Plan(deadline: nextDeadline(opportunities), claimAt: nextClaim(opportunities))
    }

    /// When `claim` gives up waiting for an answer, asks a job again, or sends a claim.
    private func nextClaim(_ opportunities: [Opportunity]) -> Instant? {
        let answers = claims.values.filter(\.isOutstanding).map(\.nextAttempt)
        var earliest = (refused.values + answers).min()
        guard claimRoom > 0 else { return earliest }
        for opportunity in opportunities where mayClaim(opportunity) {
            let instant = claims[opportunity.key]?.nextAttempt ?? .zero
            earliest = min(earliest ?? instant, instant)
        }
        return earliest
    }

    private func nextDeadline(_ opportunities: [Opportunity]) -> Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant) { earliest = min(earliest ?? instant, instant) }
        for bundle in bundles.values {
            consider(bundle.giveUp)
            if let resendAt = bundle.resendAt { consider(resendAt) }
        }
        for each in unopened.values { consider(each.publishAt) }
        let isFull = claimRoom <= 0
        guard freePlaces > 0 else { return earliest }
        for until in refused.values { consider(until) }
        for opportunity in opportunities where mayClaim(opportunity) {
            guard let claim = claims[opportunity.key] else {
                if !isFull { consider(.zero) }
                continue
            }
            // While every place is spoken for, only an answer that stays out is worth waking for.
            if !isFull || claim.isOutstanding { consider(claim.nextAttempt) }
        }
        return earliest
    }

    private func mayClaim(_ opportunity: Opportunity) -> Bool {
        speeds.contains(opportunity.workload) && !refused.contains(opportunity.key.manifest)
    }

    /// The bundles that are open, for people.
    package var openWork: String {
        bundles.map { key, bundle in
            "  bundle round \(key.round.number) of \(bundle.lease.units): \(bundle.state)\n"
        }.joined()
    }

    /// Whether it holds no bundle.
    package var isIdle: Bool { bundles.isEmpty }

    /// Bundles that it could take now.
    ///
    /// A bundle keeps its place until its promise is sent: a steward that has not heard of it
    /// answers a claim with the same lease again.
    package var freePlaces: Int {
        guard bundles.count < WorkLimits.bundlesMax else { return 0 }
        return max(0, places - bundles.values.count { $0.isBusy || $0.state == .sealed })
    }

    /// Claims that it may make beside those that wait for an answer; below zero for too many.
    private var claimRoom: Int { freePlaces - claims.values.count { $0.isOutstanding } }

    /// Chunks that no bundle needs any more, since the last call.
    package mutating func takeForgottenChunks() -> [ChunkWant] {
        guard !forgottenChunks.isEmpty else { return [] }
        defer { forgottenChunks = [] }
        let needed = bundles.values.filter(\.isBusy).flatMap(\.chunks)
        return forgottenChunks.filter { !needed.contains($0) }
    }

    // MARK: - Claims

    /// Claims that a steward has failed to answer several times in a row, since the last call.
    package mutating func takeUnanswered() -> [(key: ShardKey, steward: PeerID)] {
        guard !unanswered.isEmpty else { return [] }
        defer { unanswered = [] }
        return unanswered
    }

    /// Stewards that were sent a promise or a result, and have made nothing of it for some leases;
    /// each is named again as long as that lasts.
    package mutating func takeFruitless() -> [(key: ShardKey, steward: PeerID)] {
        guard !fruitless.isEmpty else { return [] }
        defer { fruitless = [] }
        return fruitless
    }

    /// Forgets claims on shards that have no work any more, or another steward: it is asked at
    /// once, however long the first would have been left alone.
    package mutating func keepClaims(on opportunities: [Opportunity]) {
        var kept = SortedTable<ShardKey, ClaimState>()
        for opportunity in opportunities {
            if let claim = claims[opportunity.key], claim.steward == opportunity.steward {
                kept[opportunity.key] = claim
            }
        }
        claims = kept
    }

    /// Claims units wherever there may be some, as long as there are free places: of the first
    /// opportunity first, but of those last whose steward has just failed to answer.
    package mutating func claim(
        _ opportunities: [Opportunity],
        at now: Instant,
        into out: inout Outbox
    ) {
        if let plan, plan.claimAt.map({ now < $0 }) ?? true { return }
        refused.filter { _, until in until > now }
        var silent: [ShardKey] = []
        var late: [(key: ShardKey, steward: PeerID)] = []
        claims.updateAll { key, claim in
            guard claim.isOutstanding, claim.nextAttempt <= now else { return }
            claim.expire(at: now)
            silent.append(key)
            if claim.silences >= WorkLimits.silencesMin { late.append((key, claim.steward)) }
        }
        unanswered += late
        var order = opportunities
        if !silent.isEmpty {
            order.removeAll { silent.contains($0.key) }
            order += opportunities.filter { silent.contains($0.key) }
        }
        var room = claimRoom
        // Whoever finds work nowhere would double what others are slow with.
        let isIdle = opportunities.allSatisfy { !mayClaim($0) || claims[$0.key]?.isVain == true }
        for opportunity in order where room > 0 {
            let key = opportunity.key
            guard mayClaim(opportunity), let speed = speeds[opportunity.workload],
                (claims[key]?.nextAttempt ?? .zero) <= now
            else { continue }
            let first = UnitKey(manifest: key.manifest, unit: key.shard * Limits.unitsPerShard)
            let mine = sealed.keys[sealed.lowerBound(first)...].prefix { unit in
                unit.manifest == key.manifest && unit.unit / Limits.unitsPerShard == key.shard
            }
            let claim = Claim(
                manifest: key.manifest,
                shard: key.shard,
                unitCount: UInt32(Limits.unitsPerBundle),
                operationsPerSecond: speed,
                sealed: mine.prefix(Limits.sealedPerClaim).map(\.unit),
                isIdle: isIdle
            )
            out.send(.claim(claim), to: opportunity.steward)
            let earlier = claims[key].flatMap { $0.steward == opportunity.steward ? $0 : nil }
            claims[key] = ClaimState(
                steward: opportunity.steward,
                nextAttempt: now.advanced(by: WorkLimits.claimSpan),
                isOutstanding: true,
                silences: earlier?.silences ?? 0,
                isEmpty: earlier?.isEmpty ?? false
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
            guard claims[key]?.steward == steward else { return }
            claims[key] = ClaimState(
                steward: steward,
                nextAttempt: now.advanced(by: wait),
                isOutstanding: false,
                isEmpty: [.nothingOpen, .finished, .unknownJob].contains(refusal.reason)
            )
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
        guard let bundle = Bundle(lease, by: steward, of: job, at: now),
            isNear(lease.epoch, epoch), speeds.contains(job.manifest.workload),
            !refused.contains(job.id)
        else { return }
        let shard = ShardKey(manifest: job.id, shard: lease.units[0] / Limits.unitsPerShard)
        let isRepeated = bundles.contains(bundle.key)
        defer {
            // A lease that is repeated or not taken says that there is nothing else for now.
            let isTaken = !isRepeated && bundles.contains(bundle.key)
            claims[shard] = ClaimState(
                steward: claims[shard]?.steward ?? steward,
                nextAttempt: isTaken ? now : now.advanced(by: WorkLimits.retrySpan),
                isOutstanding: false,
                isEmpty: isRepeated
            )
        }
        guard !isRepeated, hasRoom(for: bundle) else { return }
        let known = lease.units.compactMap { sealed[UnitKey(manifest: job.id, unit: $0)] }
        if known.count == lease.units.count {
            bundles[bundle.key] = bundle
            bundles.update(bundle.key) { $0.cores = known }
            seal(bundle.key, at: now, vault: &vault, into: &out)
            return
        }
        let number = nextOrder
        nextOrder += 1
        bundles[bundle.key] = bundle
        bundles.update(bundle.key) { $0.state = .preparing(order: number) }
        out.append(.prepareWork(bundle.order(number)))
    }

    /// Whether one more bundle keeps within the bounds, which leave room for every steward's.
    private func hasRoom(for bundle: Bundle) -> Bool {
        bundles.count < WorkLimits.bundlesMax
            && bundles.values.count { $0.isBusy } < 2 * max(1, places)
            && bundles.keys.count { $0.steward == bundle.steward } < Int(WorkLimits.quotaMax)
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
            bundle.resendAt = now.advanced(by: WorkLimits.fetchPatience)
        }
        let holders = bundles[key]?.lease.holders ?? []
        desk.want(wants, from: holders.filter { $0 != me }, at: now, into: &out)
        startReady(desk: desk, into: &out)
    }

    /// A chunk is here: bundles that need it may wait for the others a while longer.
    package mutating func progressed(_ chunk: ChunkWant, at now: Instant) {
        for key in bundles.keys {
            guard let bundle = bundles[key], case .fetching = bundle.state,
                bundle.chunks.contains(chunk)
            else { continue }
            bundles.update(key) { $0.resendAt = now.advanced(by: WorkLimits.fetchPatience) }
        }
    }

    /// A chunk is gone before the work that needs it has begun: it is fetched again.
    package mutating func lost(
        _ chunk: ChunkWant,
        at now: Instant,
        desk: inout ChunkDesk,
        into out: inout Outbox
    ) {
        for bundle in bundles.values {
            guard case .fetching = bundle.state, bundle.chunks.contains(chunk) else { continue }
            desk.want([chunk], from: bundle.lease.holders.filter { $0 != me }, at: now, into: &out)
        }
    }

    /// Starts every bundle whose chunks are all here.
    package mutating func startReady(desk: ChunkDesk, into out: inout Outbox) {
        for key in bundles.keys {
            guard let bundle = bundles[key], case .fetching(let order) = bundle.state,
                bundle.chunks.allSatisfy({ desk.holds($0) })
            else { continue }
            bundles.update(key) { bundle in
                bundle.state = .running(order: order)
                bundle.resendAt = nil
            }
            out.append(.startWork(bundle.order(order)))
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

    /// The driver cannot compute an order: this peer leaves the job to others for a while, unless
    /// it has lost the data, which it then fetches again.
    package mutating func failed(
        _ order: UInt64,
        at now: Instant,
        desk: ChunkDesk,
        into out: inout Outbox
    ) {
        guard let key = bundle(of: order), let bundle = bundles[key] else { return }
        if bundle.chunks.allSatisfy({ desk.holds($0) }) {
            refused[key.manifest] = now.advanced(by: WorkLimits.failureSpan)
        }
        drop(key, into: &out)
    }

    /// A chunk of a job has turned out to be lost: that may be why an order of it failed.
    package mutating func mayRetry(_ manifest: ManifestID) { refused.remove(manifest) }

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
        if case .fetching = bundle.state { forgottenChunks += bundle.chunks }
        if case .running(let order) = bundle.state { out.append(.stopWork(order)) }
        if !bundle.isBusy {
            out.append(
                .persist(JournalRow(.bundles, key: Bundle.rowKey(key), value: nil))
            )
        }
    }
}
