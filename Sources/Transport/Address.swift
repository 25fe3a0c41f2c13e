import Glibc
package import Primitives

extension NetworkPrefix {
    /// The network of a numeric address as the system writes it; nil for what is none, or tells
    /// nothing.
    package init?(text: String) {
        var four = in_addr()
        var six = in6_addr()
        // A scope behind the address names an interface of this machine.
        let address = String(text.prefix { $0 != "%" })
        if inet_pton(AF_INET, address, &four) == 1 {
            self.init(address: withUnsafeBytes(of: &four) { Bytes($0) })
        } else if inet_pton(AF_INET6, address, &six) == 1 {
            self.init(address: withUnsafeBytes(of: &six) { Bytes($0) })
        } else {
            return nil
        }
    }
}
