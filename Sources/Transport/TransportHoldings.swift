/// What the transport holds for others, as counts; `TransportLimits` bounds each of them.
package struct TransportHoldings: Sendable, Equatable {
    /// A count as it is, and the most that it ever was.
    package struct Count: Sendable, Equatable {
        /// The count of the transport's last turn.
        package private(set) var now = 0
        /// The most since the start.
        package private(set) var most = 0

        mutating func become(_ value: Int) {
            now = value
            most = max(most, value)
        }
    }

    /// Connections that others opened and that may stay, with those that did not say HELLO yet.
    package internal(set) var connections = Count()
    /// Connections of which a HELLO was read.
    package internal(set) var inboundLinks = Count()
    /// Networks that connections came from lately.
    package internal(set) var sources = Count()
    /// Keys that are refused for what they did.
    package internal(set) var bans = Count()
    /// Bytes of messages that were not whole or not read, when last looked at.
    package internal(set) var unreadBytes = Count()
    /// Connections that were accepted since the start.
    package internal(set) var accepted = 0
    /// Connections that were cut as soon as they were accepted, since the start.
    package internal(set) var cutAtOnce = 0
}
