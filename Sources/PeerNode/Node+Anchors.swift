import Ledger
import PeerCore
package import Primitives
package import Wire

extension Node {
    /// What this peer's project has said of anchors, whenever that counts, ascending by peer.
    package var anchors: [Anchor] { peer.ledger.anchors.all(of: project) }

    /// UTC hours since 1970, once the peer runs.
    ///
    /// Before, it waits for that.
    package func hour() async -> UInt64 {
        _ = await first { await $0.isReady ? true : nil }
        return peer.epoch
    }

    /// Takes the word of `anchor` in all jobs of this peer's project, up to the epoch `until`.
    ///
    /// Returns what counts when it is durable: what was said first of a peer stands for ever.
    package func nameAnchor(_ anchor: PeerID, until: UInt64) async throws -> Anchor {
        if let failure { throw failure }
        take(.anchor(anchor, project: project, until: until))
        try await settle { peer.ledger.anchors.naming(of: anchor, by: project) != nil }
        guard let said = peer.ledger.anchors.naming(of: anchor, by: project) else {
            throw NodeError.cannotName(anchor.short)
        }
        return said
    }
}
