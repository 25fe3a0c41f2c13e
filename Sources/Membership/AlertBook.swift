import Primitives
import Wire

/// What others and this peer itself say of hubs that are silent, and evictions that this peer
/// cannot judge yet.
struct AlertBook: Sendable {
    private struct Entry: Sendable {
        let alert: Signed<Alert>
        let at: Instant
    }

    private struct Early: Sendable {
        let eviction: Eviction
        let at: Instant
        /// Hubs that sent it.
        var sources: SortedTable<PeerID, Bool>
    }

    /// By subject, then by observer.
    private var alerts = SortedTable<PeerID, SortedTable<PeerID, Entry>>()
    private var early: [Early] = []

    /// How long an alert counts.
    static let memorySpan = TimeSpan.seconds(30)
    /// Hubs about which alerts are kept.
    static let subjectsMax = 1_024
    /// Alerts about one hub that are kept: of all that may count.
    static let observersMax = 3 * Limits.alertsPerEviction
    /// Evictions that are kept until they can be judged.
    static let earlyMax = 64

    /// Keeps an alert, in place of an earlier one of its observer; false where there is no room.
    mutating func insert(_ alert: Signed<Alert>, at now: Instant) -> Bool {
        let body = alert.body
        guard alerts.contains(body.subject) || alerts.count < Self.subjectsMax else {
            return false
        }
        let known = alerts[body.subject] ?? SortedTable()
        guard known.contains(body.observer) || known.count < Self.observersMax else {
            return false
        }
        alerts[body.subject, default: SortedTable()][body.observer] = Entry(alert: alert, at: now)
        return true
    }

    /// What is said of a record that still counts, by observer.
    func alerts(
        about subject: PeerID,
        incarnation: UInt64,
        at now: Instant
    ) -> [Signed<Alert>] {
        let known = alerts[subject]?.values ?? []
        return known.compactMap { entry in
            let isFresh = now.since(entry.at) <= Self.memorySpan
            return isFresh && entry.alert.body.incarnation == incarnation ? entry.alert : nil
        }
    }

    /// What `observer` says of `subject`.
    func alert(of observer: PeerID, about subject: PeerID) -> Signed<Alert>? {
        alerts[subject]?[observer]?.alert
    }

    /// `observer` has heard `subject` again.
    mutating func withdraw(_ observer: PeerID, about subject: PeerID) {
        _ = alerts.update(subject) { $0.remove(observer) }
        if alerts[subject]?.isEmpty == true { alerts.remove(subject) }
    }

    /// Nothing more is to be known of `subject`.
    mutating func forget(_ subject: PeerID) {
        alerts.remove(subject)
        early.removeAll { $0.eviction.subject == subject }
    }

    /// Keeps an eviction that may count once others have been judged; returns by how many hubs it
    /// was sent lately.
    mutating func keep(_ eviction: Eviction, from source: PeerID, at now: Instant) -> Int {
        if let place = early.firstIndex(where: { $0.eviction.id == eviction.id }) {
            early[place].sources[source] = true
            return early[place].sources.count
        }
        if early.count == Self.earlyMax { early.removeFirst() }
        var sources = SortedTable<PeerID, Bool>()
        sources[source] = true
        early.append(Early(eviction: eviction, at: now, sources: sources))
        return 1
    }

    /// The evictions that are kept, oldest first.
    var earlyEvictions: [Eviction] { early.map(\.eviction) }

    /// Forgets what is too old to count.
    mutating func expire(at now: Instant) {
        early.removeAll { now.since($0.at) > Self.memorySpan }
        for subject in alerts.keys {
            _ = alerts.update(subject) { entries in
                entries.filter { _, entry in now.since(entry.at) <= Self.memorySpan }
            }
            if alerts[subject]?.isEmpty == true { alerts.remove(subject) }
        }
    }
}
