package import Primitives
package import Wire

/// One line of the board.
package struct BoardRow: Hashable, Sendable {
    /// Who computed.
    package let peer: PeerID
    /// Operations in units that are final.
    package internal(set) var finalOperations: UInt64 = 0
    /// Operations in units that are certified and not final yet.
    package internal(set) var provisionalOperations: UInt64 = 0
    /// Results that won.
    package internal(set) var won: UInt64 = 0
    /// Results that lost a vote.
    package internal(set) var lost: UInt64 = 0

    init(peer: PeerID) { self.peer = peer }
}

/// Operations of one BOINC cobblestone: 1/200 of a day at 10⁹ operations per second.
package let operationsPerCobblestone: UInt64 = 432_000_000_000

extension CreditLedger {
    /// Credit by worker, most final operations first, then most provisional, then by key.
    ///
    /// A pure function of the set: a result is paid when the prevailing core of its unit reproduces
    /// its digest, once for each worker and unit, however many certificates hold it. Whoever said
    /// two things about a unit is paid for neither.
    package func board(
        of project: ProjectID? = nil,
        at now: Instant,
        settle: TimeSpan
    ) -> [BoardRow] {
        var rows = SortedTable<PeerID, BoardRow>()
        for (manifest, signed) in manifests {
            guard let entry = entry(manifest),
                project == nil || signed.body.project == project
            else { continue }
            for unit in entry.units.keys {
                let verdict = verdict(on: unit, of: manifest)
                guard let core = verdict.core else { continue }
                let isFinal = verdict.isFinal(at: now, settle: settle)
                for (worker, didWin) in outcomes(of: unit, manifest: manifest, core: core) {
                    rows[worker, default: BoardRow(peer: worker)]
                        .count(core.operations, didWin: didWin, isFinal: isFinal)
                }
            }
        }
        return rows.values.sorted { left, right in
            (right.finalOperations, right.provisionalOperations, left.peer)
                < (left.finalOperations, left.provisionalOperations, right.peer)
        }
    }

    /// Who computed `unit`, and whether the prevailing core is what it said, ascending by worker.
    package func outcomes(
        of unit: UInt32,
        manifest: ManifestID,
        core: Core
    ) -> [(worker: PeerID, didWin: Bool)] {
        var outcomes = SortedTable<PeerID, Bool>()
        for certificate in certificates(on: unit, of: manifest) {
            for ballot in Ballot.all(on: unit, in: certificate.body) {
                let didWin = ballot.isOpened(by: core, unit: unit)
                outcomes[ballot.worker] = (outcomes[ballot.worker] ?? true) && didWin
            }
        }
        return outcomes.map { worker, didWin in (worker, didWin) }
    }
}

extension BoardRow {
    fileprivate mutating func count(_ operations: UInt64, didWin: Bool, isFinal: Bool) {
        guard didWin else {
            lost += 1
            return
        }
        won += 1
        if isFinal {
            finalOperations = saturatingSum(finalOperations, operations)
        } else {
            provisionalOperations = saturatingSum(provisionalOperations, operations)
        }
    }
}
