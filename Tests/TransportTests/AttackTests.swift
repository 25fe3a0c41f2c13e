import Glibc
import Primitives
import Testing
import Transport

/// Attacks on a hub, during which an honest link goes on exchanging messages, and after which a
/// newcomer gets one.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AttackTests {
    // MARK: Memory

    @Test func messageOf8000FramesIsAnOffence() async throws {
        let hub = try TestPeer(2)
        let bystander = try await Bystander(of: hub)
        let client = try RawClient(hub)
        _ = try client.introduce(as: 7)
        client.send(
            [[0x10, 1]] + Array(repeating: Bytes(repeating: 2, count: 1_000), count: 7_999)
        )
        #expect(try await bystander.refusal() == "sent a message of 8000 frames")
        #expect(client.isDisconnected())
        try await bystander.isServed()
        try await expectServes(hub, name: 98)
    }

    @Test func messageThatNeverEndsIsAnOffence() async throws {
        let hub = try TestPeer(2) { $0.limits.unreadBytesMax = 100_000 }
        let bystander = try await Bystander(of: hub)
        let relay = try Relay(to: hub, upMax: 200_000)
        let client = try RawClient(relay.endpoint, serverKey: hub.keys.publicKey)
        _ = try client.introduce(as: 7)
        // The relay holds its last frames back: libzmq keeps the others and never hands them over.
        client.send([[0x10]] + Array(repeating: Bytes(repeating: 2, count: 10_000), count: 30))
        let reason = try await bystander.refusal()
        #expect(reason.hasSuffix("bytes without the end of a message"), "\(reason)")
        #expect(client.isDisconnected())
        #expect(hub.transport.holdings.unreadBytes.most <= 210_000)
        try await bystander.isServed()
        try await expectServes(hub, name: 98)
    }

    @Test func messageThatNeverEndsInPlaceOfHelloIsCutOff() async throws {
        let hub = try TestPeer(2) { $0.timing.waitForEver() }
        let bystander = try await Bystander(of: hub)
        let relay = try Relay(to: hub, upMax: 50_000)
        let client = try RawClient(relay.endpoint, serverKey: hub.keys.publicKey)
        client.send(Array(repeating: Bytes(repeating: 1, count: 10_000), count: 10))
        #expect(client.isDisconnected())
        #expect(hub.transport.holdings.inboundLinks.most == 1)
        #expect(hub.transport.holdings.unreadBytes.most <= 60_000)
        try await bystander.isServed()
    }

    @Test func fullestConnectionIsCutWhenAllTogetherHoldTooMuch() async throws {
        let hub = try TestPeer(2) { $0.limits.unreadBytesTotalMax = 500_000 }
        let bystander = try await Bystander(of: hub)
        let sizes = [100_000, 300_000, 200_000]
        let relays = try sizes.map { try Relay(to: hub, upMax: $0) }
        let clients = try zip(relays, 7...).map { relay, name -> RawClient in
            let client = try RawClient(relay.endpoint, serverKey: hub.keys.publicKey)
            _ = try client.introduce(as: UInt64(name))
            return client
        }
        for client in clients {
            client.send(Array(repeating: Bytes(repeating: 0x10, count: 100_000), count: 3))
        }
        #expect(clients[1].isDisconnected())
        for client in [clients[0], clients[2]] { #expect(!client.isDisconnected(within: 0)) }
        try await bystander.isServed()
    }

    @Test func hubWhoseMessageNeverEndsIsGivenUp() async throws {
        let hub = try TestPeer(2)
        let leaf = try TestPeer(1, listens: false) { $0.limits.unreadBytesMax = 100_000 }
        let relay = try Relay(to: hub, downMax: 200_000)
        try leaf.transport.dial(endpoint: relay.endpoint, curveKey: hub.keys.publicKey)
        try await leaf.linked(with: hub.id)
        let frames = Array(repeating: Bytes(repeating: 1, count: 100_000), count: 3)
        try await hub.linked(with: leaf.id)
        #expect(hub.transport.send(to: leaf.id, frames: frames) == .queued)
        let reason = try await leaf.refusal()
        #expect(reason.hasSuffix("bytes without the end of a message"), "\(reason)")
        try await leaf.unlinked(from: hub.id)
    }

    @Test func frameOf200MebibytesEndsTheConnectionAndIsNotRead() async throws {
        let hub = try TestPeer(2)
        let bystander = try await Bystander(of: hub)
        let client = try RawClient(hub)
        let peer = try client.introduce(as: 7)
        client.send([[0x10] + Bytes(repeating: 1, count: 200 << 20)], waits: false)
        #expect(client.isDisconnected())
        try await bystander.isServed()
        #expect(
            !bystander.seen.contains { if case .received(peer, _) = $0 { true } else { false } }
        )
        #expect(hub.transport.holdings.unreadBytes.most <= TransportLimits().wireFrameBytesMax)
        try await expectServes(hub, name: 98)
    }

    // MARK: Connections

    @Test func silentConnectionsOfOneSourceLeaveRoomForOthers() async throws {
        let hub = try TestPeer(2) {
            $0.limits.connectionsPerSourceMax = 8
            $0.timing.waitForEver()
        }
        let bystander = try await Bystander(of: hub)
        let silent = try (0..<200).map { _ in try PlainSocket(hub, source: 2) }
        let nameless = try (0..<20).map { _ in try RawClient(hub, source: 3) }
        for late in [silent[8], silent[199]] { #expect(late.isEnded()) }
        while nameless.count(where: { $0.isDisconnected(within: 0) }) < 12 { await Task.yield() }
        try await bystander.isServed()
        try await expectServes(hub, name: 98)
        let holdings = hub.transport.holdings
        #expect(holdings.connections.most <= 8 + 8 + 2)
        #expect(holdings.sources.most == 3)
        #expect(holdings.cutAtOnce >= 192)
    }

    @Test func silentConnectionsOfManySourcesStayWithinTheBound() async throws {
        let hub = try TestPeer(2) {
            $0.limits.connectionsMax = 50
            $0.timing.waitForEver()
        }
        let bystander = try await Bystander(of: hub)
        let silent = try (2..<202).map { try PlainSocket(hub, source: $0) }
        #expect(silent[199].isEnded())
        try await bystander.isServed()
        #expect(hub.transport.holdings.connections.most == 50)
        _ = consume silent
        try await expectServes(hub, name: 98)
    }

    @Test func onlySoManySourcesAreRemembered() async throws {
        let hub = try TestPeer(2) {
            $0.limits.sourcesMax = 5
            $0.timing.sourceInterval = .seconds(3_600)
        }
        for source in 2..<32 as Range<UInt8> {
            let peer = try RawClient(hub, source: source).introduce(as: UInt64(source))
            try await hub.unlinked(from: peer)
        }
        #expect(hub.transport.holdings.sources.most == 5)
    }

    @Test func oneSourceOpensOnlySoManyConnectionsInAWhile() async throws {
        let hub = try TestPeer(2) {
            $0.limits.connectionsPerSourceMax = 4
            $0.timing.waitForEver()
            $0.timing.sourceInterval = .seconds(3_600)
        }
        let bystander = try await Bystander(of: hub)
        // Each of them costs the hub a handshake, and is closed at once.
        for name in 10..<14 as Range<UInt64> {
            _ = try RawClient(hub, source: 2).introduce(as: name)
        }
        #expect(try PlainSocket(hub, source: 2).isEnded())
        #expect(try RawClient(hub, source: 2).isDisconnected())
        try await bystander.isServed()
        #expect(try RawClient(hub, source: 3).introduce(as: 20) == PeerID(Digest(0, 0, 0, 20)))
    }

    @Test func sourceThatWaitsMayOpenAnotherConnection() async throws {
        let hub = try TestPeer(2) {
            $0.limits.connectionsPerSourceMax = 1
            $0.timing.sourceInterval = .milliseconds(300)
        }
        let first = try TestPeer(1, listens: false)
        try first.dial(hub)
        try await hub.linked(with: first.id)
        let second = try TestPeer(3, listens: false)
        try second.dial(hub)
        #expect(try await second.dialFailure().hasPrefix("cut off during the handshake"))
        first.transport.close()
        try await second.linked(with: hub.id)
    }

    @Test func connectionsAreCutBeforeDescriptorsRunOut() async throws {
        let open = dup(0)
        close(open)
        let descriptorsMax = Int(open) + 200
        let hub = try TestPeer(2) {
            $0.limits.descriptorsMax = descriptorsMax
            $0.timing.waitForEver()
        }
        let bystander = try await Bystander(of: hub)
        var used: [CInt] = []
        defer { for descriptor in used { close(descriptor) } }
        while used.last ?? 0 < descriptorsMax { used.append(dup(0)) }
        #expect(try RawClient(hub).isDisconnected())
        #expect(try PlainSocket(hub).isEnded())
        try await bystander.isServed()
        for descriptor in used { close(descriptor) }
        used = []
        try await expectServes(hub, name: 98)
    }
}

extension TransportTiming {
    /// Nobody is cut off for being slow.
    fileprivate mutating func waitForEver() {
        handshake = .seconds(3_600)
        hello = .seconds(3_600)
    }
}
