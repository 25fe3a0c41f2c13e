package import Primitives

/// Everything that `ZeroMQTransport` is told when it starts.
package struct TransportConfiguration: Sendable {
    /// Where a hub listens.
    package struct Listener: Sendable {
        /// A numeric address of this machine, of IPv4 or IPv6, or `*` for all of them.
        package var address: String
        /// The port; 0 lets the system choose one.
        package var port: UInt16

        /// Listens on `port` of `address`.
        package init(address: String, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// Where to listen; a leaf listens nowhere and only dials.
    package var listener: Listener?
    /// The keys of our end of every link.
    package var keys: CurveKeyPair
    /// The only keys that may connect; nil admits every key that is not banned.
    package var allowed: Set<CurveKey>?
    /// Bounds on memory, links and queues.
    package var limits = TransportLimits()
    /// How long to wait for what.
    package var timing = TransportTiming()

    /// The numeric addresses of a host's name; asked on threads of its own.
    package var lookUp: @Sendable (String) -> [String] = NameLookup.addresses

    /// A transport with the default bounds and waits.
    package init(listener: Listener?, keys: CurveKeyPair, allowed: Set<CurveKey>? = nil) {
        self.listener = listener
        self.keys = keys
        self.allowed = allowed
    }
}
