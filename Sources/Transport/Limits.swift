package import Primitives

/// Bounds on everything that a stranger can make the transport hold.
package struct TransportLimits: Sendable {
    /// Bytes of one ZeroMQ frame on the wire; libzmq drops a connection that sends more.
    ///
    /// A 256 KiB chunk, its proof and its envelope fit.
    package var wireFrameBytesMax = 384 * 1024
    /// Bytes in the body of HELLO and WELCOME, and all that is read before a link is admitted.
    package var helloBytesMax = 4096
    /// Frames in one message.
    package let framesMax = 3
    /// Open connections with which another key passes the handshake; 29 KiB each when idle.
    package var inboundLinksMax = 1024
    /// Connections that are open before and after the handshake; any more are cut at once.
    package var connectionsMax = 2048
    /// Connections that one source has open at the same time, or opens at once.
    ///
    /// A source is an IPv4 address, or the first 64 bits of an IPv6 address. A laboratory behind
    /// one address fits; to keep newcomers out takes four of them.
    package var connectionsPerSourceMax = 256
    /// Sources whose share is remembered; the one that has rested first makes room.
    package var sourcesMax = 4096
    /// Descriptors of the whole process from which on connections are cut at once.
    ///
    /// Nil for four fifths of what the process may open: libzmq spins when they run out.
    package var descriptorsMax: Int?
    /// Bytes that a connection brings before it is admitted, its handshake and HELLO included.
    package var strangerBytesMax = 16 * 1024
    /// Bytes of one link's messages that are not whole or not read.
    ///
    /// `highWaterMark` messages of one full frame, which is what the layer above sends, take
    /// 24 MiB. libzmq itself would keep all frames of a message that never ends.
    package var unreadBytesMax = 32 << 20
    /// Bytes of all connections' messages that are not whole or not read; when there are more, the
    /// connection with the most of them is cut.
    package var unreadBytesTotalMax = 256 << 20
    /// Links that one peer may have open towards us; the oldest is closed when it opens another.
    package var inboundLinksPerPeerMax = 4
    /// Endpoints that are dialled at the same time; four descriptors each.
    package var dialsMax = 256
    /// Names that are looked up at the same time; one that nobody answers for takes a thread for
    /// half a minute.
    var lookUpsMax = 4
    /// Messages that libzmq holds in each direction of one link.
    package var highWaterMark = 64
    /// Events that wait for the owner before the transport stops reading from its sockets.
    package var mailboxEventsMax = 1024
    /// Bytes of frames that wait for the owner before the transport stops reading.
    package var mailboxBytesMax = 64 << 20
    /// Messages that wait for one peer's link.
    package var outgoingMessagesPerPeerMax = 256
    /// Bytes that wait for one peer's link.
    package var outgoingBytesPerPeerMax = 16 << 20
    /// Bytes that wait for all links together.
    package var outgoingBytesMax = 128 << 20
    /// Orders (dial, hang up, ban) that wait for the transport's thread.
    package var commandsMax = 1024
    /// Banned keys and banned peers that are remembered; the ban that ends first makes room.
    package var bansMax = 4096
    /// Bytes of the reason that a refused dialler is told.
    package let reasonBytesMax = 200

    /// Bytes of one frame that `send` takes: the wire's bound less encryption and the kind byte.
    package var frameBytesMax: Int { wireFrameBytesMax - 64 }

    /// The bounds of a peer on the internet.
    package init() {}
}

/// How long the transport waits for what.
package struct TransportTiming: Sendable {
    /// The CURVE handshake of one connection.
    package var handshake = TimeSpan.seconds(4)
    /// How long a name may be looked up.
    var lookUp = TimeSpan.seconds(30)
    /// How soon another endpoint of the same peer is tried while an attempt is under way.
    var stagger = TimeSpan.milliseconds(250)
    /// From dialling to the end of the handshake; covers the TCP connection.
    package var connect = TimeSpan.seconds(10)
    /// From the end of the handshake to HELLO, and from HELLO to WELCOME.
    package var hello = TimeSpan.seconds(5)
    /// Between two connections of one source, after as many as it may open at once.
    package var sourceInterval = TimeSpan.milliseconds(30)
    /// Between two PINGs of a dialler.
    package var ping = TimeSpan.seconds(30)
    /// Without any message before a link counts as dead.
    package var silence = TimeSpan.seconds(75)
    /// Before the first new attempt on a lost or failed dial.
    package var redialMin = TimeSpan.seconds(1)
    /// Before any later attempt; each failure doubles the wait until it is reached.
    package var redialMax = TimeSpan.seconds(60)
    /// Between two probes of TCP itself, which notice a vanished machine.
    package var keepAlive = TimeSpan.seconds(15)
    /// How long a key is refused after it broke the rules of the link.
    package var offenceBan = TimeSpan.seconds(600)
    /// How long a refused dialler has to read the reason before it is cut off.
    package var farewell = TimeSpan.milliseconds(500)
    /// How long `close` goes on sending what was queued.
    package var linger = TimeSpan.milliseconds(300)

    /// The waits of a peer on the internet.
    package init() {}
}
