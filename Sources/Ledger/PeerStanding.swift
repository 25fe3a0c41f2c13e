package import Primitives
package import Wire

/// What a ledger makes of a peer, and each event that this comes from.
package struct PeerStanding: Hashable, Sendable {
    /// The hour for which it is.
    package let epoch: UInt64
    /// Every key of the peer's machine, ascending.
    package let keys: [PeerID]
    /// Where it stands with each project that has a reason to know it, that of the newest job
    /// first; at most `projectsMax`.
    package let projects: [ProjectStanding]
    /// Projects that were left out.
    package let furtherProjects: Int
    /// What this comes from, newest first.
    package let events: [StandingEvent]
    /// Older events that were left out.
    package let furtherEvents: Int

    /// Projects that are told of.
    package static let projectsMax = 64
}

/// What the jobs of one project take a peer for.
package struct ProjectStanding: Hashable, Sendable {
    /// Why its class is what it is.
    package enum Reason: Hashable, Sendable {
        /// A FAULT about a job of an earlier hour: whatever else it is counts no more.
        case fault
        /// It submitted the job.
        case submitter
        /// The manifest names it.
        case manifest
        /// An ANCHOR names it, whose last hour this is.
        case anchor(until: UInt64)
        /// So many units that are old enough make it a senior.
        case units(UInt64)
        /// So many results in a row make it trusted.
        case streak(UInt64)
        /// It is none of these.
        case nothing
    }

    /// The project.
    package let project: ProjectID
    /// The project's newest job, for which the class is: others may name other anchors.
    package let job: ManifestID
    /// What its word is worth in this hour.
    package let trustClass: TrustClass
    /// Why.
    package let reason: Reason
    /// What its word is worth in the next hour, if nothing else comes.
    package let nextClass: TrustClass
    /// What its results have come to, those of this hour included: they count from the next on.
    package let reputation: Reputation
    /// Units of it that are old enough to make a senior.
    package let oldUnits: UInt64
    /// Results in a row that it lacks to be trusted; nil when mistakes must be forgiven first.
    package let streakMissing: UInt64?
    /// Results that it lacks to be a senior as soon as they are old enough.
    package let unitsMissing: UInt64
    /// Results in a row until its next mistake is forgiven; nil when there is none.
    package let cleanMissing: UInt64?
}

/// Something that a peer's standing comes from.
package struct StandingEvent: Hashable, Sendable {
    /// What it was.
    package enum Kind: Hashable, Sendable {
        /// A result was wrong.
        case wrongResult(WrongResult)
        /// What was called wrong is right by a later certificate.
        case vindication(CreditLedger.UnitName)
        /// So many mistakes were forgiven for results in a row.
        case forgiveness(UInt64)
        /// Two statements for one slot.
        case fault(ProvenFault)
        /// A project takes its word, up to and including an hour.
        case anchor(until: UInt64)
        /// An owner took it for its own.
        case adoption(OwnerID)
        /// This key took over from another, or claims to: of several claims none counts.
        case succession(of: PeerID, isContested: Bool)
        /// It stood in one vote so often, which counts once, or not at all if it said different
        /// things.
        case repeatedVote(CreditLedger.UnitName, votes: Int, isContradictory: Bool)
    }

    /// UTC hours since 1970.
    package let epoch: UInt64
    /// The key of the machine that it is about.
    package let key: PeerID
    /// The project with which it counts; nil for what is no project's.
    package let project: ProjectID?
    /// What it was.
    package let kind: Kind
}

/// A result that did not prevail.
package struct WrongResult: Hashable, Sendable {
    /// The unit.
    package let unit: CreditLedger.UnitName
    /// Others who had the same result, ascending; at most `sharersMax`.
    package let sharers: [PeerID]
    /// Whether there were such, or more of them.
    package let isShared: Bool
    /// What the mistakes of its hour, all together, cost with this project alone.
    package let cost: Cost

    /// Sharers that are told of.
    package static let sharersMax = 16

    /// What an hour with mistakes made of a reputation.
    package struct Cost: Hashable, Sendable {
        /// Results in a row before them, right ones of that hour included.
        package let streak: UInt64
        /// Units before them, right ones of that hour included.
        package let units: UInt64
        /// Units that were left: half for each lone mistake, none after a shared one.
        package let unitsLeft: UInt64
        /// Mistakes after them that were not forgiven.
        package let mistakes: UInt64
    }
}

/// What a FAULT proves.
package struct ProvenFault: Hashable, Sendable {
    /// Its id.
    package let id: ItemID
    /// The kind of both statements.
    package let statement: StatementKind
    /// The job, in which it is paid for nothing.
    package let job: ManifestID
    /// Units that both statements are about, ascending.
    package let units: [UInt32]
    /// The ids of the statements, ascending.
    package let statements: [ItemID]
}
