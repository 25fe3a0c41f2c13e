import CZeroMQ
import Dispatch
import Glibc
import Primitives

/// Everything that the transport's thread owns: the sockets, the links, and who is banned.
///
/// Made by the thread that starts the transport, then used by the transport's thread alone.
final class Switchboard {
    let configuration: TransportConfiguration
    let admission: any Admission
    let exchange: Exchange
    let mailbox: Mailbox
    let context: Context
    private let signal: WakeSignal

    var gatekeeper: Gatekeeper?
    var router: Socket?
    var routerMonitor: Monitor?
    /// Accepted connections, also those that did not say HELLO yet.
    var connections: Connections
    var inbound: [Bytes: InboundLink] = [:]
    /// Links whose connection may be gone: asked by sending to them.
    var suspects: Set<Bytes> = []
    /// Links whose connection is gone, but whose last messages may not be read yet.
    var departed: Set<Bytes> = []
    var dials: [DialTarget: Dial] = [:]
    var peers: [PeerID: PeerLinks] = [:]
    var bannedPeers: Set<PeerID> = []
    var outgoing: [PeerID: Queue<[Bytes]>] = [:]
    var monitorCount = 0
    /// Names that are being looked up.
    var lookUpCount = 0
    let lookUps = DispatchQueue(label: "starling.names", attributes: .concurrent)
    var isPaused = false
    /// What is held for others, as the last turn left it.
    var holdings = TransportHoldings()

    private var polled: [Source] = []
    private var pollItems: [zmq_pollitem_t] = []
    private var nextSweep = Instant.zero
    private var retryMilliseconds = 0
    private var closingDeadline: Instant?
    /// The endpoint that others dial; nil for a leaf.
    private(set) var boundEndpoint: String?

    /// What a poll item stands for.
    private enum Source {
        case signal
        case gatekeeper
        case routerMonitor
        case router
        case dial(DialTarget)
    }

    init(
        _ configuration: TransportConfiguration,
        admission: any Admission,
        exchange: Exchange,
        mailbox: Mailbox,
        signal: WakeSignal
    ) throws(TransportError) {
        self.configuration = configuration
        self.admission = admission
        self.exchange = exchange
        self.mailbox = mailbox
        self.signal = signal
        let descriptorsMax = DescriptorLimit.raise() / 5 * 4
        connections = Connections(
            configuration,
            descriptorsMax: configuration.limits.descriptorsMax ?? descriptorsMax
        )
        context = try Context(socketsMax: 16 + 4 * configuration.limits.dialsMax)
        guard let listener = configuration.listener else { return }
        do throws(TransportError) {
            try listen(listener)
        } catch {
            release()
            throw error
        }
    }

    /// Works until `close` is ordered and what waits is handed over or has waited long enough;
    /// then lets go of every socket and of the port.
    func run() {
        while true {
            let batch = exchange.collect()
            let now = Switchboard.now
            take(batch, at: now)
            let progress = flush()
            if batch.isClosing && isFinished(progress, at: now) { break }
            turn(at: now)
            wait(until: nextDeadline(), progress: progress)
        }
        release()
        mailbox.finish()
    }

    private func isFinished(_ progress: FlushProgress, at now: Instant) -> Bool {
        if progress == .nothingWaits { return true }
        let deadline = closingDeadline ?? now.advanced(by: configuration.timing.linger)
        closingDeadline = deadline
        return now >= deadline
    }

    /// The machine's monotonic clock.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(
            nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        )
    }

    /// Closes every socket and waits until the port is free.
    private func release() {
        dials.removeAll()
        router = nil
        routerMonitor = nil
        gatekeeper = nil
        context.terminate()
    }

    // MARK: One turn

    private func turn(at now: Instant) {
        resumeIfRoom(at: now)
        gatekeeper?.answer(
            at: now,
            isFull: connections.count > configuration.limits.inboundLinksMax
        )
        readRouterMonitor(at: now)
        probeSuspects()
        readRouter(at: now)
        for target in busyDials() { serve(target, at: now) }
        advanceDials(at: now)
        if now >= nextSweep {
            nextSweep = now.advanced(by: sweepInterval)
            sweep(at: now)
        }
        count()
    }

    /// Tells the owner's side what is held.
    private func count() {
        holdings.connections.become(connections.count)
        holdings.inboundLinks.become(inbound.count)
        holdings.sources.become(connections.sourceCount)
        holdings.bans.become(gatekeeper?.banCount ?? 0)
        exchange.report(holdings)
    }

    /// Silence that our own pause made is nobody's fault.
    private func resumeIfRoom(at now: Instant) {
        let wasPaused = isPaused
        isPaused = !mailbox.hasRoom
        guard wasPaused, !isPaused else { return }
        for id in inbound.keys { inbound[id]?.lastHeard = now }
        for (target, dial) in dials {
            if case .linked(let line, let peer, _, let nextPing) = dial.phase {
                dials[target]?.phase = .linked(line, peer, lastHeard: now, nextPing: nextPing)
            }
        }
    }

    /// A quarter of the shortest wait that sweeping enforces, at most a second.
    private var sweepInterval: TimeSpan {
        let timing = configuration.timing
        let shortest = min(timing.silence, timing.hello, timing.farewell, .seconds(4))
        return max(shortest.divided(by: 4), .milliseconds(5))
    }

    private func busyDials() -> [DialTarget] {
        var busy: Set<DialTarget> = []
        for (index, source) in polled.enumerated() where pollItems[index].revents != 0 {
            if case .dial(let target) = source { busy.insert(target) }
        }
        return Array(busy)
    }

    private func nextDeadline() -> Instant {
        var deadline = min(nextSweep, closingDeadline ?? nextSweep)
        for dial in dials.values {
            deadline = min(deadline, dial.deadline(silence: configuration.timing.silence))
        }
        return deadline
    }

    // MARK: Waiting

    /// Sleeps until a socket, another thread or `deadline` wants something.
    private func wait(until deadline: Instant, progress: FlushProgress) {
        listSources()
        var milliseconds = Int(deadline.since(Switchboard.now).nanoseconds / 1_000_000) + 1
        if !suspects.isEmpty || !departed.isEmpty { milliseconds = min(milliseconds, 20) }
        switch progress {
        case .nothingWaits: retryMilliseconds = 0
        case .moved: (retryMilliseconds, milliseconds) = (0, 0)
        case .blocked:
            retryMilliseconds = min(max(1, retryMilliseconds * 2), 50)
            milliseconds = min(milliseconds, retryMilliseconds)
        }
        zmq_poll(&pollItems, CInt(pollItems.count), milliseconds)
    }

    private func listSources() {
        polled.removeAll(keepingCapacity: true)
        pollItems.removeAll(keepingCapacity: true)
        poll(.signal, zmq_pollitem_t(socket: nil, fd: signal.descriptor, events: 1, revents: 0))
        if let gatekeeper { poll(.gatekeeper, gatekeeper.socket) }
        if let routerMonitor { poll(.routerMonitor, routerMonitor.socket) }
        if let router, !isPaused { poll(.router, router) }
        for (target, dial) in dials {
            guard let line = dial.line else { continue }
            poll(.dial(target), line.monitor.socket)
            if !isPaused { poll(.dial(target), line.socket) }
        }
    }

    private func poll(_ source: Source, _ socket: Socket) {
        let item = zmq_pollitem_t(
            socket: socket.pointer,
            fd: 0,
            events: Int16(ZMQ_POLLIN),
            revents: 0
        )
        poll(source, item)
    }

    private func poll(_ source: Source, _ item: zmq_pollitem_t) {
        polled.append(source)
        pollItems.append(item)
    }

    // MARK: Opening sockets

    private func listen(_ listener: TransportConfiguration.Listener) throws(TransportError) {
        gatekeeper = try Gatekeeper(context, configuration)
        let router = try Socket(context, ZMQ_ROUTER)
        self.router = router
        try setCommonOptions(of: router, host: listener.address)
        try router.set(ZMQ_CURVE_SERVER, 1)
        try router.set(ZMQ_CURVE_SECRETKEY, bytes: configuration.keys.secretKey.bytes)
        try router.set(ZMQ_ZAP_DOMAIN, bytes: Gatekeeper.domain)
        try router.set(ZMQ_ROUTER_MANDATORY, 1)
        try router.set(ZMQ_BACKLOG, 1024)
        routerMonitor = try Monitor(of: router, in: context, number: 0)
        let port = listener.port == 0 ? "*" : String(listener.port)
        let isIPv6 = listener.address.contains(":")
        let address = isIPv6 ? "[\(listener.address)]" : listener.address
        guard zmq_bind(router.pointer, "tcp://\(address):\(port)") == 0 else {
            throw bindError(listener, zmq_errno())
        }
        boundEndpoint = router.lastEndpoint
    }

    private func bindError(
        _ listener: TransportConfiguration.Listener,
        _ reason: CInt
    ) -> TransportError {
        switch reason {
        case EADDRINUSE: .portInUse(listener.port)
        case EACCES: .portForbidden(listener.port)
        case EADDRNOTAVAIL, ENODEV, EINVAL: .addressUnavailable(listener.address)
        default:
            .system(
                operation: "listen on \(listener.address):\(listener.port)",
                reason: String(cString: zmq_strerror(reason))
            )
        }
    }

    /// Options that both kinds of socket need before they bind or connect.
    func setCommonOptions(of socket: Socket, host: String) throws(TransportError) {
        let (limits, timing) = (configuration.limits, configuration.timing)
        try socket.set(ZMQ_LINGER, timing.linger.milliseconds)
        try socket.set(ZMQ_SNDHWM, limits.highWaterMark)
        try socket.set(ZMQ_RCVHWM, limits.highWaterMark)
        try socket.set(ZMQ_HANDSHAKE_IVL, timing.handshake.milliseconds)
        // Not ZeroMQ's heartbeats: their timer aborts the process when a connection has ended while
        // its messages wait to be read (libzmq, issue 4364).
        let keepAlive = max(1, timing.keepAlive.milliseconds / 1_000)
        try socket.set(ZMQ_TCP_KEEPALIVE, 1)
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, keepAlive)
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, keepAlive)
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3)
        let isIPv4 = host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        try socket.set(ZMQ_IPV6, isIPv4 ? 0 : 1)
        try socket.setMessageBytesMax(limits.wireFrameBytesMax)
    }
}

extension TimeSpan {
    /// Whole milliseconds, as libzmq wants them.
    fileprivate var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}
