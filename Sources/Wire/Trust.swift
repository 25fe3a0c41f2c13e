package import Primitives

/// The constants of the trust policies, all of them; a network agrees on one set.
///
/// - Source: docs/decisions/0018-reputation-from-the-ledger.md.
package struct Trust: Hashable, Sendable {
    /// Workers by which one result must lead a disputed vote.
    package var panelMargin = 3
    /// The same where two who lost say the same: mistakes that are made alone never match.
    package var sharedMargin = 5
    /// Voters after which a dispute goes to the submitter.
    package var panelVotersMax = 15
    /// Certified results for a project that make a worker a senior of it.
    package var seniorUnits: UInt64 = 1_000
    /// Hours after which a result counts for that.
    package var seniorHours: UInt64 = 24
    /// Certified results in a row that make a worker trusted, doubled by each fault.
    package var trustedStreak: UInt64 = 50
    /// Certified results in a row for which one fault is forgiven.
    package var forgivingStreak: UInt64 = 500
    /// Hours, this one included, in which whoever was wrong leaves seats to others.
    package var pauseHours: UInt64 = 1
    /// Seniors and anchors that must be there before votes ask for one of them.
    package var seniorsMin = 3
    /// Seats that newcomers may have while there are that many.
    package var newcomerShare = Ratio(30, of: 100)
    /// Units of a `strict` job that are computed once more in secret.
    package var strictAudits = Ratio(5, of: 100)
    /// Units of an `adaptive` job that are computed once more in secret.
    package var adaptiveAudits = Ratio(20, of: 100)
    /// Audits of a worker between which and its fault everything that was not audited is computed
    /// again.
    package var auditWindow = 25

    /// Peers up to which a job admits everybody to every seat: where few could be drawn, a draw
    /// only makes them wait.
    package static let smallGridPeers: UInt64 = 16

    /// The constants of the protocol.
    package static let standard = Trust()

    private init() {}
}

extension Trust {
    /// Whether a certified first vote of the kind `vote` that got `draw`, anything of 64 bits, is
    /// computed once more in secret; always where nobody vouches for it though there are enough
    /// seniors and anchors, `seniorCount`, who could, or one worker's word is all.
    package func isAudited(
        _ draw: UInt64,
        _ vote: CertificateKind,
        policy: Policy,
        isVouchedFor: Bool,
        seniorCount: @autoclosure () -> Int
    ) -> Bool {
        let share: Ratio
        switch policy {
        case .strict: share = strictAudits
        case .adaptive: share = adaptiveAudits
        case .single: return false
        }
        if !isVouchedFor, vote == .single || seniorCount() >= seniorsMin { return true }
        // The product of both halves is the draw's place in the unit interval.
        return draw.multipliedFullWidth(by: share.denominator).high < share.numerator
    }

    /// Whether a wrong result makes suspicious what else its worker said: a lie that others share,
    /// or any mistake where single words are taken.
    package static func isCaught(isShared: Bool, policy: Policy) -> Bool {
        isShared || policy == .adaptive
    }
}

/// What a worker's word is worth for a job, lowest first.
package enum TrustClass: Int, Comparable, Sendable {
    /// Nothing is known of it.
    case newcomer
    /// Its last results were all certified.
    case trusted
    /// Many of its results were certified at least a day ago.
    case senior
    /// The project answers for it: it is the submitter's peer, or the manifest or an ANCHOR names
    /// it.
    case anchor

    package static func < (left: TrustClass, right: TrustClass) -> Bool {
        left.rawValue < right.rawValue
    }
}
