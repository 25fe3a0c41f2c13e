import Primitives
import Wire

/// Messages to hubs with which a link is being made.
///
/// What waits too long is lost, as on any link: its sender says it again where that matters.
struct HeldMessages: Sendable {
    private var queues = SortedTable<PeerID, [Held]>()

    private struct Held: Sendable {
        let message: Message
        let since: Instant
    }

    /// Messages that wait for one link.
    static let perPeerMax = 16
    /// Links that are waited for.
    static let peersMax = 256
    /// How long a message waits.
    static let span = TimeSpan.seconds(10)

    /// Keeps `message` until there is a link to `peer`; the oldest gives way.
    mutating func hold(_ message: Message, for peer: PeerID, at now: Instant) {
        guard queues.contains(peer) || queues.count < Self.peersMax else { return }
        var queue = queues[peer] ?? []
        if queue.count == Self.perPeerMax { queue.removeFirst() }
        queue.append(Held(message: message, since: now))
        queues[peer] = queue
    }

    /// What waited for a link to `peer`.
    mutating func take(for peer: PeerID) -> [Message] {
        queues.remove(peer)?.map(\.message) ?? []
    }

    /// Gives up what has waited for too long.
    mutating func expire(at now: Instant) {
        for peer in queues.keys {
            let fresh = queues[peer]?.filter { now.since($0.since) < Self.span } ?? []
            queues[peer] = fresh.isEmpty ? nil : fresh
        }
    }
}
