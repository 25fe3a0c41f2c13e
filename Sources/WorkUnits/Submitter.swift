package import Primitives
package import Wire

/// What a submitter does for its own disputed units: it computes them and rules.
package struct Submitter: Sendable {
    private var orders = SortedTable<UInt64, UnitList>()

    /// A submitter with nothing to rule on.
    package init() {}

    /// A steward asks for the last word on units of this peer's own `job`.
    ///
    /// Units that were ruled on before get the same ruling again; it is returned for publication.
    package mutating func held(
        _ list: UnitList,
        of job: Job,
        number: () -> UInt64,
        vault: Vault,
        into out: inout Outbox
    ) -> [Signed<Ruling>] {
        var ruled: [Signed<Ruling>] = []
        var unruled: [UInt32] = []
        for unit in list.units where unit < job.manifest.unitCount {
            let slots = Ruling.slots(project: job.manifest.project, manifest: job.id, unit: unit)
            if let ruling: Signed<Ruling> = vault.statement(in: slots) {
                ruled.append(ruling)
            } else if !isComputing(unit, of: job.id) {
                unruled.append(unit)
            }
        }
        guard !unruled.isEmpty else { return ruled }
        let order = WorkOrder(number: number(), manifest: job.id, units: unruled)
        orders[order.number] = UnitList(manifest: job.id, units: unruled)
        out.append(.startWork(order))
        return ruled
    }

    /// The job of an order of the submitter's.
    package func job(of order: UInt64) -> ManifestID? { orders[order]?.manifest }

    /// Rules on disputed units that the driver has computed.
    ///
    /// Rulings that were signed long ago are returned.
    package mutating func finished(
        _ order: UInt64,
        cores: [Core],
        of job: Job,
        epoch: UInt64,
        vault: inout Vault,
        into out: inout Outbox
    ) -> [Signed<Ruling>] {
        guard let list = orders.remove(order), list.units.count == cores.count else { return [] }
        var ruled: [Signed<Ruling>] = []
        for (unit, core) in zip(list.units, cores) {
            let ruling = Ruling(
                project: job.manifest.project,
                manifest: job.id,
                unit: unit,
                core: core,
                epoch: job.manifest.statementEpoch(at: epoch)
            )
            switch vault.sign(ruling, by: .project, into: &out) {
            case .requested: break
            case .signed(let signed), .taken(let signed): ruled.append(signed)
            }
        }
        return ruled
    }

    /// A job is over: nothing more is ruled on in it.
    package mutating func ended(_ manifest: ManifestID, into out: inout Outbox) {
        for (order, list) in orders where list.manifest == manifest {
            out.append(.stopWork(order))
        }
        orders.filter { _, list in list.manifest != manifest }
    }

    /// The driver could not compute; the steward will ask again.
    package mutating func failed(_ order: UInt64) { orders.remove(order) }

    private func isComputing(_ unit: UInt32, of manifest: ManifestID) -> Bool {
        orders.values.contains { $0.manifest == manifest && $0.units.contains(unit) }
    }
}
