package import Primitives
package import Wire

/// The sign-once store: one body for each slot, for ever.
///
/// A signature is asked for once; when it comes, its rows go into the outbox before anything that
/// carries it. A second body for a filled slot is never signed: the caller gets the first one back.
package struct Vault: Sendable {
    private var slots = SortedTable<Slot, ItemID>()
    private var statements = SortedTable<ItemID, Stored>()
    private var requests = SortedTable<UInt64, Request>()
    private var nextNumber: UInt64 = 1

    /// A statement that is signed, or asked to be.
    private enum Stored: Sendable {
        case requested
        case signed(StatementKind, Bytes)
    }

    private struct Request: Sendable {
        let kind: StatementKind
        let payload: Bytes
        let slots: [Slot]
    }

    /// An empty vault.
    package init() {}

    /// What became of a wish to sign.
    package enum Answer<Body: StatementBody>: Sendable {
        /// It is signed, now or long ago.
        case signed(Signed<Body>)
        /// The driver has been asked; `signed(_:_:into:)` will tell.
        case requested
        /// One of its slots holds another body, which was signed first.
        case taken(Signed<Body>)
    }

    /// Signs `body` with the key of `role`, unless one of its slots is filled.
    package mutating func sign<Body: StatementBody>(
        _ body: Body,
        by role: KeyRole,
        into out: inout Outbox
    ) -> Answer<Body> {
        let payload = body.payload
        let id = ItemID(SHA256.hash(payload))
        let bodySlots = body.slots
        for slot in bodySlots {
            guard let filled = slots[slot] else { continue }
            guard case .signed(_, let envelope)? = statements[filled] else { return .requested }
            guard let stored = try? Signed<Body>(envelope: envelope) else {
                preconditionFailure("the vault holds what it encoded itself")
            }
            return filled == id ? .signed(stored) : .taken(stored)
        }
        for slot in bodySlots { slots[slot] = id }
        if !bodySlots.isEmpty { statements[id] = .requested }
        requests[nextNumber] = Request(kind: Body.kind, payload: payload, slots: bodySlots)
        let request = SignRequest(
            number: nextNumber,
            key: role,
            kind: Body.kind,
            payload: payload
        )
        out.append(.sign(request))
        nextNumber += 1
        return .requested
    }

    /// Takes in the signature that answers request `number`, and makes it durable.
    ///
    /// Returns nil for a number that nobody asked for.
    package mutating func signed(
        _ number: UInt64,
        _ signature: Signature,
        into out: inout Outbox
    ) -> SignedStatement? {
        guard let request = requests.remove(number) else { return nil }
        guard let statement = SignedStatement(request.kind, request.payload, signature) else {
            preconditionFailure("the vault asks only for what it encoded itself")
        }
        // What fills no slot may be said again in other words, and need not last.
        guard !request.slots.isEmpty else { return statement }
        let id = ItemID(SHA256.hash(request.payload))
        statements[id] = .signed(request.kind, statement.envelope)
        out.append(.persist(row(id: id, kind: request.kind, envelope: statement.envelope)))
        for slot in request.slots {
            let value = id.digest.bytes
            out.append(.persist(JournalRow(.slots, key: slot.key.bytes, value: value)))
        }
        return statement
    }

    /// The statement that fills the first slot of `slots`, if it is of the wanted kind.
    package func statement<Body: StatementBody>(in slots: [Slot]) -> Signed<Body>? {
        guard let slot = slots.first, let id = self.slots[slot],
            case .signed(_, let envelope)? = statements[id]
        else { return nil }
        return try? Signed<Body>(envelope: envelope)
    }

    /// Whether the statement of `id` was signed here.
    package func holds(_ id: ItemID) -> Bool {
        if case .signed? = statements[id] { true } else { false }
    }

    /// The signed statements that belong into the ledger, in the order of their ids.
    ///
    /// They are all that a ledger which was lost cannot get from anybody else.
    package func ledgerItems() throws(DecodeError) -> [Item] {
        var items: [Item] = []
        for stored in statements.values {
            guard case .signed(let kind, let envelope) = stored else { continue }
            switch kind {
            case .manifest: items.append(.manifest(try Signed(envelope: envelope)))
            case .certificate: items.append(.certificate(try Signed(envelope: envelope)))
            case .ruling: items.append(.ruling(try Signed(envelope: envelope)))
            case .cancel: items.append(.cancel(try Signed(envelope: envelope)))
            case .hold: items.append(.hold(try Signed(envelope: envelope)))
            case .device: items.append(.device(try Signed(envelope: envelope)))
            case .revoke: items.append(.revoke(try Signed(envelope: envelope)))
            case .anchor: items.append(.anchor(try Signed(envelope: envelope)))
            case .record, .commit, .commitSet, .result, .alert, .bye: continue
            }
        }
        return items
    }

    /// Fills the vault again from rows that it once made durable.
    package mutating func restore(_ journal: [JournalRow]) throws(DecodeError) {
        for row in journal {
            switch row.table {
            case .statements:
                guard let id = Digest(row.key), let value = row.value else { continue }
                var decoder = CBORDecoder(value)
                try decoder.array(exactly: 2)
                let number = try decoder.unsigned8(field: "statement kind")
                guard let kind = StatementKind(rawValue: number) else {
                    throw .outOfRange(at: 0, field: "statement kind")
                }
                let envelope = try decoder.byteString(upTo: Limits.statementByteCount)
                try decoder.finish()
                statements[ItemID(id)] = .signed(kind, envelope)
            case .slots:
                guard let key = Digest(row.key), let id = row.value.flatMap({ Digest($0) })
                else { continue }
                slots[Slot(key: key)] = ItemID(id)
            case .items, .rounds, .bundles, .sealed, .records, .openings, .released, .ringers:
                continue
            }
        }
    }

    private func row(id: ItemID, kind: StatementKind, envelope: Bytes) -> JournalRow {
        var encoder = CBOREncoder()
        encoder.array(2)
        encoder.unsigned(UInt64(kind.rawValue))
        encoder.byteString(envelope)
        return JournalRow(.statements, key: id.digest.bytes, value: encoder.bytes)
    }
}

/// A statement of any kind, fresh from the vault.
package enum SignedStatement: Sendable {
    /// A peer's record.
    case record(Signed<Record>)
    /// A job.
    case manifest(Signed<Manifest>)
    /// The end of a job.
    case cancel(Signed<Cancel>)
    /// The submitter's word.
    case ruling(Signed<Ruling>)
    /// A worker's promise.
    case commit(Signed<CommitStatement>)
    /// A closed set of promises.
    case commitSet(Signed<CommitSet>)
    /// A worker's result.
    case result(Signed<ResultStatement>)
    /// A proof of a vote.
    case certificate(Signed<Certificate>)
    /// A job that is held, or goes on.
    case hold(Signed<Hold>)
    /// A peer's adoption.
    case device(Signed<Device>)
    /// A key that takes over.
    case revoke(Signed<Revoke>)
    /// A further anchor.
    case anchor(Signed<Anchor>)
    /// A hub that is silent.
    case alert(Signed<Alert>)
    /// The end of the peer's own record.
    case bye(Signed<Bye>)

    init?(_ kind: StatementKind, _ payload: Bytes, _ signature: Signature) {
        do throws(DecodeError) {
            switch kind {
            case .record: self = .record(Signed(try Record(payload: payload), signature))
            case .manifest: self = .manifest(Signed(try Manifest(payload: payload), signature))
            case .cancel: self = .cancel(Signed(try Cancel(payload: payload), signature))
            case .ruling: self = .ruling(Signed(try Ruling(payload: payload), signature))
            case .commit:
                self = .commit(Signed(try CommitStatement(payload: payload), signature))
            case .commitSet: self = .commitSet(Signed(try CommitSet(payload: payload), signature))
            case .result:
                self = .result(Signed(try ResultStatement(payload: payload), signature))
            case .certificate:
                self = .certificate(Signed(try Certificate(payload: payload), signature))
            case .hold: self = .hold(Signed(try Hold(payload: payload), signature))
            case .device: self = .device(Signed(try Device(payload: payload), signature))
            case .revoke: self = .revoke(Signed(try Revoke(payload: payload), signature))
            case .anchor: self = .anchor(Signed(try Anchor(payload: payload), signature))
            case .alert: self = .alert(Signed(try Alert(payload: payload), signature))
            case .bye: self = .bye(Signed(try Bye(payload: payload), signature))
            }
        } catch {
            return nil
        }
    }

    var envelope: Bytes {
        switch self {
        case .record(let signed): signed.envelope
        case .manifest(let signed): signed.envelope
        case .cancel(let signed): signed.envelope
        case .ruling(let signed): signed.envelope
        case .commit(let signed): signed.envelope
        case .commitSet(let signed): signed.envelope
        case .result(let signed): signed.envelope
        case .certificate(let signed): signed.envelope
        case .hold(let signed): signed.envelope
        case .device(let signed): signed.envelope
        case .revoke(let signed): signed.envelope
        case .anchor(let signed): signed.envelope
        case .alert(let signed): signed.envelope
        case .bye(let signed): signed.envelope
        }
    }
}

extension Signed {
    fileprivate init(_ body: Body, _ signature: Signature) {
        self.init(body, signature: signature)
    }
}
