package import Primitives
package import Wire

/// Why a unit that is certified is computed once more.
///
/// What a steward must look at again follows from its ledger: it is told each time that this
/// changes, and nothing of it is kept.
package struct Review: Hashable, Sendable {
    /// What for.
    package enum Purpose: Hashable, Sendable {
        /// To see in secret whether the vote was right.
        case audit
        /// Because certificates contradict each other, or one has not been opened for long; whether
        /// anchors or seniors vouch for one of them, whom only others of these can overrule.
        case dispute(isAnchored: Bool)
    }

    /// A vote that was cast before.
    package struct Cast: Hashable, Sendable {
        /// Who, and whose machine.
        package let voter: Candidate
        /// What its word was worth then.
        package let trustClass: TrustClass
        /// What it said; nil when nobody has opened it.
        package let core: Core?

        /// `voter` said `core`.
        package init(voter: Candidate, trustClass: TrustClass, core: Core?) {
            self.voter = voter
            self.trustClass = trustClass
            self.core = core
        }
    }

    /// What for.
    package let purpose: Purpose
    /// The certificates on the unit.
    package let certificates: [Certificate]
    /// The votes that these hold.
    package let cast: [Cast]
    /// What nobody else can foresee.
    package let seed: UInt64

    /// A review with every field given.
    package init(purpose: Purpose, certificates: [Certificate], cast: [Cast], seed: UInt64) {
        self.purpose = purpose
        self.certificates = certificates
        self.cast = cast
        self.seed = seed
    }

    /// Whether `core` opens what `worker` says of `unit` in one of the certificates.
    func has(_ worker: PeerID, saying core: Core, of unit: UInt32) -> Bool {
        certificates.contains { certificate in
            Ballot.all(on: unit, in: certificate).contains {
                $0.worker == worker && $0.isOpened(by: core, unit: unit)
            }
        }
    }
}

extension ShardDesk {
    /// The ledger has come to think otherwise of `unit`: it needs `review`, or none, and not what
    /// it needed before.
    mutating func reviewed(
        _ unit: UInt32,
        _ review: Review?,
        at now: Instant,
        into out: inout Outbox
    ) {
        let offset = index(unit)
        let isSame = units[offset].review?.purpose == review?.purpose
        units[offset].review = review
        if !isSame {
            units[offset].waitingSince = now
            units[offset].reviewedSince = now
            units[offset].heldSince = nil
            endProofs(about: unit, at: now)
        }
        guard review == nil else {
            nextOffer = now
            // Nobody comes any more for a first vote.
            return yieldRounds(at: now, into: &out)
        }
        restartProofs(at: now)
        yieldRounds(at: now, into: &out)
        prune(into: &out)
    }

    /// Why `unit`, which may be any, is looked at again, if it is.
    func review(of unit: UInt32) -> Review? {
        job.manifest.units(ofShard: key.shard).contains(unit) ? units[index(unit)].review : nil
    }

    /// Whether somebody computes `unit`, which may be any, for a review of it, or still may.
    package func mayBeReviewed(_ unit: UInt32, view: GridView) -> Bool {
        review(of: unit) != nil && hasVoterLeft(for: unit, view: view)
    }

    /// The units that are looked at again, and what for.
    var reviews: [(unit: UInt32, purpose: Review.Purpose)] {
        units.indices.compactMap { offset in
            units[offset].review.map { (unit(at: offset), $0.purpose) }
        }
    }

    /// Ends proofs of what a review of `unit` has come to, and begins anew with what is left.
    private mutating func endProofs(about unit: UInt32, at now: Instant) {
        for (first, proof) in proofs
        where proof.isReview && proof.cores.contains(where: { $0.unit == unit }) {
            proofs.remove(first)
            for each in proof.cores { units[index(each.unit)].isProving = false }
            prove(proof.cores.map(\.unit), at: now)
        }
    }

    /// What a unit needs that is looked at again.
    func need(of unit: UInt32, _ row: UnitRow, _ review: Review) -> Need {
        let own = revealed(of: unit)
        guard case .dispute(let isAnchored) = review.purpose else {
            let audit = own.last { $0.purpose == .audit }
            return audit.map { .proof(.audit, $0.core) } ?? .audit
        }
        if let ruling = row.ruling { return .proof(.ruling, ruling.body.core) }
        if row.heldSince != nil { return .ruling }
        let all = earlierWords(on: unit) + own
        if row.lacksBytes {
            return need(trust.next(after: distinct(all.map(\.worker)).count), of: all)
        }
        // A panel that did not settle it is not repeated.
        if review.certificates.contains(where: { $0.vote == .panel }) { return .ruling }
        let votes = all.map { ClassedVote(vote: $0.vote, trustClass: $0.trustClass) }
        return need(trust.outcome(of: votes, isAnchored: isAnchored), of: all)
    }

    /// What was said of `unit` in the certificates that its review looks at: what nobody has opened
    /// may be what somebody has found since.
    func earlierWords(on unit: UInt32) -> [Word] {
        guard let review = units[index(unit)].review else { return [] }
        let found = revealed(of: unit).map(\.core)
        return review.cast.compactMap { cast in
            let voter = cast.voter.peer
            let core = cast.core ?? found.first { review.has(voter, saying: $0, of: unit) }
            return core.map { Word(worker: voter, core: $0, trustClass: cast.trustClass) }
        }
    }

    // MARK: - Offers

    /// Offers units that are looked at again to somebody who may vote on them: an audit to an
    /// anchor or a senior, a dispute to whoever has not voted yet, seniors first.
    ///
    /// Nobody claims units that are certified. What is offered is a lease like any other: a worker
    /// that has no place for it lets it run out, and the next one gets it.
    package mutating func offerReviews(
        view: GridView,
        isFull: (PeerID) -> Bool,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let due = nextOffer, due <= now else { return }
        nextOffer = nil
        for offset in units.indices {
            let row = units[offset]
            guard let review = row.review else { continue }
            let isAudit = review.purpose == .audit
            let leases = isAudit ? WorkLimits.auditLeases : WorkLimits.disputeLeases
            guard row.reviewedSince.advanced(by: lease(of: 1).times(leases)) <= now else {
                continue
            }
            // Nobody was there for it, or the submitter does not care.
            reviewed(unit(at: offset), nil, at: now, into: &out)
        }
        guard units.contains(where: { $0.review != nil }) else { return }
        nextOffer = now.advanced(by: lease(of: 1))
        guard !isOnHold, view.isDataReachable, job.manifest.deadline >= view.epoch else { return }
        retireRounds(view: view, at: now, into: &out)
        for key in openReviewRounds(view: view, at: now) {
            guard let round = rounds[key], let seed = units[index(round.units[0])].review?.seed
            else { continue }
            let chosen = view.candidates.filter { candidate in
                !isFull(candidate.peer)
                    && seat(in: key, for: candidate, view: view, at: now) != nil
            }.min { left, right in
                Self.order(of: left.peer, seed, at: now) < Self.order(of: right.peer, seed, at: now)
            }
            guard let chosen, let seat = seat(in: key, for: chosen, view: view, at: now) else {
                continue
            }
            grant(key, seat: seat, to: chosen, view: view, at: now, into: &out)
        }
    }

    private static func order(of peer: PeerID, _ seed: UInt64, at now: Instant) -> UInt64 {
        taggedHash("starling/offer/1", count: 3) { encoder in
            encoder.identifier(peer)
            encoder.unsigned(seed)
            encoder.unsigned(now.nanoseconds)
        }.prefix
    }

    /// Rounds of units that are looked at again and whose seat is free; they are opened here.
    private mutating func openReviewRounds(view: GridView, at now: Instant) -> [RoundKey] {
        for offset in units.indices {
            let unit = unit(at: offset)
            guard let review = units[offset].review, hasVoterLeft(for: unit, view: view) else {
                continue
            }
            switch need(of: unit) {
            case .audit: open(auditedWith(unit, review), for: .audit, view: view, at: now)
            case .furtherVote: open([unit], for: .furtherVote, view: view, at: now)
            case .nothing, .firstVote, .proof, .ruling: break
            }
        }
        return rounds.values.filter { round in
            round.phase == .leasing && round.seats.count == 1 && round.seats[0].occupant == nil
                && units[index(round.units[0])].review != nil
        }.map(\.key)
    }

    /// The units that one audit can look at: all that wait for one and have one certificate.
    private func auditedWith(_ unit: UInt32, _ review: Review) -> [UInt32] {
        let others = job.manifest.units(ofShard: key.shard).filter { other in
            let row = units[index(other)]
            return row.review?.purpose == .audit
                && row.review?.certificates == review.certificates && need(of: other) == .audit
        }
        return Array(others.prefix(Limits.unitsPerBundle))
    }
}
