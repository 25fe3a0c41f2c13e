import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

extension Peer {
    mutating func react(to event: LocalEvent, at now: Instant, into out: inout Outbox) {
        switch event {
        case .epoch(let epoch):
            let isNew = epoch > self.epoch
            self.epoch = max(self.epoch, epoch)
            gridChanged()
            overlay.epochChanged(self.epoch, at: now)
            forgetHubs(into: &out)
            membershipChanged()
            if isNew { hourBegan(at: now, into: &out) }
        case .advertise(let record):
            sign(outliving(record), at: now, into: &out)
        case .keep(let record):
            sign(record, at: now, into: &out)
        case .leave:
            leave(at: now, into: &out)
        case .release(let id):
            release(id, at: now, into: &out)
        case .plant(let id, let count):
            plant(count, in: id, into: &out)
        case .adopt, .succeed, .anchor, .submit, .cancel, .hold, .resume:
            state(event, at: now, into: &out)
        case .linked(let record, let network):
            let peer = record.value.body.peer
            learn(record, from: peer, at: now, into: &out)
            gridChanged()
            overlay.linked(peer, network: network, at: now)
            for message in held.take(for: peer) where isMeant(message, for: peer) {
                out.send(message, to: peer)
            }
            // It may act again as a steward.
            areOpportunitiesStale = true
            areReviewsStale = true
            worker.linked(peer, at: now)
            greet(peer, into: &out)
        case .unlinked(let peer):
            gridChanged()
            overlay.unlinked(peer, at: now)
            worker.unlinked(isLinked: hubs.isLinked, into: &out)
        case .donate(let places, let speeds):
            worker.donates(places: places, speeds: speeds)
        case .serveFirst(let id):
            firstJob = id
            areOpportunitiesStale = true
        case .signed(let number, let signature):
            signed(number, signature, at: now, into: &out)
        case .workPrepared, .workFinished, .workFailed:
            reactToWork(event, at: now, into: &out)
        case .chunkStored(let chunk):
            chunks.stored(chunk, at: now, into: &out)
            worker.progressed(chunk, at: now)
            worker.startReady(desk: chunks, into: &out)
        case .chunkLost(let chunk):
            chunks.lost(chunk)
            worker.lost(chunk, at: now, desk: &chunks, into: &out)
            for (id, signed) in ledger.manifests where signed.body.datasetRoot == chunk.root {
                worker.mayRetry(id)
            }
        case .resultStored(let hash):
            results.stored(hash)
            answerOffers(into: &out)
        case .resultCorrupt(let hash):
            results.corrupt(hash, at: now, into: &out)
        case .resultLost(let hash):
            results.lost(hash)
            fetchAgain(hash, at: now, into: &out)
        }
    }

    private mutating func reactToWork(
        _ event: LocalEvent,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch event {
        case .workPrepared(let order, let needed):
            guard let job = worker.job(of: order).flatMap({ job($0) }) else { return }
            worker.prepared(
                order,
                chunks: needed,
                of: job,
                at: now,
                desk: &chunks,
                into: &out
            )
        case .workFinished(let order, let cores):
            for core in cores { results.stored(core.resultHash) }
            if let id = submitter.job(of: order), let job = job(id) {
                let rulings = submitter.finished(
                    order,
                    cores: cores,
                    of: job,
                    epoch: epoch,
                    vault: &vault,
                    into: &out
                )
                for ruling in rulings {
                    publish(.ruling(ruling), at: now, into: &out)
                }
            } else if ringers.job(of: order) != nil {
                foundOut(order, cores, at: now, into: &out)
            } else if worker.job(of: order) != nil {
                worker.finished(order, cores: cores, at: now, vault: &vault, into: &out)
            } else {
                // Nobody waits for it any more: its job may have been released meanwhile.
                dropUnneeded(cores.map(\.resultHash), into: &out)
            }
            answerOffers(into: &out)
        case .workFailed(let order):
            submitter.failed(order)
            ringers.failed(order)
            worker.failed(order, at: now, desk: chunks, into: &out)
        default:
            preconditionFailure("only work")
        }
    }

    // MARK: - Own statements

    mutating func sign(_ record: Record, at now: Instant, into out: inout Outbox) {
        switch vault.sign(record, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed): advertise(signed, at: now, into: &out)
        }
    }

    private mutating func advertise(
        _ record: Signed<Record>,
        at now: Instant,
        into out: inout Outbox
    ) {
        // The first record stays in the vault until a successor needs it.
        guard record.body.incarnation > ownRecord?.body.incarnation ?? 0 else { return }
        ownRecord = record
        learn(record.verifiedHere, from: me, at: now, into: &out)
    }

    /// A signature has come: it is durable before anything that carries it is sent.
    private mutating func signed(
        _ number: UInt64,
        _ signature: Signature,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let statement = vault.signed(number, signature, into: &out) else { return }
        switch statement {
        case .record(let signed):
            advertise(signed, at: now, into: &out)
        case .alert(let signed):
            if overlay.signed(signed, at: now, into: &out) { hubsChanged() }
        case .bye(let signed):
            overlay.leave(signed, into: &out)
        case .manifest(let signed):
            publish(.manifest(signed), at: now, into: &out)
        case .cancel(let signed):
            publish(.cancel(signed), at: now, into: &out)
        case .ruling(let signed):
            publish(.ruling(signed), at: now, into: &out)
        case .hold(let signed):
            publish(.hold(signed), at: now, into: &out)
        case .device(let signed):
            publish(.device(signed), at: now, into: &out)
        case .revoke(let signed):
            publish(.revoke(signed), at: now, into: &out)
        case .anchor(let signed):
            publish(.anchor(signed), at: now, into: &out)
        case .commit(let signed):
            worker.commitSigned(signed, at: now, vault: &vault, into: &out)
        case .commitSet(let signed):
            steward.setSigned(signed, at: now, into: &out)
        case .result(let signed):
            worker.resultSigned(signed, at: now, into: &out)
        case .certificate(let signed):
            publish(.certificate(signed), at: now, into: &out)
        }
    }

    // MARK: - Restart

    mutating func restore(_ rows: [JournalRow], at now: Instant) throws(DecodeError) {
        try vault.restore(rows)
        for row in rows where row.table == .released { try restoreReleased(row) }
        for row in rows where row.table == .ringers { try ringers.restore(row) }
        // Arrival order does not matter to the ledger: what comes early waits for what it needs.
        for row in rows where row.table == .items {
            guard let item = try Self.item(in: row) else { continue }
            // What was accepted once is not judged by a clock that may have gone back.
            _ = ledger.insert(item.verifiedHere, epoch: .max, at: now)
        }
        restore(try vault.ledgerItems(), at: now)
        for row in rows where row.table == .openings {
            if let opening = try Self.item(in: row) { restore([opening], at: now) }
        }
        for row in rows where row.table == .records {
            guard let value = row.value else { continue }
            let record = try Signed<Record>(envelope: value)
            metHubs[record.body.peer] = record.body.expiry
            overlay.restore(record.verifiedHere)
        }
        for row in rows {
            let manifests = ledger.manifests
            try steward.restore(row, job: { manifests[$0].map { Job($0) } }, at: now)
            try worker.restore(row, vault: vault, at: now)
        }
        var out = Outbox()
        for id in released.keys { end(id, into: &out) }
        for item in ledger.items.values { follow(item, at: now, into: &out) }
        areOpportunitiesStale = true
        // What turned out to be over leaves no row; messages are sent again by tick.
        for case .persist(let row) in out.drain() { owedRows.append(row) }
    }

    private static func item(in row: JournalRow) throws(DecodeError) -> Item? {
        guard let value = row.value else { return nil }
        var decoder = CBORDecoder(value)
        let item = try Item(from: &decoder)
        try decoder.finish()
        return item
    }

    /// What this peer made stands in its vault, even when its copy of the ledger is lost.
    private mutating func restore(_ items: [Item], at now: Instant) {
        for item in items {
            guard
                case .accepted(let released) = ledger.insert(
                    item.verifiedHere,
                    epoch: .max,
                    at: now
                )
            else { continue }
            owedRows += ([item] + released).map(Self.row(of:))
        }
    }
}
