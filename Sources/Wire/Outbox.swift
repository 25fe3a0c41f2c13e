package import Primitives

/// What a core asks of its driver, in the order in which it must happen.
///
/// Contract: rows are durable before any message of the same outbox leaves, and outboxes are
/// performed in their order, each whole. When a row cannot be made durable, nothing after it
/// happens, and the peer stops.
package struct Outbox: Sendable {
    /// The effects so far.
    package private(set) var effects: [Effect] = []

    /// An empty outbox.
    package init() {}

    /// Adds an effect after all others.
    package mutating func append(_ effect: Effect) { effects.append(effect) }

    /// Sends `message` to `peer`.
    package mutating func send(_ message: Message, to peer: PeerID) {
        effects.append(.send(message, to: peer))
    }

    /// Sends `message` to each of `peers` but `source`, whom it came from.
    package mutating func passOn(_ message: Message, to peers: [PeerID], except source: PeerID?) {
        guard peers.contains(where: { $0 != source }) else { return }
        effects.append(.passOn(message, to: peers, except: source))
    }

    /// Takes out every effect.
    package mutating func drain() -> [Effect] {
        defer { effects.removeAll() }
        return effects
    }
}

/// One thing for a driver to do.
///
/// Small: what is large and rare is indirect.
package enum Effect: Hashable, Sendable {
    /// Make a row durable.
    case persist(JournalRow)
    /// Sign, and answer with the event `signed`.
    case sign(SignRequest)
    /// Send a message over a link to the peer, if there is one.
    case send(Message, to: PeerID)
    /// Send one message to each of the peers, in their order, but to the one that it came from.
    case passOn(Message, to: [PeerID], except: PeerID?)
    /// Dial the hub of a record, again and again until there is a link.
    indirect case connect(Record)
    /// Dial a peer no longer, and end the link that came of it.
    case hangUp(PeerID)
    /// Keep a checked chunk, and answer with `chunkStored`.
    indirect case storeChunk(Chunk)
    /// Send a chunk that is kept here.
    indirect case sendChunk(ChunkWant, to: PeerID)
    /// Keep a piece of a result; once whole and of the right hash, answer with `resultStored`.
    indirect case storePiece(ResultPiece)
    /// Send the piece of a result kept here that begins at an offset.
    indirect case sendPiece(resultHash: Digest, offset: UInt64, to: PeerID)
    /// Drop a result, unless the core holds it again by then, or an order has made it anew.
    case dropResult(Digest)
    /// Drop a dataset of this peer's own, unless the core holds it again by then.
    case dropDataset(Digest)
    /// Find out which chunks an order needs, and answer with `workPrepared` or `workFailed`.
    case prepareWork(WorkOrder)
    /// Compute units, keep their results, and answer with `workFinished` or `workFailed`.
    case startWork(WorkOrder)
    /// Stop an order that nobody waits for.
    case stopWork(UInt64)
    /// A peer broke a rule.
    indirect case penalize(PeerID, Misbehavior)
    /// Somebody signs with this peer's own key: stop, before two bodies fill one slot.
    indirect case keyUsedElsewhere(Record)
}

/// Units to compute.
package struct WorkOrder: Hashable, Sendable {
    /// The core's number for the order.
    package let number: UInt64
    /// The job.
    package let manifest: ManifestID
    /// Its units to compute, ascending.
    package let units: [UInt32]
    /// Whether to run the plainest code, where there is time for it.
    package let wantsReference: Bool

    /// An order to compute `units`.
    package init(
        number: UInt64,
        manifest: ManifestID,
        units: [UInt32],
        wantsReference: Bool = false
    ) {
        self.number = number
        self.manifest = manifest
        self.units = units
        self.wantsReference = wantsReference
    }
}

/// Which key signs.
package enum KeyRole: UInt8, Sendable {
    /// The peer's own.
    case peer = 0
    /// That of the project that the peer submits for.
    case project = 1
}

/// A request to sign a payload; the driver adds the signature and nothing else.
package struct SignRequest: Hashable, Sendable {
    /// The core's number for the request.
    package let number: UInt64
    /// With which key.
    package let key: KeyRole
    /// What kind of statement it is, which decides the signed bytes.
    package let kind: StatementKind
    /// The statement's payload.
    package let payload: Bytes

    /// A request to sign `payload`.
    package init(number: UInt64, key: KeyRole, kind: StatementKind, payload: Bytes) {
        self.number = number
        self.key = key
        self.kind = kind
        self.payload = payload
    }
}

/// The tables of a peer's journal.
package enum JournalTable: UInt8, CaseIterable, Sendable {
    /// Sign-once slots: the slot's key, and the id of the statement that fills it.
    case slots = 1
    /// Signed statements: SHA-256 of the payload, and the statement's kind and envelope.
    case statements = 6
    /// The ledger: epoch and id, and the item.
    case items = 2
    /// A steward's rounds.
    case rounds = 3
    /// A worker's bundles that have results.
    case bundles = 4
    /// Cores of units that this peer computed.
    case sealed = 5
    /// Records of other peers: their key, and the signed record.
    case records = 7
    /// Openings of certificates by this peer as a steward: the certificate's id, and the item.
    case openings = 8
    /// Jobs whose results are released: the manifest's id, and the epoch in which they were.
    case released = 9
    /// Units of own jobs whose results are found out in secret: job and unit, and the core once it
    /// is known.
    case ringers = 10
}

/// A row to insert, replace or, with no value, delete.
package struct JournalRow: Hashable, Sendable {
    /// Where it stands.
    package let table: JournalTable
    /// What it is called there.
    package let key: Bytes
    /// What it says; nil deletes it.
    package let value: Bytes?

    /// A change of one row.
    package init(_ table: JournalTable, key: Bytes, value: Bytes?) {
        self.table = table
        self.key = key
        self.value = value
    }
}

/// How a peer broke a rule that an honest one never breaks.
package enum Misbehavior: Hashable, Sendable {
    /// A ledger item that fails its offline check.
    case invalidItem(ItemID)
    /// A commit, set or result that does not fit its lease.
    case invalidVote(ManifestID, round: UInt32)
    /// A record that is not what it claims.
    case invalidRecord(PeerID)
}
