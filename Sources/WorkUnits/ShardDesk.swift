package import Primitives
package import Wire

/// A steward's machine for one shard: what each unit needs next, and the rounds that give it.
///
/// ```
/// OPEN ─claims─▶ LEASED ─commits of all seats─▶ COMMITTED ─set signed─▶ REVEALING ─lead─▶ PROVING
///   ▲               │ a seat timed out: it reopens, other commits stay                       │
///   └───────────────┴── no lead: one more voter, or HELD ─RULING─▶ PROVING        results held ▼
///                                                                                   CERTIFIED
/// ```
/// The rule is level-triggered: what a unit needs is worked out from the rounds' rows each time, so
/// a crash or a repeated message changes nothing.
package struct ShardDesk: Sendable {
    /// The job.
    package let job: Job
    /// Which shard and of which job.
    package let key: ShardKey
    /// The steward: this peer.
    let steward: PeerID

    /// Every round of the shard that is still of use.
    package internal(set) var rounds = SortedTable<RoundKey, Round>()
    /// One for each unit of the shard, in order.
    var units: [UnitRow]
    /// One more than the number of any round that is forgotten: no number comes twice, whatever
    /// becomes of the ledger.
    var roundFloor: UInt32 = 0
    /// Votes that are won and wait for their certificate, by lowest unit.
    var proofs = SortedTable<UInt32, Proof>()
    /// When proofs that gather, and that were looked at, are looked at again.
    var gatherAt: Instant?
    /// Before when no proof goes on by time alone.
    var proofsAt: Instant?
    /// What `restingDeadline` was when the desk was last changed.
    var resting: Instant?
    /// Own certificates whose openings are not in the ledger yet.
    var openings = SortedTable<ItemID, PendingOpening>()
    /// What the caller must publish.
    var ready: [Item] = []
    /// Whether the project holds the job.
    package internal(set) var isOnHold = false
    /// When units that are looked at again are offered next; nil while there are none.
    var nextOffer: Instant?
    /// Whether a vote has ended without a result, and nobody has looked yet who may still vote.
    var lacksVoters = false
    /// The constants of votes.
    let trust: Trust

    /// What a steward knows of one unit.
    struct UnitRow: Sendable {
        /// The unit's rounds, oldest first.
        var rounds: [RoundKey] = []
        /// One more than the number of its last round.
        var nextRound: UInt32 = 0
        /// Whether the ledger has a certificate for it.
        var isCertified = false
        /// Why it is looked at again although it is certified, if it is.
        var review: Review?
        /// Since when it is.
        var reviewedSince = Instant.zero
        /// Whether a certificate is being made.
        var isProving = false
        /// Whether nobody who voted for the winner has its bytes any more: one more voter must.
        var lacksBytes = false
        /// The submitter's word, once it is asked for and given.
        var ruling: Signed<Ruling>?
        /// Since when it has waited for what it needs.
        var waitingSince: Instant
        /// When the submitter was last asked to rule; nil while nobody needs to.
        var heldSince: Instant?
    }

    /// A certificate's cores, until its opening stands in the ledger.
    struct PendingOpening: Sendable {
        let opening: Opening
        let publishAt: Instant
        /// When the next steward is told again; nil when another one's certificate is opened.
        var handAt: Instant?
    }

    /// A shard in which this steward has done nothing yet.
    package init(
        job: Job,
        shard: UInt32,
        steward: PeerID,
        certified: [UInt32],
        trust: Trust,
        at now: Instant
    ) {
        self.job = job
        self.trust = trust
        key = ShardKey(manifest: job.id, shard: shard)
        self.steward = steward
        let range = job.manifest.units(ofShard: shard)
        units = range.map { _ in UnitRow(waitingSince: now) }
        for unit in certified where range.contains(unit) { units[index(unit)].isCertified = true }
    }

    /// Puts back a row that the journal kept: a round, or the floor of the rounds' numbers.
    mutating func restore(_ row: JournalRow, at now: Instant) throws(DecodeError) {
        guard let value = row.value else { return }
        if row.key == key.floorRowKey {
            var decoder = CBORDecoder(value)
            roundFloor = try decoder.unsigned32(field: "round")
            try decoder.finish()
        } else {
            try restore(round: value, at: now)
        }
    }

    private mutating func restore(round value: Bytes, at now: Instant) throws(DecodeError) {
        let round = try Round(row: value, reveal: lease(of: 1), at: now)
        let range = job.manifest.units(ofShard: key.shard)
        guard let last = round.units.last, range.contains(round.units[0]), range.contains(last)
        else { throw .outOfRange(at: 0, field: "units") }
        rounds[round.key] = round
        for unit in round.units {
            units[index(unit)].rounds.append(round.key)
            units[index(unit)].rounds.sort()
            units[index(unit)].nextRound = max(units[index(unit)].nextRound, round.number + 1)
        }
    }

    // MARK: - Queries

    /// Whether every unit has a certificate.
    package var isFinished: Bool { units.allSatisfy(\.isCertified) }

    /// Whether no round, proof or opening waits.
    var isIdle: Bool { rounds.isEmpty && proofs.isEmpty && openings.isEmpty }

    /// Items to publish since the last call.
    package mutating func takeReady() -> [Item] {
        defer { ready.removeAll() }
        return ready
    }

    /// Bundles of `worker` that are leased and not committed.
    package func inFlight(of worker: PeerID) -> Int {
        rounds.keys.indices.count { index in
            rounds.values[index].phase == .leasing && rounds.values[index].lease(of: worker) != nil
        }
    }

    /// When `tick` has something to do.
    package var deadline: Instant? { soonest(restingDeadline, isGathering ? gatherAt : nil) }

    /// The deadline, as far as it has not changed but for `gatherAt`.
    var notedDeadline: Instant? { soonest(resting, isGathering ? gatherAt : nil) }

    private func soonest(_ left: Instant?, _ right: Instant?) -> Instant? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }

    /// Whether a proof waits for bytes that were asked for.
    var isGathering: Bool {
        proofs.values.contains { $0.stage == .gathering && $0.nextAttempt == nil }
    }

    /// The deadline without that of proofs that gather.
    var restingDeadline: Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant) { earliest = min(earliest ?? instant, instant) }
        for round in rounds.values {
            switch round.phase {
            case .leasing:
                // A restart may find every promise there, and the set not asked for.
                if round.seats.count > 1, round.committed.count == round.seats.count {
                    consider(.zero)
                }
                if let instant = retirement(of: round) { consider(instant) }
                for seat in round.seats {
                    guard let occupant = seat.occupant, occupant.commit == nil else { continue }
                    consider(seat.since.advanced(by: lease(of: round.units.count)))
                }
                if let duplicate = round.duplicate {
                    consider(duplicate.since.advanced(by: lease(of: round.units.count)))
                }
            case .revealing(let until): consider(until)
            case .closing, .closed: break
            }
        }
        for proof in proofs.values {
            if let next = proof.nextAttempt { consider(next) }
        }
        for pending in openings.values { consider(pending.handAt ?? pending.publishAt) }
        if let nextOffer { consider(nextOffer) }
        if lacksVoters, !isOnHold { consider(.zero) }
        for offset in units.indices where isUndecided(units[offset]) {
            switch need(of: unit(at: offset)) {
            case .ruling where isOnHold, .furtherVote where isOnHold: break
            case .ruling where units[offset].heldSince == nil: consider(.zero)
            case .furtherVote, .ruling: consider(heldCheck(of: units[offset]))
            // A restart leaves votes that are won and whose proof is not begun: at once.
            case .proof: consider(.zero)
            case .nothing, .firstVote, .audit: break
            }
        }
        return earliest
    }

    /// What a unit needs next.
    enum Need: Hashable {
        /// Nothing: it is certified, being certified, or in a round.
        case nothing
        /// A first vote.
        case firstVote
        /// One more voter.
        case furtherVote
        /// Somebody who computes it in secret.
        case audit
        /// A certificate for the core that won.
        case proof(CertificateKind, Core)
        /// The submitter's word.
        case ruling
    }

    /// Works out from the rows what `unit` needs next.
    func need(of unit: UInt32) -> Need {
        let row = units[index(unit)]
        if row.isSettled || row.isProving { return .nothing }
        if let last = row.rounds.last, rounds[last]?.isOpen == true { return .nothing }
        if let review = row.review { return need(of: unit, row, review) }
        if let ruling = row.ruling { return .proof(.ruling, ruling.body.core) }
        let cast = revealed(of: unit)
        guard !cast.isEmpty else { return .firstVote }
        if row.heldSince != nil { return .ruling }
        if row.lacksBytes { return need(trust.next(after: cast.count), of: cast) }
        let seats = firstVoteSeats(of: row)
        return need(trust.outcome(of: cast.map(\.vote), firstVoteSeats: seats), of: cast)
    }

    /// What follows for a unit from the outcome of its votes.
    func need(_ outcome: VoteOutcome, of cast: [Word]) -> Need {
        switch outcome {
        case .furtherVote: return .furtherVote
        case .ruling: return .ruling
        case .won(let kind, let hash):
            guard let winner = cast.first(where: { $0.core.hash == hash }) else {
                preconditionFailure("somebody voted for what won")
            }
            return .proof(kind, winner.core)
        }
    }

    /// What one worker said of a unit, in a certificate or to this steward.
    struct Word {
        let worker: PeerID
        let core: Core
        /// What its word is worth.
        let trustClass: TrustClass
        /// What the round was for; nil when it was another steward's.
        var purpose: Round.Purpose?

        var vote: Vote { Vote(worker: worker, core: core.hash) }
    }

    /// Every result that was revealed for `unit`, in order of rounds and seats.
    func revealed(of unit: UInt32) -> [Word] {
        var cast: [Word] = []
        for key in units[index(unit)].rounds {
            guard let round = rounds[key], let offset = round.units.firstIndex(of: unit) else {
                continue
            }
            for seat in round.seats {
                guard let occupant = seat.occupant, let revealed = occupant.revealed else {
                    continue
                }
                cast.append(
                    Word(
                        worker: occupant.worker,
                        core: revealed.cores[offset],
                        trustClass: occupant.trustClass,
                        purpose: round.purpose
                    )
                )
            }
        }
        return cast
    }

    /// Seats of the unit's first vote, as long as nobody else has revealed anything.
    private func firstVoteSeats(of row: UnitRow) -> Int? {
        let revealing = row.rounds.compactMap { rounds[$0] }.filter { round in
            round.seats.contains { $0.occupant?.revealed != nil }
        }
        guard revealing.count == 1, let only = revealing.first, only.isFirstVote else {
            return nil
        }
        return only.seats.count
    }

    /// Workers that revealed a result for `unit`, and their owners.
    func participants(of unit: UInt32) -> [Candidate] {
        let row = units[index(unit)]
        let own = row.rounds.compactMap { rounds[$0] }.flatMap { round in
            round.committed.filter { $0.revealed != nil }
                .map { Candidate(peer: $0.worker, owner: $0.owner, network: $0.network) }
        }
        return own + (row.review?.cast.map(\.voter) ?? [])
    }

    func index(_ unit: UInt32) -> Int { Int(unit - key.shard * Limits.unitsPerShard) }

    func unit(at index: Int) -> UInt32 { key.shard * Limits.unitsPerShard + UInt32(index) }

    func lease(of unitCount: Int) -> TimeSpan { job.leaseSpan(unitCount: unitCount) }

    func persist(_ round: Round, into out: inout Outbox) {
        out.append(.persist(round.row(of: key)))
    }
}

extension ShardDesk.UnitRow {
    /// Whether nothing more is to be done for it.
    var isSettled: Bool { isCertified && review == nil }
}
