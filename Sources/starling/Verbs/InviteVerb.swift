import PeerNode
import Primitives

/// The addresses by which others join it.
struct InviteVerb: ControlVerb {
    static let name = "invite"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (InviteReport) async throws -> Void
    ) async throws {
        // An address is worth something once links are taken.
        guard await peer.node.first({ await $0.isReady ? true : nil }) == true else {
            throw CancellationError()
        }
        try await tell(InviteReport(peer.node.addresses, sendsBeacons: peer.node.sendsBeacons))
    }
}
