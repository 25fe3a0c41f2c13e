package import Primitives
package import Wire

extension ShardDesk {
    /// Time has passed: seats reopen, rounds end, silent disputes go to the submitter.
    ///
    /// Returns the workers whose leases ran out, each once.
    package mutating func tick(
        view: GridView,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) -> [PeerID] {
        var late: [PeerID] = []
        for key in rounds.keys {
            guard let round = rounds[key] else { continue }
            switch round.phase {
            case .leasing:
                let idle = reopenSeats(of: key, at: now, into: &out)
                // Who did not ask for work need not do it.
                let isOffered = round.units.contains { review(of: $0) != nil }
                if !isOffered { late += idle.filter { !late.contains($0) } }
                closeSet(key, view: view, at: now, vault: &vault, into: &out)
            case .revealing(let until) where until <= now:
                close(key, at: now, into: &out)
            case .closing:
                requestSet(key, at: now, vault: &vault, into: &out)
            case .revealing, .closed:
                break
            }
        }
        retireUnwanted(view: view, at: now, into: &out)
        prove(units.indices.map(unit(at:)), at: now)
        askForRulings(view: view, at: now, into: &out)
        publish(view: view, at: now, into: &out)
        return late
    }

    /// Hands openings over again, and publishes those with which that was in vain.
    private mutating func publish(view: GridView, at now: Instant, into out: inout Outbox) {
        for (id, pending) in openings {
            let isLate = pending.publishAt <= now
            guard isLate || pending.handAt.map({ $0 <= now }) == true else { continue }
            if !isLate, let next = view.nextSteward {
                // Whoever was told first may be gone, and have forgotten it.
                out.send(.opening(pending.opening), to: next)
                let again = min(now.advanced(by: WorkLimits.fetchSpan), pending.publishAt)
                openings.update(id) { $0.handAt = again }
            } else {
                openings.remove(id)
                ready.append(.opening(pending.opening))
                prune(into: &out)
            }
        }
    }

    private mutating func reopenSeats(
        of key: RoundKey,
        at now: Instant,
        into out: inout Outbox
    ) -> [PeerID] {
        guard var round = rounds[key] else { return [] }
        let span = lease(of: round.units.count)
        var late: [PeerID] = []
        func isOver(_ since: Instant) -> Bool { since.advanced(by: span) <= now }
        if let duplicate = round.duplicate, isOver(duplicate.since) {
            late.append(duplicate.occupant.worker)
            round.noteLapse(of: duplicate.occupant.owner)
            round.duplicate = nil
        }
        for index in round.seats.indices {
            guard let occupant = round.seats[index].occupant, occupant.commit == nil,
                isOver(round.seats[index].since)
            else { continue }
            if !late.contains(occupant.worker) { late.append(occupant.worker) }
            round.noteLapse(of: occupant.owner)
            round.seats[index] = Seat(since: now)
            if round.duplicate?.seat == index { round.endDoubling() }
        }
        if !late.isEmpty {
            rounds[key] = round
            persist(round, into: &out)
        }
        return late
    }

    /// After a restart a set may be complete and unsigned.
    private mutating func requestSet(
        _ key: RoundKey,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let round = rounds[key] else { return }
        let set = round.commitSet(steward: steward, manifest: job.id)
        switch vault.sign(set, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed): setSigned(signed, at: now, into: &out)
        }
    }

    // MARK: - Disputes that nobody can settle

    /// Whether the unit has been voted on, no round runs, and nothing has come of it yet.
    func isUndecided(_ row: UnitRow) -> Bool {
        guard !row.isSettled, !row.isProving, row.ruling == nil else { return false }
        switch row.review?.purpose {
        case .audit: return false
        case .dispute: return row.rounds.last.flatMap { rounds[$0] }?.isOpen != true
        case nil: return row.rounds.last.flatMap { rounds[$0] }?.isOpen == false
        }
    }

    /// When to see again whether the unit is stuck.
    func heldCheck(of row: UnitRow) -> Instant {
        if let asked = row.heldSince { return asked.advanced(by: lease(of: 1)) }
        return row.waitingSince.advanced(by: lease(of: 1).times(WorkLimits.panelLeases))
    }

    /// Ends rounds of one more voter whose seat is free again, when no voter is left or none has
    /// come for long: their units are undecided then.
    private mutating func retireUnwanted(
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard !isOnHold else { return }
        for round in rounds.values where isFreeForOneMore(round) {
            let hasVoter = round.units.contains { hasVoterLeft(for: $0, view: view) }
            guard !hasVoter || patience(with: round) <= now else { continue }
            close(round.key, at: now, into: &out)
        }
    }

    private func isFreeForOneMore(_ round: Round) -> Bool {
        (!round.isFirstVote || job.manifest.policy == .adaptive) && round.phase == .leasing
            && round.seats.count == 1 && round.seats[0].occupant == nil
    }

    /// Until when a free seat waits for somebody.
    ///
    /// A vote that was to be a trusted worker's alone waits for another one for two leases. One
    /// more voter is waited for from the end of the last vote on, however many take the seat and
    /// go.
    func patience(with round: Round) -> Instant {
        let leases = round.isFirstVote ? 2 : WorkLimits.panelLeases
        let isFurther = round.purpose == .furtherVote
        let since = isFurther ? units[index(round.units[0])].waitingSince : round.seats[0].since
        return since.advanced(by: lease(of: 1).times(leases))
    }

    /// When a round of one more voter is given up, if its seat is free.
    func retirement(of round: Round) -> Instant? {
        isFreeForOneMore(round) && !isOnHold ? patience(with: round) : nil
    }

    /// Asks the submitter to rule where no voter is left, or none has come for long.
    private mutating func askForRulings(
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard !isOnHold else { return }
        lacksVoters = false
        var list: [UInt32] = []
        for offset in units.indices where isUndecided(units[offset]) {
            let unit = unit(at: offset)
            switch need(of: unit) {
            case .furtherVote:
                let isStuck = heldCheck(of: units[offset]) <= now
                guard isStuck || !hasVoterLeft(for: unit, view: view) else { continue }
            case .ruling:
                guard units[offset].heldSince == nil || heldCheck(of: units[offset]) <= now
                else { continue }
            case .nothing, .firstVote, .audit, .proof:
                continue
            }
            units[offset].heldSince = now
            list.append(unit)
            if list.count == Limits.unitsPerBundle { break }
        }
        guard !list.isEmpty else { return }
        let held = UnitList(manifest: job.id, units: list)
        out.send(.held(held), to: view.submitter)
    }

    /// Whether somebody is here who may still vote on `unit`; the submitter looks at others' votes,
    /// and rules where it comes to that.
    func hasVoterLeft(for unit: UInt32, view: GridView) -> Bool {
        let voters = participants(of: unit)
        let needed = neededClass(of: unit)
        let isAudit = units[index(unit)].review?.purpose == .audit
        return view.candidates.contains { candidate in
            (isAudit || candidate.peer != view.submitter)
                && (needed == .newcomer || view.trustClass(candidate.peer) >= needed)
                && !voters.contains(where: candidate.shares(with:))
        }
    }

    // MARK: - Jobs on hold

    /// The project holds the job: nothing new begins, and nobody is asked to rule.
    package mutating func putOnHold() { isOnHold = true }

    /// The job goes on: what waited in vain meanwhile waits anew.
    package mutating func goOn(at now: Instant) {
        guard isOnHold else { return }
        isOnHold = false
        for index in units.indices { units[index].waitingSince = now }
        rounds.updateAll { _, round in
            for index in round.seats.indices where round.seats[index].occupant == nil {
                round.seats[index].since = now
            }
        }
    }

    /// The submitter has ruled on a unit.
    package mutating func ruled(_ ruling: Signed<Ruling>, at now: Instant) {
        let unit = ruling.body.unit
        guard job.manifest.units(ofShard: key.shard).contains(unit),
            ruling.body.manifest == job.id
        else { return }
        units[index(unit)].ruling = ruling
        prove([unit], at: now)
    }
}
