package import Wire

/// A verdict without its time: what follows from a unit's certificates and openings, which say
/// something of the type `Said`.
package enum Standing<Said: Hashable & Sendable>: Hashable, Sendable {
    /// No certificate counts.
    case open
    /// Nobody knows what those say that count.
    case sealed
    /// They say different things.
    case disputed
    /// They say this.
    case certified(Said)

    /// What won, if something did.
    package var core: Said? {
        switch self {
        case .certified(let core): core
        case .open, .sealed, .disputed: nil
        }
    }

    /// What follows from `words`, those that are not heard left out.
    package init(of words: [WeighedWord<Said>]) {
        guard let top = words.map(\.weight).max() else {
            self = .open
            return
        }
        // An audit by itself proves nothing: what it looked at has its say, whatever it weighs.
        let isAuditAlone = words.allSatisfy { $0.weight < top || $0.isAudit }
        let next = words.filter { !$0.isAudit }.map(\.weight).max() ?? top
        let counting = words.filter { $0.weight == top || (isAuditAlone && $0.weight == next) }
        // A core that is known and does not open a certificate is not what that one says.
        guard let winner = counting.compactMap(\.said).first else {
            self = .sealed
            return
        }
        self = counting.allSatisfy { $0.said == winner } ? .certified(winner) : .disputed
    }
}

/// What one certificate says of a unit, and what that weighs.
package struct WeighedWord<Said: Hashable & Sendable>: Sendable {
    /// What it says; nil when nobody has opened it.
    package let said: Said?
    /// How much it weighs.
    package let weight: Weight
    /// Whether it looks at another's vote again.
    package let isAudit: Bool

    /// A word with every field given.
    package init(said: Said?, weight: Weight, isAudit: Bool) {
        self.said = said
        self.weight = weight
        self.isAudit = isAudit
    }

    /// Whether it counts at all: audits are for anchors and seniors, and another's word against a
    /// vote counts for nothing.
    package var isHeard: Bool { !isAudit || weight >= .anchoredVote }
}

/// How much a certificate weighs against others of its unit, heaviest last.
///
/// Anchored is what an anchor or a senior vouches for; others never outweigh it. An audit weighs as
/// much as the vote that it looks at: where the two differ, neither counts until a panel has met.
package enum Weight: Int, Comparable, Sendable {
    /// A vote, or an audit, for which nobody vouches.
    case vote
    /// A panel in which seniors and anchors alone would not have settled it.
    case panel
    /// A vote or audit for which somebody vouches.
    case anchoredVote
    /// A panel that seniors and anchors alone have settled.
    case anchoredPanel
    /// The submitter's word.
    case ruling

    package static func < (left: Weight, right: Weight) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The weight of a certificate of the kind `vote`.
    package init(of vote: CertificateKind, isAnchored: @autoclosure () -> Bool) {
        switch vote {
        case .ruling: self = .ruling
        case .panel: self = isAnchored() ? .anchoredPanel : .panel
        case .quorum, .single, .audit: self = isAnchored() ? .anchoredVote : .vote
        }
    }

    /// What a worker must be to vouch for a certificate of the kind `vote`.
    package static func vouchingClass(for vote: CertificateKind) -> TrustClass {
        vote == .single ? .trusted : .senior
    }
}
