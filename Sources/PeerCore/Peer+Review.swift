import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

/// Votes that are looked at again: audits, which nobody is told of, certificates that contradict
/// each other, and those that nobody opens.
///
/// Who looks follows from the stewards of the shard and from who signed what. The steward after a
/// certificate's signer draws its audits; a contradiction goes to the last steward that is here and
/// has signed neither side and, where nothing comes of that, turn by turn to the others as well; so
/// does, one turn later, what is certified and not opened. It is worked out anew whenever the
/// ledger thinks otherwise of a unit, others are here, or a turn may have come.
extension Peer {
    /// Works out what `names`, of which the ledger thinks otherwise, need.
    private mutating func review(
        _ names: [CreditLedger.UnitName],
        at now: Instant,
        into out: inout Outbox
    ) {
        for name in distinct(names) {
            fetchOwnResult(of: name.unit, name.manifest, at: now, into: &out)
            compareRinger(name, at: now, into: &out)
            review(name, isCaught: false, at: now, into: &out)
            reviewCaught(by: name, at: now, into: &out)
        }
        publishWithheld(at: now, into: &out)
    }

    /// Looks at what the ledger thinks otherwise of and, when others are here now than before, at
    /// every contradiction; not before this peer is in its own table of hubs.
    mutating func refreshReviews(at now: Instant, into out: inout Outbox) {
        let isDue = reviewAt.map { $0 <= now } ?? false
        guard areReviewsStale || isDue || ledger.hasJudged, hubs.contains(me) else { return }
        if areReviewsStale || isDue {
            areReviewsStale = false
            reviewAt = nil
            for name in ledger.unsettledUnits { review(name, isCaught: false, at: now, into: &out) }
        }
        let judged = ledger.takeJudged()
        if !judged.isEmpty { review(judged, at: now, into: &out) }
    }

    /// Leases of one unit after which one more steward takes care of a contradiction.
    private static let turnLeases: UInt64 = 16

    private mutating func review(
        _ name: CreditLedger.UnitName,
        isCaught: Bool,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = ShardKey(manifest: name.manifest, shard: name.unit / Limits.unitsPerShard)
        let ranked = stewards(of: key)
        let isRanked = ranked.contains(me)
        guard isRanked || steward.review(of: name.unit, of: name.manifest) != nil,
            let job = job(name.manifest)
        else { return }
        let isOver =
            ledger.isCancelled(name.manifest) || isReleased(name.manifest)
            || unruled.contains(name.manifest)
        var review: Review?
        if isRanked, !isOver {
            review = reviewNeeded(by: name, of: job, ranked, isCaught: isCaught, at: now)
        }
        let isNew = review != nil && steward.review(of: name.unit, of: name.manifest) == nil
        steward.reviewed(
            name.unit,
            of: job,
            review,
            certified: { ledger.certifiedUnits(of: name.manifest) },
            isHeld: ledger.isHeld(name.manifest),
            at: now,
            into: &out
        )
        // What the project has said already, it need not be asked for.
        if isNew, let ruling = ledger.ruling(on: name.unit, of: name.manifest) {
            steward.ruled(ruling, at: now)
        }
    }

    /// The project has ruled on a unit: if that is certified otherwise, it is looked at again.
    mutating func review(ruledBy ruling: Ruling, at now: Instant, into out: inout Outbox) {
        guard hubs.contains(me) else { return }
        let name = CreditLedger.UnitName(manifest: ruling.manifest, unit: ruling.unit)
        review(name, isCaught: false, at: now, into: &out)
    }

    private mutating func reviewNeeded(
        by name: CreditLedger.UnitName,
        of job: Job,
        _ ranked: [PeerID],
        isCaught: Bool,
        at now: Instant
    ) -> Review? {
        let certificates = ledger.certificates(on: name.unit, of: name.manifest)
        switch ledger.verdict(on: name.unit, of: name.manifest) {
        case .open:
            return nil
        case .disputed:
            guard isMyTurn(name, of: job, ranked, certificates, at: now) else { return nil }
            return dispute(about: name, of: job, certificates)
        case .certified(let core, _)
        where ledger.isOverruled(core, on: name.unit, of: name.manifest):
            guard isMyTurn(name, of: job, ranked, certificates, at: now) else { return nil }
            return dispute(about: name, of: job, certificates)
        case .sealed
        where isMyTurn(name, of: job, ranked, certificates, from: 1, at: now):
            // Who knows what they say has kept it back for long, or is gone.
            return dispute(about: name, of: job, certificates)
        case .sealed, .certified:
            guard !certificates.contains(where: { !$0.body.vote.isFirstVote }),
                let first = certificates.min(by: { ($0.body.epoch, $0.id) < ($1.body.epoch, $1.id) }
                )
            else { return nil }
            let draw = lot(of: name, first.id)
            let running = steward.review(of: name.unit, of: name.manifest)
            let isMeant =
                auditor(of: first.body, ranked) == me
                && (isCaught || isDrawn(draw, name, first.body, job.manifest))
            guard running?.purpose == .audit || isMeant else { return nil }
            return self.review(for: .audit, of: name, job, [first], seed: draw)
        }
    }

    private func dispute(
        about name: CreditLedger.UnitName,
        of job: Job,
        _ certificates: [Signed<Certificate>]
    ) -> Review {
        let isAnchored = ledger.isContestAnchored(name.unit, of: name.manifest)
        let purpose = Review.Purpose.dispute(isAnchored: isAnchored)
        return review(for: purpose, of: name, job, certificates, seed: 0)
    }

    /// Whether this steward takes care of a contradiction, or of what nobody opens: first, in the
    /// turn `firstTurn`, the last one that is here and has signed none of the certificates, then
    /// the others, those who have signed last.
    private mutating func isMyTurn(
        _ name: CreditLedger.UnitName,
        of job: Job,
        _ ranked: [PeerID],
        _ certificates: [Signed<Certificate>],
        from firstTurn: UInt64 = 0,
        at now: Instant
    ) -> Bool {
        let signers = certificates.map { ledger.ownership.current(of: $0.body.steward) }
        let present = ranked.filter(hubs.isPresent)
        var order = Array(present.filter { !signers.contains($0) }.reversed())
        if order.isEmpty { order = hubs.acting(of: ranked).map { [$0] } ?? [] }
        order += present.filter { !order.contains($0) }
        guard let place = order.firstIndex(of: me) else { return false }
        let since = ledger.lastChange(of: name.unit, of: name.manifest) ?? now
        let turn = job.leaseSpan(unitCount: 1).times(Self.turnLeases)
        let begin = since.advanced(by: turn.times(firstTurn + UInt64(place)))
        guard begin > now else { return true }
        reviewAt = min(reviewAt ?? begin, begin)
        return false
    }

    /// What nobody else can foresee, the same each time.
    private func lot(of name: CreditLedger.UnitName, _ certificate: ItemID) -> UInt64 {
        taggedHash("starling/audit/1", count: 3) { encoder in
            encoder.byteString(secret)
            encoder.identifier(certificate)
            encoder.unsigned(UInt64(name.unit))
        }.prefix
    }

    /// Whether a unit is drawn; always, when nobody vouches for it whom this peer trusts.
    private mutating func isDrawn(
        _ draw: UInt64,
        _ name: CreditLedger.UnitName,
        _ certificate: Certificate,
        _ manifest: Manifest
    ) -> Bool {
        let key = ShardKey(manifest: name.manifest, shard: name.unit / Limits.unitsPerShard)
        let isVouchedFor = ledger.isAnchored(certificate, unit: name.unit)
        return ledger.trust.isAudited(
            draw,
            certificate.vote,
            policy: manifest.policy,
            isVouchedFor: isVouchedFor,
            seniorCount: isVouchedFor ? 0 : gridView(key).seniorCount
        )
    }

    /// The steward after the certificate's signer, of those who are here.
    private func auditor(of certificate: Certificate, _ ranked: [PeerID]) -> PeerID? {
        let signer = ledger.ownership.current(of: certificate.steward)
        let place = ranked.firstIndex(of: signer).map { $0 + 1 } ?? 0
        let turn = ranked[place...] + ranked[..<place]
        return turn.first { $0 != signer && hubs.isPresent($0) }
    }

    private func review(
        for purpose: Review.Purpose,
        of name: CreditLedger.UnitName,
        _ job: Job,
        _ certificates: [Signed<Certificate>],
        seed: UInt64
    ) -> Review {
        let owners = self.owners
        let trust = ledger.trustView
        let cast = ledger.words(on: name.unit, of: name.manifest).map { word in
            Review.Cast(
                voter: Candidate(peer: word.worker, owner: owners.owner(word.worker)),
                trustClass: trust.trustClass(of: word.worker, for: job.manifest, at: word.epoch),
                core: word.core
            )
        }
        return Review(
            purpose: purpose,
            certificates: certificates.map(\.body),
            cast: cast,
            seed: seed
        )
    }

    /// A submitter that has released a job, or dropped its data, settles nothing in it any more.
    mutating func endReviews(of id: ManifestID, saidBy peer: PeerID) {
        guard let manifest = ledger.manifest(id)?.body,
            ledger.ownership.current(of: manifest.submitter) == peer
        else { return }
        unruled[id] = true
        areReviewsStale = true
    }

    // MARK: - Who was caught

    /// Where a worker's word has turned out to be a lie that others shared, or a mistake in a job
    /// that takes single words, what else it said is looked at again.
    private mutating func reviewCaught(
        by name: CreditLedger.UnitName,
        at now: Instant,
        into out: inout Outbox
    ) {
        let mistakes = ledger.mistakes(on: name.unit, of: name.manifest)
        guard !mistakes.isEmpty, let manifest = ledger.manifest(name.manifest)?.body else { return }
        for mistake in mistakes
        where Trust.isCaught(isShared: mistake.isShared, policy: manifest.policy) {
            reviewDeeds(of: mistake.worker, for: manifest.project, at: now, into: &out)
        }
    }

    /// Looks again at what `worker` has had part in and nobody has looked at.
    private mutating func reviewDeeds(
        of worker: PeerID,
        for project: ProjectID,
        at now: Instant,
        into out: inout Outbox
    ) {
        for name in ledger.unaudited(by: worker, for: project) {
            review(name, isCaught: true, at: now, into: &out)
        }
    }

    /// Somebody has said two things: what else it said is looked at again.
    mutating func reviewDeeds(provenBy fault: Fault, at now: Instant, into out: inout Outbox) {
        guard hubs.contains(me), let project = ledger.manifest(fault.manifest)?.body.project else {
            return
        }
        reviewDeeds(of: fault.culprit, for: project, at: now, into: &out)
    }

    // MARK: - Openings

    /// Another steward hands over an opening: it is published at once, or when the votes behind it
    /// that are drawn have been looked at, so that nobody can copy what it is asked to compute.
    mutating func take(
        _ opening: Opening,
        _ item: Verified<Item>,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        // It is sent again and again until it appears.
        guard !withheld.contains(opening.certificate) else { return }
        guard mayBeCopied(opening), ledger.isProven(opening) == true,
            withheld.count < Self.withheldMax,
            let job = job(opening.manifest)
        else {
            return accept(item, from: peer, at: now, into: &out)
        }
        let span = job.leaseSpan(unitCount: opening.cores.count).times(WorkLimits.openingLeases)
        withheld[opening.certificate] = WithheldOpening(
            opening: opening,
            publishAt: now.advanced(by: span)
        )
    }

    /// Whether a unit that `opening` opens is computed for a review here, or may be.
    private mutating func mayBeCopied(_ opening: Opening) -> Bool {
        opening.cores.contains { each in
            let key = ShardKey(manifest: opening.manifest, shard: each.unit / Limits.unitsPerShard)
            guard steward.review(of: each.unit, of: key.manifest) != nil else { return false }
            return steward.mayBeReviewed(each.unit, of: key, view: gridView(key))
        }
    }

    /// Publishes openings for which nobody computes any more.
    mutating func publishWithheld(at now: Instant, into out: inout Outbox) {
        for (certificate, each) in withheld
        where each.publishAt <= now || !mayBeCopied(each.opening) {
            withheld.remove(certificate)
            accept(Item.opening(each.opening).verifiedHere, from: nil, at: now, into: &out)
        }
    }
}

extension CertificateKind {
    /// Whether it proves a first vote on its units.
    fileprivate var isFirstVote: Bool { self == .quorum || self == .single }
}
