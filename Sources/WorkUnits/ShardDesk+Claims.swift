package import Primitives
package import Wire

extension ShardDesk {
    /// What became of a claim.
    package enum ClaimAnswer: Hashable, Sendable {
        /// A bundle was leased.
        case leased
        /// Leases that the worker already has were sent again, and there is nothing beside them.
        case repeated
        /// There is nothing for this worker now.
        case refused(RefusalReason)
    }

    /// A worker asks for units; `mayGrow` says whether its quota allows one more bundle.
    package mutating func claimed(
        _ claim: Claim,
        by worker: PeerID,
        mayGrow: Bool,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> ClaimAnswer {
        // A worker of several places asks for more while it computes.
        let isRepeated = repeatLeases(of: worker, view: view, at: now, into: &out)
        let answer = grow(claim, by: worker, mayGrow: mayGrow, view: view, at: now, into: &out)
        if isRepeated, case .refused = answer { return .repeated }
        return answer
    }

    /// Leases one more bundle, if the worker may have one.
    private mutating func grow(
        _ claim: Claim,
        by worker: PeerID,
        mayGrow: Bool,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> ClaimAnswer {
        if isFinished { return .refused(.finished) }
        guard mayGrow else { return .refused(.quota) }
        guard job.manifest.deadline >= view.epoch else { return .refused(.finished) }
        retireRounds(view: view, at: now, into: &out)
        let candidate = view.candidate(worker)
        let claimant = claimant(candidate, view: view)
        // Without the data only those can help who have computed before.
        let possible = view.isDataReachable ? nil : claim.sealed
        for index in rounds.keys.indices {
            let key = rounds.keys[index]
            guard possible.map({ rounds.values[index].units.allSatisfy($0.contains) }) ?? true,
                let seat = freeSeat(in: key, for: claimant, view: view, at: now)
            else { continue }
            grant(key, seat: seat, to: candidate, view: view, at: now, into: &out)
            return .leased
        }
        guard let key = openRound(claim, for: claimant, view: view, at: now) else {
            let isDoubled = double(claim, for: claimant, view: view, at: now, into: &out)
            return isDoubled ? .leased : .refused(.nothingOpen)
        }
        // A round that does not admit its opener stays: its seats widen until somebody is admitted.
        guard let seat = self.seat(in: key, for: candidate, view: view, at: now) else {
            return .refused(.nothingOpen)
        }
        grant(key, seat: seat, to: candidate, view: view, at: now, into: &out)
        return .leased
    }

    /// Ends rounds of one seat that nobody has and whose epoch workers refuse by now: it stands in
    /// the set that a worker builds from its lease, so it cannot be another for the next worker.
    mutating func retireRounds(
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        for key in rounds.keys {
            guard let place = rounds.index(of: key), rounds.values[place].hasFreeSeat,
                isOutdated(rounds.values[place], view: view)
            else { continue }
            close(key, at: now, into: &out)
        }
    }

    /// Whether workers refuse leases of a round by now, for its epoch is in its set already.
    func isOutdated(_ round: Round, view: GridView) -> Bool {
        round.seats.count == 1 && saturatingSum(round.epoch, Limits.epochSkew) < view.epoch
    }

    /// Sends again the leases that `worker` has and has not committed to: the first may be lost.
    private func repeatLeases(
        of worker: PeerID,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        var found = false
        for index in rounds.keys.indices where rounds.values[index].phase == .leasing {
            guard let (seat, since, occupant) = rounds.values[index].lease(of: worker) else {
                continue
            }
            let round = rounds.values[index]
            let end = since.advanced(by: lease(of: round.units.count))
            send(
                round,
                seat: seat,
                to: occupant,
                for: end.since(now),
                view: view,
                into: &out
            )
            found = true
        }
        return found
    }

    /// A worker that wants a seat, with what does not depend on the seat: rounds are many.
    struct Claimant {
        let candidate: Candidate
        /// What its word is worth for the job now.
        let trustClass: TrustClass
        /// Whether it was wrong lately.
        let hasErred: Bool
        /// Whether one more newcomer keeps within the newcomers' share.
        let newcomersFit: Bool
        /// Whether it brings its promise with it, and need not be given time.
        var hasPromised = false
    }

    /// `candidate` as it stands before the rounds as they are now.
    private func claimant(_ candidate: Candidate, view: GridView) -> Claimant {
        Claimant(
            candidate: candidate,
            trustClass: view.trustClass(candidate.peer),
            hasErred: view.hasErred(candidate.peer),
            newcomersFit: newcomersFit
        )
    }

    /// The first seat of a round that `candidate` may take, who may have promised already.
    func seat(
        in key: RoundKey,
        for candidate: Candidate,
        hasPromised: Bool = false,
        view: GridView,
        at now: Instant
    ) -> Int? {
        var claimant = claimant(candidate, view: view)
        claimant.hasPromised = hasPromised
        return freeSeat(in: key, for: claimant, view: view, at: now)
    }

    /// The first seat of a round that `claimant` may take.
    private func freeSeat(
        in key: RoundKey,
        for claimant: Claimant,
        view: GridView,
        at now: Instant
    ) -> Int? {
        guard let place = rounds.index(of: key), rounds.values[place].hasFreeSeat,
            mayJoin(place, claimant)
        else { return nil }
        let round = rounds.values[place]
        return round.seats.indices.first { index in
            round.seats[index].isFree
                && mayTake(seat: index, of: round, claimant, view: view, at: now)
        }
    }

    /// Whether the round at `place` still takes workers, and the claimant and its owner are new to
    /// it and to its units.
    func mayJoin(_ place: Int, _ claimant: Claimant) -> Bool {
        rounds.values[place].phase == .leasing
            && !rounds.values[place].hasLease(claimant.candidate)
            && rounds.values[place].units.allSatisfy { isNew(claimant.candidate, to: $0) }
    }

    /// Whether the seat is for such a worker now.
    func mayTake(
        seat: Int,
        of round: Round,
        _ claimant: Claimant,
        view: GridView,
        at now: Instant
    ) -> Bool {
        mayTryAgain(claimant, seat: seat, of: round, at: now)
            && isTrusted(claimant, seat: seat, of: round, view: view, at: now)
            && isAdmitted(claimant.candidate, seat: seat, of: round, at: now)
            && !isReluctant(claimant.candidate, seat: seat, of: round, view: view, at: now)
    }

    /// Whether the claimant's lease of this round did not run out, or nobody else has come since:
    /// who is quick to take a seat and does nothing with it would keep it from all others.
    private func mayTryAgain(
        _ claimant: Claimant,
        seat: Int,
        of round: Round,
        at now: Instant
    ) -> Bool {
        let hasLapsed = round.lapsed.contains(claimant.candidate.owner) && !claimant.hasPromised
        return !hasLapsed || isLeftOver(round.seats[seat], at: now)
    }

    /// Whether neither the worker nor its owner has voted on `unit`.
    ///
    /// Whoever promised and stayed silent has not: where nobody else is left, it gets another seat.
    private func isNew(_ claimant: Candidate, to unit: UInt32) -> Bool {
        let offset = index(unit)
        for key in units[offset].rounds {
            guard let place = rounds.index(of: key) else { continue }
            if rounds.values[place].hasVote(of: claimant) { return false }
        }
        return units[offset].review?.cast.contains { claimant.shares(with: $0.voter) } != true
    }

    /// Whether the worker or its owner promised a result for `unit` in an earlier round and kept
    /// it.
    private func wasSilent(_ claimant: Candidate, on unit: UInt32, before key: RoundKey) -> Bool {
        units[index(unit)].rounds.contains { other in
            guard other != key, let round = rounds[other] else { return false }
            return round.committed.contains { $0.revealed == nil && claimant.shares(with: $0) }
        }
    }

    /// What a voter on `unit` must be.
    func neededClass(of unit: UInt32) -> TrustClass {
        SeatRules.neededClass(review: units[index(unit)].review?.purpose)
    }

    /// What a voter must be in every seat of `round`.
    private func neededClass(for round: Round) -> TrustClass {
        rules.neededClass(
            for: round.purpose,
            seatCount: round.seats.count,
            reviewed: round.units.map { neededClass(of: $0) }.max() ?? .newcomer
        )
    }

    /// Whether a seat has been free for so long that anybody is taken.
    private func isLeftOver(_ seat: Seat, at now: Instant) -> Bool {
        seat.isFree && now.since(seat.since) >= lease(of: 1)
    }

    /// Who may sit in a seat.
    private var rules: SeatRules { SeatRules(policy: job.manifest.policy, trust: trust) }

    /// Whether the claimant's word is worth enough for the seat.
    private func isTrusted(
        _ claimant: Claimant,
        seat: Int,
        of round: Round,
        view: GridView,
        at now: Instant
    ) -> Bool {
        let isOfNow = round.seats.count > 1 || round.epoch == view.epoch
        let trustClass =
            isOfNow ? claimant.trustClass : view.trustClass(claimant.candidate.peer, in: round)
        let isNewcomers = round.seats[seat].occupant?.trustClass == .newcomer
        return rules.takes(
            trustClass,
            hasErred: claimant.hasErred,
            seat: SeatRules.Asked(
                purpose: round.purpose,
                seatCount: round.seats.count,
                number: seat,
                needed: neededClass(for: round),
                isLeftOver: isLeftOver(round.seats[seat], at: now)
            ),
            seniorCount: view.seniorCount,
            newcomersFit: claimant.newcomersFit || isNewcomers,
            hasSenior: { hasSenior(for: round, view: view) }
        )
    }

    /// Whether a senior or anchor is here who may still vote in `round`.
    private func hasSenior(for round: Round, view: GridView) -> Bool {
        view.candidates.contains { candidate in
            candidate.peer != view.submitter
                && round.units.allSatisfy { isNew(candidate, to: $0) }
                && view.trustClass(candidate.peer, in: round) >= .senior
        }
    }

    /// Whether one more newcomer keeps within the newcomers' share of the open votes' seats.
    private var newcomersFit: Bool {
        var openSeats = 0
        var newcomers = 0
        for index in rounds.keys.indices
        where rounds.values[index].isOpen && rounds.values[index].isFirstVote {
            openSeats += rounds.values[index].seats.count
            newcomers += rounds.values[index].newcomers
        }
        return rules.newcomersFit(newcomers: newcomers, openSeats: openSeats)
    }

    /// Whether the ticket admits; a seat of one needs none.
    private func isAdmitted(
        _ claimant: Candidate,
        seat: Int,
        of round: Round,
        at now: Instant
    ) -> Bool {
        guard round.seats.count > 1 else { return true }
        let number = Ticket.number(
            manifest: job.id,
            lowestUnit: round.units[0],
            seat: UInt8(seat),
            worker: claimant.peer
        )
        return Ticket.admits(
            number,
            population: job.manifest.population,
            widening: widening(of: seat, in: round, at: now)
        )
    }

    /// How often the seat's admission has doubled; that of a taken one no longer does.
    private func widening(of seat: Int, in round: Round, at now: Instant) -> UInt8 {
        round.seats[seat].occupant?.widening
            ?? round.widening(of: seat, lease: lease(of: round.units.count), at: now)
    }

    /// In which networks those are seen who vote or have voted on the round's units, but for
    /// whoever has `seat`.
    private func networks(of round: Round, without seat: Int, view: GridView) -> [NetworkPrefix] {
        let others = round.seats.indices.filter { $0 != seat }
        return others.compactMap { round.seats[$0].occupant?.network }
            + [round.duplicate?.occupant.network].compactMap(\.self)
            + round.units.flatMap { unit in
                participants(of: unit).compactMap { $0.network ?? view.network($0.peer) }
            }
    }

    /// The steward, the submitter, whoever was silent before, and neighbours of another voter leave
    /// seats to strangers while there are enough of them.
    private func isReluctant(
        _ claimant: Candidate,
        seat: Int,
        of round: Round,
        view: GridView,
        at now: Instant
    ) -> Bool {
        if isLeftOver(round.seats[seat], at: now) { return false }
        let isNear = claimant.network.map {
            networks(of: round, without: seat, view: view).contains($0)
        }
        guard
            claimant.peer == steward || claimant.peer == view.submitter || isNear == true
                || round.units.contains(where: { wasSilent(claimant, on: $0, before: round.key) })
        else { return false }
        return hasStrangers(to: round, seat: seat, view: view)
    }

    /// Whether there is a stranger for each seat of `round` that is free, or for the taken `seat`.
    private func hasStrangers(to round: Round, seat: Int, view: GridView) -> Bool {
        let needed = neededClass(for: round)
        let near = networks(of: round, without: seat, view: view)
        var missing = max(1, round.seats.count(where: \.isFree))
        for candidate in view.candidates {
            let isStranger =
                candidate.peer != view.submitter
                && (needed == .newcomer || view.trustClass(candidate.peer, in: round) >= needed)
                && !round.hasLease(candidate)
                && candidate.network.map(near.contains) != true
                && round.units.allSatisfy {
                    isNew(candidate, to: $0) && !wasSilent(candidate, on: $0, before: round.key)
                }
            if isStranger { missing -= 1 }
            if missing == 0 { return true }
        }
        return false
    }

    /// Opens a round for units that need one, and that the claimant may vote on.
    private mutating func openRound(
        _ claim: Claim,
        for claimant: Claimant,
        view: GridView,
        at now: Instant
    ) -> RoundKey? {
        var bundle: [UInt32] = []
        var isFirstVote = true
        let size = bundleSize(claim, view: view)
        for unit in job.manifest.units(ofShard: key.shard)
        where view.isDataReachable || claim.sealed.contains(unit) {
            let need = need(of: unit)
            guard need == .firstVote || need == .furtherVote,
                isNew(claimant.candidate, to: unit)
            else { continue }
            if let first = bundle.first {
                guard (need == .firstVote) == isFirstVote else { continue }
                // A dispute's units stay together as long as they have the same voters.
                let together = units[index(unit)].rounds == units[index(first)].rounds
                guard isFirstVote || together else { continue }
            } else {
                isFirstVote = need == .firstVote
            }
            bundle.append(unit)
            if bundle.count == size { break }
        }
        guard !bundle.isEmpty else { return nil }
        guard isFirstVote else { return open(bundle, for: .furtherVote, view: view, at: now) }
        let seats = rules.firstVoteSeats(openedBy: claimant.trustClass)
        return open(bundle, for: .firstVote, seats: seats, view: view, at: now)
    }

    /// Opens a round of `bundle`, whose units have no open one.
    @discardableResult
    mutating func open(
        _ bundle: [UInt32],
        for purpose: Round.Purpose,
        seats: UInt8 = 1,
        view: GridView,
        at now: Instant
    ) -> RoundKey {
        let round = Round(
            number: max(roundFloor, bundle.map { units[index($0)].nextRound }.max() ?? 0),
            units: bundle,
            epoch: view.epoch,
            purpose: purpose,
            seatCount: seats,
            at: now
        )
        rounds[round.key] = round
        for unit in bundle {
            units[index(unit)].rounds.append(round.key)
            units[index(unit)].nextRound = round.number + 1
        }
        return round.key
    }

    /// Units for one bundle: some seconds of work, and no more than leaves work for everybody.
    private func bundleSize(_ claim: Claim, view: GridView) -> Int {
        let speed = max(1, claim.operationsPerSecond)
        let seconds = WorkLimits.bundleSpan.nanoseconds / 1_000_000_000
        let bySpeed = saturatingProduct(speed, seconds) / max(1, job.manifest.operationsPerUnit)
        let waiting = UInt64(units.count { !$0.isCertified })
        let workers = UInt64(max(1, view.candidates.count))
        let fair = max(1, waiting / (2 * workers))
        let wanted = UInt64(max(1, claim.unitCount))
        return Int(min(max(1, min(bySpeed, fair)), wanted, UInt64(Limits.unitsPerBundle)))
    }

    mutating func grant(
        _ key: RoundKey,
        seat: Int,
        to claimant: Candidate,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let round = rounds[key] else { return }
        let occupant = occupant(claimant, seat: seat, of: round, view: view, at: now)
        rounds.update(key) { $0.seats[seat] = Seat(since: now, occupant: occupant) }
        begin(key, seat: seat, occupant, view: view, into: &out)
    }

    /// A worker as it would sit in a seat now.
    func occupant(
        _ claimant: Candidate,
        seat: Int,
        of round: Round,
        view: GridView,
        at now: Instant
    ) -> Occupant {
        Occupant(
            worker: claimant.peer,
            owner: claimant.owner,
            network: claimant.network,
            trustClass: view.trustClass(claimant.peer, in: round),
            widening: widening(of: seat, in: round, at: now)
        )
    }

    /// Keeps and sends a lease that is new.
    func begin(
        _ key: RoundKey,
        seat: Int,
        _ occupant: Occupant,
        view: GridView,
        into out: inout Outbox
    ) {
        guard let round = rounds[key] else { return }
        persist(round, into: &out)
        let span = lease(of: round.units.count)
        send(round, seat: seat, to: occupant, for: span, view: view, into: &out)
    }

    private func send(
        _ round: Round,
        seat: Int,
        to occupant: Occupant,
        for span: TimeSpan,
        view: GridView,
        into out: inout Outbox
    ) {
        let lease = Lease(
            manifest: job.id,
            units: round.units,
            seatCount: UInt8(round.seats.count),
            epoch: round.seats.count == 1 ? round.epoch : view.epoch,
            round: round.number,
            seat: UInt8(seat),
            widening: occupant.widening,
            commitMilliseconds: span.nanoseconds / 1_000_000,
            holders: [view.submitter],
            wantsReference: round.purpose == .audit
        )
        out.send(.lease(lease), to: occupant.worker)
    }
}

extension Candidate {
    /// Whether `occupant` is this machine, or another of the same owner.
    func shares(with occupant: Occupant) -> Bool {
        occupant.worker == peer || occupant.owner == owner
    }

    /// Whether `other` is this machine, or another of the same owner.
    func shares(with other: Candidate) -> Bool { other.peer == peer || other.owner == owner }
}
