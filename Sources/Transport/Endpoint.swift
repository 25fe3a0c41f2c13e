/// A TCP endpoint in ZeroMQ's spelling, `tcp://host:port`.
///
/// Endpoints come from strangers, so everything else that libzmq understands (ipc, inproc, source
/// addresses, wildcards) is refused here.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: UInt16

    /// Reads `host:port` or `[IPv6 address]:port`, with or without `tcp://` before it.
    init?(_ text: String) {
        let rest = text.hasPrefix("tcp://") ? text.dropFirst(6) : text[...]
        guard let colon = rest.lastIndex(of: ":") else { return nil }
        let host = rest[..<colon]
        let digits = rest[rest.index(after: colon)...]
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(digits), port > 0, Self.isHost(host)
        else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// The same port of an address as the system writes it; nil for what is none.
    func at(_ address: String) -> Endpoint? {
        guard NameLookup.isNumeric(address) else { return nil }
        return Endpoint(address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)")
    }

    /// Whether the host is a name, whose addresses are to be looked up.
    var isNamed: Bool {
        !host.hasPrefix("[")
            && !host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    }

    var description: String { "tcp://\(host):\(port)" }

    /// Letters in a host name, by RFC 1035.
    private static let hostCountMax = 253

    private static func isHost(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= hostCountMax else { return false }
        if host.hasPrefix("[") {
            return host.hasSuffix("]") && isIPv6(host.dropFirst().dropLast())
        }
        return host.utf8.allSatisfy {
            isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }

    /// Whether it looks like an IPv6 address; behind a `%` may stand the interface of this machine
    /// on whose link it is.
    private static func isIPv6(_ text: Substring) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, !address.isEmpty,
            address.utf8.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") })
        else { return false }
        return parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy(isZoneByte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...70, 97...102: true
        default: false
        }
    }

    private static func isZoneByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "-._".utf8.contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }
}
