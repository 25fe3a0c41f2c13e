import Ledger
import Primitives
import Wire
import WorkUnits

/// First votes, and the voters that come after them.
extension TrustModel {
    /// Has a unit voted on until it has a certificate, and audited if the draw says so.
    mutating func settleFirstVote(of unit: Int) {
        let voters = fillSeats()
        let isLie = agree(on: voters)
        let classes = voters.map { accounts[identities[$0].machine].trustClass }
        if classes.allSatisfy({ $0 >= .trusted }) {
            records[unit].isTrusted = true
            figures.trustedUnits += 1
        }
        if classes.allSatisfy({ $0 < .senior }) { figures.unanchoredVotes += 1 }
        var words = voters.map { compute(unit, $0, isLie: isLie) }
        var votes = words.map { vote($0) }
        var outcome = scenario.trust.outcome(of: votes, firstVoteSeats: voters.count)
        while outcome == .furtherVote {
            guard let next = furtherVoter(after: words, needed: .newcomer) else {
                outcome = .ruling
                break
            }
            let word = compute(unit, next, isLie: isLie)
            words.append(word)
            votes.append(vote(word))
            outcome = scenario.trust.outcome(of: votes, firstVoteSeats: nil)
        }
        switch outcome {
        case .won(.panel, let hash):
            figures.panels += 1
            conclude(unit, words, said(hash), until: SortedTable())
        case .won(let kind, let hash):
            certify(unit, words, kind, said(hash))
        case .furtherVote, .ruling:
            figures.rulings += 1
            conclude(unit, words, Self.truth, until: SortedTable())
        }
    }

    /// A first vote was of one mind.
    private mutating func certify(
        _ unit: Int,
        _ words: [Word],
        _ kind: CertificateKind,
        _ said: UInt8
    ) {
        var record = records[unit]
        record.said = said
        record.isReviewable = true
        record.voters.0 = UInt32(words[0].identity)
        record.classes.0 = words[0].trustClass
        if words.count > 1 {
            record.voters.1 = UInt32(words[1].identity)
            record.classes.1 = words[1].trustClass
        }
        records[unit] = record
        prevail(said, on: unit)
        for word in words {
            count(.won, for: word.identity, 1)
            keepDeed(unit, of: word.identity)
        }
        let isVouchedFor = isAnchored(kind, words)
        let isDrawn = scenario.trust.isAudited(
            random.next(),
            kind,
            policy: scenario.policy,
            isVouchedFor: isVouchedFor,
            seniorCount: seniorCount
        )
        if isDrawn { audit(unit) }
    }

    /// Whether somebody's word vouches for a certificate of `kind`.
    func isAnchored(_ kind: CertificateKind, _ words: [Word]) -> Bool {
        words.contains { $0.trustClass >= Weight.vouchingClass(for: kind) }
    }

    // MARK: - Seats

    /// Has claimants take the seats of a first vote, as they come; the keys, first come first.
    private mutating func fillSeats() -> [Int] {
        var voters: [Int] = []
        var newcomers = 0
        var seatCount = 0
        var free: [Int] = []
        while seatCount == 0 || !free.isEmpty {
            let claimant = keys[Int(random.below(UInt64(keys.count)))]
            let trustClass = accounts[identities[claimant].machine].trustClass
            guard !voters.contains(claimant), trustClass < .senior || !areSeniorsSpent else {
                continue
            }
            if seatCount == 0 {
                seatCount = Int(rules.firstVoteSeats(openedBy: trustClass))
                free = Array(0..<seatCount)
                beginVote(seatCount)
            }
            let doFit = rules.newcomersFit(newcomers: newcomerSeats, openSeats: openSeats)
            let taken = free.firstIndex { number in
                mayTake(.firstVote, seatCount, number, claimant, doFit, after: [])
            }
            guard let taken else { continue }
            free.remove(at: taken)
            voters.append(claimant)
            if trustClass == .newcomer {
                newcomers += 1
                newcomerSeats += 1
            }
        }
        openVotes[oldestVote] = (seatCount, newcomers)
        oldestVote = (oldestVote + 1) % openVotes.count
        return voters
    }

    /// One more first vote is open, and the oldest is over.
    private mutating func beginVote(_ seatCount: Int) {
        openSeats += seatCount - openVotes[oldestVote].seats
        newcomerSeats -= openVotes[oldestVote].newcomers
    }

    /// Whether a claimant may have a seat, as a steward decides.
    private func mayTake(
        _ purpose: Round.Purpose,
        _ seatCount: Int,
        _ number: Int,
        _ claimant: Int,
        _ newcomersFit: Bool,
        reviewed: TrustClass = .newcomer,
        after words: [Word]
    ) -> Bool {
        let needed = rules.neededClass(
            for: purpose,
            seatCount: seatCount,
            reviewed: reviewed
        )
        let seat = SeatRules.Asked(
            purpose: purpose,
            seatCount: seatCount,
            number: number,
            needed: needed,
            isLeftOver: areSeniorsSpent
        )
        return rules.takes(
            accounts[identities[claimant].machine].trustClass,
            hasErred: hasErred(claimant),
            seat: seat,
            seniorCount: seniorCount,
            newcomersFit: newcomersFit,
            hasSenior: { hasSenior(after: words) }
        )
    }

    /// Whether a result of a key's has turned out to be wrong so lately that it leaves seats to
    /// others.
    private func hasErred(_ identity: Int) -> Bool {
        let hours = accounts[identities[identity].machine].hours
        return (0..<min(scenario.trust.pauseHours, hour + 1)).contains { ago in
            hours[Int((hour - ago) % UInt64(hours.count))].wrong > 0
        }
    }

    /// Whether there is a senior or anchor that has not voted yet.
    func hasSenior(after words: [Word]) -> Bool {
        let voted = words.count { word in
            let machine = identities[word.identity].machine
            return keys[machine] == word.identity && accounts[machine].trustClass >= .senior
        }
        return seniorCount > voted
    }

    /// The next voter after `words`, one that is at least of the class `needed`; nil when nobody is
    /// left, or nobody has time.
    mutating func furtherVoter(
        after words: [Word],
        needed: TrustClass,
        for purpose: Round.Purpose = .furtherVote
    ) -> Int? {
        guard words.count < keys.count else { return nil }
        if needed >= .senior, !hasSenior(after: words) || areSeniorsSpent { return nil }
        while true {
            let claimant = keys[Int(random.below(UInt64(keys.count)))]
            let trustClass = accounts[identities[claimant].machine].trustClass
            let hasVoted = words.contains { $0.identity == claimant }
            guard !hasVoted, trustClass < .senior || !areSeniorsSpent else { continue }
            let isTaken = mayTake(
                purpose,
                1,
                0,
                claimant,
                false,
                reviewed: needed,
                after: words
            )
            if isTaken { return claimant }
        }
    }

    /// Whether those who sit in a first vote lie about it, where they are a patient coalition.
    private mutating func agree(on voters: [Int]) -> Bool {
        guard case .patience(let share) = scenario.flaw,
            voters.allSatisfy({ scenario.isFlawed(identities[$0].machine) })
        else { return false }
        return random.chance(share)
    }
}
