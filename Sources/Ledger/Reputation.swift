package import Primitives
package import Wire

/// What a worker's results for a project, or for several, have come to.
package struct Reputation: Hashable, Sendable {
    /// Certified results; halved by a mistake, none after a lie that another shared.
    package private(set) var units: UInt64 = 0
    /// Certified results since the last one that was wrong.
    package private(set) var streak: UInt64 = 0
    /// Wrong results that are not forgiven yet.
    package private(set) var mistakes: UInt64 = 0
    private var clean: UInt64 = 0

    /// Nothing is known.
    package init() {}

    /// Takes in what became of a worker's results in one hour, right ones first: which of two came
    /// first within an hour nobody can prove.
    package mutating func add(_ hour: HourTally, _ trust: Trust) {
        units = Self.sum(units, hour.won)
        streak = Self.sum(streak, hour.won)
        clean = Self.sum(clean, hour.won)
        let wrong = hour.wrong
        mistakes = Self.sum(mistakes, wrong)
        guard wrong > 0 else {
            let forgiven = min(mistakes, clean / trust.forgivingStreak)
            mistakes -= forgiven
            clean = mistakes == 0 ? 0 : clean - forgiven * trust.forgivingStreak
            return
        }
        streak = 0
        clean = 0
        units = hour.shared > 0 ? 0 : units >> UInt64(hour.lone)
    }

    private static func sum(_ number: UInt64, _ change: Int64) -> UInt64 {
        change >= 0
            ? saturatingSum(number, change.magnitude) : number - min(number, change.magnitude)
    }

    /// Certified results in a row that it lacks to be trusted, 0 when it is; nil when no number of
    /// them is enough before mistakes are forgiven.
    package func streakMissing(_ trust: Trust) -> UInt64? {
        guard mistakes < 32 else { return nil }
        let needed = saturatingProduct(trust.trustedStreak, 1 << mistakes)
        return needed - min(needed, streak)
    }

    /// Certified results that it lacks to be a senior as soon as these are old enough.
    package func unitsMissing(_ trust: Trust) -> UInt64 {
        trust.seniorUnits - min(trust.seniorUnits, units)
    }

    /// Certified results in a row until the next mistake is forgiven; nil when there is none.
    package func cleanMissing(_ trust: Trust) -> UInt64? {
        mistakes == 0 ? nil : trust.forgivingStreak - min(trust.forgivingStreak, clean)
    }

    /// Whether it makes a senior, taken at the end of the last hour that counts for that.
    func isSenior(_ trust: Trust) -> Bool { units >= trust.seniorUnits }

    /// Whether single results are taken on its word.
    func isTrusted(_ trust: Trust) -> Bool { streakMissing(trust) == 0 }
}

/// What became of one worker's results for one project in one hour.
///
/// A number is below zero where a later certificate takes back what an earlier one had said.
package struct HourTally: Hashable, Sendable {
    /// Right ones.
    package var won: Int64 = 0
    /// Wrong ones that nobody shared.
    package var lone: Int64 = 0
    /// Wrong ones that another worker had, too.
    package var shared: Int64 = 0

    /// All wrong ones.
    package var wrong: Int64 { lone + shared }

    /// An hour in which nothing became known.
    package init() {}

    /// Results of one kind.
    package subscript(kind: Mark.Kind) -> Int64 {
        get {
            switch kind {
            case .won: won
            case .lone: lone
            case .shared: shared
            }
        }
        set {
            switch kind {
            case .won: won = newValue
            case .lone: lone = newValue
            case .shared: shared = newValue
            }
        }
    }
}

/// What one unit adds to one worker's reputation.
package struct Mark: Hashable, Sendable {
    /// What became of a result: it is right, wrong alone, or wrong with others.
    package enum Kind: Hashable, Sendable { case won, lone, shared }

    /// Whose.
    package let worker: PeerID
    /// The hour for which it counts.
    package let epoch: UInt64
    /// What became of it.
    package let kind: Kind
    /// Whether it takes back what was said for an earlier hour.
    package var isRetracted = false

    /// Whether it says that a result was wrong.
    var isWrong: Bool { kind != .won && !isRetracted }

    /// What it adds, in the other direction if it `isUndone`.
    package func change(isUndone: Bool) -> Int64 { isRetracted == isUndone ? 1 : -1 }

    /// What a unit adds at the hour `epoch`, when its certificates said `earlier` of its workers
    /// until then and say `now` since.
    package static func changes(
        from earlier: SortedTable<PeerID, Kind>,
        to now: SortedTable<PeerID, Kind>,
        at epoch: UInt64
    ) -> [Mark] {
        var marks: [Mark] = []
        for (worker, kind) in earlier where now[worker] != kind {
            marks.append(Mark(worker: worker, epoch: epoch, kind: kind, isRetracted: true))
        }
        for (worker, kind) in now where earlier[worker] != kind {
            marks.append(Mark(worker: worker, epoch: epoch, kind: kind))
        }
        return marks
    }
}

extension TrustClass {
    /// The class of a worker that nobody names, at the hour `epoch`.
    ///
    /// `reputation` says what it had done up to the end of an hour: for seniors a day before, for
    /// others the hour before.
    package init(
        at epoch: UInt64,
        _ trust: Trust,
        reputation: (_ last: UInt64) -> Reputation
    ) {
        if epoch >= trust.seniorHours, reputation(epoch - trust.seniorHours).isSenior(trust) {
            self = .senior
        } else if epoch > 0, reputation(epoch - 1).isTrusted(trust) {
            self = .trusted
        } else {
            self = .newcomer
        }
    }
}

/// The reputation of every worker with every project: sums over the ledger's units, in whatever
/// order these came.
package struct ReputationBook: Sendable {
    private var accounts = SortedTable<Name, SortedTable<UInt64, HourTally>>()
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
    mutating func count(_ mark: Mark, of project: ProjectID, isUndone: Bool) {
        let name = Name(project: project, worker: mark.worker)
        let change = mark.change(isUndone: isUndone)
        accounts[name, default: SortedTable()][mark.epoch, default: HourTally()][mark.kind] +=
            change
    }

    /// Those who have done anything for one of `projects`; some may come twice.
    func workers(for projects: [ProjectID]) -> [PeerID] {
        projects.flatMap { project in
            let first = Name(project: project, worker: PeerID(.zero))
            return accounts.keys[accounts.lowerBound(first)...]
                .prefix { $0.project == project }.map(\.worker)
        }
    }

    /// What the owner of `keys` has done for `projects` up to the hour `last`.
    func reputation(of keys: [PeerID], projects: [ProjectID], through last: UInt64) -> Reputation {
        var reputation = Reputation()
        for tally in hours(of: keys, projects: projects, through: last).values {
            reputation.add(tally, trust)
        }
        return reputation
    }

    /// Whether a result of the owner of `keys` for `projects` has turned out to be wrong so lately
    /// that it leaves seats to others at the hour `epoch`.
    func hasErred(_ keys: [PeerID], projects: [ProjectID], at epoch: UInt64) -> Bool {
        var wrong: Int64 = 0
        for project in projects {
            for key in keys {
                guard let account = accounts[Name(project: project, worker: key)] else { continue }
                for ago in 0..<trust.pauseHours where ago <= epoch {
                    wrong += account[epoch - ago]?.wrong ?? 0
                }
            }
        }
        return wrong > 0
    }

    /// Whether any of `keys` has done anything for `project`.
    func knows(_ keys: [PeerID], for project: ProjectID) -> Bool {
        keys.contains { accounts.contains(Name(project: project, worker: $0)) }
    }

    /// What each hour has made of the reputation that the owner of `keys` has with `project`.
    func history(of keys: [PeerID], project: ProjectID) -> [HourChange] {
        var reputation = Reputation()
        return hours(of: keys, projects: [project], through: .max).map { epoch, tally in
            let before = reputation
            reputation.add(tally, trust)
            return HourChange(epoch: epoch, tally: tally, before: before, after: reputation)
        }
    }

    private func hours(
        of keys: [PeerID],
        projects: [ProjectID],
        through last: UInt64
    ) -> SortedTable<UInt64, HourTally> {
        var hours = SortedTable<UInt64, HourTally>()
        for project in projects {
            for key in keys {
                guard let account = accounts[Name(project: project, worker: key)] else { continue }
                for (epoch, tally) in account where epoch <= last {
                    hours[epoch, default: HourTally()].add(tally)
                }
            }
        }
        return hours
    }
}

/// What one hour has made of a reputation.
struct HourChange {
    let epoch: UInt64
    let tally: HourTally
    let before: Reputation
    let after: Reputation

    /// Mistakes that were forgiven in it.
    var forgiven: UInt64 {
        guard tally.wrong <= 0 else { return 0 }
        let left = before.mistakes - min(before.mistakes, tally.wrong.magnitude)
        return left - min(left, after.mistakes)
    }
}

extension HourTally {
    fileprivate mutating func add(_ other: HourTally) {
        won += other.won
        lone += other.lone
        shared += other.shared
    }
}

/// Who is who for the jobs of a project, as a ledger has it: what a steward needs of the ledger.
package struct TrustView: Sendable {
    let book: ReputationBook
    let ownership: Ownership
    let anchors: Anchors
    /// Who has said two things.
    package let culprits: Culprits

    /// The class of `worker` for a job at the hour `epoch`: seniors by what they had done a day
    /// before, others by what they had done until the hour before.
    ///
    /// A certificate is judged by what came before it alone, so all who hold one ledger agree. A
    /// key that said two things in a job is nobody's in later hours, with all that it has done.
    package func trustClass(
        of worker: PeerID,
        for manifest: Manifest,
        at epoch: UInt64
    ) -> TrustClass {
        guard !culprits.areKnown(worker, at: epoch) else { return .newcomer }
        let keys = ownership.keys(of: worker).filter { !culprits.areKnown($0, at: epoch) }
        if areAnchors(keys, for: manifest, at: epoch) { return .anchor }
        let projects = projects(of: manifest)
        return TrustClass(at: epoch, book.trust) { last in
            book.reputation(of: keys, projects: projects, through: last)
        }
    }

    /// Whether a result of `worker`, with any of its keys, for the projects whose units count for a
    /// job of `manifest` has turned out to be wrong so lately that it leaves seats to others at the
    /// hour `epoch`.
    package func hasErred(
        _ worker: PeerID,
        for manifest: Manifest,
        at epoch: UInt64
    ) -> Bool {
        book.hasErred(ownership.keys(of: worker), projects: projects(of: manifest), at: epoch)
    }

    /// Whether the project answers for a machine's `keys` at the hour `epoch`: by its manifest, or
    /// by what it says of peers whatever the job.
    func areAnchors(_ keys: [PeerID], for manifest: Manifest, at epoch: UInt64) -> Bool {
        let named = manifest.anchors + [manifest.submitter]
        return keys.contains { named.contains($0) }
            || anchors.areNamed(keys, by: manifest.project, at: epoch)
    }

    /// The projects whose units count for a job of `manifest`.
    func projects(of manifest: Manifest) -> [ProjectID] {
        distinct([manifest.project] + manifest.recognised)
    }

    /// The anchors that a job or, at the hour `epoch`, its project names, and its seniors at that
    /// hour, by their present keys, ascending: who keeps its votes before others do.
    package func keepers(of manifest: Manifest, at epoch: UInt64) -> [PeerID] {
        let seniors = distinct(book.workers(for: projects(of: manifest)).map(ownership.current))
            .filter { trustClass(of: $0, for: manifest, at: epoch) == .senior }
        let named = manifest.anchors + anchors.peers(of: manifest.project, at: epoch)
        let innocent = named.filter { !culprits.areKnown($0, at: epoch) }
        return distinct(innocent.map(ownership.current) + seniors)
    }
}
