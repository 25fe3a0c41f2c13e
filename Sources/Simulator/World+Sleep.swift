import PeerCore
import Primitives

extension World {
    /// The longest that a machine stands still.
    private static let sleepMax = TimeSpan.seconds(90)

    /// Whether a machine stands still from now on, as a laptop that is shut: its links stay, and
    /// what comes waits.
    func fallsAsleep(_ peer: SimulatedPeer) -> Bool {
        guard strikes(.sleep, options.sleep, at: peer) else { return false }
        fallAsleep(peer, for: .milliseconds(1 + random.below(Self.sleepMax.milliseconds)))
        return true
    }

    func fallAsleep(_ peer: SimulatedPeer, for span: TimeSpan) {
        report.sleeps += 1
        peer.asleepUntil = now.advanced(by: span)
        peer.wakeAt = peer.asleepUntil
        queue.push(.wake(peer: peer.index, life: peer.life), at: peer.asleepUntil)
        tell("peer \(peer.index) stands still for \(span.milliseconds / 1_000) s")
    }

    /// Some machines are shut down in order, tell the others, and come back.
    func takeLeave(of peer: SimulatedPeer) {
        guard strikes(.departure, options.departure, at: peer) else { return }
        report.departures += 1
        input(.leave, to: peer)
        let delay = TimeSpan.milliseconds(1 + random.below(500))
        queue.push(.depart(peer: peer.index, life: peer.life), at: now.advanced(by: delay))
    }

    func depart(_ peer: SimulatedPeer, life: UInt64) {
        guard peer.life == life, peer.isUp else { return }
        tell("peer \(peer.index) stops")
        stop(peer)
        restart(peer)
    }

    /// Whether a machine is up and does not stand still.
    func isAwake(_ peer: SimulatedPeer) -> Bool { peer.isUp && peer.asleepUntil <= now }

    /// The machine that stands still and that an event is for.
    func sleeper(meantBy event: Event) -> SimulatedPeer? {
        guard report.sleeps > 0 else { return nil }
        let index: Int
        switch event {
        case .message(_, let route): index = Int(route.to)
        case .local(_, let peer, _), .wake(let peer, _), .committed(let peer, _),
            .computed(_, let peer, _):
            index = peer
        default: return nil
        }
        return peers[index].asleepUntil > now ? peers[index] : nil
    }
}
