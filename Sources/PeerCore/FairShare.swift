package import Ledger
package import Primitives
import Wire

/// Which owners give more than they take, as this peer's ledger has it: their jobs come first.
///
/// Who has given nothing is no giver, or a new key for each job would be worth having.
package struct FairShare: Sendable {
    private var givers = SortedTable<OwnerID, Bool>()
    private var itemCount = 0

    /// Knows of no giver yet.
    package init() {}

    /// Looks at the ledger again when it has grown by a tenth, so that all looks together cost a
    /// few times as much as the last one; there is nothing to look for when all `projects` are one.
    package mutating func update(
        _ ledger: CreditLedger,
        projects: [ProjectID],
        epoch: UInt64,
        at now: Instant
    ) {
        let count = ledger.items.count
        guard projects.contains(where: { $0 != projects[0] }), count > itemCount + itemCount / 10
        else { return }
        itemCount = count
        givers = SortedTable()
        // What is provisional counts, too: nothing is paid by this.
        let boards = ledger.boards(epoch: epoch, at: now, settle: .zero)
        for row in boards.users where row.share > 0 { givers[row.owner] = true }
    }

    /// Whether the owner of `project`, whose key is the same, has given more than it took.
    package func isGiver(_ project: ProjectID) -> Bool {
        givers.contains(OwnerID(project.digest))
    }
}
