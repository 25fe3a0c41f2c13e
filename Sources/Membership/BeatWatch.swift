package import Primitives

/// Listens for the beats of the hubs that this peer watches.
///
/// ```
/// watched ──two beats missed──▶ suspect ──the third──▶ silent, said again with each beat
///    ▲─────────────any message of the hub────────────────┘
/// ```
/// A peer that was held up itself does not blame others: it forgives the time that it lost, and
/// waits longer while that is fresh.
/// - Source: A. Dadgar et al., "Lifeguard: Local Health Awareness for More Accurate Failure
///   Detection", 2018.
package struct BeatWatch: Sendable {
    /// Between two beats of a hub.
    package static let beatSpan = TimeSpan.seconds(2)
    /// Beats that a hub may miss.
    package static let missedMax: UInt64 = 3
    /// By how many times the wait may grow while this peer is held up.
    package static let strainMax: UInt64 = 8
    /// How late this peer may be with its own beat before that counts.
    package static let stallMin = TimeSpan.seconds(1)
    /// Without being late, this long takes the wait one step back.
    package static let recoverySpan = TimeSpan.seconds(10)

    private struct Subject: Sendable {
        /// When it was heard last, or when listening began.
        var heardAt: Instant
        /// When its silence was spoken of last.
        var saidAt: Instant?
    }

    private var subjects = SortedTable<PeerID, Subject>()
    /// How often this peer was late recently: 0 to `strainMax`.
    package private(set) var strain: UInt64 = 0
    private var recoverAt: Instant?

    /// Watches nobody.
    package init() {}

    /// Listens to these hubs, ascending, from now on.
    mutating func watch(_ peers: [PeerID], at now: Instant) {
        guard peers != subjects.keys else { return }
        var kept = SortedTable<PeerID, Subject>()
        for peer in peers { kept[peer] = subjects[peer] ?? Subject(heardAt: now) }
        subjects = kept
    }

    /// `peer` lives.
    mutating func heard(_ peer: PeerID, at now: Instant) {
        subjects.update(peer) { $0 = Subject(heardAt: max($0.heardAt, now)) }
    }

    /// This peer's own beat came late by `delay`: nothing could be heard meanwhile.
    mutating func wasLate(by delay: TimeSpan, at now: Instant) {
        if delay >= Self.stallMin {
            strain = min(strain + 1, Self.strainMax)
            recoverAt = now.advanced(by: Self.recoverySpan)
            subjects.updateAll { _, subject in
                subject.heardAt = min(now, subject.heardAt.advanced(by: delay))
            }
        } else if strain > 0, let due = recoverAt, due <= now {
            strain -= 1
            recoverAt = now.advanced(by: Self.recoverySpan)
        }
    }

    /// Others have not heard this peer: it may be held up without knowing.
    mutating func wasGivenUp(at now: Instant) {
        strain = min(strain + 1, Self.strainMax)
        recoverAt = now.advanced(by: Self.recoverySpan)
    }

    /// Hubs that have missed all beats but one that they may.
    func suspects(at now: Instant) -> [PeerID] {
        let wait = Self.beatSpan.times(Self.missedMax - 1).times(1 + strain)
        return subjects.compactMap { peer, subject in
            subject.heardAt.advanced(by: wait) <= now ? peer : nil
        }
    }

    /// Hubs whose silence is to be spoken of now, each of them again after a beat.
    mutating func takeSilent(at now: Instant) -> [PeerID] {
        var silent: [PeerID] = []
        for peer in subjects.keys {
            guard let subject = subjects[peer], silenceAt(subject) <= now else { continue }
            subjects.update(peer) { $0.saidAt = now }
            silent.append(peer)
        }
        return silent
    }

    private func silenceAt(_ subject: Subject) -> Instant {
        let wait = Self.beatSpan.times(Self.missedMax).times(1 + strain)
        let end = subject.heardAt.advanced(by: wait)
        return subject.saidAt.map { max(end, $0.advanced(by: Self.beatSpan)) } ?? end
    }

    /// When `takeSilent` has something to say, if nobody is heard before.
    var deadline: Instant? { subjects.values.map(silenceAt).min() }
}
