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
        let records = due.compactMap { hubs[$0]?.record } + redial(at: now)
        for record in records {
            dialled[record.peer] = true
            noteSpare(record.peer)
        }
        deadline = earliestDeadline
        return records
    }

    /// Hubs that are not to be dialled any longer: nothing has been wanted of them for the longest.
    package mutating func takeHangUps() -> [PeerID] {
        guard spares.count > Self.sparesMax else { return [] }
        let over = Array(spares.prefix(spares.count - Self.sparesMax))
        spares.removeFirst(over.count)
        for peer in over { dialled.remove(peer) }
        return over
    }

    private mutating func noteSpare(_ peer: PeerID) {
        guard dialled.contains(peer) else { return }
        spares.removeAll { $0 == peer }
        if !isWanted(peer) { spares.append(peer) }
    }

    /// One after another, hubs whose records count no more are tried again: two parts of a network
    /// that have given each other up must meet some day.
    private mutating func redial(at now: Instant) -> [Record] {
        guard !ends.isEmpty else {
            nextRedial = nil
            return []
        }
        guard let due = nextRedial, due <= now else {
            if nextRedial == nil { nextRedial = now.advanced(by: Self.redialSpan) }
            return []
        }
        nextRedial = now.advanced(by: Self.redialSpan)
        let start = lastRedialled.map { ends.lowerBound($0) + (ends.contains($0) ? 1 : 0) } ?? 0
        let order = ends.keys[start...] + ends.keys[..<start]
        let next = order.first { peer in
            !links.contains(peer) && hubs[peer]?.record.controlEndpoints.isEmpty == false
        }
        lastRedialled = next
        return next.flatMap { hubs[$0]?.record }.map { [$0] } ?? []
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
        guard undialled.isEmpty, ends.isEmpty || nextRedial != nil else { return .zero }
        let times = [dialTimes.first?.key.at, noticeTimes.first?.key.at, nextRedial]
        return times.compactMap { $0 }.min()
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

    /// Sees to it that `peer` is missed and dialled, or is not: it, or a link to it, has changed.
    mutating func planLink(to peer: PeerID) {
        noteSpare(peer)
        guard isWanted(peer), !links.contains(peer) else {
            setDial(of: peer, nil)
            setAbsence(of: peer, nil)
            unseen.remove(peer)
            return
        }
        if !absences.contains(peer) { unseen[peer] = true }
        planDial(of: peer)
    }

    /// Sees to it that `peer` is dialled if it can be.
    private mutating func planDial(of peer: PeerID) {
        defer { deadline = earliestDeadline }
        guard isWanted(peer), !links.contains(peer),
            hubs[peer]?.record.controlEndpoints.isEmpty == false
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
