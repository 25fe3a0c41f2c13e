import Foundation
import Glibc
import Identity
import PeerNode
import Primitives
import Store
import Testing
import Wire

/// Nodes that find each other over multicast on the loopback interface.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct BeaconTests {
    private let air: Air

    init() throws { air = try Air() }

    private func node(network: String = testNetworkName) throws -> TestNode {
        try TestNode(
            places: 0,
            change: { configuration in
                configuration.network = network
                configuration.beaconPort = air.port
            }
        )
    }

    @Test func nodesOfOneNetworkFindEachOther() async throws {
        let nodes = [try node(), try node(network: "another"), try node(), try node()]
        for index in [0, 2, 3] {
            try await nodes[index].node.until { await $0.linkedCount == 2 }
        }
        #expect(await nodes[1].node.linkedCount == 0)
        // They know where to dial each other without a beacon.
        let known = await nodes[0].node.peers().map(\.record)
        #expect(
            Set(known.flatMap(\.controlEndpoints))
                == Set(
                    [0, 2, 3].map {
                        nodes[$0].node.address.endpoint
                    }
                )
        )
        for node in nodes { try await node.end() }
    }

    @Test func linkOutlivesTheBeaconThatItCameOf() async throws {
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        let first = try node()
        let second = try TestNode(
            places: 0,
            storage: storage,
            folder: folder,
            change: { $0.beaconPort = air.port }
        )
        try await first.node.until { await $0.linkedCount == 1 }
        try await second.end()
        try await first.node.until { await $0.linkedCount == 0 }
        // The same peer at the same port, which sends no beacons now.
        let again = try TestNode(places: 0, storage: storage, folder: folder)
        #expect(again.node.address == second.node.address)
        try await first.node.until { await $0.linkedCount == 1 }
        for node in [first, again] { try await node.end() }
    }

    @Test func whatIsNoBeaconOfTheNetworkIsPassedOver() async throws {
        let member = try node()
        try await member.node.until { await $0.isReady }
        let hour = UInt64(Date().timeIntervalSince1970 / 3_600)
        let own = member.node.address
        let forged: [Bytes] = [
            [], [0], Bytes(repeating: 0xff, count: 2_000), beacon(epoch: hour, isValid: false),
            beacon(network: NetworkID(name: "another"), epoch: hour), beacon(epoch: hour - 25),
            beacon(epoch: hour + 3),
        ]
        for datagram in forged { air.send(datagram) }
        #expect(await member.node.status().search?.beacons.neighbourCount == 0)
        // What comes after them is heard once they are.
        air.send(beacon(epoch: hour))
        try await member.node.until { node in
            await node.status().search?.beacons.neighbourCount == 1
        }
        #expect(member.node.address == own)
        try await member.end()
    }

    @Test func forgedPlaceCostsAFailedDialAndNoMore() async throws {
        let member = try node()
        try await member.node.until { await $0.isReady }
        let hour = UInt64(Date().timeIntervalSince1970 / 3_600)
        let port = try ClosedPort()
        air.send(beacon(port: port.number, epoch: hour))
        let endpoint = "tcp://127.0.0.1:\(port.number)"
        let place = JoinAddress(
            endpoint: endpoint,
            peer: member.node.id,
            curveKey: CurveKey(.zero)
        )
        try await member.node.until { await $0.dialFailure(at: place) != nil }
        #expect(await member.node.dialFailure(at: place)?.reason == "nobody listens there")
        #expect(await member.node.linkedCount == 0)
        let other = try node()
        try await member.node.until { await $0.linkedCount == 1 }
        for node in [member, other] { try await node.end() }
    }

    @Test func portThatIsTakenIsToldAndHurtsNobody() async throws {
        let taken = try Air(isShared: false)
        let member = try TestNode(places: 0, change: { $0.beaconPort = taken.port })
        try await member.node.until { await $0.isReady }
        let search = try #require(await member.node.status().search)
        guard case .failed(let reason) = search.beacons else {
            Issue.record("\(search.beacons)")
            return
        }
        #expect(reason.contains("UDP port \(taken.port): Address already in use"))
        #expect(!member.node.sendsBeacons)
        try await member.end()
    }

    @Test func silentNodeSaysHowItLooksForOthers() async throws {
        let port = try ClosedPort()
        let gone = JoinAddress(
            endpoint: "tcp://127.0.0.1:\(port.number)",
            peer: PeerID(.zero),
            curveKey: CurveKey(Digest(1, 2, 3, 4))
        )
        let member = try TestNode(join: [gone], places: 0)
        try await member.node.until { await $0.dialFailure(at: gone) != nil }
        let search = try #require(await member.node.status().search)
        #expect(search.beacons == .off)
        #expect(search.joins.map(\.endpoint) == [gone.endpoint])
        #expect(search.joins.first?.failure?.reason == "nobody listens there")
        #expect(search.rememberedCount == 0)
        let other = try TestNode(join: [member.node.address], places: 0)
        try await member.node.until { await $0.linkedCount == 1 }
        #expect(await member.node.status().search == nil)
        try await other.end()
        try await member.node.until { await $0.linkedCount == 0 }
        #expect(await member.node.status().search?.rememberedCount == 1)
        try await member.end()
    }

    private func beacon(
        network: NetworkID = testNetwork,
        port: UInt16 = 9,
        epoch: UInt64,
        isValid: Bool = true
    ) -> Bytes {
        let key = SigningKey.generate()
        return Beacon(
            network: network,
            peer: PeerID(key.publicKey),
            curveKey: CurveKey(Digest(1, 2, 3, 4)),
            port: port,
            epoch: epoch,
            sign: { key.sign(isValid ? $0 : $0 + [0]) }
        ).datagram
    }
}

extension PeerSearch.Beacons {
    /// Peers whose beacons are heard; nil where none are sent.
    fileprivate var neighbourCount: Int? {
        if case .sent(_, let count) = self { count } else { nil }
    }
}

/// A UDP port of a test's own on the loopback interface, over which beacons go.
private final class Air: Sendable {
    let port: UInt16
    private let descriptor: CInt

    /// A port that others may use, too, unless told otherwise.
    init(isShared: Bool = true) throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var one: CInt = isShared ? 1 : 0
        let size = socklen_t(MemoryLayout<CInt>.size)
        try #require(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size) == 0)
        port = try bindAnywhere(descriptor, isShared ? 0x7f00_0001 : 0)
        var interface = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let length = socklen_t(MemoryLayout<in_addr>.size)
        let level = CInt(IPPROTO_IP)
        try #require(setsockopt(descriptor, level, IP_MULTICAST_IF, &interface, length) == 0)
    }

    deinit { close(descriptor) }

    /// Sends a datagram to whoever listens for beacons there.
    func send(_ bytes: Bytes) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, "239.115.116.108", &address.sin_addr)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, size)
            }
        }
        #expect(count == bytes.count)
    }
}

/// A TCP port on which nobody listens, and nobody else will.
private final class ClosedPort {
    let number: UInt16
    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        number = try bindAnywhere(descriptor, 0x7f00_0001)
    }

    deinit { close(descriptor) }
}

/// Binds a socket to a free port of `host`, and returns the port.
private func bindAnywhere(_ descriptor: CInt, _ host: UInt32) throws -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = host.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
        }
    }
    try #require(isBound)
    return UInt16(bigEndian: address.sin_port)
}
