package import Primitives
import Wire

/// Operations of one BOINC cobblestone: 1/200 of a day at 10⁹ operations per second.
package let operationsPerCobblestone: UInt64 = 432_000_000_000

/// What one line of a board adds up.
package struct Tally: Hashable, Sendable {
    /// Operations in units that are final.
    package internal(set) var finalOperations: UInt64 = 0
    /// Operations in units that are certified and not final yet.
    package internal(set) var provisionalOperations: UInt64 = 0
    /// Results that won.
    package internal(set) var won: UInt64 = 0
    /// Results that lost a vote.
    package internal(set) var lost: UInt64 = 0
    /// Final operations a day of late: work counts half after a week; see docs/PROTOCOL.md.
    package internal(set) var recentAverage: UInt64 = 0

    /// Nothing.
    init() {}
}

/// One line of the board of hosts.
package struct BoardRow: Hashable, Sendable {
    /// Who computed: the key that the machine has now, its earlier ones included.
    package let peer: PeerID
    /// What it has done.
    package let tally: Tally

    /// Operations in units that are final.
    package var finalOperations: UInt64 { tally.finalOperations }
    /// Operations in units that are certified and not final yet.
    package var provisionalOperations: UInt64 { tally.provisionalOperations }
    /// Results that won.
    package var won: UInt64 { tally.won }
    /// Results that lost a vote.
    package var lost: UInt64 { tally.lost }
}

/// One line of the board of users: all machines that an owner has adopted.
package struct UserRow: Hashable, Sendable {
    /// The owner; a peer that nobody has adopted owns itself.
    package let owner: OwnerID
    /// What the owner's machines have done.
    package let tally: Tally
    /// Operations that others and the owner's own machines were paid for the owner's jobs.
    package let consumed: UInt64

    /// Final operations of the owner's machines.
    package var donated: UInt64 { tally.finalOperations }
    /// What the owner gave more than it took, at most 2⁶³ − 1 either way.
    ///
    /// All shares of a board add up to 0: nobody gains by computing for itself.
    package var share: Int64 {
        let isGiver = donated >= consumed
        let difference = Int64(clamping: isGiver ? donated - consumed : consumed - donated)
        return isGiver ? difference : -difference
    }
}

/// One line of the board of projects.
package struct ProjectRow: Hashable, Sendable {
    /// Whose jobs.
    package let project: ProjectID
    /// What was done for them.
    package let tally: Tally
}

/// Who has done how much, for whom: three boards from one look at the ledger.
///
/// Each is in order of final operations, most first, then of provisional ones, then by key.
package struct Boards: Hashable, Sendable {
    /// By machine.
    package let hosts: [BoardRow]
    /// By owner.
    package let users: [UserRow]
    /// By project.
    package let projects: [ProjectRow]
}

extension CreditLedger {
    /// The boards of one project's jobs, or of all; `epoch` is the present one.
    ///
    /// A pure function of the set, but for what is final. A result is paid when the prevailing core
    /// of its unit reproduces its digest, once for each worker and unit, however many certificates
    /// hold it. Whoever said two things about a unit is paid for neither, and whoever signed two
    /// statements for one slot for nothing in that job.
    package func boards(
        of project: ProjectID? = nil,
        epoch: UInt64,
        at now: Instant,
        settle: TimeSpan
    ) -> Boards {
        var count = BoardCount(ownership: ownership, epoch: epoch)
        for (manifest, signed) in manifests {
            guard project == nil || signed.body.project == project, let job = entry(manifest)
            else { continue }
            count.begin(signed.body.project)
            for unit in job.units.values {
                guard case .certified(let core) = unit.standing else { continue }
                let isFinal = now.since(unit.changedAt) >= settle
                for outcome in unit.outcomes {
                    let isForfeit = culprits.contains(outcome.worker, in: manifest)
                    count.add(
                        outcome,
                        operations: core.operations,
                        isPaid: outcome.didWin && !isForfeit,
                        isFinal: isFinal
                    )
                }
            }
        }
        return count.boards
    }
}

/// Boards on their way: every outcome is added once, in any order.
private struct BoardCount {
    private let ownership: Ownership
    private let epoch: UInt64
    private let recent = RecentAverage()
    private var hosts = Accounts<PeerID>()
    private var users = Accounts<OwnerID>()
    private var projects = Accounts<ProjectID>()
    /// The places of each worker in `hosts` and `users`.
    private var workers = SortedTable<PeerID, Places>()
    private var project = ProjectID(.zero)

    private struct Places {
        let host: Int
        let user: Int
    }

    init(ownership: Ownership, epoch: UInt64) {
        self.ownership = ownership
        self.epoch = epoch
    }

    /// What follows was done for `project`.
    mutating func begin(_ project: ProjectID) { self.project = project }

    mutating func add(_ outcome: Outcome, operations: UInt64, isPaid: Bool, isFinal: Bool) {
        let places = places(of: outcome.worker)
        let inProject = projects.place(of: project)
        guard isPaid else {
            hosts[places.host].tally.lost += 1
            users[places.user].tally.lost += 1
            projects[inProject].tally.lost += 1
            return
        }
        let age = epoch - min(outcome.epoch, epoch)
        let payment = Payment(
            operations: operations,
            weighted: isFinal ? UInt128(operations) * UInt128(recent.weight(age: age)) : 0,
            isFinal: isFinal
        )
        hosts[places.host].take(payment)
        users[places.user].take(payment)
        projects[inProject].take(payment)
        guard isFinal else { return }
        // Nobody but the key that signs a job has agreed to answer for it.
        let payer = users.place(of: OwnerID(project.digest))
        users[payer].consumed = saturatingSum(users[payer].consumed, operations)
    }

    private mutating func places(of worker: PeerID) -> Places {
        if let known = workers[worker] { return known }
        let places = Places(
            host: hosts.place(of: ownership.current(of: worker)),
            user: users.place(of: ownership.owner(of: worker))
        )
        workers[worker] = places
        return places
    }

    var boards: Boards {
        Boards(
            hosts: hosts.sorted.map { BoardRow(peer: $0.name, tally: $0.whole) },
            users: users.sorted.map { account in
                UserRow(owner: account.name, tally: account.whole, consumed: account.consumed)
            },
            projects: projects.sorted.map { ProjectRow(project: $0.name, tally: $0.whole) }
        )
    }
}

/// What a result that won is worth.
private struct Payment {
    let operations: UInt64
    /// The operations times the weight of their hour.
    let weighted: UInt128
    let isFinal: Bool
}

/// A line that is being added up; no sum passes its largest number, whatever the order.
private struct Account<Name: Identifier> {
    let name: Name
    var tally = Tally()
    var weighted: UInt128 = 0
    var consumed: UInt64 = 0

    init(name: Name) { self.name = name }

    mutating func take(_ payment: Payment) {
        tally.won += 1
        guard payment.isFinal else {
            let sum = saturatingSum(tally.provisionalOperations, payment.operations)
            tally.provisionalOperations = sum
            return
        }
        tally.finalOperations = saturatingSum(tally.finalOperations, payment.operations)
        let (sum, overflow) = weighted.addingReportingOverflow(payment.weighted)
        weighted = overflow ? .max : sum
    }

    /// The tally with its average.
    var whole: Tally {
        var tally = tally
        tally.recentAverage = RecentAverage.average(of: weighted)
        return tally
    }
}

/// The lines of one board, found by name or by place.
private struct Accounts<Name: Identifier> {
    private var places = SortedTable<Name, Int>()
    private var accounts: [Account<Name>] = []

    /// The place of `name`, which gets one if it has none.
    mutating func place(of name: Name) -> Int {
        if let known = places[name] { return known }
        places[name] = accounts.count
        accounts.append(Account(name: name))
        return accounts.count - 1
    }

    subscript(place: Int) -> Account<Name> {
        get { accounts[place] }
        _modify { yield &accounts[place] }
    }

    var sorted: [Account<Name>] {
        accounts.sorted { left, right in
            (right.tally.finalOperations, right.tally.provisionalOperations, left.name)
                < (left.tally.finalOperations, left.tally.provisionalOperations, right.name)
        }
    }
}
