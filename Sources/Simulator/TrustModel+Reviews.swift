import Ledger
import Primitives
import Wire
import WorkUnits

/// Votes that are looked at again, and what results come to for those who told them.
extension TrustModel {
    /// Has a senior or anchor compute a unit once more; a panel of them decides where it differs.
    mutating func audit(_ unit: Int) {
        let record = records[unit]
        let first = firstWords(of: record)
        let needed = SeatRules.neededClass(review: .audit)
        guard let auditor = furtherVoter(after: first, needed: needed, for: .audit) else {
            figures.auditsLeftOut += 1
            return
        }
        let isLie = record.said == Self.commonLie
        let word = compute(unit, auditor, isLie: isLie)
        figures.audits += 1
        records[unit].isReviewable = false
        let earlier = kinds(of: first.map { ($0, record.said) })
        switch standing(first, word) {
        case .certified(let said):
            conclude(unit, first + [word], said, until: earlier)
        case .open, .sealed, .disputed:
            settleDispute(of: unit, first + [word], isLie: isLie, until: earlier)
        }
    }

    /// What follows from a first vote's certificate and an audit's.
    private func standing(_ first: [Word], _ audit: Word) -> Standing<UInt8> {
        let certificates = weighed(first, audit).filter(\.isHeard)
        return Standing(of: certificates)
    }

    private func weighed(_ first: [Word], _ audit: Word) -> [WeighedWord<UInt8>] {
        let kind: CertificateKind = first.count == 1 ? .single : .quorum
        let vote = Weight(of: kind, isAnchored: isAnchored(kind, first))
        let look = Weight(of: .audit, isAnchored: isAnchored(.audit, [audit]))
        return [
            WeighedWord(said: first[0].said, weight: vote, isAudit: false),
            WeighedWord(said: audit.said, weight: look, isAudit: true),
        ]
    }

    /// Has voters asked until a lead settles a contradiction between a vote and its audit.
    private mutating func settleDispute(
        of unit: Int,
        _ cast: [Word],
        isLie: Bool,
        until earlier: SortedTable<PeerID, Mark.Kind>
    ) {
        let isAnchored = weighed(Array(cast.dropLast()), cast[cast.count - 1])
            .contains { $0.isHeard && $0.weight >= .anchoredVote }
        let needed = SeatRules.neededClass(review: .dispute(isAnchored: isAnchored))
        var words = cast
        while true {
            let votes = words.map { ClassedVote(vote: vote($0), trustClass: $0.trustClass) }
            let outcome = scenario.trust.outcome(of: votes, isAnchored: isAnchored)
            if case .won(_, let hash) = outcome {
                figures.panels += 1
                return conclude(unit, words, said(hash), until: earlier)
            }
            guard outcome == .furtherVote,
                let next = furtherVoter(after: words, needed: needed)
            else {
                figures.rulings += 1
                return conclude(unit, words, Self.truth, until: earlier)
            }
            words.append(compute(unit, next, isLie: isLie))
        }
    }

    /// Looks at what else a key said of which a word was a lie that others shared.
    mutating func review(_ identity: Int) {
        for unit in reachable(identities[identity].deeds)
        where records[Int(unit)].isReviewable { audit(Int(unit)) }
    }

    /// Notes that a key sat in a unit's first vote, and forgets what is out of reach by now.
    mutating func keepDeed(_ unit: Int, of identity: Int) {
        identities[identity].deeds.append(UInt32(unit))
        let deeds = identities[identity].deeds
        guard deeds.count >= identities[identity].deedsMax else { return }
        let oldest = reachable(deeds).last ?? UInt32(unit)
        identities[identity].deeds.removeAll { $0 < oldest }
        identities[identity].deedsMax = max(1_024, 2 * identities[identity].deeds.count)
    }

    /// Those of `deeds` that a review of their worker reaches, latest first.
    private func reachable(_ deeds: [UInt32]) -> [UInt32] {
        scenario.trust.unaudited(
            among: deeds.reversed(),
            units: { [$0] },
            isAudited: { !records[Int($0)].isReviewable }
        )
    }

    private func firstWords(of record: Record) -> [Word] {
        let voters = [
            (record.voters.0, record.classes.0), (record.voters.1, record.classes.1),
        ]
        return voters.filter { $0.0 != Record.nobody }.map { voter, trustClass in
            Word(identity: Int(voter), trustClass: trustClass, said: record.said)
        }
    }

    // MARK: - What results come to

    /// A unit has a certificate that nobody looks at again: `until` says what its words had come to
    /// before.
    mutating func conclude(
        _ unit: Int,
        _ words: [Word],
        _ prevailing: UInt8,
        until earlier: SortedTable<PeerID, Mark.Kind>
    ) {
        prevail(prevailing, on: unit)
        let now = kinds(of: words.map { ($0, prevailing) })
        for mark in Mark.changes(from: earlier, to: now, at: hour) {
            count(mark.kind, for: identity(mark.worker), mark.change(isUndone: false))
        }
        for (worker, kind) in now where kind != .won {
            notice(kind, of: identity(worker))
        }
    }

    /// What each word comes to when something prevails, which is the same beside all of them.
    private func kinds(of words: [(word: Word, prevailing: UInt8)]) -> SortedTable<
        PeerID, Mark.Kind
    > {
        var epochs = SortedTable<PeerID, UInt64>()
        var lies = SortedTable<PeerID, [Digest]>()
        for (word, prevailing) in words {
            epochs[name(word.identity)] = hour
            guard word.said != prevailing else { continue }
            lies[name(word.identity), default: []].append(hash(word.said))
        }
        var kinds = SortedTable<PeerID, Mark.Kind>()
        for outcome in Outcome.all(epochs: epochs, lies: lies) {
            kinds[outcome.worker] = outcome.mark(at: hour).kind
        }
        return kinds
    }

    /// A word of a key turned out to be wrong: what follows for what else it said, and for a
    /// machine that replaces keys.
    private mutating func notice(_ kind: Mark.Kind, of identity: Int) {
        let isShared = kind == .shared
        if Trust.isCaught(isShared: isShared, policy: scenario.policy) { suspects.append(identity) }
        let machine = identities[identity].machine
        guard scenario.isFlawed(machine) else {
            if isShared, !identities[identity].isPunished {
                identities[identity].isPunished = true
                figures.honestPunished += 1
            }
            return
        }
        guard scenario.hasFreeKeys, keys[machine] == identity else { return }
        figures.newIdentities += 1
        keys[machine] = identities.count
        identities.append(Identity(machine: machine))
        if accounts[machine].trustClass >= .senior { seniorCount -= 1 }
        accounts[machine] = Account(scenario.trust)
    }

    /// Counts what became of a result in this hour; of keys that are gone nobody asks.
    mutating func count(_ kind: Mark.Kind, for identity: Int, _ change: Int64) {
        let machine = identities[identity].machine
        guard keys[machine] == identity else { return }
        let place = Int(hour % UInt64(accounts[machine].hours.count))
        accounts[machine].hours[place][kind] += change
    }

    /// Something prevails on a unit from now on.
    mutating func prevail(_ said: UInt8, on unit: Int) {
        let was = records[unit].prevails
        if was == Self.truth, said != Self.truth { figures.wrongAccepted += 1 }
        if was != Self.truth, said == Self.truth { figures.wrongAccepted -= 1 }
        records[unit].prevails = said
    }
}
