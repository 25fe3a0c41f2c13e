import Dispatch
import Glibc
import Primitives
import Synchronization
import Testing
import Transport

/// Endpoints with a name in place of an address, and peers with several endpoints.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct NameTests {
    private func port(of hub: TestPeer) throws -> UInt16 { try #require(hub.transport.boundPort) }

    @Test func nameOfThisMachineLeadsToALink() async throws {
        let hub = try TestPeer(2)
        let leaf = try TestPeer(1, listens: false)
        try leaf.transport.dial(
            endpoint: "localhost:\(try port(of: hub))",
            curveKey: hub.keys.publicKey
        )
        try await leaf.linked(with: hub.id)
    }

    @Test func everyAddressOfANameIsTriedInTurn() async throws {
        let hub = try TestPeer(2)
        let leaf = try TestPeer(1, listens: false) { configuration in
            configuration.lookUp = { _ in ["127.0.0.3", "::1", "127.0.0.2", "127.0.0.1"] }
            // A wait between two addresses would outlast the test.
            configuration.timing.redialMin = .seconds(3_600)
            configuration.timing.redialMax = .seconds(3_600)
        }
        try leaf.transport.dial(
            endpoint: "grid.example:\(try port(of: hub))",
            curveKey: hub.keys.publicKey
        )
        for _ in 0..<3 { #expect(try await leaf.dialFailure() != "") }
        try await leaf.linked(with: hub.id)
    }

    @Test func nameIsLookedUpAgainUntilItLeadsSomewhere() async throws {
        let hub = try TestPeer(2)
        let answers = Mutex<[[String]]>([["127.0.0.1"], ["127.0.0.2"], ["none"], []])
        let leaf = try TestPeer(1, listens: false) { configuration in
            configuration.lookUp = { _ in answers.withLock { $0.removeLast() } }
        }
        let endpoint = "grid.example:\(try port(of: hub))"
        try leaf.transport.dial(endpoint: endpoint, curveKey: hub.keys.publicKey)
        #expect(try await leaf.dialFailure() == "no address is known for this name")
        #expect(try await leaf.dialFailure() == "no address is known for this name")
        #expect(try await leaf.dialFailure() == "nobody listens there")
        try await leaf.linked(with: hub.id)
        let unused = answers.withLock { $0.count }
        #expect(unused == 0)
    }

    @Test func nameThatNobodyAnswersForHoldsUpNoLink() async throws {
        let hub = try TestPeer(2)
        let answered = DispatchSemaphore(value: 0)
        let leaf = try TestPeer(1, listens: false) { configuration in
            configuration.lookUp = { _ in
                answered.wait()
                return []
            }
        }
        // More names than are looked up at once.
        for number in 0..<8 {
            try leaf.transport.dial(
                endpoint: "slow\(number).example:1",
                curveKey: CurveKeyPair.generate().publicKey
            )
        }
        try leaf.dial(hub)
        try await leaf.linked(with: hub.id)
        try await hub.linked(with: leaf.id)
        #expect(leaf.transport.send(to: hub.id, frames: [[7]]) == .queued)
        try await hub.event { $0 == .received(from: leaf.id, frames: [[7]]) }
        for _ in 0..<64 { answered.signal() }
        #expect(try await leaf.dialFailure() == "no address is known for this name")
    }

    @Test(arguments: ["fe80::1%", "fe80::1%a b", "fe80::1%eth0;", "a:b:g", "127.0.0.1 ", ""])
    func lookUpThatGivesNoAddressIsNotDialled(address: String) async throws {
        let leaf = try TestPeer(1, listens: false) { $0.lookUp = { _ in [address] } }
        let key = CurveKeyPair.generate().publicKey
        try leaf.transport.dial(endpoint: "grid.example:1", curveKey: key)
        #expect(try await leaf.dialFailure() == "no address is known for this name")
    }

    // MARK: - Several endpoints of one peer

    @Test func secondEndpointLeadsThereWhenTheFirstIsDead() async throws {
        let hub = try TestPeer(2)
        let leaf = try TestPeer(1, listens: false)
        for address in ["127.0.0.2", "127.0.0.1"] {
            try leaf.transport.dial(
                endpoint: "\(address):\(try port(of: hub))",
                curveKey: hub.keys.publicKey
            )
        }
        try await leaf.linked(with: hub.id)
    }

    @Test func otherEndpointsAreDialledOnlyWithoutALink() async throws {
        let (leaf, hub) = try await linkedPair()
        let other = try Doorbell()
        try leaf.transport.dial(
            endpoint: "127.0.0.1:\(other.port)",
            curveKey: hub.keys.publicKey
        )
        // Whatever is dialled at once has been by the time when another link is up.
        let third = try TestPeer(3)
        try leaf.dial(third)
        try await leaf.linked(with: third.id)
        #expect(!other.isRung)
        hub.transport.close()
        try await leaf.unlinked(from: hub.id)
        other.waitForRing()
        #expect(other.isRung)
    }
}

/// A port that takes connections and says nothing.
private final class Doorbell {
    let port: UInt16
    private let descriptor: CInt

    init() throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// Whether a connection waits.
    var isRung: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&item, 1, 0) == 1
    }

    /// Waits until one does; the suite's time limit bounds it.
    func waitForRing() {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&item, 1, -1)
    }
}
