import Glibc
package import Primitives
import Transport

/// From where an address can be dialled.
package enum AddressReach: String, Sendable {
    /// From the machine itself.
    case machine
    /// From machines on the same cable or radio.
    case link
    /// From machines of the same private network.
    case localNetwork
    /// From everywhere, unless something between forbids it.
    case internet

    /// The reach of an address of 4 or 16 bytes; nil for one that names no machine.
    package init?(_ address: Bytes) {
        switch address.count {
        case 4:
            switch (address[0], address[1]) {
            case (0, _), (224..., _): return nil
            case (127, _): self = .machine
            case (169, 254): self = .link
            default: self = NetworkPrefix(address: address) == nil ? .localNetwork : .internet
            }
        case 16:
            switch (address[0], address[1]) {
            case (0, _) where address.dropLast().allSatisfy { $0 == 0 }:
                guard address[15] == 1 else { return nil }
                self = .machine
            case (0xff, _): return nil
            case (0xfe, 0x80...0xbf): self = .link
            case (0x20...0x3f, _): self = .internet
            default: self = .localNetwork
            }
        default: return nil
        }
    }

    /// The reach of `tcp://host:port`; a name is taken for one that others can look up.
    package init?(endpoint: String) {
        guard let host = ZeroMQTransport.host(of: endpoint) else { return nil }
        if host == "localhost" {
            self = .machine
            return
        }
        guard let bytes = Self.bytes(of: host) else {
            self = .internet
            return
        }
        self.init(bytes)
    }

    /// The reach of a numeric address; nil for anything else.
    package init?(host: String) {
        guard let bytes = Self.bytes(of: host) else { return nil }
        self.init(bytes)
    }

    /// The 4 or 16 bytes of a numeric address; nil for anything else.
    package static func bytes(of text: some StringProtocol) -> Bytes? {
        var four = in_addr()
        var six = in6_addr()
        let address = String(text.prefix { $0 != "%" })
        if inet_pton(AF_INET, address, &four) == 1 { return withUnsafeBytes(of: &four, Bytes.init) }
        if inet_pton(AF_INET6, address, &six) == 1 { return withUnsafeBytes(of: &six, Bytes.init) }
        return nil
    }
}
