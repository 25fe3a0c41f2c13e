package import Ledger
package import Membership
package import Primitives
package import Wire
package import WorkUnits

/// A whole peer without a clock, a socket or a disk: the same value runs under ZeroMQ and under the
/// simulator.
///
/// ```
/// receive ─┐                      ┌─▶ rows to make durable
/// handle  ─┼─▶ Peer ─▶ Outbox ────┼─▶ sign requests, messages, work
/// tick    ─┘     └─▶ deadline     └─▶ in this order, outbox after outbox
/// ```
package struct Peer: ~Copyable, Sendable {
    /// This peer's key.
    package let me: PeerID
    /// The hubs, and this peer's place among them.
    var overlay: Overlay
    /// Messages that wait for a link.
    var held = HeldMessages()
    /// Items on their way.
    var news = News()
    /// The ledger that it holds.
    package internal(set) var ledger: CreditLedger
    /// What it does as a steward.
    package internal(set) var steward: Steward
    /// What it does as a worker.
    package internal(set) var worker: Worker
    var submitter: Submitter
    var ringers = Ringers()
    var vault = Vault()
    var results: ResultDesk
    var chunks: ChunkDesk
    /// Jobs whose results are released, with the epoch in which they were.
    var released = SortedTable<ManifestID, UInt64>()
    /// Jobs of which their submitters have said that they rule on nothing more.
    var unruled = SortedTable<ManifestID, Bool>()
    /// Datasets of own jobs whose manifests are being signed.
    var submitted = SortedTable<ManifestID, Digest>()
    /// UTC hours since 1970.
    package internal(set) var epoch: UInt64 = 0
    /// This peer's own signed record, once there is one.
    package internal(set) var ownRecord: Signed<Record>?
    var offers = SortedTable<OfferKey, ResultOffer>()
    /// Whether others may have to look at votes again than before.
    var areReviewsStale = true
    /// When this steward's turn may come to take care of a contradiction.
    var reviewAt: Instant?
    /// Openings that wait until the votes behind them have been looked at again.
    var withheld = SortedTable<ItemID, WithheldOpening>()
    let secret: Bytes
    /// The job that is served before any other; nil once it needs nobody any more.
    package internal(set) var firstJob: ManifestID?
    var opportunities: [Worker.Opportunity] = []
    var watch = StewardWatch()
    var areOpportunitiesStale = true
    var fairShare = FairShare()
    var placements = SortedTable<ShardKey, [PeerID]>()
    /// Whom stewards are taken from first, by job; worked out anew with the placements.
    var keepers = SortedTable<ManifestID, [PeerID]>()
    /// Whether the ledger may name others by now; looked at when sets are compared.
    var areKeepersStale = false
    /// What the steward sees, shard by shard, until that changes.
    var gridViews = SortedTable<ShardKey, GridView>()
    /// The count of changes of `results` that the steward's proofs have seen; nil when they have
    /// not seen the grid as it is.
    var proofsSaw: UInt64?
    var nextReconciliation: Instant
    var random: PRNG
    /// Rows that a restart found missing, until the next outbox takes them.
    var owedRows: [JournalRow] = []
    /// When the records of hubs that this peer has met expire, or have expired.
    var metHubs = SortedTable<PeerID, UInt64>()
    /// Messages of this peer to itself: its steward and its worker talk like strangers.
    var loopback: [Message] = []
    /// When `tick` must be called next, as the last input left it; nil when nothing waits for time.
    package private(set) var deadline: Instant?

    /// Results that a steward has offered and that are on their way.
    struct OfferKey: Comparable, Sendable {
        let steward: PeerID
        let manifest: ManifestID
        let firstUnit: UInt32

        static func < (left: OfferKey, right: OfferKey) -> Bool {
            (left.steward, left.manifest, left.firstUnit)
                < (right.steward, right.manifest, right.firstUnit)
        }
    }

    /// An opening that another steward has handed over.
    struct WithheldOpening: Sendable {
        let opening: Opening
        /// When it is published at the latest: its sender would do so then.
        let publishAt: Instant
    }

    /// Hours for which a hub's address is remembered after its record has expired.
    static let memoryEpochs: UInt64 = 30 * 24
    /// Openings that are withheld at once.
    static let withheldMax = 256
    /// Offers of one steward that wait at once.
    static let offersMax = 256
    /// Times that a peer may answer itself before it looks at the world again.
    static let repliesMax = 64
    /// Items that answer one message.
    static let itemsPerAnswer = 128

    /// A peer as it is after a start.
    ///
    /// - Parameters:
    ///   - me: Its key.
    ///   - secret: At least 16 bytes that only this peer knows, the same after each start.
    ///   - seed: For jitter; any number.
    ///   - stored: What its driver kept: the journal's rows, and the results and chunks on disk.
    ///   - trust: The constants of votes that the network goes by.
    ///   - shape: The rings that the network goes by.
    ///   - now: The driver's clock.
    package init(
        me: PeerID,
        secret: Bytes,
        seed: UInt64,
        stored: Stored,
        trust: Trust = .standard,
        shape: RingShape = .standard,
        at now: Instant
    ) throws(DecodeError) {
        self.me = me
        self.secret = secret
        ledger = CreditLedger(trust: trust)
        overlay =
            stored.overlay.map { Overlay(me: me, knowing: $0) } ?? Overlay(me: me, shape: shape)
        steward = Steward(me: me, trust: trust)
        worker = Worker(me: me, secret: secret)
        submitter = Submitter()
        results = ResultDesk(holding: stored.results)
        chunks = ChunkDesk(holding: stored.chunks)
        random = PRNG(seed: seed)
        nextReconciliation = now
        for dataset in stored.datasets {
            chunks.holdsDataset(dataset.root, byteCount: dataset.byteCount)
        }
        try restore(stored.rows, at: now)
        noteDeadline()
    }

    /// What a driver kept while the peer was down.
    package struct Stored: Sendable {
        /// The journal's rows, in any order.
        package var rows: [JournalRow] = []
        /// Hashes of the results that are whole.
        package var results: [Digest] = []
        /// The chunks that are kept.
        package var chunks: [ChunkWant] = []
        /// Own datasets, kept whole.
        package var datasets: [Dataset] = []

        /// Hubs that the driver knows, beside those of the rows; their records are checked.
        package var overlay: Overlay?

        /// Nothing: a first start.
        package init() {}
    }

    /// A dataset that is kept whole.
    package struct Dataset: Sendable {
        /// Root of its hash tree.
        package let root: Digest
        /// Its bytes.
        package let byteCount: UInt64

        /// The dataset of `root`.
        package init(root: Digest, byteCount: UInt64) {
            self.root = root
            self.byteCount = byteCount
        }
    }

    // MARK: - Inputs

    /// A checked message of a peer whose link is bound to its key.
    package mutating func receive(
        _ message: Verified<Message>,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        take(message, from: peer, at: now, into: &out)
        settle(at: now, into: &out)
    }

    /// Something has happened on this machine.
    package mutating func handle(
        _ event: LocalEvent,
        at now: Instant,
        into out: inout Outbox
    ) {
        react(to: event, at: now, into: &out)
        settle(at: now, into: &out)
    }

    /// Time has passed; to be called at `deadline`, and harmless at any other time.
    package mutating func tick(at now: Instant, into out: inout Outbox) {
        if let due = steward.deadline, due <= now {
            var views = self.views
            steward.tick(view: { views.view($0) }, at: now, vault: &vault, into: &out)
            gridViews = views.known
        }
        worker.tick(at: now, vault: &vault, into: &out)
        for opening in worker.takeUnopened(at: now) {
            accept(Item.opening(opening).verifiedHere, from: nil, at: now, into: &out)
        }
        results.tick(at: now, into: &out)
        chunks.forget(worker.takeForgottenChunks())
        chunks.tick(at: now, into: &out)
        publishWithheld(at: now, into: &out)
        if overlay.tick(at: now, into: &out) {
            areOpportunitiesStale = true
            areReviewsStale = true
        }
        held.expire(at: now)
        reconcile(at: now, into: &out)
        watchStewards(at: now, into: &out)
        forgiveStewards(at: now)
        settle(at: now, into: &out)
    }

    /// Notes when time alone makes something to do.
    private mutating func noteDeadline() {
        guard loopback.isEmpty else {
            deadline = .zero
            return
        }
        deadline = hubs.hasLinks ? nextReconciliation : nil
        consider(overlay.deadline)
        if hubs.hasLinks, !watch.shards.isEmpty { consider(watch.nextRound) }
        if hubs.contains(me) { consider(reviewAt) }
        consider(watch.expiry)
        consider(steward.deadline)
        consider(results.deadline)
        consider(chunks.deadline)
        consider(worker.deadline(opportunities))
        for opening in withheld.values { consider(opening.publishAt) }
    }

    private mutating func consider(_ instant: Instant?) {
        guard let instant else { return }
        deadline = min(deadline ?? instant, instant)
    }

    // MARK: - What every input ends with

    /// Carries on what can go on now, and delivers this peer's messages to itself.
    private mutating func settle(at now: Instant, into out: inout Outbox) {
        var rest = Outbox()
        for row in owedRows { rest.append(.persist(row)) }
        owedRows = []
        for _ in 0..<Self.repliesMax {
            for message in takeLoopback() {
                take(message.verifiedHere, from: me, at: now, into: &out)
            }
            advanceProofs(at: now, into: &out)
            refreshReviews(at: now, into: &out)
            startRinger(into: &out)
            signForOverlay(at: now, into: &out)
            announceNews(into: &out)
            refreshOpportunities(at: now)
            worker.claim(opportunities, at: now, into: &out)
            unanswered(worker.takeUnanswered())
            wasFruitless(worker.takeFruitless(), at: now)
            publish(worker.takeFaults(), at: now, into: &out)
            guard !out.effects.isEmpty else { break }
            for effect in out.drain() {
                if case .send(let message, let peer) = effect {
                    send(message, to: peer, at: now, into: &rest)
                } else {
                    rest.append(effect)
                }
            }
        }
        worker.noteDeadline(opportunities)
        out = rest
        noteDeadline()
    }

    /// Takes the steward's proofs further, and takes in what comes of them.
    private mutating func advanceProofs(at now: Instant, into out: inout Outbox) {
        guard steward.hasWork else { return }
        if proofsSaw == results.changeCount, steward.postponeProofs(at: now) { return }
        var views = self.views
        let ready = steward.advanceProofs(
            view: { views.view($0) },
            at: now,
            results: &results,
            vault: &vault,
            into: &out
        )
        gridViews = views.known
        proofsSaw = results.changeCount
        for item in ready { accept(item.verifiedHere, from: nil, at: now, into: &out) }
    }

    private mutating func takeLoopback() -> [Message] {
        guard !loopback.isEmpty else { return [] }
        defer { loopback = [] }
        return loopback
    }

    /// Lists the shards that have work: first those of owners who give more than they take, then by
    /// priority, then by deadline.
    private mutating func refreshOpportunities(at now: Instant) {
        guard areOpportunitiesStale else { return }
        areOpportunitiesStale = false
        if let id = firstJob, needsNobody(id) { firstJob = nil }
        let first = firstJob.flatMap { ledger.isHeld($0) ? nil : $0 }
        var active: [Signed<Manifest>] = []
        var keys: [ShardKey] = []
        for (id, signed) in ledger.manifests
        where signed.body.deadline >= epoch && !isReleased(id) {
            let open = ledger.openShards(of: id).map { ShardKey(manifest: id, shard: $0) }
            guard !open.isEmpty else { continue }
            keys += open
            if first ?? id == id { active.append(signed) }
        }
        watch.keep(keys, own: keys.filter { isOneOfSeveralStewards(of: $0) })
        fairShare.update(ledger, projects: active.map(\.body.project), epoch: epoch, at: now)
        let ranks = active.map { rank(of: $0.body) }
        let order = active.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
        opportunities = order.flatMap { opportunities(in: active[$0]) }
        worker.keepClaims(on: opportunities)
    }

    private mutating func isOneOfSeveralStewards(of key: ShardKey) -> Bool {
        let ranked = stewards(of: key)
        return ranked.count > 1 && ranked.contains(me)
    }

    /// The lower, the sooner a job is served.
    private func rank(of manifest: Manifest) -> Rank {
        Rank(
            isTaker: !fairShare.isGiver(manifest.project),
            unimportance: .max - manifest.priority,
            deadline: manifest.deadline
        )
    }

    private struct Rank: Comparable {
        let isTaker: Bool
        let unimportance: UInt8
        let deadline: UInt64

        static func < (left: Rank, right: Rank) -> Bool {
            guard left.isTaker == right.isTaker else { return right.isTaker }
            return (left.unimportance, left.deadline) < (right.unimportance, right.deadline)
        }
    }

    private mutating func opportunities(in signed: Signed<Manifest>) -> [Worker.Opportunity] {
        let id = ManifestID(signed.id.digest)
        return ledger.openShards(of: id).compactMap { shard in
            let key = ShardKey(manifest: id, shard: shard)
            guard let acting = actingSteward(of: key) else { return nil }
            return Worker.Opportunity(key: key, steward: acting, workload: signed.body.workload)
        }
    }

    /// Whether a job that is known has no unit left to compute.
    private func needsNobody(_ id: ManifestID) -> Bool {
        guard let manifest = ledger.manifest(id)?.body else { return false }
        return manifest.deadline < epoch || ledger.isCancelled(id)
            || ledger.certifiedUnits(of: id).count == Int(manifest.unitCount)
    }
}
