import Primitives

/// A connection that a stranger opened and began with HELLO, known by its routing id.
///
/// ```
/// HELLO admitted ──▶ linked ──(silent, hung up, offence)──▶ closing ──▶ forgotten
/// HELLO refused ───────────────────────────────────────────▶ closing
/// ```
struct InboundLink {
    /// Who uses the connection.
    enum Phase {
        /// An admitted peer.
        case linked(PeerID)
        /// Nobody: what still arrives is dropped. It is cut off when `deadline` has come.
        case closing(deadline: Instant?)
    }

    /// The proven key of the other side, as text; a routing id alone proves nothing.
    let userID: Bytes
    /// The descriptor of the connection.
    let descriptor: CInt
    var phase: Phase
    var lastHeard: Instant

    /// The admitted peer.
    var peer: PeerID? {
        switch phase {
        case .linked(let peer): peer
        case .closing: nil
        }
    }
}

/// An endpoint that is dialled again and again until it is hung up.
///
/// ```
/// waiting ──▶ connecting ──(handshake: HELLO)──▶ greeting ──(WELCOME)──▶ linked
///  ▲   │ name    ▲  │                               │                      │
///  │   └▶ lookingUp │                               │                      │
///  └────────┴───────┴──────── failed, lost ─────────┴──────────────────────┘
/// ```
/// A name has several addresses: they are tried one after the other, without a wait, and it is
/// looked up again when all of them have failed.
struct Dial {
    /// A socket for one connection, and its monitor.
    final class Line {
        let socket: Socket
        let monitor: Monitor
        /// The descriptor of the connection, once there is one.
        var descriptor: CInt?
        /// Bytes on the wire of the messages that were read.
        var takenByteCount: UInt64 = 0

        init(socket: Socket, monitor: Monitor) {
            self.socket = socket
            self.monitor = monitor
        }
    }

    /// How far the attempt is.
    enum Phase {
        case waiting(until: Instant)
        case lookingUp(until: Instant)
        case connecting(Line, until: Instant)
        case greeting(Line, until: Instant)
        case linked(Line, PeerID, lastHeard: Instant, nextPing: Instant)
    }

    var phase: Phase
    /// Rounds over all addresses that failed since the last link.
    var failureCount = 0
    /// Addresses of the endpoint's name that are still to be tried in this round.
    var addresses: [Endpoint] = []

    /// The connection, if there is an attempt at one.
    var line: Line? {
        switch phase {
        case .waiting, .lookingUp: nil
        case .connecting(let line, _), .greeting(let line, _), .linked(let line, _, _, _): line
        }
    }

    /// When something is to be done without an event.
    func deadline(silence: TimeSpan) -> Instant {
        switch phase {
        case .waiting(let until), .lookingUp(let until), .connecting(_, let until),
            .greeting(_, let until):
            until
        case .linked(_, _, let lastHeard, let nextPing):
            min(nextPing, lastHeard.advanced(by: silence))
        }
    }
}

/// The links with one peer, best first: those we dialled, then those it opened, newest first.
struct PeerLinks {
    var dialled: [DialTarget] = []
    var inbound: [Bytes] = []

    var isEmpty: Bool { dialled.isEmpty && inbound.isEmpty }
}
