package import Primitives
import Transport
import Wire

/// Where a peer can be joined: `starling://host:port/<peer>?curve=<key>`, keys in hexadecimal.
package struct JoinAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host and port, as `tcp://host:port`.
    package let endpoint: String
    /// Who must answer there.
    package let peer: PeerID
    /// The key of its encrypted links.
    package let curveKey: CurveKey

    /// The address of `peer`.
    package init(endpoint: String, peer: PeerID, curveKey: CurveKey) {
        self.endpoint = endpoint
        self.peer = peer
        self.curveKey = curveKey
    }

    /// Reads an address; nil for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.scheme) else { return nil }
        let rest = text.dropFirst(Self.scheme.count)
        guard let slash = rest.firstIndex(of: "/"), slash != rest.startIndex else { return nil }
        let parts = rest[rest.index(after: slash)...].split(
            separator: "?",
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, let peer = Digest(hexadecimal: parts[0]),
            parts[1].hasPrefix(Self.curveField),
            let curve = Digest(hexadecimal: parts[1].dropFirst(Self.curveField.count))
        else { return nil }
        guard let endpoint = Self.endpoint(rest[..<slash]) else { return nil }
        self.endpoint = endpoint
        self.peer = PeerID(peer)
        curveKey = CurveKey(curve)
    }

    /// `tcp://host:port`, which others may be told to dial; nil for anything but `host:port`.
    package static func endpoint(_ text: some StringProtocol) -> String? {
        let endpoint = "tcp://\(text)"
        let fits = endpoint.utf8.count <= Limits.nameByteCount
        return fits && ZeroMQTransport.isEndpoint(endpoint) ? endpoint : nil
    }

    package var description: String {
        "\(Self.scheme)\(endpoint.dropFirst("tcp://".count))/\(peer)?\(Self.curveField)\(curveKey)"
    }

    private static let scheme = "starling://"
    private static let curveField = "curve="
}
