import Primitives
import Wire

/// Near the end of a job every unit is somebody's, and the slowest of them would keep everybody
/// waiting: whoever is idle computes what one of them has had for long, too.
extension ShardDesk {
    /// Leases to an idle claimant what another worker has had for longest, if that is long.
    mutating func double(
        _ claim: Claim,
        for claimant: Claimant,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        guard claim.isIdle else { return false }
        var slowest: (key: RoundKey, seat: Int, since: Instant)?
        for (place, key) in rounds.keys.enumerated()
        where mayJoin(place, claimant) && isForClaims(rounds.values[place], view: view) {
            let round = rounds.values[place]
            guard view.isDataReachable || round.units.allSatisfy(claim.sealed.contains) else {
                continue
            }
            for (seat, held) in round.seats.enumerated() {
                guard isSlow(held, of: round, for: claim, at: now),
                    slowest.map({ held.since < $0.since }) ?? true,
                    !round.duplicates.contains(where: { $0.seat == seat }),
                    mayTake(seat: seat, of: round, claimant, view: view, at: now)
                else { continue }
                slowest = (key, seat, held.since)
            }
        }
        guard let slowest, let round = rounds[slowest.key] else { return false }
        let occupant = occupant(
            claimant.candidate,
            seat: slowest.seat,
            of: round,
            view: view,
            at: now
        )
        let duplicate = Duplicate(seat: slowest.seat, since: now, occupant: occupant)
        rounds.update(slowest.key) { round in
            round.duplicates.append(duplicate)
            round.duplicates.sort { $0.seat < $1.seat }
        }
        begin(slowest.key, seat: slowest.seat, occupant, view: view, into: &out)
        return true
    }

    /// Whether a claimant may be asked: what is looked at again is offered instead, and a round
    /// that is too old ends with its last lease.
    private func isForClaims(_ round: Round, view: GridView) -> Bool {
        round.units.allSatisfy { review(of: $0) == nil } && !isOutdated(round, view: view)
    }

    /// Whether a seat's worker has had its bundle twice as long as the claimant would need, and not
    /// only for a moment.
    private func isSlow(
        _ seat: Seat,
        of round: Round,
        for claim: Claim,
        at now: Instant
    ) -> Bool {
        guard let occupant = seat.occupant, occupant.commit == nil else { return false }
        let count = UInt64(round.units.count)
        let operations = saturatingProduct(job.manifest.operationsPerUnit, count)
        let own = saturatingProduct(operations, 1_000) / max(1, claim.operationsPerSecond)
        let patience = max(
            TimeSpan.milliseconds(saturatingProduct(own, 2)),
            lease(of: round.units.count).divided(by: WorkLimits.duplicateShare)
        )
        return now.since(seat.since) >= patience
    }

    /// A seat has its promise: whoever else computes for it need not go on.
    mutating func settle(
        _ key: RoundKey,
        seat: Int,
        on worker: PeerID,
        into out: inout Outbox
    ) {
        guard let round = rounds[key],
            let duplicate = round.duplicates.first(where: { $0.seat == seat })
        else { return }
        let holder = round.seats[seat].occupant?.worker
        let other = duplicate.occupant.worker == worker ? holder : duplicate.occupant.worker
        rounds.update(key) { round in
            if duplicate.occupant.worker == worker { round.seats[seat].occupant = nil }
            round.promoteDuplicate(of: seat)
        }
        guard let other else { return }
        out.send(.refuse(self.key.staleness(of: key)), to: other)
    }
}

extension Round {
    /// The seat that `worker` is to double.
    func duplicate(of worker: PeerID) -> Duplicate? {
        duplicates.first { $0.occupant.worker == worker }
    }

    /// The lease that `worker` has and has not committed to.
    func lease(of worker: PeerID) -> (seat: Int, since: Instant, occupant: Occupant)? {
        if let each = duplicate(of: worker) { return (each.seat, each.since, each.occupant) }
        guard let seat = seat(of: worker), let occupant = seats[seat].occupant,
            occupant.commit == nil
        else { return nil }
        return (seat, seats[seat].since, occupant)
    }

    /// Ends the doubling of a seat: a free one goes to the second worker.
    mutating func promoteDuplicate(of seat: Int) {
        guard let index = duplicates.firstIndex(where: { $0.seat == seat }) else { return }
        let duplicate = duplicates.remove(at: index)
        guard seats[seat].occupant == nil else { return }
        seats[seat] = Seat(since: duplicate.since, occupant: duplicate.occupant)
    }
}

extension ShardKey {
    /// What tells a worker that a round does not need it any more.
    func staleness(of round: RoundKey) -> Refusal {
        Refusal(
            manifest: manifest,
            shard: shard,
            round: round,
            reason: .stale,
            retryMilliseconds: 0
        )
    }
}
