import Primitives

/// What is looked at every now and then: silence, and connections that never say HELLO.
extension Switchboard {
    func sweep(at now: Instant) {
        connections.forgetRested(at: now)
        if !isPaused { closeSilent(at: now) }
        cutClosing(at: now)
        cutStrangers(at: now)
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
}
