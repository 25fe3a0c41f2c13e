import Glibc
package import Primitives
import Synchronization

/// Encrypted links with other peers over ZeroMQ, served by a thread of their own.
///
/// ```
///   any thread ── orders, messages ──▶ Exchange ─▶ ┌─────────────┐ ◀─▶ ROUTER  (who dials us)
///                                       (bounded)  │ Switchboard │ ◀─▶ DEALERs (whom we dial)
///   one task   ◀── for await events ── Mailbox  ◀─ └─────────────┘ ◀─▶ ZAP     (who may)
/// ```
/// A link is bound to a peer when `Admission` accepted its HELLO or WELCOME. Messages arrive in
/// order on each link. Nothing is acknowledged: what was queued when the last link went is lost.
///
/// One transport for each process: libzmq aborts the process on what it takes for its own mistake,
/// and one thread serves everybody. Several at a time work, and tests rely on it.
package final class ZeroMQTransport: Sendable {
    /// What happens on the links; one task drains it.
    package let events: Mailbox

    /// Where others dial us, `tcp://address:port` with the actual port; nil for a leaf.
    package let boundEndpoint: String?

    private let exchange: Exchange
    private let thread: Mutex<pthread_t?>

    /// Opens the port, if any, and starts the thread.
    package init(
        configuration: TransportConfiguration,
        admission: any Admission
    ) throws(TransportError) {
        let signal = try WakeSignal()
        let limits = configuration.limits
        let exchange = Exchange(limits: limits, signal: signal)
        let events = Mailbox(
            eventsMax: limits.mailboxEventsMax,
            bytesMax: limits.mailboxBytesMax,
            onRoom: { signal.raise() }
        )
        let switchboard = try Switchboard(
            configuration,
            admission: admission,
            exchange: exchange,
            mailbox: events,
            signal: signal
        )
        self.exchange = exchange
        self.events = events
        boundEndpoint = switchboard.boundEndpoint
        thread = Mutex(try Self.start(switchboard))
    }

    deinit { close() }

    /// The port that we listen on; nil for a leaf.
    package var boundPort: UInt16? { boundEndpoint.flatMap(Endpoint.init)?.port }

    /// Whether `endpoint` is of the form that `dial` takes.
    package static func isEndpoint(_ endpoint: String) -> Bool { Endpoint(endpoint) != nil }

    /// The host in `endpoint`, without the brackets of IPv6; nil for what is no endpoint.
    package static func host(of endpoint: String) -> String? {
        guard let host = Endpoint(endpoint)?.host else { return nil }
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    /// Dials `endpoint`, where the holder of `curveKey` must answer, until `hangUp`.
    ///
    /// Tries again for ever, with growing waits. Dialling what is dialled already changes nothing.
    /// A host name is looked up before each round of attempts, on a thread of its own, and all of
    /// its addresses are tried. While one endpoint leads to `curveKey`, no other one is tried.
    package func dial(endpoint: String, curveKey: CurveKey) throws(TransportError) {
        guard let target = Endpoint(endpoint) else { throw .malformedEndpoint(endpoint) }
        try exchange.dial(DialTarget(endpoint: target, curveKey: curveKey))
    }

    /// Stops dialling `endpoint` and closes the link that came of it.
    @discardableResult
    package func hangUp(endpoint: String, curveKey: CurveKey) -> Bool {
        guard let target = Endpoint(endpoint) else { return false }
        return exchange.order(.hangUp(DialTarget(endpoint: target, curveKey: curveKey)))
    }

    /// Queues one to three frames for `peer`; never waits.
    ///
    /// Goes over a link that we dialled if there is one, else over the newest that `peer` opened.
    package func send(to peer: PeerID, frames: [Bytes]) -> SendOutcome {
        exchange.send(to: peer, frames)
    }

    /// How long an answer of `peer` takes, measured when a link came up and with each ping.
    package func roundTrip(of peer: PeerID) -> TimeSpan? { exchange.roundTrip(of: peer) }

    /// What the transport holds for others, as its thread last said, and the most of it so far.
    package var holdings: TransportHoldings { exchange.holdings }

    /// Closes all links with `peer` and stops dialling it; it may come back.
    ///
    /// Like `hangUp` and `ban`, false when too many orders wait already.
    @discardableResult
    package func disconnect(_ peer: PeerID) -> Bool { exchange.order(.disconnect(peer)) }

    /// Closes all links with `peer` and refuses it until the transport is closed.
    @discardableResult
    package func ban(_ peer: PeerID) -> Bool { exchange.order(.banPeer(peer)) }

    /// Closes all links of the holder of `key` and refuses it until the transport is closed.
    @discardableResult
    package func ban(_ key: CurveKey) -> Bool { exchange.order(.banKey(key)) }

    /// Sends what is queued for at most two times `linger`, frees the port and ends the events.
    ///
    /// Waits for the thread; calling it again does nothing.
    package func close() {
        exchange.close()
        thread.withLock { thread in
            guard let running = thread.take() else { return }
            pthread_join(running, nil)
        }
    }

    /// The thread takes over the only reference to the switchboard.
    private static func start(_ switchboard: Switchboard) throws(TransportError) -> pthread_t {
        var thread = pthread_t()
        let reference = Unmanaged.passRetained(switchboard)
        let failure = pthread_create(
            &thread,
            nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Switchboard>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            },
            reference.toOpaque()
        )
        guard failure == 0 else {
            reference.release()
            throw .system(operation: "start a thread", reason: String(cString: strerror(failure)))
        }
        return thread
    }
}
