import PeerCore
import Primitives
import Wire

/// The monotonic clock of a machine: it begins anew with each start, and runs too fast or too slow.
struct MachineClock {
    /// Thousandths by which it is fast; below zero for one that is slow.
    var drift: Int64 = 0
    /// When the machine was started last.
    var startedAt = Instant.zero

    /// What it shows at its start.
    private static let first: UInt64 = 1_000_000_000
    private static let whole: Int64 = 1_000

    private var pace: UInt64 { UInt64(Self.whole + drift) }

    /// What it shows at `now`.
    func reading(at now: Instant) -> Instant {
        let elapsed = saturatingProduct(now.since(startedAt).nanoseconds, pace)
        return Instant(nanoseconds: Self.first + elapsed / UInt64(Self.whole))
    }

    /// When it shows `reading`.
    func instant(of reading: Instant) -> Instant {
        let shown = reading.since(Instant(nanoseconds: Self.first)).nanoseconds
        let elapsed = saturatingSum(saturatingProduct(shown, UInt64(Self.whole)), pace - 1) / pace
        return startedAt.advanced(by: TimeSpan(nanoseconds: elapsed))
    }
}

extension World {
    /// The longest that a wall clock is wrong after it has jumped.
    private static let wrongMax = TimeSpan.seconds(60)
    /// The most hours that it jumps.
    private static let jumpMax: UInt64 = 24
    /// Hours after which a record is made anew.
    private static let renewalHours: UInt64 = 6
    /// More than the milliseconds of an hour.
    private static let incarnationsPerHour: UInt64 = 10_000_000

    /// What the machine's monotonic clock shows now.
    func time(at peer: SimulatedPeer) -> Instant { peer.clock.reading(at: now) }

    /// UTC hours since 1970, as the machine's wall clock has them.
    func hour(at peer: SimulatedPeer) -> UInt64 { UInt64(Int64(epoch) + peer.hoursAhead) }

    /// Milliseconds of the wall clock, as the real driver numbers its records.
    func incarnation(at peer: SimulatedPeer) -> UInt64 {
        hour(at: peer) * Self.incarnationsPerHour + now.since(hourBeganAt).milliseconds
    }

    /// The wall clock of a machine may jump, and is set right after a while.
    func jumpClock(of peer: SimulatedPeer) {
        guard strikes(.clockJump, options.clockJump, at: peer) else { return }
        let hours = Int64(1 + random.below(Self.jumpMax))
        let isForward = random.below(2) == 0
        peer.hoursAhead = isForward ? hours : -hours
        if isForward { report.clocksAhead += 1 } else { report.clocksBehind += 1 }
        tell("the clock of peer \(peer.index) jumps \(isForward ? "ahead" : "back") by \(hours) h")
        hearHour(peer)
        let span = TimeSpan.milliseconds(random.below(Self.wrongMax.milliseconds))
        queue.push(.setClock(peer: peer.index), at: now.advanced(by: span))
    }

    /// The wall clock of a machine is right again.
    func setClock(of peer: SimulatedPeer) {
        peer.hoursAhead = 0
        hearHour(peer)
    }

    private func hearHour(_ peer: SimulatedPeer) {
        guard peer.isUp else { return }
        input(.epoch(hour(at: peer)), to: peer)
        if isRecordOld(peer) { input(.advertise(record(of: peer)), to: peer) }
    }

    /// Whether the machine's record has served for some hours, as its clock has them.
    func isRecordOld(_ peer: SimulatedPeer) -> Bool {
        guard let record = peer.core?.peer.ownRecord?.body else { return false }
        return hour(at: peer) >= record.epoch + Self.renewalHours
    }
}
