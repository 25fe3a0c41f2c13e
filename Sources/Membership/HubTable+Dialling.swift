package import Primitives
package import Wire

/// Whom to dial, and who has been away for long. Both stand in the order of their time, so that no
/// question goes through the whole table.
extension HubTable {
    struct Absence: Sendable {
        let since: Instant
        var isNoticed = false

        var noticeAt: Instant { since.advanced(by: HubTable.absenceSpan) }
    }

    struct Dial: Sendable {
        var nextAttempt: Instant
        var wait: TimeSpan
    }

    /// Something that is to be done about a hub at some time.
    struct Appointment: Comparable, Sendable {
        let at: Instant
        let peer: PeerID

        static func < (left: Appointment, right: Appointment) -> Bool {
            left.at != right.at ? left.at < right.at : left.peer < right.peer
        }
    }

    /// Hubs that should be dialled now; each is asked for again after a growing wait.
    package mutating func hubsToDial(at now: Instant) -> [Record] {
        let new = unseen.keys
        unseen = SortedTable()
        for peer in new where !absences.contains(peer) {
            setAbsence(of: peer, Absence(since: now))
        }
        for peer in undialled.keys { setDial(of: peer, firstDial(of: peer, at: now)) }
        let due = dialTimes.keys.prefix { $0.at <= now }.map(\.peer).sorted()
        for peer in due {
            guard let dial = dials[peer] else { continue }
            let wait = min(dial.wait.times(2), Self.dialSpanMax)
            setDial(of: peer, Dial(nextAttempt: now.advanced(by: dial.wait), wait: wait))
        }
        return due.compactMap { hubs[$0]?.body }
    }

    /// Of two hubs the one with the lower key dials first, so that one link is made and not two.
    private func firstDial(of peer: PeerID, at now: Instant) -> Dial {
        let wait = me < peer ? TimeSpan.zero : Self.dialSpanMin
        return Dial(nextAttempt: now.advanced(by: wait), wait: Self.dialSpanMin)
    }

    /// Notices who has been without a link for long; whether there is anybody new.
    package mutating func noticeAbsences(at now: Instant) -> Bool {
        let due = noticeTimes.keys.prefix { $0.at <= now }
        guard !due.isEmpty else { return false }
        noticeTimes.removeFirst(due.count)
        for appointment in due { absences.update(appointment.peer) { $0.isNoticed = true } }
        deadline = earliestDeadline
        return true
    }

    /// What `deadline` is by the tables that it follows from.
    var earliestDeadline: Instant? {
        guard undialled.isEmpty else { return .zero }
        guard let dial = dialTimes.first?.key.at else { return noticeTimes.first?.key.at }
        return min(dial, noticeTimes.first?.key.at ?? dial)
    }

    // MARK: - Tables that go together

    mutating func setAbsence(of peer: PeerID, _ absence: Absence?) {
        if let earlier = absences[peer], !earlier.isNoticed {
            noticeTimes.remove(Appointment(at: earlier.noticeAt, peer: peer))
        }
        absences[peer] = absence
        if let absence, !absence.isNoticed {
            noticeTimes[Appointment(at: absence.noticeAt, peer: peer)] = true
        }
        deadline = earliestDeadline
    }

    mutating func setDial(of peer: PeerID, _ dial: Dial?) {
        if let earlier = dials[peer] {
            dialTimes.remove(Appointment(at: earlier.nextAttempt, peer: peer))
        }
        dials[peer] = dial
        planDial(of: peer)
    }

    /// Sees to it that `peer` is dialled if it can be: it, or a link to it, has changed.
    mutating func planDial(of peer: PeerID) {
        defer { deadline = earliestDeadline }
        guard peer != me, !links.contains(peer),
            hubs[peer]?.body.controlEndpoints.isEmpty == false
        else {
            undialled.remove(peer)
            if let dial = dials[peer] {
                dialTimes.remove(Appointment(at: dial.nextAttempt, peer: peer))
            }
            return
        }
        if let dial = dials[peer] {
            undialled.remove(peer)
            dialTimes[Appointment(at: dial.nextAttempt, peer: peer)] = true
        } else {
            undialled[peer] = true
        }
    }
}
