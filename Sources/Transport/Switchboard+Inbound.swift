import Glibc
import Primitives

/// Connections that others opened: HELLO, messages, offences, silence.
extension Switchboard {
    /// Messages that are read in one turn, so that orders and other sockets get theirs.
    private static let messagesPerTurn = 256

    func readRouterMonitor(at now: Instant) {
        while let change = routerMonitor?.next() {
            switch change {
            case .accepted(let descriptor):
                holdings.accepted += 1
                if connections.accepted(descriptor, at: now) {
                    holdings.connections.become(connections.count)
                    holdings.sources.become(connections.sourceCount)
                } else {
                    holdings.cutAtOnce += 1
                    cut(descriptor)
                }
            case .disconnected(let descriptor):
                connections.ended(descriptor)
                for (id, link) in inbound where link.descriptor == descriptor {
                    suspects.insert(id)
                }
            case .connected, .ready, .failed: break
            }
        }
    }

    func readRouter(at now: Instant) {
        guard let router else { return }
        for _ in 0..<Self.messagesPerTurn {
            guard mailbox.hasRoom else { return }
            guard let message = router.receive(framesMax: 1 + configuration.limits.framesMax)
            else {
                forgetDeparted()
                return
            }
            let idByteCount = message.frames.first.map { wireByteCount(ofFrame: $0.count) } ?? 0
            connections.took(message.wireByteCount - idByteCount, from: message.descriptor)
            handle(message, at: now)
        }
    }

    /// Asks after links whose connection was reported lost: a descriptor alone may be another's.
    func probeSuspects() {
        guard !suspects.isEmpty, let router else { return }
        router.refresh()
        for id in suspects where router.send(to: id, .ping, [[]]) == .gone { depart(id) }
    }

    /// The connection is gone; its link ends when its last messages are read.
    func depart(_ id: Bytes) {
        suspects.remove(id)
        departed.insert(id)
    }

    /// Takes the peer off an inbound link; the connection is cut when `deadline` has come.
    func close(_ id: Bytes, deadline: Instant) {
        guard let link = inbound[id] else { return }
        inbound[id]?.phase = .closing(deadline: deadline)
        if let peer = link.peer { detach(.inbound(id), from: peer) }
    }

    // MARK: Messages

    private func handle(_ message: IncomingMessage, at now: Instant) {
        guard let id = message.frames.first, message.frameCount > 1 else { return }
        if let link = inbound[id] {
            if link.userID == message.userID {
                handle(message, on: id, of: link, at: now)
                return
            }
            // The id is in use again by somebody else, so the connection that had it is gone.
            forget(id)
        }
        greet(message, id, at: now)
    }

    private func handle(
        _ message: IncomingMessage,
        on id: Bytes,
        of link: InboundLink,
        at now: Instant
    ) {
        guard let peer = link.peer else { return }
        inbound[id]?.lastHeard = now
        guard message.frameCount <= 1 + configuration.limits.framesMax else {
            offence(message, id, "sent a message of \(message.frameCount - 1) frames", at: now)
            return
        }
        guard let kind = message.frames[1].first else {
            offence(message, id, "sent an empty frame", at: now)
            return
        }
        switch FrameKind(rawValue: kind) {
        case .data: mailbox.post(.received(from: peer, frames: payload(message.frames[1...])))
        case .ping:
            _ = router?.send(to: id, .pong, [[]])
            exchange.heard(peer, on: message.descriptor)
        case .pong: suspects.remove(id)
        case .hello, .welcome, .refused, nil: break
        }
    }

    /// The first message of a connection, which must be HELLO.
    private func greet(_ message: IncomingMessage, _ id: Bytes, at now: Instant) {
        guard let key = curveKey(message.userID) else {
            cut(message.descriptor)
            return
        }
        let frame = message.frames[1]
        guard message.frameCount == 2, frame.first == FrameKind.hello.rawValue,
            frame.count <= 1 + configuration.limits.helloBytesMax
        else {
            offence(message, id, "began a connection without a HELLO", at: now)
            return
        }
        switch judge(Bytes(frame.dropFirst()), key, at: now) {
        case .admit(let peer): welcome(peer, Bytes(frame.dropFirst()), key, message, id, at: now)
        case .refuse(let reason): refuse(reason, key, message, id, at: now)
        }
    }

    private func judge(_ hello: Bytes, _ key: CurveKey, at now: Instant) -> AdmissionVerdict {
        if gatekeeper?.refuses(key, at: now) != false { return .refuse(reason: "banned") }
        let verdict = admission.admit(hello, curveKey: key, dialled: false)
        if case .admit(let peer) = verdict, bannedPeers.contains(peer) {
            return .refuse(reason: "banned")
        }
        return verdict
    }

    private func welcome(
        _ peer: PeerID,
        _ hello: Bytes,
        _ key: CurveKey,
        _ message: IncomingMessage,
        _ id: Bytes,
        at now: Instant
    ) {
        enter(message, id, .linked(peer), at: now)
        guard router?.send(to: id, .welcome, [ownHello(to: key, dialled: false)]) == .sent else {
            inbound[id]?.phase = .closing(deadline: nil)
            suspects.insert(id)
            return
        }
        let open = peers[peer]?.inbound ?? []
        if open.count >= configuration.limits.inboundLinksPerPeerMax, let oldest = open.last {
            close(oldest, deadline: now)
        }
        attach(.inbound(id), to: peer, hello: hello, by: message)
    }

    /// Remembers a connection by its first message.
    private func enter(
        _ message: IncomingMessage,
        _ id: Bytes,
        _ phase: InboundLink.Phase,
        at now: Instant
    ) {
        inbound[id] = InboundLink(
            userID: message.userID,
            descriptor: message.descriptor,
            phase: phase,
            lastHeard: now
        )
        holdings.inboundLinks.become(inbound.count)
        // The end of a connection that did not wait for us was reported before there was a link.
        readRouterMonitor(at: now)
        if !connections.contains(message.descriptor) { suspects.insert(id) }
    }

    private func refuse(
        _ reason: String,
        _ key: CurveKey,
        _ message: IncomingMessage,
        _ id: Bytes,
        at now: Instant
    ) {
        let text = Bytes(reason.utf8.prefix(configuration.limits.reasonBytesMax))
        _ = router?.send(to: id, .refused, [text])
        let deadline = now.advanced(by: configuration.timing.farewell)
        enter(message, id, .closing(deadline: deadline), at: now)
        mailbox.postIfRoom(.refused(key, reason: reason))
    }

    /// Bans the key for a while and cuts the connection at once.
    private func offence(
        _ message: IncomingMessage,
        _ id: Bytes,
        _ reason: String,
        at now: Instant
    ) {
        if inbound[id] == nil { enter(message, id, .closing(deadline: nil), at: now) }
        close(id, deadline: now)
        cut(message.descriptor)
        ban(message.userID, reason, at: now)
    }

    /// Refuses the key for a while.
    func ban(_ userID: Bytes, _ reason: String, at now: Instant) {
        guard let key = curveKey(userID) else { return }
        gatekeeper?.ban(key, until: now.advanced(by: configuration.timing.offenceBan))
        mailbox.postIfRoom(.refused(key, reason: reason))
    }

    // MARK: Endings

    /// Ends the links whose connection is gone, now that everything they sent is read.
    private func forgetDeparted() {
        for id in departed { forget(id) }
        departed.removeAll(keepingCapacity: true)
    }

    private func forget(_ id: Bytes) {
        suspects.remove(id)
        guard let link = inbound.removeValue(forKey: id), let peer = link.peer else { return }
        detach(.inbound(id), from: peer)
    }

    /// Ends a connection under libzmq, which offers no other way; it reports the loss to us.
    ///
    /// The number may have passed to another of our connections a moment ago. That one is then cut
    /// by mistake, and its owner dials again.
    func cut(_ descriptor: CInt) {
        guard descriptor >= 0 else { return }
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    private func curveKey(_ userID: Bytes) -> CurveKey? {
        Digest(hexadecimal: String(decoding: userID, as: UTF8.self)).map(CurveKey.init)
    }
}
