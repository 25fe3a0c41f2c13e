import CZeroMQ
import Dispatch
import Primitives

/// Connections that we open: one socket for each attempt.
extension Switchboard {
    /// Begins every attempt whose time has come, pings, and gives up on what stays silent.
    func advanceDials(at now: Instant) {
        let timing = configuration.timing
        for (target, dial) in dials {
            switch dial.phase {
            case .waiting(let until):
                guard now >= until else { continue }
                if let later = laterTurn(of: target, at: now) {
                    dials[target]?.phase = .waiting(until: later)
                } else {
                    open(target, at: now)
                }
            case .lookingUp(let until):
                if now >= until { fail(target, "its name is not answered for", at: now) }
            case .connecting(_, let until):
                if now >= until { fail(target, "no connection in time", at: now) }
            case .greeting(_, let until):
                if now >= until && !isPaused { fail(target, "no WELCOME in time", at: now) }
            case .linked(let line, let peer, let lastHeard, let nextPing):
                if now >= lastHeard.advanced(by: timing.silence) && !isPaused {
                    fail(target, "silent for too long", at: now)
                } else if now >= nextPing {
                    _ = line.socket.send(.ping, [[]])
                    let next = now.advanced(by: timing.ping)
                    dials[target]?.phase = .linked(
                        line,
                        peer,
                        lastHeard: lastHeard,
                        nextPing: next
                    )
                }
            }
        }
    }

    /// Reads what arrived on a dialled line, then what happened to its connection.
    func serve(_ target: DialTarget, at now: Instant) {
        guard let line = dials[target]?.line else { return }
        for _ in 0..<configuration.limits.highWaterMark {
            guard mailbox.hasRoom, receive(on: line, target, at: now) else { break }
        }
        while dials[target]?.line === line, let change = line.monitor.next() {
            switch change {
            case .ready: greet(target, line, at: now)
            case .failed(let reason): fail(target, reason, at: now)
            case .disconnected:
                readRest(of: line, target, at: now)
                fail(target, lossReason(target), at: now)
            case .connected(let descriptor): line.descriptor = descriptor
            case .accepted: break
            }
        }
    }

    /// Gives up lines whose other end sends a message without end.
    func sweepDialled(at now: Instant) {
        let limits = configuration.limits
        for (target, dial) in dials {
            guard let line = dial.line, let descriptor = line.descriptor,
                let count = unreadByteCount(
                    of: descriptor,
                    takenByteCount: line.takenByteCount
                )
            else { continue }
            let isLinked = if case .linked = dial.phase { true } else { false }
            guard count > (isLinked ? limits.unreadBytesMax : limits.strangerBytesMax) else {
                continue
            }
            refuse(target, "sent \(count) bytes without the end of a message", at: now)
        }
    }

    /// When a peer that answers elsewhere, or may be about to, is thought of again; nil for now.
    ///
    /// A peer may be dialled at several endpoints: one link is enough, and the others are tried
    /// when that does not come about soon.
    private func laterTurn(of target: DialTarget, at now: Instant) -> Instant? {
        let timing = configuration.timing
        for (other, dial) in dials where other.curveKey == target.curveKey && other != target {
            switch dial.phase {
            case .waiting, .lookingUp: continue
            case .connecting(_, let until):
                let turn = until.advanced(by: timing.stagger)
                let end = now.advanced(by: timing.connect)
                if turn > end { return now.advanced(by: turn.since(end)) }
            case .greeting: return now.advanced(by: timing.stagger)
            case .linked: return now.advanced(by: timing.redialMin)
            }
        }
        return nil
    }

    /// Ends the attempt or the link, and waits before the next one unless there is another address.
    func fail(_ target: DialTarget, _ reason: String, at now: Instant) {
        guard let dial = dials[target] else { return }
        let wasLinked = end(target, dial)
        if !wasLinked, !dial.addresses.isEmpty {
            dials[target]?.phase = .waiting(until: now)
        } else {
            let failureCount = wasLinked ? 0 : dial.failureCount + 1
            let until = now.advanced(by: redialWait(failureCount))
            dials[target] = Dial(phase: .waiting(until: until), failureCount: failureCount)
        }
        guard !wasLinked else { return }
        mailbox.postIfRoom(.dialFailed(endpoint: "\(target.endpoint)", reason: reason))
    }

    /// Stops dialling `target` for good.
    func hangUp(_ target: DialTarget) {
        exchange.forget(target)
        guard let dial = dials.removeValue(forKey: target) else { return }
        _ = end(target, dial)
    }

    /// Takes the peer off the line; whether there was one.
    private func end(_ target: DialTarget, _ dial: Dial) -> Bool {
        guard case .linked(_, let peer, _, _) = dial.phase else { return false }
        detach(.dialled(target), from: peer)
        return true
    }

    private func open(_ target: DialTarget, at now: Instant) {
        guard target.endpoint.isNamed else {
            open(target, target.endpoint, at: now)
            return
        }
        if let address = nextAddress(of: target) {
            open(target, address, at: now)
        } else {
            lookUp(target, at: now)
        }
    }

    private func nextAddress(of target: DialTarget) -> Endpoint? {
        guard dials[target]?.addresses.isEmpty == false else { return nil }
        return dials[target]?.addresses.removeFirst()
    }

    /// Looks the endpoint's name up on another thread: libzmq would hold up all links meanwhile.
    private func lookUp(_ target: DialTarget, at now: Instant) {
        guard lookUpCount < configuration.limits.lookUpsMax else {
            let until = now.advanced(by: configuration.timing.stagger)
            dials[target]?.phase = .waiting(until: until)
            return
        }
        lookUpCount += 1
        let until = now.advanced(by: configuration.timing.lookUp)
        dials[target]?.phase = .lookingUp(until: until)
        lookUps.async { [exchange, lookUp = configuration.lookUp] in
            exchange.lookedUp(target, addresses: lookUp(target.endpoint.host))
        }
    }

    /// The addresses of a name have come, perhaps for nobody any more.
    func lookedUp(_ target: DialTarget, _ addresses: [String], at now: Instant) {
        lookUpCount -= 1
        guard case .lookingUp = dials[target]?.phase else { return }
        let endpoints = addresses.prefix(NameLookup.addressesMax).compactMap(target.endpoint.at)
        guard !endpoints.isEmpty else {
            fail(target, "no address is known for this name", at: now)
            return
        }
        dials[target]?.addresses = endpoints
        open(target, at: now)
    }

    private func open(_ target: DialTarget, _ endpoint: Endpoint, at now: Instant) {
        do throws(TransportError) {
            let line = try makeLine(target, endpoint)
            let until = now.advanced(by: configuration.timing.connect)
            dials[target]?.phase = .connecting(line, until: until)
        } catch {
            fail(target, "\(error)", at: now)
        }
    }

    /// A socket on its way to `endpoint`, which is that of `target` or one of its name's.
    private func makeLine(
        _ target: DialTarget,
        _ endpoint: Endpoint
    ) throws(TransportError) -> Dial.Line {
        let socket = try Socket(context, ZMQ_DEALER)
        try setCommonOptions(of: socket, host: endpoint.host)
        try socket.set(ZMQ_CURVE_SERVERKEY, bytes: target.curveKey.digest.bytes)
        try socket.set(ZMQ_CURVE_PUBLICKEY, bytes: configuration.keys.publicKey.digest.bytes)
        try socket.set(ZMQ_CURVE_SECRETKEY, bytes: configuration.keys.secretKey.bytes)
        try socket.set(ZMQ_IMMEDIATE, 1)
        try socket.set(ZMQ_RECONNECT_IVL, -1)
        monitorCount += 1
        let monitor = try Monitor(of: socket, in: context, number: monitorCount)
        guard zmq_connect(socket.pointer, "\(endpoint)") == 0 else {
            throw lastError("dial \(endpoint)")
        }
        return Dial.Line(socket: socket, monitor: monitor)
    }

    /// The handshake is done: says HELLO, first of all.
    private func greet(_ target: DialTarget, _ line: Dial.Line, at now: Instant) {
        line.socket.refresh()
        guard line.socket.send(.hello, [ownHello(to: target.curveKey, dialled: true)]) == .sent
        else {
            fail(target, "the connection was lost before HELLO", at: now)
            return
        }
        let until = now.advanced(by: configuration.timing.hello)
        dials[target]?.phase = .greeting(line, until: until)
    }

    /// Takes one message off the line; false when there is none or the line is given up.
    private func receive(on line: Dial.Line, _ target: DialTarget, at now: Instant) -> Bool {
        guard let dial = dials[target], dial.line === line,
            let message = line.socket.receive(framesMax: configuration.limits.framesMax)
        else { return false }
        line.takenByteCount += UInt64(message.wireByteCount)
        guard message.frameCount <= configuration.limits.framesMax,
            let kind = message.frames[0].first
        else {
            refuse(target, "sent a message that breaks the rules of the link", at: now)
            return false
        }
        switch dial.phase {
        case .waiting, .lookingUp: return false
        case .connecting, .greeting: welcome(message, line, target, at: now)
        case .linked(_, let peer, _, let nextPing):
            dials[target]?.phase = .linked(line, peer, lastHeard: now, nextPing: nextPing)
            switch FrameKind(rawValue: kind) {
            case .data: mailbox.post(.received(from: peer, frames: payload(message.frames[...])))
            case .ping: _ = line.socket.send(.pong, [[]])
            case .pong: exchange.heard(peer, on: message.descriptor)
            case .hello, .welcome, .refused, nil: break
            }
        }
        return true
    }

    /// The answer to our HELLO.
    private func welcome(
        _ message: IncomingMessage,
        _ line: Dial.Line,
        _ target: DialTarget,
        at now: Instant
    ) {
        let frame = message.frames[0]
        let body = Bytes(frame.dropFirst())
        guard message.frameCount == 1, body.count <= configuration.limits.helloBytesMax else {
            refuse(target, "answered HELLO with something else", at: now)
            return
        }
        switch FrameKind(rawValue: frame[0]) {
        case .welcome: break
        case .refused:
            refuse(target, "refused us: \(printable(body))", at: now)
            return
        case .hello, .ping, .pong, .data, nil:
            refuse(target, "answered HELLO with something else", at: now)
            return
        }
        switch admission.admit(body, curveKey: target.curveKey, dialled: true) {
        case .refuse(let reason): refuse(target, reason, at: now)
        case .admit(let peer) where bannedPeers.contains(peer): refuse(target, "banned", at: now)
        case .admit(let peer):
            let nextPing = now.advanced(by: configuration.timing.ping)
            dials[target] = Dial(
                phase: .linked(line, peer, lastHeard: now, nextPing: nextPing)
            )
            attach(.dialled(target), to: peer, hello: body, by: message)
        }
    }

    /// Gives up the attempt, and reports who broke it off.
    private func refuse(_ target: DialTarget, _ reason: String, at now: Instant) {
        mailbox.postIfRoom(.refused(target.curveKey, reason: reason))
        fail(target, reason, at: now)
    }

    /// What arrived before the connection was lost; libzmq holds a bounded number of messages.
    private func readRest(of line: Dial.Line, _ target: DialTarget, at now: Instant) {
        while receive(on: line, target, at: now) {}
    }

    private func lossReason(_ target: DialTarget) -> String {
        switch dials[target]?.phase {
        case .connecting:
            "cut off during the handshake; its CURVE key is another, it is full, or it is no peer"
        case .waiting, .lookingUp, .greeting, .linked, nil: "the connection was lost"
        }
    }

    /// Doubles with each failure; a quarter of it is chance, so that peers do not dial in step.
    private func redialWait(_ failureCount: Int) -> TimeSpan {
        let timing = configuration.timing
        let doubled = timing.redialMin.times(1 << UInt64(min(max(failureCount - 1, 0), 16)))
        let wait = min(doubled, timing.redialMax).nanoseconds
        return TimeSpan(nanoseconds: wait - UInt64.random(in: 0...wait / 4))
    }

    /// Text from a stranger, without anything that could steer a terminal.
    private func printable(_ bytes: Bytes) -> String {
        let text = String(
            decoding: bytes.prefix(configuration.limits.reasonBytesMax),
            as: UTF8.self
        )
        return String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0.isASCII })
        )
    }
}
