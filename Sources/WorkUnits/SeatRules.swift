import Primitives
package import Wire

/// Whose word is worth enough for a seat: what a steward goes by, without its rounds.
///
/// A first vote has a seat for seniors and anchors as soon as there are some, and newcomers have a
/// share of the others; who was wrong lately leaves seats to others. After one lease without a
/// better claim anybody is taken. A vote of one seat in an `adaptive` job is for the trusted alone.
package struct SeatRules: Sendable {
    /// How the job's results are trusted.
    package let policy: Policy
    /// The constants.
    package let trust: Trust

    /// The rules of a job with `policy`.
    package init(policy: Policy, trust: Trust) {
        self.policy = policy
        self.trust = trust
    }

    /// A seat that somebody asks for.
    package struct Asked: Sendable {
        /// What the round's votes are for.
        package var purpose: Round.Purpose
        /// Seats of the round.
        package var seatCount: Int
        /// The seat's number, from 0.
        package var number: Int
        /// What its worker must be, as `neededClass` has it.
        package var needed: TrustClass
        /// Whether it has been free for so long that anybody is taken.
        package var isLeftOver: Bool

        /// A seat with every field given.
        package init(
            purpose: Round.Purpose,
            seatCount: Int,
            number: Int,
            needed: TrustClass,
            isLeftOver: Bool
        ) {
            self.purpose = purpose
            self.seatCount = seatCount
            self.number = number
            self.needed = needed
            self.isLeftOver = isLeftOver
        }
    }

    /// Seats of a first vote that a worker of `trustClass` opens.
    package func firstVoteSeats(openedBy trustClass: TrustClass) -> UInt8 {
        policy == .adaptive && trustClass >= .trusted ? 1 : policy.replicas
    }

    /// What a voter must be in every seat of a round; `reviewed` is what its units' reviews ask
    /// for.
    package func neededClass(
        for purpose: Round.Purpose,
        seatCount: Int,
        reviewed: @autoclosure () -> TrustClass
    ) -> TrustClass {
        guard purpose == .firstVote, seatCount == 1 else { return reviewed() }
        return policy == .adaptive ? .trusted : .newcomer
    }

    /// What a voter on a unit must be that is looked at again for `review`, or not at all.
    package static func neededClass(review: Review.Purpose?) -> TrustClass {
        switch review {
        case .audit, .dispute(isAnchored: true): .senior
        case .dispute(isAnchored: false), nil: .newcomer
        }
    }

    /// Whether one more newcomer keeps within the newcomers' share of the open first votes' seats.
    package func newcomersFit(newcomers: Int, openSeats: Int) -> Bool {
        let share = trust.newcomerShare
        let room = UInt64(openSeats) * share.numerator / share.denominator
        return UInt64(newcomers) < max(1, room)
    }

    /// Whether a worker of `trustClass` may have `seat`.
    ///
    /// - Parameters:
    ///   - seniorCount: seniors and anchors that are here; where they are too few, none is asked
    ///     for in every vote.
    ///   - hasErred: whether a result of the worker's has turned out to be wrong lately.
    ///   - newcomersFit: whether one more newcomer keeps within their share.
    ///   - hasSenior: whether a senior or anchor is here who has not voted on the units yet.
    package func takes(
        _ trustClass: TrustClass,
        hasErred: Bool,
        seat: Asked,
        seniorCount: Int,
        newcomersFit: Bool,
        hasSenior: () -> Bool
    ) -> Bool {
        guard trustClass >= seat.needed else { return false }
        if seat.isLeftOver { return true }
        if hasErred, seat.purpose != .audit { return false }
        if seat.purpose == .firstVote, seat.seatCount == 1 { return true }
        if seat.purpose == .furtherVote { return trustClass >= .senior || !hasSenior() }
        guard trustClass < .senior, seniorCount >= trust.seniorsMin else { return true }
        return seat.number > 0 && (trustClass > .newcomer || newcomersFit)
    }
}
