import Primitives
import Testing
import Wire
import WorkUnits

/// What a steward goes by, without its rounds.
@Suite struct RuleTests {
    private let rules = SeatRules(policy: .strict, trust: .standard)

    private func takes(
        _ trustClass: TrustClass,
        _ purpose: Round.Purpose,
        seats: Int,
        number: Int = 0,
        needed: TrustClass = .newcomer,
        isLeftOver: Bool = false,
        seniors: Int = 3,
        doFit: Bool = true,
        hasErred: Bool = false,
        hasSenior: Bool = true
    ) -> Bool {
        rules.takes(
            trustClass,
            hasErred: hasErred,
            seat: SeatRules.Asked(
                purpose: purpose,
                seatCount: seats,
                number: number,
                needed: needed,
                isLeftOver: isLeftOver
            ),
            seniorCount: seniors,
            newcomersFit: doFit,
            hasSenior: { hasSenior }
        )
    }

    @Test func theFirstOfTwoSeatsIsForSeniors() {
        #expect(takes(.senior, .firstVote, seats: 2))
        #expect(!takes(.trusted, .firstVote, seats: 2))
        #expect(
            takes(.trusted, .firstVote, seats: 2, seniors: 2),
            "where there are too few of them"
        )
        #expect(takes(.newcomer, .firstVote, seats: 2, isLeftOver: true))
        #expect(takes(.trusted, .firstVote, seats: 2, number: 1, doFit: false))
        #expect(takes(.newcomer, .firstVote, seats: 2, number: 1))
        #expect(!takes(.newcomer, .firstVote, seats: 2, number: 1, doFit: false))
    }

    @Test func furtherVotersAreSeniorsWhileThereAreSome() {
        #expect(takes(.senior, .furtherVote, seats: 1))
        #expect(!takes(.trusted, .furtherVote, seats: 1))
        #expect(takes(.newcomer, .furtherVote, seats: 1, hasSenior: false))
        #expect(!takes(.trusted, .audit, seats: 1, needed: .senior, isLeftOver: true))
    }

    @Test func whoWasWrongLatelyLeavesSeatsToOthers() {
        #expect(!takes(.senior, .firstVote, seats: 2, hasErred: true))
        #expect(!takes(.newcomer, .firstVote, seats: 2, number: 1, seniors: 0, hasErred: true))
        #expect(!takes(.trusted, .firstVote, seats: 1, needed: .trusted, hasErred: true))
        #expect(!takes(.newcomer, .furtherVote, seats: 1, hasErred: true, hasSenior: false))
        #expect(takes(.newcomer, .firstVote, seats: 2, isLeftOver: true, hasErred: true))
        #expect(takes(.senior, .audit, seats: 1, needed: .senior, hasErred: true))
    }

    @Test func newcomersHaveThreeSeatsInTen() {
        #expect(rules.newcomersFit(newcomers: 0, openSeats: 0))
        #expect(rules.newcomersFit(newcomers: 29, openSeats: 100))
        #expect(!rules.newcomersFit(newcomers: 30, openSeats: 100))
    }

    @Test func onlyTheTrustedOpenVotesOfOneSeat() {
        let adaptive = SeatRules(policy: .adaptive, trust: .standard)
        #expect(adaptive.firstVoteSeats(openedBy: .trusted) == 1)
        #expect(adaptive.firstVoteSeats(openedBy: .newcomer) == 2)
        #expect(rules.firstVoteSeats(openedBy: .anchor) == 2)
        let needed = adaptive.neededClass(for: .firstVote, seatCount: 1, reviewed: .newcomer)
        #expect(needed == .trusted)
    }

    // MARK: - Votes

    private let truth = Digest(1, 0, 0, 0)
    private let lie = Digest(2, 0, 0, 0)

    /// So many workers who say each, those of truth first.
    private func votes(_ truths: Int, _ lies: Int) -> [Vote] {
        (0..<truths + lies).map { index in
            let worker = PeerID(Digest(UInt64(index), 0, 0, 0))
            return Vote(worker: worker, core: index < truths ? truth : lie)
        }
    }

    @Test func aFirstVoteOfOneMindNeedsNoLead() {
        let trust = Trust.standard
        #expect(trust.outcome(of: votes(2, 0), firstVoteSeats: 2) == .won(.quorum, truth))
        #expect(trust.outcome(of: votes(1, 0), firstVoteSeats: 1) == .won(.single, truth))
        #expect(trust.outcome(of: votes(1, 0), firstVoteSeats: 2) == .furtherVote)
        #expect(trust.outcome(of: votes(2, 0), firstVoteSeats: nil) == .furtherVote)
        #expect(trust.outcome(of: votes(1, 1), firstVoteSeats: 2) == .furtherVote)
    }

    @Test func aPanelNeedsItsLeadAndEndsAtItsMost() {
        let trust = Trust.standard
        #expect(trust.outcome(of: votes(4, 1), firstVoteSeats: nil) == .won(.panel, truth))
        #expect(trust.outcome(of: votes(5, 2), firstVoteSeats: nil) == .furtherVote)
        #expect(trust.outcome(of: votes(7, 2), firstVoteSeats: nil) == .won(.panel, truth))
        #expect(trust.outcome(of: votes(8, 6), firstVoteSeats: nil) == .furtherVote)
        #expect(trust.outcome(of: votes(8, 7), firstVoteSeats: nil) == .ruling)
    }

    @Test func whereSeniorsVouchTheirOwnLeadDecides() {
        let trust = Trust.standard
        let all = votes(5, 1).enumerated().map { index, vote in
            ClassedVote(vote: vote, trustClass: index < 2 ? .newcomer : .senior)
        }
        #expect(trust.outcome(of: all, isAnchored: false) == .won(.panel, truth))
        #expect(trust.outcome(of: all, isAnchored: true) == .furtherVote)
        let seniors = all.map { ClassedVote(vote: $0.vote, trustClass: .senior) }
        #expect(trust.outcome(of: seniors, isAnchored: true) == .won(.panel, truth))
    }

    @Test func someVotesAreAudited() {
        let trust = Trust.standard
        let place = UInt64.max / 20
        func isAudited(
            _ draw: UInt64,
            _ policy: Policy,
            _ vote: CertificateKind = .quorum,
            isVouchedFor: Bool = true,
            seniors: Int = 3
        ) -> Bool {
            trust.isAudited(
                draw,
                vote,
                policy: policy,
                isVouchedFor: isVouchedFor,
                seniorCount: seniors
            )
        }
        #expect(isAudited(place - 1, .strict) && !isAudited(place + 1, .strict))
        #expect(isAudited(place * 4 - 1, .adaptive) && !isAudited(place * 4 + 4, .adaptive))
        for seniors in [0, 2, 3] {
            let isUnvouched = isAudited(.max, .strict, isVouchedFor: false, seniors: seniors)
            #expect(isUnvouched == (seniors >= trust.seniorsMin), "who could vouch for it is here")
            #expect(isAudited(.max, .adaptive, .single, isVouchedFor: false, seniors: seniors))
        }
        #expect(!isAudited(0, .single, .single, isVouchedFor: false))
    }
}
