import Ledger
import Membership
package import Primitives
import Wire
package import WorkUnits

extension Peer {
    /// How far a unit is and what it waits for, as far as this peer can know; nil for no unit.
    ///
    /// Only the acting steward of the unit's shard sees its seats and the results before they are
    /// certified.
    package mutating func outlook(
        on unit: UInt32,
        of id: ManifestID,
        at now: Instant
    ) -> UnitOutlook? {
        guard let manifest = ledger.manifest(id)?.body, unit < manifest.unitCount else {
            return nil
        }
        let shard = ShardKey(manifest: id, shard: unit / Limits.unitsPerShard)
        let acting = actingSteward(of: shard)
        let view = gridView(shard)
        var outlook = steward.outlook(on: unit, of: id, view: { _ in view }) ?? UnitOutlook()
        switch ledger.verdict(on: unit, of: id) {
        case .certified(_, let since):
            let settled = since.advanced(by: hubs.settleSpan)
            outlook.waits = settled <= now ? [] : [.settling(until: settled)]
        case .disputed:
            outlook.waits = [.contradictedCertificates]
        case .sealed:
            if outlook.waits.isEmpty { outlook.waits = [.opening(until: nil)] }
        case .open:
            guard !ledger.isCancelled(id), manifest.deadline >= epoch else {
                outlook.waits = []
                break
            }
            guard let acting else {
                outlook.waits = [.anySteward]
                break
            }
            if acting != me {
                outlook.waits = [.steward(acting, isLinked: hubs.isLinked(acting))]
            } else if outlook.waits.isEmpty {
                outlook.waits = [.workers(Int(manifest.policy.replicas))]
            }
        }
        return outlook
    }

    /// Linked peers that run the job's workload, without this one.
    package func donors(to id: ManifestID) -> [PeerID] {
        guard ledger.manifest(id) != nil else { return [] }
        var views = self.views
        return views.view(ShardKey(manifest: id, shard: 0)).candidates.map(\.peer)
    }
}
