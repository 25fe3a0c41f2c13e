/// The network in which a machine is seen: 24 bits of an IPv4 address, or 48 of an IPv6 address.
///
/// Machines of one such network tend to be of one owner, or to fail together.
package struct NetworkPrefix: RawRepresentable, Hashable, Sendable {
    /// The kind of address, 4 or 6, and below it 48 bits that end with the prefix.
    package let rawValue: UInt64

    /// The prefix that `rawValue` stands for.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The network of an address of 4 or 16 bytes; nil where that says nothing, as on a private
    /// network, on one machine, or behind a provider's own translator.
    ///
    /// - Source: IANA's registries of special-purpose addresses, RFC 6890.
    package init?(address: Bytes) {
        switch address.count {
        case 4:
            guard Self.isPublic(address) else { return nil }
            self.init(4, address.prefix(3))
        case 16 where address.prefix(12) == Self.mapped:
            self.init(address: Bytes(address.suffix(4)))
        case 16 where address[0] >> 5 == 0b001:
            self.init(6, address.prefix(6))
        default:
            return nil
        }
    }

    private init(_ kind: UInt64, _ bytes: ArraySlice<UInt8>) {
        self.init(rawValue: kind << 48 | bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// How IPv4 addresses begin where they are written as IPv6 ones.
    private static let mapped = ArraySlice<UInt8>(Bytes(repeating: 0, count: 10) + [0xff, 0xff])

    private static func isPublic(_ address: Bytes) -> Bool {
        switch (address[0], address[1]) {
        case (0, _), (10, _), (127, _), (100, 64...127), (169, 254), (172, 16...31), (192, 168),
            (224..., _):
            false
        default: true
        }
    }
}
