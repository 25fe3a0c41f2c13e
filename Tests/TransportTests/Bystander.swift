import Primitives
import Testing
import Transport

/// An honest peer whose link with a hub is up before an attack and stays up.
final class Bystander {
    private let hub: TestPeer
    private let leaf: TestPeer
    /// What else the hub reported meanwhile.
    private(set) var seen: [TransportEvent] = []

    init(of hub: TestPeer) async throws {
        self.hub = hub
        leaf = try TestPeer(99, listens: false)
        try leaf.dial(hub)
        try await leaf.linked(with: hub.id)
        try await hub.linked(with: leaf.id)
    }

    /// What it said when its link came up.
    var hello: Bytes { leaf.hello }

    /// A message each way over the old link.
    func isServed() async throws {
        #expect(leaf.transport.send(to: hub.id, frames: [[1], [2]]) == .queued)
        try await until { $0 == .received(from: leaf.id, frames: [[1], [2]]) }
        #expect(hub.transport.send(to: leaf.id, frames: [[3]]) == .queued)
        // Any other event would be the end of the link.
        #expect(
            await leaf.transport.events.next() == .received(from: hub.id, frames: [[3]])
        )
    }

    /// Why the hub refused somebody, now or before; each reason is told once.
    func refusal() async throws -> String {
        func reason(_ event: TransportEvent) -> String? {
            if case .refused(_, let reason) = event { reason } else { nil }
        }
        if let index = seen.firstIndex(where: { reason($0) != nil }) {
            return reason(seen.remove(at: index)) ?? ""
        }
        try await until { reason($0) != nil }
        return reason(seen.removeLast()) ?? ""
    }

    private func until(_ isWanted: (TransportEvent) -> Bool) async throws {
        try await hub.event { event in
            #expect(event != .unlinked(leaf.id), "the honest link was cut")
            let isFound = isWanted(event)
            if case .received(leaf.id, _) = event { return isFound }
            seen.append(event)
            return isFound
        }
    }
}
