import Ledger
import Membership
import PeerCore
import Primitives
import Wire
import WorkUnits

/// What somebody who sees all machines holds against them, worked out once more and not by the code
/// that it judges.
extension World {
    // MARK: - While it runs

    /// What a core has just decided, before anything of it happens.
    func witness(_ out: Outbox, of peer: SimulatedPeer) {
        // In large networks it would take longer than what it looks at.
        guard !options.isFixed else { return }
        var passedOn = 0
        for effect in out.effects {
            switch effect {
            case .send(.lease(let lease), let worker):
                guard let round = round(of: lease, at: peer) else { continue }
                checkSeat(of: lease, in: round, to: worker, by: peer)
                checkInnocence(of: worker, in: round, at: peer)
                checkPause(of: worker, in: round, of: lease, at: peer)
            case .passOn(.item(let item), _, _):
                passedOn += 1
                checkSuspicion(after: item, at: peer)
            case .passOn(.have(.ledger, let keys), _, _):
                passedOn += keys.count
            case .persist(let row) where row.table == .openings: checkBytes(of: row, at: peer)
            case .sign(let request)
            where request.kind == .ruling && peer.index != Self.submitter
                && !isByzantine(peer.index):
                report.violations.append("peer \(peer.index) rules on another one's job")
            default: break
            }
        }
        checkGossip(passedOn, of: peer)
    }

    /// Where a certificate shows who was wrong, what else these have said is looked at again, by
    /// the stewards whose turn it is.
    private func checkSuspicion(after item: Item, at peer: SimulatedPeer) {
        guard case .certificate(let signed) = item, !isByzantine(peer.index),
            case let id = signed.body.manifest, let ledger = peer.core?.peer.ledger,
            let manifest = ledger.manifest(id)?.body,
            peer.core?.peer.hubs.contains(peer.id) == true
        else { return }
        let wrong = signed.body.units.flatMap { ledger.mistakes(on: $0, of: id) }
        let caught = wrong.filter { $0.isShared || manifest.policy == .adaptive }.map(\.worker)
        for worker in distinct(caught) {
            for name in ledger.unaudited(by: worker, for: manifest.project)
            where mayBeAudited(name, ledger) && isAuditor(peer, of: name, ledger) {
                guard
                    peer.core?.peer.steward.review(of: name.unit, of: name.manifest) == nil
                else { continue }
                report.violations.append(
                    "peer \(peer.index) does not look again at what a liar said of \(name.unit)"
                )
            }
        }
    }

    /// Whether there is one certificate on a unit, of a first vote, and its job still goes on.
    private func mayBeAudited(_ name: CreditLedger.UnitName, _ ledger: CreditLedger) -> Bool {
        let certificates = ledger.certificates(on: name.unit, of: name.manifest)
        let submitter = peers[Self.submitter]
        return certificates.count == 1 && ledger.ruling(on: name.unit, of: name.manifest) == nil
            && jobs.contains(name.manifest)
            && (certificates[0].body.vote == .quorum || certificates[0].body.vote == .single)
            && !ledger.isCancelled(name.manifest)
            && submitter.core?.peer.isReleased(name.manifest) == false
            && submitter.core?.peer.holdsDataset(oracle.root) == true
    }

    /// Whether a peer is the one after the signer of a unit's certificate among the stewards that
    /// are here.
    private func isAuditor(
        _ peer: SimulatedPeer,
        of name: CreditLedger.UnitName,
        _ ledger: CreditLedger
    ) -> Bool {
        let key = ShardKey(manifest: name.manifest, shard: name.unit / Limits.unitsPerShard)
        guard let ranked = peer.core?.peer.stewards(of: key),
            let hubs = peer.core?.peer.hubs,
            let steward = ledger.certificates(on: name.unit, of: name.manifest).first?.body.steward
        else { return false }
        let signer = ledger.ownership.current(of: steward)
        let place = ranked.firstIndex(of: signer).map { $0 + 1 } ?? 0
        let turn = ranked[place...] + ranked[..<place]
        return turn.first { $0 != signer && hubs.isPresent($0) } == peer.id
    }

    /// Whatever is new in a ledger is passed on at once.
    private func checkGossip(_ passedOn: Int, of peer: SimulatedPeer) {
        guard let core = peer.core else { return }
        let count = core.peer.ledgerCount
        let isNewLife = peer.witnessed.life != peer.life
        let news = isNewLife ? 0 : count - peer.witnessed.items
        // Neighbours may change with what is new.
        let neighbours = core.peer.spreadPeers.count
        let listeners = min(neighbours, peer.witnessed.neighbours)
        peer.witnessed = (peer.life, count, neighbours)
        // One other peer may be the one that it came from.
        guard news > passedOn, listeners > 1 else { return }
        report.violations.append("peer \(peer.index) keeps \(news - passedOn) items for itself")
    }

    /// The round of a lease, at its steward.
    private func round(of lease: Lease, at peer: SimulatedPeer) -> Round? {
        let shard = lease.units[0] / Limits.unitsPerShard
        let key = RoundKey(number: lease.round, firstUnit: lease.units[0])
        let desk = ShardKey(manifest: lease.manifest, shard: shard)
        return peer.core?.peer.steward.desks[desk]?.rounds[key]
    }

    /// Whoever is known to have said two things gets nothing to do; what it has promised is taken.
    private func checkInnocence(of worker: PeerID, in round: Round, at steward: SimulatedPeer) {
        guard steward.core?.peer.ledger.culprits.contains(worker) == true,
            !round.committed.contains(where: { $0.worker == worker })
        else { return }
        report.violations.append("peer \(steward.index) leases to a cheat")
    }

    /// In a round that begins now nobody has a seat who was wrong in this hour.
    private func checkPause(
        of worker: PeerID,
        in round: Round,
        of lease: Lease,
        at peer: SimulatedPeer
    ) {
        guard round.purpose != .audit, !peer.hasLostItems, options.sleep == .never,
            let core = peer.core, let manifest = core.peer.ledger.manifest(lease.manifest)?.body,
            // A seat that is free shows when the round began.
            round.seats.contains(where: { $0.occupant == nil }),
            round.seats.allSatisfy({ $0.since == time(at: peer) }),
            round.seats.contains(where: { $0.occupant?.worker == worker }),
            core.peer.ledger.trustView.hasErred(
                worker,
                for: manifest,
                at: max(core.peer.epoch, manifest.epoch)
            )
        else { return }
        report.violations.append("peer \(peer.index) leases at once to whoever was wrong")
    }

    /// In a round that begins now, the first seat is for a senior or an anchor, once as many are
    /// here as it takes.
    private func checkSeat(
        of lease: Lease,
        in round: Round,
        to worker: PeerID,
        by peer: SimulatedPeer
    ) {
        // Rows that wait for a lost manifest come back as if they had just begun, and what a
        // machine has slept through comes all at once.
        guard lease.seat == 0, round.seats.count > 1, round.isFirstVote, !peer.hasLostItems,
            options.sleep == .never,
            let core = peer.core, let manifest = core.peer.ledger.manifest(lease.manifest)?.body,
            let occupant = round.seats[0].occupant, occupant.worker == worker,
            occupant.trustClass < .senior, round.seats[1].occupant == nil,
            round.seats.allSatisfy({ $0.since == time(at: peer) })
        else { return }
        let view = core.peer.ledger.trustView
        let submitter = core.peer.ledger.ownership.current(of: manifest.submitter)
        let hour = max(core.peer.epoch, manifest.epoch)
        let seniors = core.peer.hubs.linkedPeers.count { other in
            other != submitter && other != peer.id && core.peer.hubs.contains(other)
                && !core.peer.ledger.culprits.contains(other)
                && view.trustClass(of: other, for: manifest, at: hour) >= .senior
        }
        guard seniors >= options.trust.seniorsMin else { return }
        report.violations.append(
            "peer \(peer.index) gives the first seat to a \(occupant.trustClass)"
        )
    }

    /// A steward that is about to sign a certificate has the bytes of what won.
    private func checkBytes(of row: JournalRow, at peer: SimulatedPeer) {
        guard let value = row.value else { return }
        var decoder = CBORDecoder(value)
        guard case .opening(let opening)? = try? Item(from: &decoder) else {
            report.violations.append("peer \(peer.index) keeps an opening that is none")
            return
        }
        for each in opening.cores
        where !peer.disk.results.contains(each.core.resultHash)
            && !peer.lostResults.contains(each.core.resultHash)
        {
            report.violations.append(
                "peer \(peer.index) certifies unit \(each.unit) without its result"
            )
        }
    }

    /// No ledger holds what is dated more than an hour ahead, but for what a peer said itself, and
    /// where clocks are wrong.
    func checkHours(of peer: SimulatedPeer) {
        guard options.clockJump == .never, options.fastClock == .never,
            !isByzantine(peer.index), let core = peer.core,
            let last = core.peer.ledger.items.keys.last,
            last.epoch > saturatingSum(core.peer.epoch, Limits.epochSkew)
        else { return }
        report.violations.append("peer \(peer.index) holds an item of the hour \(last.epoch)")
    }

    // MARK: - The end

    /// What follows from the submitter's ledger, which is everybody's then.
    func witnessEnd(_ boards: Boards) {
        guard let ledger = peers[Self.submitter].core?.peer.ledger else { return }
        for item in ledger.items.values {
            switch item {
            case .certificate(let signed) where jobs.contains(signed.body.manifest):
                guard let manifest = ledger.manifest(signed.body.manifest)?.body else { continue }
                checkTickets(of: signed.body, manifest)
                if signed.body.vote == .audit { checkAudit(signed.body, manifest, ledger) }
            case .opening(let opening):
                guard !isProven(opening, in: ledger) else { continue }
                report.violations.append("an opening makes no digest of its certificate")
            case .anchor(let signed) where signed.body.project != project:
                checkStrangers(signed.body, ledger)
            default: break
            }
        }
        checkForfeit(boards.hosts, ledger)
        checkOrder(of: boards.hosts)
        checkForesight(boards.hosts, ledger)
    }

    /// What another project says of an anchor does not count here.
    private func checkStrangers(_ anchor: Anchor, _ ledger: CreditLedger) {
        let keys = ledger.ownership.keys(of: anchor.peer)
        for manifest in jobs.compactMap({ ledger.manifest($0)?.body }) {
            for hour in [anchor.epoch, anchor.until] {
                let own = ledger.anchors.all(of: project).filter { $0.covers(hour) }.map(\.peer)
                let named = manifest.anchors + [manifest.submitter] + own
                let trustClass = ledger.trustView.trustClass(
                    of: anchor.peer,
                    for: manifest,
                    at: hour
                )
                guard trustClass == .anchor, !keys.contains(where: named.contains) else { continue }
                report.violations.append("another project's anchor counts as one")
            }
        }
    }

    /// What a worker is for an hour follows from the certificates of the hours before alone.
    private func checkForesight(_ board: [BoardRow], _ ledger: CreditLedger) {
        let hours = distinct(
            ledger.items.values.compactMap { item -> UInt64? in
                guard case .certificate(let signed) = item else { return nil }
                return signed.body.epoch
            }
        )
        guard !hours.isEmpty, !areAuditsAhead(in: ledger) else { return }
        let last = hours[Int(random.below(UInt64(hours.count)))]
        var earlier = CreditLedger(trust: options.trust)
        for (key, item) in ledger.items {
            switch item {
            case .certificate where key.epoch > last, .opening where key.epoch > last: continue
            default: _ = earlier.insert(item.verifiedHere, epoch: latestHour, at: .zero)
            }
        }
        // A later certificate may hold the core that opens an earlier one.
        let isOpenedAlike = earlier.items.values.allSatisfy { item in
            guard case .certificate(let signed) = item else { return true }
            return signed.body.units.allSatisfy {
                earlier.isOpened(signed.body, unit: $0) == ledger.isOpened(signed.body, unit: $0)
            }
        }
        guard isOpenedAlike else { return }
        let (now, then) = (ledger.trustView, earlier.trustView)
        for manifest in jobs.compactMap({ ledger.manifest($0)?.body }) {
            for row in board {
                let known = now.trustClass(of: row.peer, for: manifest, at: last + 1)
                let foreseen = then.trustClass(of: row.peer, for: manifest, at: last + 1)
                guard known != foreseen else { continue }
                report.violations.append("a \(foreseen) is a \(known) by what came later")
            }
        }
    }

    /// Whether an audit is dated before every vote that it looks at: their stewards' clocks differ.
    private func areAuditsAhead(in ledger: CreditLedger) -> Bool {
        ledger.items.values.contains { item in
            guard case .certificate(let signed) = item, signed.body.vote == .audit else {
                return false
            }
            return signed.body.units.contains { unit in
                ledger.certificates(on: unit, of: signed.body.manifest).allSatisfy {
                    $0.body.vote == .audit || $0.body.epoch > signed.body.epoch
                }
            }
        }
    }

    /// Every member of a set has the ticket for its seat.
    private func checkTickets(of certificate: Certificate, _ manifest: Manifest) {
        for (index, set) in certificate.sets.enumerated() where set.seatCount > 1 {
            for member in certificate.seats(ofSet: index) {
                let number = Ticket.number(
                    manifest: certificate.manifest,
                    lowestUnit: set.units[0],
                    seat: member.seat,
                    worker: member.worker
                )
                let expected = UInt128(3) << UInt128(min(member.widening, 62))
                let population = UInt128(manifest.population)
                guard expected < population,
                    (UInt128(number) + 1) * population > expected << 64
                else { continue }
                report.violations.append("a worker votes without a ticket for its seat")
            }
        }
    }

    /// Each core of an opening makes the digest of a result in its certificate.
    private func isProven(_ opening: Opening, in ledger: CreditLedger) -> Bool {
        guard case .certificate(let signed)? = ledger.item(opening.certificate) else {
            return false
        }
        let certificate = signed.body
        return opening.cores.allSatisfy { each in
            certificate.units.contains(each.unit)
                && certificate.entries.contains { entry in
                    let set = certificate.sets[Int(entry.set)]
                    guard let offset = set.units.firstIndex(of: each.unit) else { return false }
                    let digest = each.core.digest(
                        manifest: certificate.manifest,
                        steward: set.steward,
                        round: set.round,
                        unit: each.unit
                    )
                    return entry.digests[offset] == digest
                        && entry.operations[offset] == each.core.operations
                }
        }
    }

    /// An audit is another steward's than the vote that it looks at, and by an anchor or senior who
    /// has not voted; what an anchor finds does not stand beside something else.
    private func checkAudit(
        _ audit: Certificate,
        _ manifest: Manifest,
        _ ledger: CreditLedger
    ) {
        // Who has lost the vote's certificate does not know that it is looking at it again.
        guard let entry = audit.entries.first, !isByzantine(key: audit.steward.digest),
            indices[audit.steward].map({ peers[$0].hasLostItems }) == false
        else { return }
        let current = ledger.ownership.current
        let set = audit.sets[0]
        let trustClass = ledger.trustView.trustClass(
            of: entry.worker,
            for: manifest,
            at: set.epoch
        )
        // Who was a senior in the steward's eyes may have lost that by what came later.
        if trustClass < .senior, !options.isTrustQuick {
            report.violations.append("a \(trustClass) audits a vote")
        }
        for each in audit.openings {
            let others = ledger.certificates(on: each.unit, of: audit.manifest).map(\.body)
                .filter { $0.vote != .audit }
            if others.allSatisfy({ current($0.steward) == current(audit.steward) }) {
                report.violations.append("a steward audits what it has certified itself")
            }
            let isVoter = others.allSatisfy { other in
                Ballot.all(on: each.unit, in: other).contains { $0.worker == entry.worker }
            }
            if isVoter { report.violations.append("a voter audits its own vote") }
            let verdict = ledger.verdict(on: each.unit, of: audit.manifest).core
            let isSettled = others.contains { $0.vote == .panel || $0.vote == .ruling }
            if trustClass == .anchor, !isSettled, let verdict, verdict != each.core {
                report.violations.append("unit \(each.unit) stands against an anchor's audit")
            }
        }
    }

    /// Whoever was caught in a job is paid at most for the others.
    private func checkForfeit(_ board: [BoardRow], _ ledger: CreditLedger) {
        let proofs = ledger.items.values.compactMap { item -> Fault? in
            if case .fault(let fault) = item { fault } else { nil }
        }
        for row in board {
            let caught = proofs.filter { $0.culprit == row.peer }.map(\.manifest)
            guard !caught.isEmpty else { continue }
            var due: UInt64 = 0
            for id in ledger.manifests.keys where !caught.contains(id) {
                for unit in ledger.certifiedUnits(of: id) {
                    guard let core = ledger.verdict(on: unit, of: id).core else { continue }
                    let ballots = ledger.certificates(on: unit, of: id).flatMap {
                        Ballot.all(on: unit, in: $0.body)
                    }
                    if ballots.contains(where: { $0.worker == row.peer }) { due += core.operations }
                }
            }
            let sum = row.finalOperations + row.provisionalOperations
            guard sum > due else { continue }
            report.violations.append("a cheat is paid \(sum), at most \(due) is due")
        }
    }

    /// Whoever has done most stands first.
    private func checkOrder(of board: [BoardRow]) {
        for (left, right) in zip(board, board.dropFirst()) {
            let first = (left.finalOperations, left.provisionalOperations)
            let second = (right.finalOperations, right.provisionalOperations)
            guard first < second || first == second && right.peer < left.peer else { continue }
            report.violations.append("the board is not in order")
        }
    }
}
