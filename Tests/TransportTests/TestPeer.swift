import Glibc
import Primitives
import Testing
import Transport

/// A HELLO that says who sends it and with which CURVE key, without any signature.
struct PlainAdmission: Admission {
    let peer: PeerID
    let keys: CurveKeyPair

    func hello(to curveKey: CurveKey, dialled: Bool) -> Bytes { Self.hello(peer, keys.publicKey) }

    func admit(_ frame: Bytes, curveKey: CurveKey, dialled: Bool) -> AdmissionVerdict {
        guard frame.count == 64, let peer = Digest(frame.prefix(32)) else {
            return .refuse(reason: "HELLO is malformed")
        }
        guard Digest(frame.suffix(32)) == curveKey.digest else {
            return .refuse(reason: "HELLO belongs to another link")
        }
        return .admit(PeerID(peer))
    }

    static func hello(_ peer: PeerID, _ key: CurveKey) -> Bytes {
        peer.digest.bytes + key.digest.bytes
    }
}

/// A transport on the loopback interface, with its name and keys.
final class TestPeer: Sendable {
    let id: PeerID
    let keys: CurveKeyPair
    let transport: ZeroMQTransport

    /// Nobody reports anything any more.
    struct NoMoreEvents: Error {}

    init(
        _ name: UInt64,
        listens: Bool = true,
        port: UInt16 = 0,
        keys: CurveKeyPair = .generate(),
        change: (inout TransportConfiguration) -> Void = { _ in }
    ) throws {
        id = PeerID(Digest(0, 0, 0, name))
        self.keys = keys
        let listener = TransportConfiguration.Listener(address: "127.0.0.1", port: port)
        var configuration = TransportConfiguration(
            listener: listens ? listener : nil,
            keys: keys
        )
        configuration.timing.redialMin = .milliseconds(20)
        configuration.timing.redialMax = .milliseconds(200)
        configuration.timing.linger = .milliseconds(100)
        change(&configuration)
        transport = try ZeroMQTransport(
            configuration: configuration,
            admission: PlainAdmission(peer: id, keys: keys)
        )
    }

    var endpoint: String { transport.boundEndpoint ?? "" }

    var hello: Bytes { PlainAdmission.hello(id, keys.publicKey) }

    func dial(_ other: TestPeer) throws {
        try transport.dial(endpoint: other.endpoint, curveKey: other.keys.publicKey)
    }

    /// The next event that satisfies `isWanted`; the others are dropped.
    @discardableResult
    func event(where isWanted: (TransportEvent) -> Bool) async throws -> TransportEvent {
        while let event = await transport.events.next() {
            if isWanted(event) { return event }
        }
        throw NoMoreEvents()
    }

    func linked(with other: PeerID) async throws {
        try await event {
            if case .linked(other, _, _, _) = $0 { true } else { false }
        }
    }

    func unlinked(from other: PeerID) async throws {
        try await event { $0 == .unlinked(other) }
    }

    func refusal() async throws -> String {
        let event = try await event {
            if case .refused = $0 { true } else { false }
        }
        guard case .refused(_, let reason) = event else { throw NoMoreEvents() }
        return reason
    }

    func dialFailure() async throws -> String {
        let event = try await event {
            if case .dialFailed = $0 { true } else { false }
        }
        guard case .dialFailed(_, let reason) = event else { throw NoMoreEvents() }
        return reason
    }
}

/// Two peers, of which the first has dialled the second.
func linkedPair(
    change: (inout TransportConfiguration) -> Void = { _ in }
) async throws -> (TestPeer, TestPeer) {
    let dialler = try TestPeer(1, listens: false, change: change)
    let hub = try TestPeer(2, change: change)
    try dialler.dial(hub)
    try await dialler.linked(with: hub.id)
    try await hub.linked(with: dialler.id)
    return (dialler, hub)
}

/// Sends a message each way between a new leaf and `hub`: it still serves.
func expectServes(_ hub: TestPeer, name: UInt64 = 99) async throws {
    let leaf = try TestPeer(name, listens: false)
    try leaf.dial(hub)
    try await leaf.linked(with: hub.id)
    #expect(leaf.transport.send(to: hub.id, frames: [[1], [2]]) == .queued)
    try await hub.event { $0 == .received(from: leaf.id, frames: [[1], [2]]) }
    #expect(hub.transport.send(to: leaf.id, frames: [[3]]) == .queued)
    try await leaf.event { $0 == .received(from: hub.id, frames: [[3]]) }
    leaf.transport.close()
}

/// Whether this machine can talk to itself over IPv6.
func hasIPv6Loopback() -> Bool {
    let descriptor = socket(AF_INET6, CInt(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
        }
    }
}
