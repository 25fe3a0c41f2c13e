package import Primitives
package import Wire

/// What a driver has made durable.
package struct TestJournal: Sendable {
    private struct Place: Comparable {
        let table: UInt8
        let key: Bytes

        static func < (left: Place, right: Place) -> Bool {
            left.table != right.table
                ? left.table < right.table : left.key.lexicographicallyPrecedes(right.key)
        }
    }

    private var values = SortedTable<Place, Bytes>()

    /// An empty journal.
    package init() {}

    /// Inserts, replaces or deletes a row.
    package mutating func write(_ row: JournalRow) {
        values[Place(table: row.table.rawValue, key: row.key)] = row.value
    }

    /// Loses a whole table.
    package mutating func lose(_ table: JournalTable) {
        values.filter { place, _ in place.table != table.rawValue }
    }

    /// Every row.
    package var rows: [JournalRow] {
        values.compactMap { place, value in
            JournalTable(rawValue: place.table).map {
                JournalRow($0, key: place.key, value: value)
            }
        }
    }

    /// The rows of one table.
    package func rows(of table: JournalTable) -> [JournalRow] {
        rows.filter { $0.table == table }
    }

    /// Whether a row stands under `key`.
    package func contains(_ table: JournalTable, _ key: Bytes) -> Bool {
        values.contains(Place(table: table.rawValue, key: key))
    }
}

/// Holds a peer's outboxes against their contract: what it says is durable before it is sent, and
/// it never says two things for one slot.
package struct OutboxContract: Sendable {
    private let signers: [Digest]
    private var journal = TestJournal()
    private var said = SortedTable<Slot, ItemID>()
    /// Statements of the peer's own that were sent.
    package private(set) var sentCount = 0

    /// A watch over what `signers` say.
    package init(signers: [Digest]) { self.signers = signers }

    /// Takes in the effects of one outbox in order; returns what was sent too early, or against an
    /// earlier word.
    package mutating func check(_ effects: [Effect]) -> [String] {
        var violations: [String] = []
        for effect in effects {
            switch effect {
            case .persist(let row):
                journal.write(row)
            case .send(let message, _), .passOn(let message, _, _):
                for (id, slots) in own(message) {
                    sentCount += 1
                    let isStored =
                        journal.contains(.statements, id.digest.bytes)
                        && slots.allSatisfy { journal.contains(.slots, $0.key.bytes) }
                    if !isStored { violations.append("\(message) was sent before it was kept") }
                    for slot in slots where (said[slot] ?? id) != id {
                        violations.append("\(message) is a second word for one slot")
                    }
                    for slot in slots { said[slot] = id }
                }
            case .sign, .connect, .hangUp, .storeChunk, .sendChunk, .storePiece, .sendPiece,
                .dropResult,
                .dropDataset, .prepareWork, .startWork, .stopWork, .penalize, .keyUsedElsewhere:
                break
            }
        }
        return violations
    }

    private func own(_ message: Message) -> [(ItemID, [Slot])] {
        switch message {
        case .record(let signed): own(signed)
        case .commit(let signed): own(signed)
        case .commitSet(let signed): own(signed)
        case .reveal(let reveal): own(reveal.result) + (reveal.commit.map { own($0) } ?? [])
        case .item(.manifest(let signed)): own(signed)
        case .item(.certificate(let signed)): own(signed)
        case .item(.ruling(let signed)): own(signed)
        case .item(.cancel(let signed)): own(signed)
        case .item(.hold(let signed)): own(signed)
        case .item(.device(let signed)): own(signed)
        case .item(.revoke(let signed)): own(signed)
        case .item(.anchor(let signed)): own(signed)
        case .bye(let signed): own(signed)
        case .item(.opening), .item(.fault), .reconcile, .fetch, .claim, .lease, .refuse, .opening,
            .resultWant,
            .resultPiece, .resultOffer, .resultHeld, .held, .chunkWant, .chunk, .acting, .beat,
            .alert,
            .evict, .have:
            []
        }
    }

    private func own<Body>(_ signed: Signed<Body>) -> [(ItemID, [Slot])] {
        signers.contains(signed.body.signer) ? [(signed.id, signed.body.slots)] : []
    }
}
