import PeerCore
import Primitives
import Wire

/// What survives a crash of a simulated machine.
struct SimulatedDisk {
    var rows = SortedTable<RowKey, Bytes>()
    var results = SortedTable<Digest, Bytes>()
    var pieces = SortedTable<Digest, Bytes>()
    var chunks = SortedTable<ChunkWant, Bytes>()
    /// Whether the dataset of the jobs is kept whole.
    var hasDataset = false
    /// Whether rows are written: they are of no use where nobody ever starts again.
    var isKept = true
    /// Chunks of that dataset of which a bit has flipped.
    var flippedChunks = SortedTable<UInt32, Bool>()
    /// Whether a page of the vault was torn when it was written last.
    var isVaultTorn = false

    struct RowKey: Comparable {
        let table: UInt8
        let key: Bytes

        static func < (left: RowKey, right: RowKey) -> Bool {
            left.table != right.table
                ? left.table < right.table : left.key.lexicographicallyPrecedes(right.key)
        }
    }

    mutating func write(_ row: JournalRow) {
        guard isKept else { return }
        rows[RowKey(table: row.table.rawValue, key: row.key)] = row.value
    }

    /// Loses rows that can be had from other machines again: all that `isLost` picks.
    mutating func loseGrid(where isLost: () -> Bool) {
        let tables = [JournalTable.items.rawValue, JournalTable.records.rawValue]
        for key in rows.keys where tables.contains(key.table) && isLost() { rows.remove(key) }
    }

    /// What a peer gets back when it starts again.
    func stored(dataset: Peer.Dataset) -> Peer.Stored {
        var stored = Peer.Stored()
        stored.rows = rows.compactMap { key, value in
            JournalTable(rawValue: key.table).map { JournalRow($0, key: key.key, value: value) }
        }
        stored.results = results.keys
        stored.chunks = chunks.keys
        stored.datasets = hasDataset ? [dataset] : []
        return stored
    }
}

/// A core that lives: in a box, so that it stays where it is whatever is done to it.
final class LiveCore {
    var peer: Peer

    init(_ peer: consuming Peer) { self.peer = peer }
}

/// The keys in one folder, from its first start on: who loses the folder gets others.
struct Identity {
    /// In their order: each foresaw the next; all but the last two are revoked or unused.
    let keys: [PeerID]
    /// Which of them it has now, or had last.
    fileprivate(set) var keyIndex = 0
    /// Whose machine it is, which is also the key that it submits with.
    let owner: OwnerID
    fileprivate let seed: Bytes

    /// An identity that was never used; the second of its three keys is the first one's successor.
    init(keys: [PeerID], owner: OwnerID, seed: Bytes) {
        self.keys = keys
        self.owner = owner
        self.seed = seed
    }

    /// The key that it has now, or had last.
    var key: PeerID { keys[keyIndex] }
}

/// A machine: a disk, and a core while it is up.
final class SimulatedPeer {
    /// Who it has been, the present one last.
    private(set) var identities: [Identity] {
        didSet { noteKey() }
    }
    /// The key that it has now.
    private(set) var id: PeerID
    /// Which of all its keys it has now: each has another number.
    private(set) var keyNumber = 0
    let index: Int
    let isLiar: Bool
    var disk = SimulatedDisk()
    /// Nil while the machine is down.
    var core: LiveCore?
    /// Counts starts, so that what belongs to an earlier life is told apart.
    var life: UInt64 = 0
    /// Local events that wait for the outbox to be drained.
    var inputs: [LocalEvent] = []
    /// Effects that wait for the end of the commit that is under way.
    var pending: [Effect] = []
    /// Effects whose rows are being committed; nil when no commit is under way.
    var committing: [Effect]?
    /// Its newest record that is durable: what new links are told.
    var announced: Signed<Record>?
    /// The record that is durable once the commit has ended.
    var announcing: Signed<Record>?
    /// Wake-ups in a row that came at once and led to nothing.
    var idleWakes = 0
    /// When it woke last.
    var wokeAt = Instant.zero
    /// Whether it never comes back.
    var isGone = false
    /// Whether it has ever lost items that it had: what follows from them it did not know then.
    var hasLostItems = false
    /// Until when its disk is full but for what the ballast has left; it drains until it sees that.
    var roomAt: Instant?
    /// How far its rounds, bundles and verdicts were after the last input, where that is observed.
    var stages: Stages?
    /// Chunks that turned out to be damaged since the core last heard of one.
    var lostChunks = SortedTable<ChunkWant, Bool>()
    /// Results that turned out to be damaged, of which the core may not have heard.
    var lostResults = SortedTable<Digest, Bool>()
    /// Hours that its wall clock is ahead; below zero when it is behind.
    var hoursAhead: Int64 = 0
    var clock = MachineClock()
    /// Units that it has computed.
    var computed = 0
    /// Until when it stands still.
    var asleepUntil = Instant.zero
    /// The life, and the items in it, whose verdicts were checked last.
    var looked: (life: UInt64, items: Int) = (0, 0)
    /// The life, and the items in it, when its core last decided anything.
    var witnessed: (life: UInt64, items: Int, neighbours: Int) = (0, 0, 0)
    /// Whom it passed something on to last, and their places.
    var receivers: [PeerID] = []
    var receiverPlaces: [Int?] = []
    /// Orders that it computes, where their cost is asked.
    var running = SortedTable<UInt64, World.Running>()
    /// The instant for which a wake-up is scheduled.
    var wakeAt: Instant?

    /// A machine that never ran.
    init(_ identity: Identity, index: Int, isLiar: Bool) {
        identities = [identity]
        id = identity.key
        self.index = index
        self.isLiar = isLiar
    }

    private var identity: Identity { identities[identities.count - 1] }

    private func noteKey() {
        id = identity.key
        keyNumber = identities.dropLast().reduce(identity.keyIndex) { $0 + $1.keys.count }
    }

    /// Whose machine it is now.
    var owner: OwnerID { identity.owner }

    /// The key that may replace the present one.
    var successor: PeerID { identity.keys[identity.keyIndex + 1] }

    /// The key that the present one has replaced.
    var predecessor: PeerID? {
        identity.keyIndex > 0 ? identity.keys[identity.keyIndex - 1] : nil
    }

    /// What only it knows; another with each key.
    var secret: Bytes { identity.seed + [UInt8(identity.keyIndex)] }

    var isUp: Bool { core != nil }

    /// What the process held in memory is gone.
    func forgetMemory() {
        core = nil
        life += 1
        inputs = []
        pending = []
        committing = nil
        announced = nil
        announcing = nil
        asleepUntil = .zero
        running = SortedTable()
        stages = nil
        lostChunks = SortedTable()
        lostResults = SortedTable()
    }

    /// Everything that the machine kept is gone, its keys included.
    func beginAnew(as identity: Identity) {
        disk = SimulatedDisk()
        identities.append(identity)
    }

    /// The successor takes over; work that the old key had begun is nobody's.
    func replaceKey() {
        identities[identities.count - 1].keyIndex += 1
        let open = [JournalTable.rounds.rawValue, JournalTable.bundles.rawValue]
        disk.rows.filter { key, _ in !open.contains(key.table) }
    }
}
