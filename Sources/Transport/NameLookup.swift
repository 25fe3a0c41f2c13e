import Glibc

/// Asks the system for the addresses of a host's name, which may take many seconds.
package enum NameLookup {
    /// Addresses of one name that are tried at most.
    static let addressesMax = 8

    /// The numeric addresses of `host`, in the order in which they should be tried; empty when the
    /// system knows none.
    package static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next, addresses.count < addressesMax {
            next = entry.pointee.ai_next
            guard let text = text(of: entry.pointee), !addresses.contains(text) else { continue }
            addresses.append(text)
        }
        return addresses
    }

    /// Whether `text` is a numeric address, perhaps with the link on which it counts.
    static func isNumeric(_ text: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        let address = String(text.prefix { $0 != "%" })
        return inet_pton(AF_INET6, address, &six) == 1
            || address == text && inet_pton(AF_INET, address, &four) == 1
    }

    private static func text(of entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let outcome = getnameinfo(
            entry.ai_addr,
            entry.ai_addrlen,
            &text,
            socklen_t(text.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard outcome == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
