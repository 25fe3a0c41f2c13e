import Primitives

/// What is looked at every now and then: silence, connections that never say HELLO, and bytes that
/// never become a message.
extension Switchboard {
    func sweep(at now: Instant) {
        connections.forgetRested(at: now)
        if !isPaused { closeSilent(at: now) }
        cutClosing(at: now)
        cutStrangers(at: now)
        cutOverfull(at: now)
        sweepDialled(at: now)
    }

    private func closeSilent(at now: Instant) {
        for (id, link) in inbound
        where link.peer != nil
            && now >= link.lastHeard.advanced(by: configuration.timing.silence)
        {
            close(id, deadline: now)
        }
    }

    private func cutClosing(at now: Instant) {
        for (id, link) in inbound {
            guard case .closing(let deadline?) = link.phase, now >= deadline else { continue }
            inbound[id]?.phase = .closing(deadline: nil)
            if router?.send(to: id, .ping, [[]]) == .gone {
                depart(id)
            } else {
                cut(link.descriptor)
            }
        }
    }

    /// Connections of which no HELLO was read in time, which may be waiting while we pause.
    private func cutStrangers(at now: Instant) {
        guard !isPaused else { return }
        let timing = configuration.timing
        let known = Set(inbound.values.map(\.descriptor))
        let patience = timing.handshake.nanoseconds + timing.hello.nanoseconds
        for (descriptor, connection) in connections.all
        where !known.contains(descriptor) && now.since(connection.since).nanoseconds >= patience {
            cut(descriptor)
        }
    }

    /// Connections that brought more than they may before a message was whole and read.
    private func cutOverfull(at now: Instant) {
        let limits = configuration.limits
        let links = Dictionary(
            inbound.lazy.map { ($0.value.descriptor, $0.key) },
            uniquingKeysWith: { first, _ in first }
        )
        var total = 0
        var fullest: (descriptor: CInt, byteCount: Int)?
        for (descriptor, connection) in connections.all {
            let taken = connection.takenByteCount
            guard let count = unreadByteCount(of: descriptor, takenByteCount: taken) else {
                continue
            }
            total += count
            if count > fullest?.byteCount ?? 0 { fullest = (descriptor, count) }
            if let id = links[descriptor] {
                if count > limits.unreadBytesMax { overfill(id, descriptor, count, at: now) }
            } else if count > limits.strangerBytesMax {
                cut(descriptor)
            }
        }
        holdings.unreadBytes.become(total)
        if total > limits.unreadBytesTotalMax, let fullest { cut(fullest.descriptor) }
    }

    /// A link whose message does not end: an offence, since what is whole would have been read or
    /// held up.
    private func overfill(_ id: Bytes, _ descriptor: CInt, _ byteCount: Int, at now: Instant) {
        cut(descriptor)
        // One that is closing already is cut again until its end is reported.
        guard let link = inbound[id], link.peer != nil else { return }
        ban(link.userID, "sent \(byteCount) bytes without the end of a message", at: now)
        close(id, deadline: now)
    }
}
