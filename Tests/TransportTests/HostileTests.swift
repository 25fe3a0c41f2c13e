import Primitives
import Testing
import Transport

/// Strangers that break the rules; after each of them an honest peer is still served.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HostileTests {
    @Test func wrongServerKeyGetsNoConnection() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub.endpoint, serverKey: CurveKeyPair.generate().publicKey)
        #expect(client.isDisconnected())
        let leaf = try TestPeer(1, listens: false)
        try leaf.transport.dial(endpoint: hub.endpoint, curveKey: leaf.keys.publicKey)
        #expect(try await leaf.dialFailure().hasPrefix("cut off during the handshake"))
        try await expectServes(hub)
    }

    @Test func unencryptedClientGetsNoConnection() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub.endpoint, serverKey: nil)
        #expect(client.isDisconnected())
        try await expectServes(hub)
    }

    @Test(arguments: [
        [[0xff, 1, 2, 3]], [[]], [[0x10, 1]], [[0x04]], [[0x02] + Bytes(repeating: 0, count: 64)],
    ])
    func connectionWithoutHelloIsCutAndItsKeyBanned(message: [Bytes]) async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub)
        client.send(message)
        #expect(try await hub.refusal() == "began a connection without a HELLO")
        #expect(client.isDisconnected())
        let returning = try TestPeer(5, listens: false, keys: client.keys)
        try returning.dial(hub)
        #expect(try await returning.dialFailure() == "our key is refused there")
        try await expectServes(hub)
    }

    @Test func helloInTwoFramesIsAnOffence() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub)
        client.send([[0x01] + PlainAdmission.hello(hub.id, client.keys.publicKey), []])
        #expect(try await hub.refusal() == "began a connection without a HELLO")
        #expect(client.isDisconnected())
        try await expectServes(hub)
    }

    @Test func longestHelloIsReadAndOneByteMoreIsAnOffence() async throws {
        let hub = try TestPeer(2)
        let longest = try RawClient(hub)
        longest.send([[0x01] + Bytes(repeating: 0, count: 4096)])
        #expect(try await hub.refusal() == "HELLO is malformed")
        #expect(longest.receive() == [0x03] + Bytes("HELLO is malformed".utf8))
        let tooLong = try RawClient(hub)
        tooLong.send([[0x01] + Bytes(repeating: 0, count: 4097)])
        #expect(try await hub.refusal() == "began a connection without a HELLO")
        #expect(tooLong.isDisconnected())
        try await expectServes(hub)
    }

    @Test func banOfAnOffenceEnds() async throws {
        let hub = try TestPeer(2) { $0.timing.offenceBan = .milliseconds(200) }
        let client = try RawClient(hub)
        client.send([[0xff]])
        let returning = try TestPeer(5, listens: false, keys: client.keys)
        _ = try await hub.refusal()
        try returning.dial(hub)
        try await returning.linked(with: hub.id)
    }

    @Test func helloOfAnotherLinkIsRefusedAndCutOff() async throws {
        let (leaf, hub) = try await linkedPair()
        let thief = try RawClient(hub)
        thief.send([[0x01] + leaf.hello])
        #expect(try await hub.refusal() == "HELLO belongs to another link")
        #expect(thief.receive() == [0x03] + Bytes("HELLO belongs to another link".utf8))
        // What it sends although it was refused reaches nobody.
        thief.send([[0x10, 66]], waits: false)
        #expect(thief.isDisconnected())
        #expect(leaf.transport.send(to: hub.id, frames: [[1]]) == .queued)
        let next = await hub.transport.events.next()
        #expect(next == .received(from: leaf.id, frames: [[1]]))
        try await expectServes(hub)
    }

    @Test func diallerRefusesAnAcceptorThatReplaysAWelcome() async throws {
        let (_, hub) = try await linkedPair()
        let impostorKeys = CurveKeyPair.generate()
        var configuration = TransportConfiguration(
            listener: .init(address: "127.0.0.1", port: 0),
            keys: impostorKeys
        )
        configuration.timing.linger = .zero
        let impostor = try ZeroMQTransport(
            configuration: configuration,
            admission: PlainAdmission(peer: hub.id, keys: hub.keys)
        )
        let leaf = try TestPeer(3, listens: false)
        let endpoint = try #require(impostor.boundEndpoint)
        try leaf.transport.dial(endpoint: endpoint, curveKey: impostorKeys.publicKey)
        #expect(try await leaf.refusal() == "HELLO belongs to another link")
    }

    @Test func messageOfEightFramesIsAnOffence() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub)
        let peer = try client.introduce(as: 7)
        client.send([[0x10, 1]] + Array(repeating: [2], count: 7))
        try await hub.event {
            if case .received = $0 { Issue.record("the message was delivered") }
            return $0 == .unlinked(peer)
        }
        #expect(try await hub.refusal() == "sent a message of 8 frames")
        #expect(client.isDisconnected())
        try await expectServes(hub)
    }

    @Test func unknownKindsOnALinkAreIgnored() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub)
        let peer = try client.introduce(as: 7)
        client.send([[0x7f, 1]])
        client.send([[0x01] + PlainAdmission.hello(peer, client.keys.publicKey)])
        client.send([[0x04]])
        #expect(client.receive() == [0x05])
        client.send([[0x10, 5]])
        try await hub.event { $0 == .received(from: peer, frames: [[5]]) }
    }

    @Test func emptyFirstFrameOnALinkIsAnOffence() async throws {
        let hub = try TestPeer(2)
        let client = try RawClient(hub)
        let peer = try client.introduce(as: 7)
        client.send([[], [1]])
        try await hub.unlinked(from: peer)
        #expect(try await hub.refusal() == "sent an empty frame")
        try await expectServes(hub)
    }

    @Test func silentConnectionsAreCutOff() async throws {
        let hub = try TestPeer(2) {
            $0.timing.handshake = .milliseconds(200)
            $0.timing.hello = .milliseconds(200)
        }
        let afterHandshake = try RawClient(hub)
        #expect(try PlainSocket(hub).isEnded())
        #expect(afterHandshake.isDisconnected())
        try await expectServes(hub)
    }

    @Test func routingIDOfAnotherProvesNothing() async throws {
        let hub = try TestPeer(2)
        let serverKey = hub.keys.publicKey
        let name = Bytes("same".utf8)
        let victim = try RawClient(hub.endpoint, serverKey: serverKey, routingID: name)
        let peer = try victim.introduce(as: 7)
        let thief = try RawClient(hub.endpoint, serverKey: serverKey, routingID: name)
        thief.send([[0x10, 66]])
        try await expectServes(hub)
        victim.send([[0x10, 1]])
        try await hub.event {
            #expect($0 != .received(from: peer, frames: [[66]]))
            return $0 == .received(from: peer, frames: [[1]])
        }
    }

    @Test func routingIDOfADepartedPeerProvesNothing() async throws {
        let hub = try TestPeer(2)
        let name = Bytes("same".utf8)
        let serverKey = hub.keys.publicKey
        var victim: RawClient? = try RawClient(hub.endpoint, serverKey: serverKey, routingID: name)
        let peer = try #require(try victim?.introduce(as: 7))
        victim = nil
        try await hub.unlinked(from: peer)
        let thief = try RawClient(hub.endpoint, serverKey: serverKey, routingID: name)
        thief.send([[0x10, 66]])
        try await hub.event {
            if case .received = $0 { Issue.record("the thief was heard") }
            if case .refused(thief.keys.publicKey, _) = $0 { return true }
            return false
        }
        try await expectServes(hub)
    }

    @Test func vanishedClientIsUnlinked() async throws {
        let hub = try TestPeer(2)
        let peer = try RawClient(hub).introduce(as: 7)
        try await hub.unlinked(from: peer)
    }
}
