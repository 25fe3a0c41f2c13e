import CZeroMQ
import Glibc
import Primitives
import Testing
import Transport

/// Attacks on a hub, during which an honest link goes on exchanging messages, and after which a
/// newcomer gets one.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AttackTests {
    // MARK: Routing ids

    @Test func numbersOfConnectionsDoNotBeginWhereAnUnseededProcessBegins() throws {
        _ = try TestPeer(2)
        let start = try firstNumberOfARouter()
        #expect(try !unseededStarts(10_000).contains(start))
        // The sequence is that of the C library: another process could have computed it.
        #expect(try unseededStarts(1) == [1_804_289_383])
    }

    @Test func routingIDsOfAnUnseededProcessAreClaimedInVain() async throws {
        let hub = try TestPeer(2)
        let bystander = try await Bystander(of: hub)
        // The bystander has the first number of one of these, and newcomers get the next ones.
        let claimed = try unseededStarts(12).flatMap { [$0 &+ 1, $0 &+ 2] }
        let claimers = try claimed.map { number in
            let number = withUnsafeBytes(of: number.bigEndian) { Bytes($0) }
            return try RawClient(hub, source: 2, routingID: [0] + number)
        }
        for (name, claimer) in zip(UInt64(7)..., claimers) { _ = try claimer.introduce(as: name) }
        for name in 50..<54 as Range<UInt64> { _ = try RawClient(hub).introduce(as: name) }
        try await bystander.isServed()
        withExtendedLifetime(claimers) {}
    }

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

    @Test func bytesOfMessagesThatWereReadAreCountedExactly() async throws {
        let (leaf, hub) = try await linkedPair { $0.timing.waitForEver() }
        // One frame's length changes its size on the wire by more than a byte at 221 and 222.
        for round in 0..<3_000 {
            let frame = Bytes(repeating: 1, count: [0, 1, 221, 222, 5_000][round % 5])
            let frames = Array(repeating: frame, count: 1 + round % 3)
            #expect(leaf.transport.send(to: hub.id, frames: frames) == .queued)
            try await hub.event { $0 == .received(from: leaf.id, frames: frames) }
        }
        // What these bring shows that all messages were counted before: handshakes are never read.
        let waiting = try (0..<50).map { _ in try PlainSocket(hub, source: 2) }
        for connection in waiting { connection.send(Garbage.greeting.bytes) }
        let others = waiting.count * Garbage.greeting.bytes.count
        while hub.transport.holdings.unreadBytes.now <= others { await Task.yield() }
        #expect(hub.transport.holdings.unreadBytes.now - others < 1_000)
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

    @Test(arguments: [0, 1, 64, 66])
    func connectionsThatAreResetLeaveNothingBehind(byteCount: Int) async throws {
        let hub = try TestPeer(2) {
            $0.limits.connectionsPerSourceMax = 20_000
            $0.timing.waitForEver()
        }
        let bystander = try await Bystander(of: hub)
        let start = Bytes(Garbage.wrongCommand.bytes.prefix(byteCount))
        for _ in 0..<300 {
            let connection = try PlainSocket(hub, source: 2)
            connection.send(start)
            connection.resetAtEnd()
        }
        while hub.transport.holdings.accepted < 301 || hub.transport.holdings.connections.now > 1 {
            await Task.yield()
        }
        try await bystander.isServed()
        #expect(hub.transport.holdings.inboundLinks.most == 1)
    }

    // MARK: Keys

    @Test func bannedKeyComesBackInVain() async throws {
        let hub = try TestPeer(2)
        let bystander = try await Bystander(of: hub)
        let offender = try RawClient(hub)
        offender.send([[0xff]])
        #expect(try await bystander.refusal() == "began a connection without a HELLO")
        for _ in 0..<20 {
            let returning = try RawClient(hub, keys: offender.keys)
            returning.send([[0x01] + PlainAdmission.hello(hub.id, offender.keys.publicKey)])
            #expect(returning.isDisconnected())
        }
        try await bystander.isServed()
        #expect(bystander.seen.isEmpty, "one of them was heard")
        #expect(hub.transport.holdings.bans.most == 1)
    }

    @Test func helloOfTheBystanderIsWorthNothingOnAnotherLink() async throws {
        let hub = try TestPeer(2) { $0.timing.farewell = .milliseconds(50) }
        let bystander = try await Bystander(of: hub)
        for _ in 0..<10 {
            let thief = try RawClient(hub)
            thief.send([[0x01] + bystander.hello])
            #expect(thief.receive() == [0x03] + Bytes("HELLO belongs to another link".utf8))
            #expect(thief.isDisconnected())
        }
        try await bystander.isServed()
    }

    // MARK: Bytes that are no ZMTP

    @Test(arguments: Garbage.allCases)
    func garbageIsCutOff(_ garbage: Garbage) async throws {
        let hub = try TestPeer(2) { $0.timing.handshake = .milliseconds(500) }
        let bystander = try await Bystander(of: hub)
        let strangers = try (0..<10).map { _ in try PlainSocket(hub, source: 2) }
        for stranger in strangers { stranger.send(garbage.bytes) }
        for stranger in strangers { #expect(stranger.isEnded()) }
        try await bystander.isServed()
        #expect(hub.transport.holdings.inboundLinks.most == 1)
        #expect(hub.transport.holdings.bans.most == 0)
        try await expectServes(hub, name: 98)
    }

    @Test(arguments: [Garbage.greeting.bytes, [0xff], Garbage.endlessCommand.bytes])
    func slowBytesEndWithTheTimeForTheHandshake(bytes: Bytes) async throws {
        let hub = try TestPeer(2) { $0.timing.handshake = .milliseconds(200) }
        let bystander = try await Bystander(of: hub)
        #expect(try PlainSocket(hub, source: 2).isEndedUnderTrickle(of: bytes))
        try await bystander.isServed()
    }

    @Test(arguments: [0, 1, 11, 63, 64, 65, 200, 266, 300, 500, 620])
    func handshakeThatStopsHalfWayIsCutOff(upMax: Int) async throws {
        let hub = try TestPeer(2) {
            $0.timing.handshake = .milliseconds(200)
            $0.timing.hello = .milliseconds(200)
        }
        let bystander = try await Bystander(of: hub)
        let relay = try Relay(to: hub, upMax: upMax)
        let client = try RawClient(relay.endpoint, serverKey: hub.keys.publicKey)
        client.send([[0x01] + Bytes(repeating: 0, count: 4096)])
        #expect(client.isDisconnected())
        #expect(hub.transport.holdings.inboundLinks.most == 1)
        try await bystander.isServed()
    }

    @Test func linkThatStopsWithinAFrameIsSilent() async throws {
        let hub = try TestPeer(2) { $0.timing.silence = .milliseconds(300) }
        let relay = try Relay(to: hub, upMax: 5_000)
        let client = try RawClient(relay.endpoint, serverKey: hub.keys.publicKey)
        let peer = try client.introduce(as: 7)
        client.send([[0x10] + Bytes(repeating: 0, count: 100_000)])
        try await hub.unlinked(from: peer)
        #expect(client.isDisconnected())
    }

    // MARK: What an unseeded process would do

    /// The number that libzmq would give a ROUTER's first connection, had it drawn so many others.
    private func unseededStarts(_ count: Int) throws -> [UInt32] {
        var state = [CChar](repeating: 0, count: 128)
        var generator = random_data()
        var numbers: [UInt32] = []
        try #require(initstate_r(1, &state, state.count, &generator) == 0)
        for _ in 0...count {
            var number: Int32 = 0
            try #require(random_r(&generator, &number) == 0)
            numbers.append(UInt32(bitPattern: number))
        }
        return zip(numbers, numbers.dropFirst()).map { $0 | $1 << 31 }
    }

    private func firstNumberOfARouter() throws -> UInt32 {
        let context = try #require(zmq_ctx_new())
        let router = try #require(zmq_socket(context, ZMQ_ROUTER))
        let dealer = try #require(zmq_socket(context, ZMQ_DEALER))
        defer {
            zmq_close(dealer)
            zmq_close(router)
            zmq_ctx_term(context)
        }
        #expect(zmq_bind(router, "inproc://numbers") == 0)
        #expect(zmq_connect(dealer, "inproc://numbers") == 0)
        #expect(zmq_send(dealer, "", 0, 0) == 0)
        var id = Bytes(repeating: 0, count: 5)
        #expect(zmq_recv(router, &id, id.count, 0) == 5)
        return id.dropFirst().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension TransportTiming {
    /// Nobody is cut off for being slow.
    fileprivate mutating func waitForEver() {
        handshake = .seconds(3_600)
        hello = .seconds(3_600)
    }
}

/// What a stranger might send in place of a handshake.
enum Garbage: CaseIterable {
    case http
    case tls
    case ones
    case zeros
    case greeting
    case unencrypted
    case wrongCommand
    case endlessCommand

    var bytes: Bytes {
        switch self {
        case .http: Bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        case .tls: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3] + Bytes(repeating: 7, count: 500)
        case .ones: Bytes(repeating: 0xff, count: 100_000)
        case .zeros: Bytes(repeating: 0, count: 100_000)
        case .greeting: Self.greeting("CURVE")
        case .unencrypted: Self.greeting("NULL") + [4, 6, 5] + Bytes("READY".utf8)
        case .wrongCommand: Self.greeting("CURVE") + [4, 200, 5] + Bytes(repeating: 65, count: 199)
        case .endlessCommand:
            Self.greeting("CURVE") + [6, 0x3f] + Bytes(repeating: 0xff, count: 100_000)
        }
    }

    /// - Source: ZeroMQ RFC 23/ZMTP.
    private static func greeting(_ mechanism: String) -> Bytes {
        let name = Bytes(mechanism.utf8)
        let padded = name + Bytes(repeating: 0, count: 20 - name.count)
        return [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + padded + Bytes(repeating: 0, count: 32)
    }
}
