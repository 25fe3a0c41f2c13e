import Ledger
import Membership
package import Primitives
import Wire
package import WorkUnits

/// Which stewards say that they act, shard by shard, and which keep silent.
///
/// A link says that a machine is there, and not that its steward works. Whoever acts on a shard
/// with open units tells the other stewards so again and again; where nothing comes for two lease
/// times, the next one acts until it hears from the first again.
struct StewardWatch: Sendable {
    /// When stewards of a shard were last heard; of a new one, since when it is waited for.
    private var heard = SortedTable<Name, Instant>()
    /// Who keeps silent about a shard.
    private var silent = SortedTable<ShardKey, [PeerID]>()
    /// Shards with open units of which this peer is one of several stewards.
    private(set) var shards: [ShardKey] = []
    /// When the next round of telling and listening is due.
    private(set) var nextRound = Instant.zero

    private struct Name: Comparable, Sendable {
        let key: ShardKey
        let steward: PeerID

        static func < (left: Name, right: Name) -> Bool {
            left.key != right.key ? left.key < right.key : left.steward < right.steward
        }
    }

    /// Between two rounds of telling the others.
    static let span = TimeSpan.seconds(2)
    /// Lease times of one unit without a word after which a steward is taken for silent.
    static let silenceLeases: UInt64 = 2

    /// Whether `steward` has kept silent about the shard.
    func isSilent(_ steward: PeerID, about key: ShardKey) -> Bool {
        silent[key]?.contains(steward) ?? false
    }

    /// Whether somebody has kept silent about the shard.
    func hasSilent(_ key: ShardKey) -> Bool { silent.contains(key) }

    /// `open` are the shards with open units, `own` those that this peer watches; others are
    /// forgotten.
    mutating func keep(_ open: [ShardKey], own: [ShardKey]) {
        shards = own
        guard !heard.isEmpty || !silent.isEmpty else { return }
        var kept = SortedTable<ShardKey, Bool>()
        for key in open { kept[key] = true }
        silent.filter { key, _ in kept.contains(key) }
        heard.filter { name, _ in kept.contains(name.key) }
    }

    /// Begins a round, unless it is too early for that.
    mutating func beginRound(at now: Instant) -> Bool {
        guard !shards.isEmpty, nextRound <= now else { return false }
        // Whoever did not run itself has heard nobody.
        if nextRound.advanced(by: Self.span.times(2)) < now { heard = SortedTable() }
        nextRound = now.advanced(by: Self.span)
        return true
    }

    /// Whether `steward`, which should act on the shard, has not been heard for `patience`.
    mutating func isOverdue(
        _ steward: PeerID,
        about key: ShardKey,
        after patience: TimeSpan,
        at now: Instant
    ) -> Bool {
        let name = Name(key: key, steward: steward)
        guard let last = heard[name] else {
            heard[name] = now
            return false
        }
        return last.advanced(by: patience) <= now
    }

    /// `steward` is taken for silent about the shard.
    mutating func silence(_ steward: PeerID, about key: ShardKey) {
        guard !isSilent(steward, about: key) else { return }
        silent[key, default: []].append(steward)
    }

    /// `steward` has been heard; whether it had been silent.
    mutating func hears(_ steward: PeerID, about key: ShardKey, at now: Instant) -> Bool {
        heard[Name(key: key, steward: steward)] = now
        guard isSilent(steward, about: key) else { return false }
        silent.update(key) { $0.removeAll { $0 == steward } }
        if silent[key]?.isEmpty == true { silent.remove(key) }
        return true
    }

    /// Nobody is taken for silent about the shard any more.
    mutating func forgive(_ key: ShardKey) { silent.remove(key) }
}

extension Peer {
    /// The steward that acts on a shard, as this peer sees it.
    package mutating func actingSteward(of key: ShardKey) -> PeerID? {
        let ranked = stewards(of: key)
        guard watch.hasSilent(key) else { return hubs.acting(of: ranked) }
        let talking = ranked.filter { !watch.isSilent($0, about: key) }
        return hubs.acting(of: talking) ?? hubs.acting(of: ranked)
    }

    /// Tells the other stewards on which shards this one acts, and looks who else should have.
    mutating func watchStewards(at now: Instant, into out: inout Outbox) {
        guard watch.beginRound(at: now) else { return }
        var told = SortedTable<PeerID, SortedTable<ManifestID, [UInt32]>>()
        for key in watch.shards {
            guard let acting = actingSteward(of: key), let job = job(key.manifest) else { continue }
            if acting == me {
                for other in stewards(of: key) where other != me && hubs.isLinked(other) {
                    told[other, default: SortedTable()][key.manifest, default: []].append(key.shard)
                }
                continue
            }
            let patience = job.leaseSpan(unitCount: 1).times(StewardWatch.silenceLeases)
            guard watch.isOverdue(acting, about: key, after: patience, at: now) else { continue }
            silence(acting, about: key)
        }
        for (other, jobs) in told {
            for (manifest, shards) in jobs {
                out.send(.acting(ShardList(manifest: manifest, shards: shards)), to: other)
            }
        }
    }

    /// Another steward says that it acts.
    mutating func hears(_ list: ShardList, from peer: PeerID, at now: Instant) {
        guard let count = ledger.manifest(list.manifest)?.body.shardCount else { return }
        for shard in list.shards where shard < count {
            let key = ShardKey(manifest: list.manifest, shard: shard)
            guard stewards(of: key).contains(peer) else { continue }
            if watch.hears(peer, about: key, at: now) { actingChanged() }
        }
    }

    /// Stewards have not answered a worker's claims: another one is asked, unless this peer is one
    /// of them and knows better.
    mutating func unanswered(_ claims: [(key: ShardKey, steward: PeerID)]) {
        for claim in claims where !stewards(of: claim.key).contains(me) {
            silence(claim.steward, about: claim.key)
        }
    }

    /// Whoever was asked in the place of a silent steward says that it does not act.
    mutating func refusedElsewhere(_ refusal: Refusal) {
        let key = ShardKey(manifest: refusal.manifest, shard: refusal.shard)
        guard refusal.reason == .notSteward, watch.hasSilent(key),
            !stewards(of: key).contains(me)
        else { return }
        watch.forgive(key)
        actingChanged()
    }

    private mutating func silence(_ steward: PeerID, about key: ShardKey) {
        watch.silence(steward, about: key)
        actingChanged()
    }

    private mutating func actingChanged() {
        areOpportunitiesStale = true
        areReviewsStale = true
    }
}
