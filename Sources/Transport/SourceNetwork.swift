import Glibc

/// Where a connection comes from, as far as one owner of addresses is told from another: a whole
/// IPv4 address, or the first half of an IPv6 address, of which the rest is its owner's choice.
struct SourceNetwork: Hashable {
    /// The IPv4 address, or the first 64 bits of the IPv6 address.
    private let bits: UInt64
    private let isIPv4: Bool

    /// The source of the connection with this descriptor; nil when it is gone already.
    init?(of descriptor: CInt) {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getpeername(descriptor, $0, &size) == 0
            }
        }
        guard isKnown else { return nil }
        let bytes = withUnsafeBytes(of: &address) { [UInt8]($0) }
        switch CInt(address.ss_family) {
        case AF_INET: self.init(four: bytes[Self.fourAt..<Self.fourAt + 4])
        case AF_INET6: self.init(six: bytes[Self.sixAt..<Self.sixAt + 16])
        default: return nil
        }
    }

    private init(bits: UInt64, isIPv4: Bool) {
        self.bits = bits
        self.isIPv4 = isIPv4
    }

    private init(four: ArraySlice<UInt8>) {
        self.init(bits: four.reduce(0) { $0 << 8 | UInt64($1) }, isIPv4: true)
    }

    /// A socket for both kinds of address sees IPv4 ones behind ten zeros and two bytes of ones.
    private init(six: ArraySlice<UInt8>) {
        if six.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] {
            self.init(four: six.suffix(4))
        } else {
            self.init(bits: six.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, isIPv4: false)
        }
    }

    /// Where the address stands in `sockaddr_in` and in `sockaddr_in6`.
    private static let fourAt = 4
    private static let sixAt = 8
}
