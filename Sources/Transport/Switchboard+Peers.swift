import Primitives

/// Which links lead to which peer, the owner's orders, and messages on their way out.
extension Switchboard {
    /// A link, by what its kind is known by.
    enum LinkName {
        case dialled(DialTarget)
        case inbound(Bytes)
    }

    /// How far `flush` came.
    enum FlushProgress {
        case nothingWaits
        case moved
        case blocked
    }

    /// Messages for one peer that leave in one turn, so that all peers get theirs.
    private static let messagesPerPeerAndTurn = 64

    // MARK: Links

    /// Counts a link in; the first one of a peer is reported.
    func attach(_ link: LinkName, to peer: PeerID, hello: Bytes, by message: IncomingMessage) {
        let isFirst = peers[peer] == nil
        let isInbound: Bool
        switch link {
        case .dialled(let target):
            peers[peer, default: PeerLinks()].dialled.append(target)
            isInbound = false
        case .inbound(let id):
            peers[peer, default: PeerLinks()].inbound.insert(id, at: 0)
            isInbound = true
        }
        if isFirst { exchange.linked(peer) }
        exchange.heard(peer, on: message.descriptor)
        guard isFirst else { return }
        mailbox.post(
            .linked(peer, hello: hello, inbound: isInbound, address: message.address)
        )
    }

    /// Counts a link out; the last one of a peer is reported, and its messages are given up.
    func detach(_ link: LinkName, from peer: PeerID) {
        switch link {
        case .dialled(let target): peers[peer]?.dialled.removeAll { $0 == target }
        case .inbound(let id): peers[peer]?.inbound.removeAll { $0 == id }
        }
        guard let links = peers[peer], links.isEmpty else { return }
        peers[peer] = nil
        outgoing[peer] = nil
        exchange.unlinked(peer)
        mailbox.post(.unlinked(peer))
    }

    // MARK: Orders

    func take(_ batch: Exchange.Batch, at now: Instant) {
        for command in batch.commands { perform(command, at: now) }
        for (peer, frames) in batch.messages where peers[peer] != nil {
            outgoing[peer, default: Queue()].append(frames)
        }
    }

    private func perform(_ command: Exchange.Command, at now: Instant) {
        switch command {
        case .dial(let target):
            if dials[target] == nil { dials[target] = Dial(phase: .waiting(until: now)) }
        case .hangUp(let target): hangUp(target)
        case .lookedUp(let target, let addresses): lookedUp(target, addresses, at: now)
        case .disconnect(let peer): disconnect(peer, at: now)
        case .banPeer(let peer):
            if bannedPeers.count < configuration.limits.bansMax { bannedPeers.insert(peer) }
            disconnect(peer, at: now)
        case .banKey(let key):
            gatekeeper?.ban(key, until: Instant(nanoseconds: .max))
            for target in dials.keys where target.curveKey == key { hangUp(target) }
            let userID = Bytes(key.description.utf8)
            for (id, link) in inbound where link.userID == userID { close(id, deadline: now) }
        }
    }

    private func disconnect(_ peer: PeerID, at now: Instant) {
        guard let links = peers[peer] else { return }
        for target in links.dialled { hangUp(target) }
        for id in links.inbound { close(id, deadline: now) }
    }

    // MARK: Messages

    /// Hands waiting messages to libzmq, in order for each peer.
    func flush() -> FlushProgress {
        guard !outgoing.isEmpty else { return .nothingWaits }
        router?.refresh()
        var progress = FlushProgress.blocked
        for peer in Array(outgoing.keys) where flush(peer) {
            progress = .moved
        }
        return outgoing.isEmpty ? .nothingWaits : progress
    }

    /// Whether a message for `peer` left.
    private func flush(_ peer: PeerID) -> Bool {
        var hasMoved = false
        for _ in 0..<Self.messagesPerPeerAndTurn {
            guard let frames = outgoing[peer]?.first, deliver(frames, to: peer) else { break }
            _ = outgoing[peer]?.popFirst()
            exchange.sent(to: peer, byteCount: frames.reduce(0) { $0 + $1.count })
            hasMoved = true
        }
        if outgoing[peer]?.isEmpty == true { outgoing[peer] = nil }
        return hasMoved
    }

    /// Sends on the best link that still has a connection; false when it must wait.
    private func deliver(_ frames: [Bytes], to peer: PeerID) -> Bool {
        guard let links = peers[peer] else { return false }
        for target in links.dialled {
            guard let line = dials[target]?.line else { continue }
            return line.socket.send(.data, frames) == .sent
        }
        for id in links.inbound where !departed.contains(id) {
            switch router?.send(to: id, .data, frames) {
            case .sent: return true
            case .full: return false
            case .gone, nil: depart(id)
            }
        }
        return false
    }

    /// Our own introduction, which must fit into what the other side reads before it knows us.
    func ownHello(to key: CurveKey, dialled: Bool) -> Bytes {
        let hello = admission.hello(to: key, dialled: dialled)
        precondition(hello.count <= configuration.limits.helloBytesMax, "our HELLO is too long")
        return hello
    }

    /// The frames of the layer above: the first one without its kind byte.
    func payload(_ frames: ArraySlice<Bytes>) -> [Bytes] {
        var frames = Array(frames)
        frames[0].removeFirst()
        return frames
    }
}
