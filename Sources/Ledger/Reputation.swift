package import Primitives
package import Wire

/// What a worker's results for a project, or for several, have come to.
package struct Reputation: Hashable, Sendable {
    /// Certified results; halved by a mistake, none after a lie that another shared.
    package private(set) var units: UInt64 = 0
    /// Certified results since the last one that was wrong.
    package private(set) var streak: UInt64 = 0
    /// Wrong results that are not forgiven yet.
    package private(set) var faults: UInt64 = 0
    private var clean: UInt64 = 0

    /// Nothing is known.
    package init() {}

    /// Takes in what became of a worker's results in one hour, right ones first: which of two came
    /// first within an hour nobody can prove.
    mutating func add(_ hour: HourTally, _ trust: Trust) {
        units = saturatingSum(units, UInt64(hour.won))
        streak = saturatingSum(streak, UInt64(hour.won))
        clean = saturatingSum(clean, UInt64(hour.won))
        while faults > 0, clean >= trust.forgivingStreak {
            faults -= 1
            clean -= trust.forgivingStreak
        }
        if faults == 0 { clean = 0 }
        let wrong = UInt64(hour.lone) + UInt64(hour.shared)
        guard wrong > 0 else { return }
        faults = saturatingSum(faults, wrong)
        streak = 0
        clean = 0
        units = hour.shared > 0 ? 0 : units >> UInt64(hour.lone)
    }

    /// Whether it makes a senior, taken at the end of the last hour that counts for that.
    func isSenior(_ trust: Trust) -> Bool { units >= trust.seniorUnits }

    /// Whether single results are taken on its word.
    func isTrusted(_ trust: Trust) -> Bool {
        faults < 32 && streak >= saturatingProduct(trust.trustedStreak, 1 << faults)
    }
}

/// What became of one worker's results for one project in one hour.
struct HourTally: Hashable, Sendable {
    var won: UInt32 = 0
    /// Wrong ones that nobody shared.
    var lone: UInt32 = 0
    /// Wrong ones that another worker had, too.
    var shared: UInt32 = 0
}

/// What one unit adds to one worker's reputation.
struct Mark: Hashable, Sendable {
    enum Kind: Hashable { case won, lone, shared }

    let worker: PeerID
    /// The hour for which it counts.
    let epoch: UInt64
    let kind: Kind
}

/// The reputation of every worker with every project: sums over the ledger's units, in whatever
/// order these came.
package struct ReputationBook: Sendable {
    private var accounts = SortedTable<Name, SortedTable<UInt64, HourTally>>()
    /// The latest hour of any mark.
    private var lastEpoch: UInt64 = 0
    /// How often something has changed that is older than the latest hour.
    package private(set) var revisions: UInt64 = 0
    let trust: Trust

    private struct Name: Comparable, Sendable {
        let project: ProjectID
        let worker: PeerID

        static func < (left: Name, right: Name) -> Bool {
            left.project != right.project
                ? left.project < right.project : left.worker < right.worker
        }
    }

    /// A book that knows nobody.
    init(trust: Trust) { self.trust = trust }

    /// Adds what a unit of `project` says of a worker, or takes it back.
    mutating func count(_ mark: Mark, of project: ProjectID, by change: Int32) {
        let name = Name(project: project, worker: mark.worker)
        func changed(_ number: UInt32) -> UInt32 { UInt32(clamping: Int64(number) + Int64(change)) }
        var tally = accounts[name]?[mark.epoch] ?? HourTally()
        switch mark.kind {
        case .won: tally.won = changed(tally.won)
        case .lone: tally.lone = changed(tally.lone)
        case .shared: tally.shared = changed(tally.shared)
        }
        accounts[name, default: SortedTable()][mark.epoch] = tally
        if mark.epoch < lastEpoch { revisions += 1 }
        lastEpoch = max(lastEpoch, mark.epoch)
    }

    /// What the owner of `keys` has done for `projects` up to the hour `last`.
    func reputation(of keys: [PeerID], projects: [ProjectID], through last: UInt64) -> Reputation {
        var hours = SortedTable<UInt64, HourTally>()
        for project in projects {
            for key in keys {
                guard let account = accounts[Name(project: project, worker: key)] else { continue }
                for (epoch, tally) in account where epoch <= last {
                    hours[epoch, default: HourTally()].add(tally)
                }
            }
        }
        var reputation = Reputation()
        for tally in hours.values { reputation.add(tally, trust) }
        return reputation
    }
}

extension HourTally {
    fileprivate mutating func add(_ other: HourTally) {
        won = UInt32(clamping: UInt64(won) + UInt64(other.won))
        lone = UInt32(clamping: UInt64(lone) + UInt64(other.lone))
        shared = UInt32(clamping: UInt64(shared) + UInt64(other.shared))
    }
}

/// Who is who for the jobs of a project, as a ledger has it: what a steward needs of the ledger.
package struct TrustView: Sendable {
    let book: ReputationBook
    let ownership: Ownership

    /// The class of `worker` for a job at the hour `epoch`: seniors by what they had done a day
    /// before, others by what they had done until the hour before.
    ///
    /// A certificate is judged by what came before it alone, so all who hold one ledger agree.
    package func trustClass(
        of worker: PeerID,
        for manifest: Manifest,
        at epoch: UInt64
    ) -> TrustClass {
        let keys = ownership.keys(of: worker)
        let anchors = manifest.anchors + [manifest.submitter]
        if keys.contains(where: { anchors.contains($0) }) { return .anchor }
        let projects = distinct([manifest.project] + manifest.recognised)
        let trust = book.trust
        if epoch >= trust.seniorHours {
            let last = epoch - trust.seniorHours
            let old = book.reputation(of: keys, projects: projects, through: last)
            if old.isSenior(trust) { return .senior }
        }
        guard epoch > 0 else { return .newcomer }
        let recent = book.reputation(of: keys, projects: projects, through: epoch - 1)
        return recent.isTrusted(trust) ? .trusted : .newcomer
    }

    private func distinct(_ projects: [ProjectID]) -> [ProjectID] {
        var seen = SortedTable<ProjectID, Bool>()
        for project in projects { seen[project] = true }
        return seen.keys
    }
}
