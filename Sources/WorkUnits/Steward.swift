package import Primitives
package import Wire

/// Everything that a peer does as a steward: its shards, and how much each worker may hold.
package struct Steward: Sendable {
    /// The shards that this peer has scheduled anything of.
    package private(set) var desks = SortedTable<ShardKey, ShardDesk>()
    private var due = SortedTable<ShardKey, Instant>()
    /// The desks at which proofs or items to publish wait, and whether proofs gather there.
    private var working = SortedTable<ShardKey, Bool>()
    /// Counts changes, and how many there were when all proofs had been taken further.
    private var changeCount: UInt64 = 0
    private var settledCount: UInt64 = 0
    /// Before when no proof goes on by time alone.
    private var proofsAt: Instant?
    private var quotas = SortedTable<PeerID, UInt32>()
    /// Rows of jobs whose manifests are not here: the ledger was lost, and comes back.
    private var unplaced = SortedTable<ManifestID, [JournalRow]>()
    /// What is left to publish of jobs that are over: workers are paid for what is certified.
    private var parting: [Item] = []
    private let me: PeerID
    private let trust: Trust

    /// A steward without shards, in a network that goes by `trust`.
    package init(me: PeerID, trust: Trust = .standard) {
        self.me = me
        self.trust = trust
    }

    /// When `tick` has something to do.
    package private(set) var deadline: Instant?

    /// Whether `advanceProofs` has something to look at.
    package var hasWork: Bool { !parting.isEmpty || !working.isEmpty }

    /// The rounds and proofs that are open, for people.
    package var openWork: String {
        desks.values.flatMap { desk in
            desk.rounds.values.map { round in
                let seats = round.seats.map { seat in
                    guard let occupant = seat.occupant else { return "free" }
                    let state =
                        occupant.revealed != nil
                        ? "revealed" : occupant.commit != nil ? "committed" : "leased"
                    return "\(occupant.worker.short) \(state)"
                }
                return "  round \(round.number) of \(round.units): \(round.phase) \(seats)\n"
            } + desk.proofs.values.map { "  proof \($0.kind) \($0.stage) \($0.cores.count)\n" }
                + desk.reviews.map { "  unit \($0.unit) of \(desk.job.id.short): \($0.purpose)\n" }
        }.joined()
    }

    /// Whether no round, proof or opening waits.
    package var isIdle: Bool { desks.values.allSatisfy(\.isIdle) }

    /// Bundles that `worker` may have in flight: 1, one more for each certificate, half for each
    /// lease that ran out.
    package func quota(of worker: PeerID) -> UInt32 { quotas[worker] ?? 1 }

    /// The same, for a worker whose certificates or leases have counted here; nil for others.
    package func earnedQuota(of worker: PeerID) -> UInt32? { quotas[worker] }

    /// The most bundles that any worker may have in flight.
    package var largestQuota: UInt32 { quotas.values.max() ?? 1 }

    /// A worker asks for units of a shard of `job`; `certified` are the units that the ledger has a
    /// certificate for, which a steward that is new to the shard must know.
    package mutating func claimed(
        _ claim: Claim,
        of job: Job,
        certified: [UInt32],
        by worker: PeerID,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard claim.shard < job.manifest.shardCount else { return }
        let key = ShardKey(manifest: claim.manifest, shard: claim.shard)
        open(key, of: job, certified: certified, at: now)
        let mayGrow = hasRoom(for: worker)
        let answer = change(key) { desk in
            desk.claimed(claim, by: worker, mayGrow: mayGrow, view: view, at: now, into: &out)
        }
        guard case .refused(let reason) = answer else { return }
        let refusal = Refusal(
            manifest: claim.manifest,
            shard: claim.shard,
            round: nil,
            reason: reason,
            retryMilliseconds: WorkLimits.retrySpan.nanoseconds / 1_000_000
        )
        out.send(.refuse(refusal), to: worker)
    }

    private mutating func open(
        _ key: ShardKey,
        of job: Job,
        certified: [UInt32],
        at now: Instant
    ) {
        guard !desks.contains(key) else { return }
        desks[key] = ShardDesk(
            job: job,
            shard: key.shard,
            steward: me,
            certified: certified,
            trust: trust,
            at: now
        )
    }

    /// The ledger has come to think otherwise of a unit that is certified: it needs `review`, or
    /// none.
    package mutating func reviewed(
        _ unit: UInt32,
        of job: Job,
        _ review: Review?,
        certified: () -> [UInt32],
        isHeld: Bool,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = ShardKey(manifest: job.id, shard: shard(of: [unit]))
        if review != nil, !desks.contains(key) {
            open(key, of: job, certified: certified(), at: now)
            if isHeld { held(job.id, isHeld: true, at: now) }
        }
        // Said again and again, it must not make proofs that wait look at everything.
        guard self.review(of: unit, of: job.id) != review else { return }
        change(key) { $0.reviewed(unit, review, at: now, into: &out) }
    }

    /// Why a unit of a job is being looked at again here, if it is; any unit, of any job.
    package func review(of unit: UInt32, of manifest: ManifestID) -> Review? {
        let key = ShardKey(manifest: manifest, shard: shard(of: [unit]))
        return desks[key]?.review(of: unit)
    }

    /// Whether somebody computes a unit of a shard for a review of it here, or still may.
    package func mayBeReviewed(_ unit: UInt32, of key: ShardKey, view: GridView) -> Bool {
        desks[key]?.mayBeReviewed(unit, view: view) ?? false
    }

    /// A worker's result has turned out to be wrong: it may hold less.
    package mutating func wasWrong(_ worker: PeerID) {
        quotas[worker] = max(1, quota(of: worker) / 2)
    }

    /// A worker promises.
    package mutating func committed(
        _ signed: Signed<CommitStatement>,
        of job: Job,
        view: GridView,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        let commit = signed.body
        let key = ShardKey(manifest: commit.manifest, shard: shard(of: commit.units))
        let round = RoundKey(number: commit.round, firstUnit: commit.units[0])
        guard desks.contains(key) else {
            return reply(.stale, key: key, round: round, to: commit.worker, into: &out)
        }
        let answer = change(key) { desk in
            desk.committed(signed, view: view, at: now, vault: &vault, into: &out)
        }
        reply(answer, key: key, round: round, to: commit.worker, into: &out)
    }

    /// A worker reveals.
    package mutating func revealed(
        _ reveal: Reveal,
        of job: Job,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        let result = reveal.result.body
        let key = ShardKey(manifest: result.manifest, shard: shard(of: result.units))
        let round = RoundKey(number: result.round, firstUnit: result.units[0])
        guard desks.contains(key) else {
            return reply(.stale, key: key, round: round, to: result.worker, into: &out)
        }
        let answer = change(key) { desk in
            desk.revealed(reveal, view: view, at: now, into: &out)
        }
        reply(answer, key: key, round: round, to: result.worker, into: &out)
    }

    /// A commit set of this peer is signed.
    package mutating func setSigned(
        _ signed: Signed<CommitSet>,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = ShardKey(manifest: signed.body.manifest, shard: shard(of: signed.body.units))
        guard desks.contains(key) else { return }
        change(key) { $0.setSigned(signed, at: now, into: &out) }
    }

    /// The shard of `certificate`, if this steward has scheduled anything of it.
    package func desk(of certificate: Certificate) -> ShardKey? {
        let key = ShardKey(
            manifest: certificate.manifest,
            shard: shard(of: certificate.units)
        )
        return desks.contains(key) ? key : nil
    }

    /// The ledger has taken in a certificate; its workers may hold more.
    package mutating func certified(
        _ certificate: Signed<Certificate>,
        isOpened: Bool,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let key = desk(of: certificate.body) else { return }
        for entry in certificate.body.entries where certificate.body.steward == me {
            quotas[entry.worker] = min(quota(of: entry.worker) + 1, WorkLimits.quotaMax)
        }
        change(key) { desk in
            desk.certified(certificate, isOpened: isOpened, view: view, at: now, into: &out)
        }
    }

    /// The ledger has taken in the opening of a certificate of `units`.
    package mutating func opened(
        _ certificate: ItemID,
        manifest: ManifestID,
        units: [UInt32],
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = ShardKey(manifest: manifest, shard: shard(of: units))
        guard desks.contains(key) else { return }
        change(key) { $0.opened(certificate, into: &out) }
    }

    /// The submitter has ruled.
    package mutating func ruled(_ ruling: Signed<Ruling>, at now: Instant) {
        let key = ShardKey(
            manifest: ruling.body.manifest,
            shard: shard(of: [ruling.body.unit])
        )
        guard desks.contains(key) else { return }
        change(key) { $0.ruled(ruling, at: now) }
    }

    /// Another peer holds results that wait for a second holder.
    package mutating func heldElsewhere(
        _ list: UnitList,
        by holder: PeerID,
        view: GridView,
        at now: Instant
    ) {
        let key = ShardKey(manifest: list.manifest, shard: shard(of: list.units))
        guard desks.contains(key) else { return }
        change(key) { $0.heldElsewhere(list.units, by: holder, view: view) }
    }

    /// Takes every proof further that can go on now.
    package mutating func advanceProofs(
        view: (ShardKey) -> GridView,
        at now: Instant,
        results: inout ResultDesk,
        vault: inout Vault,
        into out: inout Outbox
    ) -> [Item] {
        var ready = parting
        parting = []
        proofsAt = nil
        for key in working.keys {
            let next = change(key) { desk in
                desk.advanceProofs(
                    view: view(key),
                    at: now,
                    results: &results,
                    vault: &vault,
                    into: &out
                )
                ready += desk.takeReady()
                return desk.proofsAt
            }
            if let next { proofsAt = min(proofsAt ?? next, next) }
        }
        settledCount = changeCount
        return ready
    }

    /// Lets proofs wait longer, if nothing at this steward has changed since the last time that
    /// they were taken further; whether that is so.
    package mutating func postponeProofs(at now: Instant) -> Bool {
        guard settledCount == changeCount, parting.isEmpty, proofsAt.map({ now < $0 }) ?? true
        else { return false }
        let next = now.advanced(by: WorkLimits.fetchSpan)
        for (key, isGathering) in working where isGathering {
            let deadline = desks.update(key) { desk in
                desk.gatherAt = next
                return desk.notedDeadline
            }
            setDue(deadline ?? nil, of: key)
        }
        return true
    }

    /// Time has passed.
    package mutating func tick(
        view: (ShardKey) -> GridView,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        for key in due.keys {
            guard let instant = due[key], instant <= now else { continue }
            let seen = view(key)
            let late = change(key) { desk in
                desk.tick(view: seen, at: now, vault: &vault, into: &out)
            }
            if let offer = desks[key]?.nextOffer, offer <= now {
                let full = seen.candidates.map(\.peer).filter { !hasRoom(for: $0) }
                change(key) { desk in
                    desk.offerReviews(
                        view: seen,
                        isFull: { full.contains($0) },
                        at: now,
                        into: &out
                    )
                }
            }
            // Leases of a job on hold may have been left alone for that.
            guard desks[key]?.isOnHold == false else { continue }
            for worker in late { quotas[worker] = max(1, quota(of: worker) / 2) }
        }
    }

    /// The project holds a job, or lets it go on.
    package mutating func held(_ manifest: ManifestID, isHeld: Bool, at now: Instant) {
        for key in desks.keys where key.manifest == manifest {
            change(key) { desk in
                if isHeld { desk.putOnHold() } else { desk.goOn(at: now) }
            }
        }
    }

    /// The job is over: nothing more is scheduled, and its rows go.
    package mutating func ended(_ manifest: ManifestID, into out: inout Outbox) {
        for key in desks.keys where key.manifest == manifest {
            let openings = desks.update(key) { $0.discard(into: &out) } ?? []
            parting += openings.map(Item.opening)
            desks.remove(key)
            working.remove(key)
            setDue(nil, of: key)
            changeCount += 1
        }
    }

    /// Hashes of the results that its shards of the jobs which `isMeant` picks refer to.
    package func resultHashes(where isMeant: (ManifestID) -> Bool) -> [Digest] {
        desks.values.filter { isMeant($0.job.id) }.flatMap(\.resultHashes)
    }

    /// The ledger has taken in a manifest: rows that waited for it find their place.
    package mutating func learned(_ job: Job, at now: Instant) {
        for row in unplaced.remove(job.id) ?? [] {
            // A damaged row is as good as none: its units are voted on anew.
            try? restore(row, job: { $0 == job.id ? job : nil }, at: now)
        }
    }

    /// Puts back a row that the journal kept; `job` finds a manifest in the ledger.
    package mutating func restore(
        _ row: JournalRow,
        job find: (ManifestID) -> Job?,
        at now: Instant
    ) throws(DecodeError) {
        guard row.table == .rounds else { return }
        let key = try ShardKey(rowKey: row.key)
        guard let job = find(key.manifest) else {
            unplaced[key.manifest, default: []].append(row)
            return
        }
        guard key.shard < job.manifest.shardCount else { return }
        open(key, of: job, certified: [], at: now)
        guard var desk = desks[key] else { return }
        try desk.restore(row, at: now)
        desks[key] = desk
        // One look at everything: what a unit needs follows from its rows.
        setDue(now, of: key)
    }

    /// Whether a worker may have one more bundle in flight.
    private func hasRoom(for worker: PeerID) -> Bool {
        let inFlight = desks.values.reduce(0) { $0 + $1.inFlight(of: worker) }
        return inFlight < Int(quota(of: worker))
    }

    /// Changes a desk that is there, and notes when it has something to do.
    @discardableResult
    private mutating func change<Answer>(
        _ key: ShardKey,
        _ body: (inout ShardDesk) -> Answer
    ) -> Answer {
        let change = desks.update(key) { desk in
            let answer = body(&desk)
            desk.resting = desk.restingDeadline
            let isWorking: Bool? = desk.hasWork ? desk.isGathering : nil
            return (answer: answer, deadline: desk.notedDeadline, isWorking: isWorking)
        }
        changeCount += 1
        guard let change else {
            preconditionFailure("every caller has looked for the desk")
        }
        setDue(change.deadline, of: key)
        working[key] = change.isWorking
        return change.answer
    }

    /// Notes when a desk has something to do, and so when the first of all has.
    private mutating func setDue(_ instant: Instant?, of key: ShardKey) {
        let earlier = due[key]
        guard earlier != instant else { return }
        due[key] = instant
        if let earlier, earlier == deadline {
            deadline = due.values.min()
        } else if let instant {
            deadline = min(deadline ?? instant, instant)
        }
    }

    private func reply(
        _ answer: ShardDesk.VoteAnswer,
        key: ShardKey,
        round: RoundKey,
        to worker: PeerID,
        into out: inout Outbox
    ) {
        switch answer {
        case .taken:
            break
        case .stale:
            out.send(.refuse(key.staleness(of: round)), to: worker)
        case .invalid:
            out.append(.penalize(worker, .invalidVote(key.manifest, round: round.number)))
        }
    }

    private func shard(of units: [UInt32]) -> UInt32 { units[0] / Limits.unitsPerShard }
}

extension ShardDesk {
    /// Whether a proof or an item to publish waits.
    var hasWork: Bool { !proofs.isEmpty || !ready.isEmpty }

    /// Hashes of the results that were revealed, are being proved, or wait for their opening.
    var resultHashes: [Digest] {
        let revealed = rounds.values.flatMap(\.seats).compactMap { $0.occupant?.revealed?.cores }
        let stated = proofs.values.map(\.cores) + openings.values.map(\.opening.cores)
        let cores = revealed.flatMap { $0 } + stated.flatMap { $0 }.map(\.core)
        return cores.map(\.resultHash)
    }

    /// Deletes every row of the shard, and returns the openings that nobody has published yet.
    mutating func discard(into out: inout Outbox) -> [Opening] {
        defer { openings = SortedTable() }
        forget(rounds.values, into: &out)
        rounds = SortedTable()
        proofs = SortedTable()
        return openings.values.map(\.opening)
    }
}
