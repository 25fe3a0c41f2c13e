package import Primitives
package import Wire

/// What a unit needs after the votes that were cast on it.
package enum VoteOutcome: Hashable, Sendable {
    /// One more voter.
    case furtherVote
    /// A certificate of such a kind for the core with this hash.
    case won(CertificateKind, Digest)
    /// The submitter's word.
    case ruling
}

/// A vote with what its worker's word was worth.
package struct ClassedVote: Hashable, Sendable {
    /// Who said what.
    package let vote: Vote
    /// What it was worth.
    package let trustClass: TrustClass

    /// `vote`, by a worker of `trustClass`.
    package init(vote: Vote, trustClass: TrustClass) {
        self.vote = vote
        self.trustClass = trustClass
    }
}

extension Trust {
    /// What a unit needs that has no certificate, after `votes`, of which there is at least one.
    ///
    /// - Parameter firstVoteSeats: seats of the first vote if all of `votes` are its own, else nil.
    package func outcome(of votes: [Vote], firstVoteSeats: Int?) -> VoteOutcome {
        if let lead = lead(of: votes) {
            if votes.count == firstVoteSeats, lead.count == votes.count {
                return .won(votes.count == 1 ? .single : .quorum, lead.core)
            }
            if lead.settles(self) { return .won(.panel, lead.core) }
        }
        return next(after: votes.count)
    }

    /// What a unit needs whose certificates contradict each other, after all `votes` on it.
    ///
    /// Whoever checks the certificate counts all; where anchors and seniors are overruled, who
    /// vouch for one side of a contradiction that `isAnchored`, their own lead must be as large.
    package func outcome(of votes: [ClassedVote], isAnchored: Bool) -> VoteOutcome {
        let all = votes.map(\.vote)
        let vouching = isAnchored ? votes.filter { $0.trustClass >= .senior }.map(\.vote) : all
        if let lead = lead(of: all), lead.settles(self),
            let overruling = Wire.lead(of: vouching), overruling.settles(self),
            lead.core == overruling.core
        {
            return .won(.panel, lead.core)
        }
        return next(after: distinct(all.map(\.worker)).count)
    }

    /// What a unit needs that so many voters have not settled: a panel has no more than its most.
    package func next(after voters: Int) -> VoteOutcome {
        voters >= panelVotersMax ? .ruling : .furtherVote
    }
}
