import Primitives
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(10)))
struct LinkTests {
    @Test func bothSidesLearnWhoTheOtherIs() async throws {
        let leaf = try TestPeer(1, listens: false)
        let hub = try TestPeer(2)
        try leaf.dial(hub)
        try await leaf.event {
            $0 == .linked(hub.id, hello: hub.hello, inbound: false, address: "127.0.0.1")
        }
        try await hub.event {
            $0 == .linked(leaf.id, hello: leaf.hello, inbound: true, address: "127.0.0.1")
        }
        #expect(leaf.transport.boundEndpoint == nil)
        #expect(leaf.transport.boundPort == nil)
        #expect(try #require(hub.transport.boundPort) > 0)
    }

    @Test func messagesArriveWholeAndInOrder() async throws {
        let (leaf, hub) = try await linkedPair()
        let largest = Bytes(repeating: 7, count: TransportLimits().frameBytesMax)
        let messages: [[Bytes]] = [
            [[]], [[], [], []], [largest, largest, largest], [[1], [2, 3]],
        ]
        for message in messages {
            #expect(leaf.transport.send(to: hub.id, frames: message) == .queued)
            #expect(hub.transport.send(to: leaf.id, frames: message) == .queued)
        }
        for message in messages {
            #expect(
                await hub.transport.events.next() == .received(from: leaf.id, frames: message)
            )
            #expect(
                await leaf.transport.events.next() == .received(from: hub.id, frames: message)
            )
        }
    }

    @Test func twoLinksOfOnePairAreOnePeer() async throws {
        let first = try TestPeer(1)
        let second = try TestPeer(2)
        try first.dial(second)
        try await first.linked(with: second.id)
        try await second.linked(with: first.id)
        try second.dial(first)
        #expect(first.transport.send(to: second.id, frames: [[1]]) == .queued)
        #expect(second.transport.send(to: first.id, frames: [[2]]) == .queued)
        first.transport.hangUp(endpoint: second.endpoint, curveKey: second.keys.publicKey)
        second.transport.hangUp(endpoint: first.endpoint, curveKey: first.keys.publicKey)
        try await first.unlinked(from: second.id)
        try await second.unlinked(from: first.id)
        #expect(first.transport.send(to: second.id, frames: [[1]]) == .noLink)
    }

    @Test func secondLinkServesWhenTheFirstIsHungUp() async throws {
        let first = try TestPeer(1)
        let second = try TestPeer(2)
        try first.dial(second)
        try await second.linked(with: first.id)
        try await first.linked(with: second.id)
        // The same peer again over another connection: the name decides, not the connection.
        let twin = try RawClient(second, keys: first.keys)
        #expect(try twin.introduce(as: 1) == first.id)
        first.transport.hangUp(endpoint: second.endpoint, curveKey: second.keys.publicKey)
        try await first.unlinked(from: second.id)
        twin.send([[0x10, 9]])
        try await second.event {
            #expect($0 != .unlinked(first.id))
            return $0 == .received(from: first.id, frames: [[9]])
        }
    }

    @Test func linkComesBackWhenTheOtherSideRestartsOnItsPort() async throws {
        let (leaf, hub) = try await linkedPair()
        let port = try #require(hub.transport.boundPort)
        hub.transport.close()
        try await leaf.unlinked(from: hub.id)
        #expect(leaf.transport.send(to: hub.id, frames: [[1]]) == .noLink)
        let successor = try TestPeer(2, port: port, keys: hub.keys)
        try await leaf.linked(with: successor.id)
        #expect(leaf.transport.send(to: hub.id, frames: [[1]]) == .queued)
        try await successor.event { $0 == .received(from: leaf.id, frames: [[1]]) }
    }

    @Test func lastWordsArriveBeforeTheLinkIsReportedLost() async throws {
        let (leaf, hub) = try await linkedPair()
        for number in 0..<100 {
            #expect(leaf.transport.send(to: hub.id, frames: [[UInt8(number)]]) == .queued)
        }
        leaf.transport.close()
        for number in 0..<100 {
            #expect(
                await hub.transport.events.next()
                    == .received(from: leaf.id, frames: [[UInt8(number)]])
            )
        }
        #expect(await hub.transport.events.next() == .unlinked(leaf.id))
    }

    @Test func peerThatFallsSilentIsUnlinked() async throws {
        let hub = try TestPeer(2) { $0.timing.silence = .milliseconds(300) }
        // ZeroMQ keeps this connection alive by itself; only the peer behind it says nothing.
        let client = try RawClient(hub)
        let peer = try client.introduce(as: 7)
        try await hub.unlinked(from: peer)
        #expect(client.isDisconnected())
    }

    @Test func pingsKeepAnIdleLinkAlive() async throws {
        let (leaf, hub) = try await linkedPair {
            $0.timing.ping = .milliseconds(30)
            $0.timing.silence = .seconds(4)
        }
        let hubRaw = try RawClient(hub)
        let silent = try hubRaw.introduce(as: 7)
        // The silent peer's end proves that more time went by than an idle link would survive.
        try await hub.event {
            #expect($0 != .unlinked(leaf.id))
            return $0 == .unlinked(silent)
        }
        #expect(leaf.transport.send(to: hub.id, frames: [[1]]) == .queued)
        try await hub.event { $0 == .received(from: leaf.id, frames: [[1]]) }
    }

    @Test func disconnectedPeerMayComeBack() async throws {
        let (leaf, hub) = try await linkedPair()
        hub.transport.disconnect(leaf.id)
        try await hub.unlinked(from: leaf.id)
        try await leaf.unlinked(from: hub.id)
        try await leaf.linked(with: hub.id)
        try await hub.linked(with: leaf.id)
        leaf.transport.disconnect(hub.id)
        try await leaf.unlinked(from: hub.id)
        try await hub.unlinked(from: leaf.id)
    }

    @Test func bannedPeerIsToldAndStaysOut() async throws {
        let (leaf, hub) = try await linkedPair()
        hub.transport.ban(leaf.id)
        try await leaf.unlinked(from: hub.id)
        #expect(try await leaf.dialFailure() == "refused us: banned")
        try await expectServes(hub)
    }

    @Test func bannedKeyDoesNotGetThroughTheHandshake() async throws {
        let (leaf, hub) = try await linkedPair()
        hub.transport.ban(leaf.keys.publicKey)
        try await leaf.unlinked(from: hub.id)
        #expect(try await leaf.dialFailure() == "our key is refused there")
        try await expectServes(hub)
    }

    @Test func closingEndsTheEventsAndFreesThePort() async throws {
        let hub = try TestPeer(2)
        let port = try #require(hub.transport.boundPort)
        hub.transport.close()
        hub.transport.close()
        #expect(await hub.transport.events.next() == nil)
        #expect(throws: TransportError.closed) {
            try hub.transport.dial(endpoint: "127.0.0.1:1", curveKey: hub.keys.publicKey)
        }
        _ = try TestPeer(3, port: port)
    }

    @Test func portInUseSaysWhatToDo() throws {
        let hub = try TestPeer(2)
        let port = try #require(hub.transport.boundPort)
        #expect(throws: TransportError.portInUse(port)) { _ = try TestPeer(3, port: port) }
        #expect("\(TransportError.portInUse(port))".contains("choose another with --listen"))
    }

    @Test func addressOfAnotherMachineSaysWhatToDo() throws {
        #expect(throws: TransportError.addressUnavailable("192.0.2.1")) {
            _ = try TestPeer(3) { $0.listener?.address = "192.0.2.1" }
        }
    }

    @Test func everyAddressServesBothKindsOfDiallers() async throws {
        let hub = try TestPeer(2) { $0.listener?.address = "*" }
        for host in ["127.0.0.1"] + (hasIPv6Loopback() ? ["[::1]"] : []) {
            try await expectLink(to: hub, at: host)
        }
    }

    @Test(.enabled("this machine has no ::1") { hasIPv6Loopback() })
    func aPeerOfIPv6AloneServes() async throws {
        try await expectLink(to: TestPeer(2) { $0.listener?.address = "::1" }, at: "[::1]")
    }

    /// A message each way, and each end is told where the other one is.
    private func expectLink(to hub: TestPeer, at host: String) async throws {
        let port = try #require(hub.transport.boundPort)
        let leaf = try TestPeer(1, listens: false)
        try leaf.transport.dial(endpoint: "\(host):\(port)", curveKey: hub.keys.publicKey)
        try await leaf.linked(with: hub.id)
        try await hub.event {
            guard case .linked(leaf.id, _, _, let address) = $0 else { return false }
            // A socket for both kinds of address writes those of IPv4 as IPv6 ones.
            return ["127.0.0.1", "::ffff:127.0.0.1", "::1"].contains(address)
        }
        #expect(leaf.transport.send(to: hub.id, frames: [[1]]) == .queued)
        try await hub.event { $0 == .received(from: leaf.id, frames: [[1]]) }
        leaf.transport.close()
        try await hub.unlinked(from: leaf.id)
    }

    @Test func deadEndpointIsReportedAgainAndAgain() async throws {
        let hub = try TestPeer(2)
        let leaf = try TestPeer(1, listens: false)
        let endpoint = hub.endpoint
        hub.transport.close()
        try leaf.transport.dial(endpoint: endpoint, curveKey: hub.keys.publicKey)
        #expect(try await leaf.dialFailure() == "nobody listens there")
        #expect(try await leaf.dialFailure() == "nobody listens there")
    }

    @Test func endpointsOfStrangersAreTCPOnly() throws {
        let leaf = try TestPeer(1, listens: false)
        let malformed = [
            "", "host", "host:", ":80", "host:0", "host:65536", "host:+80", "ipc:///run/x:1",
            "inproc://x:1", "tcp://a;b:1", "tcp://*:1", "[::1:1", "[]:1", "a b:1", "host:80/x",
        ]
        for endpoint in malformed {
            #expect(throws: TransportError.malformedEndpoint(endpoint)) {
                try leaf.transport.dial(endpoint: endpoint, curveKey: leaf.keys.publicKey)
            }
        }
        try leaf.transport.dial(endpoint: "[::1]:9", curveKey: leaf.keys.publicKey)
    }

    @Test func keysSurviveTheirTextForm() throws {
        let key = CurveKeyPair.generate().publicKey
        #expect(key.z85.utf8.count == 40)
        #expect(CurveKey(z85: key.z85) == key)
        #expect(CurveKey(z85: String(key.z85.dropLast())) == nil)
        #expect(CurveKey(z85: String(repeating: "\u{7f}", count: 40)) == nil)
        #expect(CurveKey(z85: String(repeating: "é", count: 20)) == nil)
    }
}
