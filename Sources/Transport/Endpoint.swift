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

    var description: String { "tcp://\(host):\(port)" }

    /// Letters in a host name, by RFC 1035.
    private static let hostCountMax = 253

    private static func isHost(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= hostCountMax else { return false }
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            return host.hasSuffix("]") && !inner.isEmpty
                && inner.utf8.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        }
        return host.utf8.allSatisfy {
            isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...70, 97...102: true
        default: false
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }
}
