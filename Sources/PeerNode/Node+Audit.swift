import PeerCore
import Primitives
import Wire

extension Node {
    /// Checks every item of the ledger again from its bytes, as a stranger would.
    package func audit(
        progress: @Sendable (AuditProgress) -> Void = { _ in }
    ) async -> AuditReport {
        await Audit.ledger(
            peer.allItems,
            network: network,
            epoch: OwnRecord.epoch,
            progress: progress
        )
    }

    /// Writes everything that the ledger holds to `path`, for an audit on another machine.
    ///
    /// The file appears whole and durable, or not at all; what was there before is replaced.
    /// Returns how many items are in it.
    @discardableResult
    package func export(to path: String) async throws -> Int {
        let items = peer.allItems
        try await Self.write(
            items,
            lines: peer.board(at: now).map { ExportLine($0) },
            epoch: max(OwnRecord.epoch, peer.ledgerKeys.last?.epoch ?? 0),
            network: network,
            to: path
        )
        return items.count
    }

    @concurrent
    private static func write(
        _ items: [Item],
        lines: [ExportLine],
        epoch: UInt64,
        network: NetworkID,
        to path: String
    ) async throws {
        let writer = try ExportWriter(path)
        let header = ExportHeader(
            network: network,
            epoch: epoch,
            itemCount: UInt64(items.count)
        )
        try writer.append(.header(header))
        for item in items { try writer.append(.item(item)) }
        for line in lines.sorted(by: { $0.peer < $1.peer }) { try writer.append(.line(line)) }
        try writer.finish()
    }
}
