package import Primitives
package import Wire

extension ShardDesk {
    /// What became of a promise or a result.
    package enum VoteAnswer: Hashable, Sendable {
        /// It was taken in, or was there already.
        case taken
        /// Its round is over, or its seat is another's by now.
        case stale
        /// It contradicts its lease or itself, which an honest worker's never does.
        case invalid
    }

    /// A worker promises.
    package mutating func committed(
        _ signed: Signed<CommitStatement>,
        view: GridView,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) -> VoteAnswer {
        let commit = signed.body
        let key = RoundKey(number: commit.round, firstUnit: commit.units[0])
        guard commit.steward == steward, let round = rounds[key] else { return .stale }
        guard round.units == commit.units, round.seats.count > 1 else { return .invalid }
        guard !contradicts(signed, key) else { return .invalid }
        switch round.phase {
        case .leasing:
            let hadLease = round.hasLease(of: commit.worker)
            guard let seat = takeSeat(key, worker: commit.worker, view: view, at: now) else {
                return .stale
            }
            guard rounds[key]?.seats[seat].occupant?.promise == nil else { return .taken }
            settle(key, seat: seat, on: commit.worker, into: &out)
            rounds.update(key) { $0.seats[seat].occupant?.promise = Promise(signed) }
            if !hadLease, !isOnHold, let occupant = rounds[key]?.seats[seat].occupant {
                // It may have been told to stop while its promise was under way.
                begin(key, seat: seat, occupant, view: view, into: &out)
            } else if let round = rounds[key] {
                persist(round, into: &out)
            }
            closeSet(key, view: view, at: now, vault: &vault, into: &out)
            return .taken
        case .closing:
            return round.seat(of: commit.worker) == nil ? .stale : .taken
        case .revealing, .closed:
            guard round.seat(of: commit.worker) != nil, let set = round.set else { return .stale }
            out.send(.commitSet(set), to: commit.worker)
            return .taken
        }
    }

    /// Whether a worker has promised something else in the round, which is then proven.
    private mutating func contradicts(_ signed: Signed<CommitStatement>, _ key: RoundKey) -> Bool {
        let commit = signed.body
        guard let round = rounds[key], let seat = round.seat(of: commit.worker),
            let promise = round.seats[seat].occupant?.promise, promise.commit != commit.commit
        else { return false }
        let earlier = CommitStatement(
            worker: commit.worker,
            manifest: job.id,
            steward: steward,
            round: round.number,
            units: round.units,
            commit: promise.commit
        )
        let pair = Contradiction(Signed(earlier, signature: promise.signature), signed)
        if let pair { ready.append(.fault(Fault(.commits(pair)))) }
        return true
    }

    /// The worker's own seat, one that it was to double, or a free one that it may have: late work
    /// is kept, not repeated.
    private mutating func takeSeat(
        _ key: RoundKey,
        worker: PeerID,
        view: GridView,
        at now: Instant
    ) -> Int? {
        guard let round = rounds[key] else { return nil }
        if let seat = round.seat(of: worker) { return seat }
        if let duplicate = round.duplicate, duplicate.occupant.worker == worker {
            return duplicate.seat
        }
        let claimant = view.candidate(worker)
        guard !view.isBarred(worker),
            let seat = seat(in: key, for: claimant, hasPromised: true, view: view, at: now)
        else { return nil }
        let occupant = occupant(claimant, seat: seat, of: round, view: view, at: now)
        rounds.update(key) { $0.seats[seat] = Seat(since: now, occupant: occupant) }
        return seat
    }

    /// Asks for the set's signature once every seat has promised.
    mutating func closeSet(
        _ key: RoundKey,
        view: GridView,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let round = rounds[key], round.phase == .leasing, round.seats.count > 1,
            round.committed.count == round.seats.count
        else { return }
        freeSeatsOfSharedOwners(in: key, view: view, at: now, into: &out)
        guard rounds[key]?.committed.count == round.seats.count else { return }
        rounds.update(key) { round in
            round.phase = .closing
            // Members refuse a set that is hours old, and long units take hours.
            round.epoch = view.epoch
        }
        guard let set = rounds[key]?.commitSet(steward: steward, manifest: job.id) else { return }
        switch vault.sign(set, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed):
            setSigned(signed, at: now, into: &out)
        }
    }

    /// Frees each seat whose worker has been adopted by the owner of another one since it was
    /// leased, because an owner has one vote.
    private mutating func freeSeatsOfSharedOwners(
        in key: RoundKey,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard var round = rounds[key] else { return }
        var owners: [OwnerID] = []
        for index in round.seats.indices {
            guard let worker = round.seats[index].occupant?.worker else { continue }
            let owner = view.owner(worker)
            if owners.contains(owner) {
                round.seats[index] = Seat(since: now)
            } else {
                round.seats[index].occupant?.owner = owner
                owners.append(owner)
            }
        }
        guard owners.count < round.seats.count else { return }
        rounds[key] = round
        persist(round, into: &out)
    }

    /// The set of a round is signed: it goes to its members, and results may come.
    package mutating func setSigned(
        _ signed: Signed<CommitSet>,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = RoundKey(number: signed.body.round, firstUnit: signed.body.units[0])
        guard rounds[key]?.phase == .closing else { return }
        // After a restart the set that was signed before may be an hour older.
        rounds.update(key) { $0.epoch = signed.body.epoch }
        guard let round = rounds[key],
            round.commitSet(steward: steward, manifest: job.id) == signed.body
        else {
            // The slot was filled by an earlier life of this peer whose row is lost: start anew.
            close(key, at: now, into: &out)
            return
        }
        let until = now.advanced(by: lease(of: round.units.count))
        rounds.update(key) { round in
            round.phase = .revealing(until: until)
            round.set = signed
        }
        if let round = rounds[key] { persist(round, into: &out) }
        for member in signed.body.members { out.send(.commitSet(signed), to: member.worker) }
    }

    /// A worker reveals.
    package mutating func revealed(
        _ reveal: Reveal,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> VoteAnswer {
        let result = reveal.result.body
        let key = RoundKey(number: result.round, firstUnit: result.units[0])
        guard result.steward == steward, let round = rounds[key] else { return .stale }
        guard round.units == result.units, isConsistent(reveal) else { return .invalid }
        if round.seats.count == 1 {
            let answer = takeLoneCommit(reveal, key: key, view: view, at: now, into: &out)
            guard answer == .taken else { return answer }
        }
        guard let current = rounds[key], let seat = current.seat(of: result.worker),
            let commit = current.seats[seat].occupant?.commit
        else { return .stale }
        if let earlier = current.seats[seat].occupant?.revealed {
            guard let pair = Contradiction(earlier.result, reveal.result) else { return .taken }
            ready.append(.fault(Fault(.results(pair))))
            return .invalid
        }
        guard current.isOpen else { return .stale }
        // After a restart the set may be on its way to its signature again: the worker resends.
        guard current.seats.count == 1 || current.set != nil else { return .taken }
        guard commit == result.commitment,
            result.setHash == current.commitSet(steward: steward, manifest: job.id).hash
        else { return .invalid }
        let revealed = Revealed(result: reveal.result, cores: reveal.cores)
        rounds.update(key) { $0.seats[seat].occupant?.revealed = revealed }
        if let round = rounds[key] { persist(round, into: &out) }
        let isComplete = rounds[key]?.seats.allSatisfy { $0.occupant?.revealed != nil } ?? false
        if isComplete { close(key, at: now, into: &out) }
        return .taken
    }

    /// In a round of one seat the promise comes with the result; nothing is changed unless both fit
    /// the set that the worker has built from its lease.
    private mutating func takeLoneCommit(
        _ reveal: Reveal,
        key: RoundKey,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) -> VoteAnswer {
        let result = reveal.result.body
        guard let round = rounds[key], let signed = reveal.commit,
            case let commit = signed.body,
            commit.worker == result.worker, commit.units == result.units,
            commit.round == key.number, commit.manifest == job.id, commit.steward == steward,
            commit.commit == result.commitment,
            result.setHash
                == round.loneSet(of: commit, steward: steward, manifest: job.id).hash
        else { return .invalid }
        guard !contradicts(signed, key) else { return .invalid }
        guard let seat = takeSeat(key, worker: commit.worker, view: view, at: now) else {
            return .stale
        }
        settle(key, seat: seat, on: commit.worker, into: &out)
        rounds.update(key) { round in
            if round.phase == .leasing { round.seats[seat].occupant?.promise = Promise(signed) }
        }
        return .taken
    }

    /// Whether the cores make the digests and stay within the manifest's caps.
    private func isConsistent(_ reveal: Reveal) -> Bool {
        let result = reveal.result.body
        guard result.manifest == job.id, reveal.cores.count == result.units.count else {
            return false
        }
        return result.units.indices.allSatisfy { index in
            let core = reveal.cores[index]
            return core.operations == result.operations[index]
                && core.operations <= job.manifest.operationsPerUnit
                && core.digest(
                    manifest: job.id,
                    steward: steward,
                    round: result.round,
                    unit: result.units[index]
                ) == result.digests[index]
        }
    }

    /// Ends a round; what its units need next follows from the rows.
    mutating func close(_ key: RoundKey, at now: Instant, into out: inout Outbox) {
        rounds.update(key) { round in
            round.phase = .closed
            round.duplicate = nil
        }
        guard let round = rounds[key] else { return }
        persist(round, into: &out)
        let hasVoted = round.seats.contains { $0.occupant?.revealed != nil }
        for unit in round.units where hasVoted {
            units[index(unit)].waitingSince = now
            units[index(unit)].lacksBytes = false
        }
        prove(round.units, at: now)
        if round.units.contains(where: { need(of: $0) == .furtherVote }) { lacksVoters = true }
        // Whoever had it may have room for the next one.
        if !round.isFirstVote, nextOffer != nil { nextOffer = now }
    }
}
