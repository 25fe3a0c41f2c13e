import Glibc
package import Primitives
import Synchronization

/// An address of this machine on an interface that is up and has a network.
package struct InterfaceAddress: Hashable, Sendable {
    /// The interface's name.
    package let interface: String
    /// The interface's number.
    package let index: UInt32
    /// Four bytes, or 16 of IPv6.
    package let bytes: Bytes
    /// As the system writes it, without the zone of an address that only counts on its link.
    package let text: String
    /// As many bytes: ones where all machines of the interface's network have the same bits.
    package let mask: Bytes
    /// Where all machines of the interface's IPv4 network hear a datagram, if that is possible.
    package let broadcast: String?

    /// An address of the interface that is named and numbered so.
    package init(
        interface: String,
        index: UInt32,
        bytes: Bytes,
        text: String,
        mask: Bytes,
        broadcast: String?
    ) {
        self.interface = interface
        self.index = index
        self.bytes = bytes
        self.text = text
        self.mask = mask
        self.broadcast = broadcast
    }

    /// Whether it is an IPv6 address.
    package var isIPv6: Bool { bytes.count == 16 }

    /// Whether `other` is of the interface's network.
    package func hasNeighbour(_ other: Bytes) -> Bool {
        other.count == bytes.count
            && bytes.indices.allSatisfy { bytes[$0] & mask[$0] == other[$0] & mask[$0] }
    }
}

/// The networks that this machine is on, as they are at the moment.
package enum LocalNetwork {
    /// Endpoints that others are told at most.
    package static let endpointsMax = 8

    /// How interfaces begin behind which there are only machines inside this one.
    private static let insideNames = ["docker", "br-", "virbr", "veth", "cni", "podman", "lxc"]

    /// Every address of every interface that is up, in the system's order.
    static func addresses() -> [InterfaceAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var addresses: [InterfaceAddress] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            if let address = address(of: entry.pointee) { addresses.append(address) }
        }
        return addresses
    }

    /// Whether `address`, as the system writes it, is of a machine on one of `networks`.
    package static func isNear(_ address: String, _ networks: [InterfaceAddress]) -> Bool {
        guard let bytes = AddressReach.bytes(of: address) else { return false }
        return AddressReach(bytes) == .link || networks.contains { $0.hasNeighbour(bytes) }
    }

    /// Where others can dial a peer that listens on `port` of all of `addresses`, best first.
    ///
    /// Public IPv6 addresses are told only when there is nothing else: a home router lets nobody
    /// in, and the machines behind it have others. The loopback's is told when there is no network.
    package static func endpoints(port: UInt16, addresses: [InterfaceAddress]) -> [String] {
        let reachable = addresses.filter { rank(of: $0) != nil }
        let plain = reachable.filter { !($0.isIPv6 && AddressReach($0.bytes) == .internet) }
        let best = (plain.isEmpty ? reachable : plain).enumerated().sorted { left, right in
            (rank(of: left.element) ?? .max, left.offset)
                < (rank(of: right.element) ?? .max, right.offset)
        }
        guard !best.isEmpty else { return ["tcp://127.0.0.1:\(port)"] }
        return best.prefix(endpointsMax).map { _, address in
            address.isIPv6 ? "tcp://[\(address.text)]:\(port)" : "tcp://\(address.text):\(port)"
        }
    }

    /// The lower, the likelier others reach it; nil for what is told to nobody.
    private static func rank(of address: InterfaceAddress) -> Int? {
        let isInside = insideNames.contains { address.interface.hasPrefix($0) }
        let inside = isInside ? 10 : 0
        let family = address.isIPv6 ? 1 : 0
        switch AddressReach(address.bytes) {
        case .localNetwork: return inside + family
        case .internet: return inside + 2 + family
        // An IPv6 address of a link says nothing without the other machine's name for the link.
        case .link: return address.isIPv6 ? nil : inside + 4
        case .machine, nil: return nil
        }
    }

    private static func address(of entry: ifaddrs) -> InterfaceAddress? {
        let flags = CInt(bitPattern: entry.ifa_flags)
        let needed = CInt(IFF_UP) | CInt(IFF_RUNNING)
        guard flags & needed == needed, let address = entry.ifa_addr, let mask = entry.ifa_netmask,
            let bytes = bytes(of: address), let text = text(of: bytes)
        else { return nil }
        let name = String(cString: entry.ifa_name)
        let canBroadcast = flags & CInt(IFF_BROADCAST) != 0 && bytes.count == 4
        return InterfaceAddress(
            interface: name,
            index: if_nametoindex(name),
            bytes: bytes,
            text: text,
            mask: self.bytes(of: mask) ?? Bytes(repeating: 0xff, count: bytes.count),
            broadcast: canBroadcast
                ? entry.ifa_ifu.ifu_broadaddr.flatMap { self.bytes(of: $0) }.flatMap(text(of:))
                : nil
        )
    }

    private static func text(of bytes: Bytes) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The address in a socket address of IPv4 or IPv6.
    static func bytes(of address: UnsafePointer<sockaddr>) -> Bytes? {
        let raw = UnsafeRawPointer(address)
        switch CInt(address.pointee.sa_family) {
        case AF_INET:
            var four = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: &four, Bytes.init)
        case AF_INET6:
            var six = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: &six, Bytes.init)
        default: return nil
        }
    }
}

/// Where others are told to dial this peer; it changes with the machine's addresses.
final class OwnPlace: Sendable {
    private let present: Mutex<[String]>

    init(_ endpoints: [String]) { present = Mutex(endpoints) }

    /// As `tcp://host:port`, best first, never empty.
    var endpoints: [String] { present.withLock { $0 } }

    /// Takes other endpoints; whether they are news.
    func update(_ endpoints: [String]) -> Bool {
        present.withLock { present in
            guard present != endpoints else { return false }
            present = endpoints
            return true
        }
    }
}
