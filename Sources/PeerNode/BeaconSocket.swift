@preconcurrency import Dispatch
import Glibc
import Primitives
import Synchronization
import Wire

/// The UDP sockets over which beacons go to the machines of the local networks and come from them.
///
/// Sent to a multicast group of IPv4 and of IPv6 on every interface that serves, and to the
/// broadcast address of its IPv4 network; never further than the next router. One task sends.
final class BeaconSocket: Sendable {
    /// A datagram, and the address of its sender as the system writes it.
    struct Datagram: Sendable {
        let bytes: Bytes
        let address: String
    }

    /// Why there is no socket, for people.
    struct Failure: Error {
        let reason: String
    }

    /// What comes from machines of the local networks; the newest wait, the others are dropped.
    let datagrams: AsyncStream<Datagram>
    private let continuation: AsyncStream<Datagram>.Continuation
    private let port: UInt16
    /// The address on which the peer listens; nil for all.
    private let only: Bytes?
    private let ipv4: CInt
    private let ipv6: CInt?
    private let sources: [any DispatchSourceRead]
    private let isOpen = Mutex(true)

    /// The groups: administratively scoped (RFC 2365), and one that is valid on a link (RFC 4291).
    private static let group4 = "239.115.116.108"
    private static let group6 = "ff12::7374:6c"
    /// Datagrams that wait for the peer.
    private static let waitingMax = 64
    /// Datagrams that are read before other sockets get their turn.
    private static let readsPerTurn = 32

    /// Sockets on `port` for a peer that listens on `address`, a numeric one or all of them.
    init(port: UInt16, address: String) throws(Failure) {
        let bytes = AddressReach.bytes(of: address)
        let isEverywhere = bytes.map { $0.allSatisfy { $0 == 0 } } ?? true
        only = isEverywhere ? nil : bytes
        self.port = port
        (datagrams, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(Self.waitingMax)
        )
        let isInside = only.flatMap(AddressReach.init) == .machine
        ipv4 = try Self.socket4(port: port, host: isInside ? Self.group4 : "0.0.0.0")
        ipv6 = isInside || address == "0.0.0.0" ? nil : Self.socket6(port: port)
        let queue = DispatchQueue(label: "starling.beacon")
        sources = [ipv4, ipv6].compactMap { $0 }.map { [continuation] descriptor in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { Self.read(descriptor, into: continuation) }
            source.setCancelHandler { Glibc.close(descriptor) }
            source.resume()
            return source
        }
        join(interfaces())
    }

    deinit { close() }

    /// Ends the datagrams; calling it again does nothing.
    func close() {
        isOpen.withLock { $0 = false }
        continuation.finish()
        for source in sources { source.cancel() }
    }

    /// Sends a datagram on every interface that serves now; whether any took it.
    func send(_ bytes: Bytes) -> Bool {
        guard isOpen.withLock({ $0 }) else { return false }
        let interfaces = interfaces()
        join(interfaces)
        var isSent = false
        var done: Set<UInt32> = []
        for interface in interfaces where !interface.isIPv6 && !done.contains(interface.index) {
            done.insert(interface.index)
            var request = ip_mreqn()
            request.imr_ifindex = CInt(interface.index)
            // Else what goes over the loopback interface comes from another one's address.
            inet_pton(AF_INET, interface.text, &request.imr_address)
            Self.set(ipv4, CInt(IPPROTO_IP), IP_MULTICAST_IF, request)
            var group = Self.address4(Self.group4, port: port)
            if Self.send(bytes, over: ipv4, to: &group) { isSent = true }
        }
        for broadcast in distinct(interfaces.compactMap(\.broadcast)) {
            var everybody = Self.address4(broadcast, port: port)
            if Self.send(bytes, over: ipv4, to: &everybody) { isSent = true }
        }
        guard let ipv6 else { return isSent }
        for index in distinct(interfaces.filter(\.isIPv6).map(\.index)) {
            var group = Self.address6(Self.group6, port: port, scope: index)
            if Self.send(bytes, over: ipv6, to: &group) { isSent = true }
        }
        return isSent
    }

    // MARK: - Interfaces

    /// The addresses whose interfaces serve: those of real networks, the loopback's for a peer that
    /// listens there or has no other.
    private func interfaces() -> [InterfaceAddress] {
        let all = LocalNetwork.addresses()
        if let only {
            guard let own = all.first(where: { $0.bytes == only || $0.hasNeighbour(only) }) else {
                return []
            }
            return [own]
        }
        let outside = all.filter { AddressReach($0.bytes) != .machine }
        return outside.isEmpty ? all : outside
    }

    /// Takes part in the groups on `interfaces`; where it does already, nothing happens.
    private func join(_ interfaces: [InterfaceAddress]) {
        for interface in interfaces {
            if interface.isIPv6, let ipv6 {
                var request = ipv6_mreq()
                inet_pton(AF_INET6, Self.group6, &request.ipv6mr_multiaddr)
                request.ipv6mr_interface = interface.index
                Self.set(ipv6, CInt(IPPROTO_IPV6), IPV6_JOIN_GROUP, request)
            } else if !interface.isIPv6 {
                var request = ip_mreqn()
                inet_pton(AF_INET, Self.group4, &request.imr_multiaddr)
                request.imr_ifindex = CInt(interface.index)
                Self.set(ipv4, CInt(IPPROTO_IP), IP_ADD_MEMBERSHIP, request)
            }
        }
    }
}

// MARK: - System calls

extension BeaconSocket {
    private static func socket4(port: UInt16, host: String) throws(Failure) -> CInt {
        let descriptor = socket(AF_INET, datagramType, 0)
        guard descriptor >= 0 else { throw failure("open a UDP socket") }
        for option in [SO_REUSEADDR, SO_BROADCAST] { set(descriptor, SOL_SOCKET, option, CInt(1)) }
        set(descriptor, CInt(IPPROTO_IP), IP_MULTICAST_TTL, CInt(1))
        set(descriptor, CInt(IPPROTO_IP), IP_MULTICAST_LOOP, CInt(1))
        // Only of the interfaces that this socket has joined, not of those of other programs.
        set(descriptor, CInt(IPPROTO_IP), IP_MULTICAST_ALL, CInt(0))
        var address = address4(host, port: port)
        guard bind(descriptor, to: &address) else {
            let failure = failure("listen on UDP port \(port)")
            Glibc.close(descriptor)
            throw failure
        }
        return descriptor
    }

    /// Nil where the system has no IPv6; beacons go over IPv4 alone then.
    private static func socket6(port: UInt16) -> CInt? {
        let descriptor = socket(AF_INET6, datagramType, 0)
        guard descriptor >= 0 else { return nil }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, CInt(1))
        set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, CInt(1))
        set(descriptor, CInt(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, CInt(1))
        set(descriptor, CInt(IPPROTO_IPV6), IPV6_MULTICAST_LOOP, CInt(1))
        set(descriptor, CInt(IPPROTO_IPV6), IPV6_MULTICAST_ALL, CInt(0))
        var address = address6("::", port: port)
        guard bind(descriptor, to: &address) else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }

    private static let datagramType =
        CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

    private static func failure(_ operation: String) -> Failure {
        Failure(reason: "cannot \(operation): \(String(cString: strerror(errno)))")
    }

    private static func address4(_ text: String, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return address
    }

    private static func address6(_ text: String, port: UInt16, scope: UInt32 = 0) -> sockaddr_in6 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_scope_id = scope
        inet_pton(AF_INET6, text, &address.sin6_addr)
        return address
    }

    private static func bind<Address>(_ descriptor: CInt, to address: inout Address) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
    }

    /// An option that is not there costs no more than that.
    private static func set<Value>(
        _ descriptor: CInt,
        _ level: CInt,
        _ option: CInt,
        _ value: Value
    ) {
        withUnsafePointer(to: value) { pointer in
            let size = socklen_t(MemoryLayout<Value>.size)
            _ = setsockopt(descriptor, level, option, pointer, size)
        }
    }

    private static func send<Address>(
        _ bytes: Bytes,
        over descriptor: CInt,
        to address: inout Address
    ) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let size = socklen_t(MemoryLayout<Address>.size)
                return sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, size)
                    == bytes.count
            }
        }
    }

    /// Reads what has come.
    private static func read(
        _ descriptor: CInt,
        into continuation: AsyncStream<Datagram>.Continuation
    ) {
        for _ in 0..<readsPerTurn {
            var buffer = Bytes(repeating: 0, count: Limits.beaconByteCount + 1)
            var sender = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &sender) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &size)
                }
            }
            guard count >= 0 else { return }
            guard count <= Limits.beaconByteCount, let address = text(of: sender, size) else {
                continue
            }
            continuation.yield(Datagram(bytes: Bytes(buffer.prefix(count)), address: address))
        }
    }

    private static func text(of sender: sockaddr_storage, _ size: socklen_t) -> String? {
        var sender = sender
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let outcome = withUnsafePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard outcome == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
