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
        where mayJoin(place, claimant) && mayBeDoubled(rounds.values[place], view: view, at: now) {
            let round = rounds.values[place]
            guard view.isDataReachable || round.units.allSatisfy(claim.sealed.contains) else {
                continue
            }
            for (seat, held) in round.seats.enumerated() {
                guard isSlow(held, of: round, for: claim, at: now),
                    slowest.map({ held.since < $0.since }) ?? true,
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
        rounds.update(slowest.key) { $0.duplicate = duplicate }
        begin(slowest.key, seat: slowest.seat, occupant, view: view, into: &out)
        return true
    }

    /// Whether one more worker may be asked: what is looked at again is offered instead, and a
    /// round that is too old, or has waited too long for one more voter, ends with its last lease.
    private func mayBeDoubled(_ round: Round, view: GridView, at now: Instant) -> Bool {
        guard round.duplicate == nil, !round.isOvertaken, !isOutdated(round, view: view),
            round.units.allSatisfy({ review(of: $0) == nil })
        else { return false }
        return round.purpose != .furtherVote || now < patience(with: round)
    }

    /// Whether a seat's worker has had its bundle twice as long as the claimant would need, and not
    /// only for a moment: where one result is all, for longer.
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
        let isAlone = round.seats.count == 1
        let share = isAlone ? WorkLimits.loneDuplicateShare : WorkLimits.duplicateShare
        let patience = max(
            TimeSpan.milliseconds(saturatingProduct(own, 2)),
            lease(of: round.units.count).divided(by: share)
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
        guard let round = rounds[key], let duplicate = round.duplicate, duplicate.seat == seat
        else { return }
        let holder = round.seats[seat].occupant?.worker
        let isFirst = duplicate.occupant.worker == worker
        rounds.update(key) { round in
            if isFirst {
                round.seats[seat].occupant = nil
                round.isOvertaken = true
            }
            round.endDoubling()
        }
        guard let other = isFirst ? holder : duplicate.occupant.worker else { return }
        out.send(.refuse(self.key.staleness(of: key)), to: other)
    }
}

extension Round {
    /// Whether `worker` has a seat, or doubles one.
    func hasLease(of worker: PeerID) -> Bool {
        seat(of: worker) != nil || duplicate?.occupant.worker == worker
    }

    /// The lease that `worker` has and has not committed to.
    func lease(of worker: PeerID) -> (seat: Int, since: Instant, occupant: Occupant)? {
        if let duplicate, duplicate.occupant.worker == worker {
            return (duplicate.seat, duplicate.since, duplicate.occupant)
        }
        guard let seat = seat(of: worker), let occupant = seats[seat].occupant,
            occupant.commit == nil
        else { return nil }
        return (seat, seats[seat].since, occupant)
    }

    /// Nobody doubles a seat any more: a free one goes to the second worker.
    mutating func endDoubling() {
        guard let second = duplicate else { return }
        duplicate = nil
        guard seats[second.seat].isFree else { return }
        seats[second.seat] = Seat(since: second.since, occupant: second.occupant)
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
