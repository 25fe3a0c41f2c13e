import Foundation
import Ledger
import Primitives
import Wire

/// What the ledger makes of a peer, and each event that this comes from.
struct StandingReport: Codable, Sendable, Equatable {
    /// What a peer's word is worth.
    enum Class: String, Codable, Sendable {
        case newcomer, trusted, senior, anchor

        init(_ trustClass: TrustClass) {
            switch trustClass {
            case .newcomer: self = .newcomer
            case .trusted: self = .trusted
            case .senior: self = .senior
            case .anchor: self = .anchor
            }
        }
    }

    /// What the jobs of one project take it for.
    struct Project: Codable, Sendable, Equatable {
        enum Reason: String, Codable, Sendable {
            /// A FAULT about a job of an earlier hour.
            case fault
            /// It submitted the job.
            case submitter
            /// The job names it as an anchor.
            case manifest
            /// The project names it as an anchor, to the end of `until`.
            case anchor
            /// Enough units, old enough, of which there are `oldUnits`.
            case units
            /// Enough results in a row.
            case streak
            /// It is none of these.
            case nothing
        }

        let project: String
        /// The newest job of the project, for which the class is.
        let job: String
        let `class`: Class
        let reason: Reason
        let until: Date?
        let nextClass: Class
        /// What its results have come to, this hour's included.
        let units: UInt64
        let streak: UInt64
        let mistakes: UInt64
        /// Those of `units` that are old enough to make a senior.
        let oldUnits: UInt64
        /// What it lacks to be trusted; missing when mistakes must be forgiven first.
        let streakMissing: UInt64?
        /// What it lacks to be a senior, as soon as that is old enough.
        let unitsMissing: UInt64
        /// Until the next mistake is forgiven; missing when there is none.
        let cleanMissing: UInt64?
    }

    /// Something that the standing comes from.
    struct Event: Codable, Sendable, Equatable {
        enum Kind: String, Codable, Sendable {
            /// A result of `unit` in `job` was wrong; `sharedWith` lists who had the same.
            case wrongResult
            /// A later certificate took that back.
            case vindication
            /// `count` mistakes are forgiven.
            case forgiveness
            /// Two statements of one kind for one slot: it is paid for nothing in `job`.
            case fault
            /// `project` takes its word, to the end of `until`.
            case anchor
            /// `owner` took it for its own.
            case adoption
            /// `peer` took over from `predecessor`.
            case succession
            /// It stands in one vote on `unit` of `job` `count` times.
            case repeatedVote
        }

        let kind: Kind
        /// The beginning of the hour.
        let hour: Date
        /// The key of the machine that it is about.
        let peer: String
        let project: String?
        var job: String?
        var unit: UInt32?
        var isShared: Bool?
        var sharedWith: [String]?
        var cost: Cost?
        var count: UInt64?
        var fault: String?
        var statement: String?
        var statements: [String]?
        var units: [UInt32]?
        var until: Date?
        var owner: String?
        var predecessor: String?
        var isContested: Bool?
        var isContradictory: Bool?
    }

    /// What the mistakes of an hour, all together, cost with their project alone.
    struct Cost: Codable, Sendable, Equatable {
        let streak: UInt64
        let units: UInt64
        let unitsLeft: UInt64
        let mistakes: UInt64
    }

    /// The beginning of the hour for which it is.
    let hour: Date
    /// Every key of the peer's machine.
    let keys: [String]
    let projects: [Project]
    /// Projects that were left out.
    let furtherProjects: Int
    /// Newest first.
    let events: [Event]
    /// Older ones that were left out.
    let furtherEvents: Int

    init(_ standing: PeerStanding) {
        hour = Moment.begin(ofEpoch: standing.epoch)
        keys = standing.keys.map(\.description)
        projects = standing.projects.map { Project($0) }
        furtherProjects = standing.furtherProjects
        events = standing.events.map { Event($0) }
        furtherEvents = standing.furtherEvents
    }
}

extension StandingReport.Project {
    fileprivate init(_ standing: ProjectStanding) {
        project = standing.project.description
        job = standing.job.description
        `class` = StandingReport.Class(standing.trustClass)
        nextClass = StandingReport.Class(standing.nextClass)
        switch standing.reason {
        case .fault: (reason, until) = (.fault, nil)
        case .submitter: (reason, until) = (.submitter, nil)
        case .manifest: (reason, until) = (.manifest, nil)
        case .anchor(let last): (reason, until) = (.anchor, Moment.end(ofEpoch: last))
        case .units: (reason, until) = (.units, nil)
        case .streak: (reason, until) = (.streak, nil)
        case .nothing: (reason, until) = (.nothing, nil)
        }
        units = standing.reputation.units
        streak = standing.reputation.streak
        mistakes = standing.reputation.mistakes
        oldUnits = standing.oldUnits
        streakMissing = standing.streakMissing
        unitsMissing = standing.unitsMissing
        cleanMissing = standing.cleanMissing
    }
}

extension StandingReport.Event {
    fileprivate init(_ event: StandingEvent) {
        hour = Moment.begin(ofEpoch: event.epoch)
        peer = event.key.description
        project = event.project?.description
        switch event.kind {
        case .wrongResult(let wrong):
            kind = .wrongResult
            (job, unit) = (wrong.unit.manifest.description, wrong.unit.unit)
            (isShared, sharedWith) = (wrong.isShared, wrong.sharers.map(\.description))
            cost = StandingReport.Cost(
                streak: wrong.cost.streak,
                units: wrong.cost.units,
                unitsLeft: wrong.cost.unitsLeft,
                mistakes: wrong.cost.mistakes
            )
        case .vindication(let name):
            kind = .vindication
            (job, unit) = (name.manifest.description, name.unit)
        case .forgiveness(let number):
            (kind, count) = (.forgiveness, number)
        case .fault(let proven):
            kind = .fault
            (fault, job) = (proven.id.description, proven.job.description)
            (statement, units) = (proven.statement.name, proven.units)
            statements = proven.statements.map(\.description)
        case .anchor(let last):
            (kind, until) = (.anchor, Moment.end(ofEpoch: last))
        case .adoption(let adopter):
            (kind, owner) = (.adoption, adopter.description)
        case .succession(let old, let contested):
            (kind, predecessor, isContested) = (.succession, old.description, contested)
        case .repeatedVote(let name, let votes, let contradictory):
            kind = .repeatedVote
            (job, unit) = (name.manifest.description, name.unit)
            (count, isContradictory) = (UInt64(votes), contradictory)
        }
    }
}
