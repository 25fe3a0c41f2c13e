import Primitives
import Wire

/// Longer items on their way from neighbour to neighbour: their keys go first, and whoever lacks
/// one fetches it once.
/// - Source: J. Leitão et al., "Epidemic Broadcast Trees", SRDS 2007.
struct News: Sendable {
    /// Keys to announce, by the neighbour that the item came from.
    private var announcements = SortedTable<PeerID, SortedTable<ItemKey, Bool>>()
    /// Items that were asked for, and when.
    private var wanted = SortedTable<ItemID, Instant>()

    /// Bytes of an item that goes unasked.
    static let eagerByteCount = 512
    /// Items that are asked for at once.
    static let wantedMax = 4_096
    /// How long an answer may take until another neighbour is asked.
    static let patience = TimeSpan.seconds(2)

    /// The neighbours are to be told of an item that `source` sent.
    mutating func announce(_ key: ItemKey, from source: PeerID) {
        announcements[source, default: SortedTable()][key] = true
    }

    /// What is to be told, by whom it need not be told to.
    mutating func takeAnnouncements() -> [(source: PeerID, keys: [ItemKey])] {
        guard !announcements.isEmpty else { return [] }
        defer { announcements = SortedTable() }
        return announcements.map { source, keys in
            (source, Array(keys.keys.prefix(Limits.keysPerReconciliation)))
        }
    }

    /// Those of `keys` that nobody was asked for a moment ago; somebody is now.
    mutating func want(_ keys: [ItemKey], at now: Instant) -> [ItemKey] {
        if wanted.count + keys.count > Self.wantedMax {
            wanted.filter { _, since in now.since(since) < Self.patience }
        }
        let new = keys.filter { key in
            guard let since = wanted[key.id] else { return wanted.count < Self.wantedMax }
            return now.since(since) >= Self.patience
        }
        for key in new { wanted[key.id] = now }
        return new
    }

    /// An item has come.
    mutating func came(_ id: ItemID) { wanted.remove(id) }
}
