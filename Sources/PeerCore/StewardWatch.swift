import Ledger
import Membership
package import Primitives
import Wire
package import WorkUnits

/// Which stewards say that they act, shard by shard, and which keep silent.
///
/// A link says that a machine is there, and not that its steward works. Whoever acts on a shard
/// with open units tells the other stewards so again and again; where nothing comes for two lease
/// times, the next one acts until it hears from the first again. A steward may also say that it
/// acts, and take promises, and certify nothing: workers that wait for it in vain ask the next one,
/// which acts when they go on asking and no certificate comes, until one does.
struct StewardWatch: Sendable {
    /// When stewards of a shard were last heard; of a new one, since when it is waited for.
    private var heard = SortedTable<Name, Instant>()
    /// Who keeps silent about a shard.
    private var silent = SortedTable<ShardKey, [PeerID]>()
    /// Who certifies nothing of a shard, though it is sent promises.
    private var fruitless = SortedTable<ShardKey, [PassedOver]>()
    /// When a steward's last certificate for a shard came or, where none has since, when somebody
    /// first asked another one in its place.
    private var certified = SortedTable<Name, Instant>()
    /// Shards with open units of which this peer is one of several stewards.
    private(set) var shards: [ShardKey] = []
    /// When the next round of telling and listening is due.
    private(set) var nextRound = Instant.zero

    private struct PassedOver: Sendable {
        let steward: PeerID
        /// When it gets another chance: those who are asked in its place may be no better.
        var until: Instant
    }

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
    private func isSilent(_ steward: PeerID, about key: ShardKey) -> Bool {
        silent[key]?.contains(steward) ?? false
    }

    /// Whether another steward is to act on the shard: this one keeps silent, or certifies nothing.
    func isPassedOver(_ steward: PeerID, for key: ShardKey) -> Bool {
        isSilent(steward, about: key)
            || fruitless[key]?.contains { $0.steward == steward } ?? false
    }

    /// Whether somebody is passed over for the shard.
    func hasPassedOver(_ key: ShardKey) -> Bool { silent.contains(key) || fruitless.contains(key) }

    /// `open` are the shards with open units, `own` those that this peer watches; others are
    /// forgotten.
    mutating func keep(_ open: [ShardKey], own: [ShardKey]) {
        shards = own
        let areEmpty = heard.isEmpty && silent.isEmpty && fruitless.isEmpty && certified.isEmpty
        guard !areEmpty else { return }
        var kept = SortedTable<ShardKey, Bool>()
        for key in open { kept[key] = true }
        silent.filter { key, _ in kept.contains(key) }
        fruitless.filter { key, _ in kept.contains(key) }
        heard.filter { name, _ in kept.contains(name.key) }
        certified.filter { name, _ in kept.contains(name.key) }
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
        return Self.isOver(patience, since: name, in: &heard, at: now)
    }

    /// Whether `patience` is over since the time that is noted for `name`: now, if none was.
    private static func isOver(
        _ patience: TimeSpan,
        since name: Name,
        in times: inout SortedTable<Name, Instant>,
        at now: Instant
    ) -> Bool {
        guard let last = times[name] else {
            times[name] = now
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

    /// `steward` has certified units of the shard; whether it had been passed over for that.
    ///
    /// Who still is, is so until `until`.
    mutating func certifies(
        _ steward: PeerID,
        _ key: ShardKey,
        at now: Instant,
        until: Instant
    ) -> Bool {
        certified[Name(key: key, steward: steward)] = now
        guard let before = fruitless[key] else { return false }
        var after = before.filter { $0.steward != steward }
        for index in after.indices { after[index].until = until }
        if after.isEmpty { fruitless.remove(key) } else { fruitless[key] = after }
        return after.count < before.count
    }

    /// When somebody who is passed over gets another chance.
    var expiry: Instant? {
        fruitless.values.lazy.flatMap(\.self).map(\.until).min()
    }

    /// Gives those another chance whose time has come; whether there were any.
    mutating func expire(at now: Instant) -> Bool {
        var hasExpired = false
        for (key, passed) in fruitless where passed.contains(where: { $0.until <= now }) {
            hasExpired = true
            for each in passed where each.until <= now {
                certified[Name(key: key, steward: each.steward)] = now
            }
            let rest = passed.filter { $0.until > now }
            if rest.isEmpty { fruitless.remove(key) } else { fruitless[key] = rest }
        }
        return hasExpired
    }

    /// Whether `steward` has certified nothing of the shard for `patience`: since its last
    /// certificate or, where there is none, since this was first asked.
    mutating func isFruitless(
        _ steward: PeerID,
        for key: ShardKey,
        after patience: TimeSpan,
        at now: Instant
    ) -> Bool {
        let name = Name(key: key, steward: steward)
        return Self.isOver(patience, since: name, in: &certified, at: now)
    }

    /// `steward` is passed over for the shard until it certifies something, or until `until`.
    mutating func passOver(_ steward: PeerID, for key: ShardKey, until: Instant) {
        guard fruitless[key]?.contains(where: { $0.steward == steward }) != true else { return }
        fruitless[key, default: []].append(PassedOver(steward: steward, until: until))
    }

    /// Nobody is passed over for the shard any more.
    mutating func forgive(_ key: ShardKey) {
        silent.remove(key)
        fruitless.remove(key)
    }
}

extension Peer {
    /// The steward that acts on a shard, as this peer sees it.
    package mutating func actingSteward(of key: ShardKey) -> PeerID? {
        let ranked = stewards(of: key)
        guard watch.hasPassedOver(key) else { return hubs.acting(of: ranked) }
        let trusted = ranked.filter { !watch.isPassedOver($0, for: key) }
        return hubs.acting(of: trusted) ?? hubs.acting(of: ranked)
    }

    /// Tells the other stewards on which shards this one acts, and looks who else should have.
    mutating func watchStewards(at now: Instant, into out: inout Outbox) {
        guard watch.beginRound(at: now) else { return }
        var told = SortedTable<PeerID, SortedTable<ManifestID, [UInt32]>>()
        for key in watch.shards {
            guard let acting = actingSteward(of: key), let job = job(key.manifest) else { continue }
            for other in stewards(of: key) + [job.manifest.submitter] {
                need(other, at: now)
            }
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
        guard refusal.reason == .notSteward, watch.hasPassedOver(key),
            !stewards(of: key).contains(me)
        else { return }
        watch.forgive(key)
        actingChanged()
    }

    /// Stewards have made nothing of what this peer's worker has sent them.
    mutating func wasFruitless(
        _ waits: [(key: ShardKey, steward: PeerID)],
        at now: Instant
    ) {
        for wait in waits { seeFruit(of: wait.steward, for: wait.key, at: now) }
    }

    /// A worker asks this peer for units of a shard on which another steward acts: if it has made
    /// nothing of them for long, this one does.
    mutating func wasAsked(for key: ShardKey, at now: Instant) {
        guard stewards(of: key).contains(me), let acting = actingSteward(of: key), acting != me
        else { return }
        seeFruit(of: acting, for: key, at: now)
    }

    private mutating func seeFruit(of steward: PeerID, for key: ShardKey, at now: Instant) {
        guard steward != me, let job = job(key.manifest) else { return }
        let patience = Self.patience(with: job)
        guard watch.isFruitless(steward, for: key, after: patience, at: now) else { return }
        watch.passOver(steward, for: key, until: now.advanced(by: patience.times(2)))
        actingChanged()
    }

    /// A certificate is known: its steward is worth asking.
    mutating func noteFruit(_ certificate: Certificate, at now: Instant) {
        guard let unit = certificate.units.first else { return }
        let key = ShardKey(manifest: certificate.manifest, shard: unit / Limits.unitsPerShard)
        guard let job = job(certificate.manifest) else { return }
        let until = now.advanced(by: Self.patience(with: job).times(2))
        if watch.certifies(certificate.steward, key, at: now, until: until) { actingChanged() }
    }

    /// How long a steward may certify nothing of a shard though it is sent promises.
    private static func patience(with job: Job) -> TimeSpan {
        job.leaseSpan(unitCount: 1).times(WorkLimits.fruitlessLeases)
    }

    /// Gives stewards another chance that were passed over for long.
    mutating func forgiveStewards(at now: Instant) {
        if watch.expire(at: now) { actingChanged() }
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
