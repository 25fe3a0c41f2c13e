import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

extension Peer {
    mutating func react(to event: LocalEvent, at now: Instant, into out: inout Outbox) {
        switch event {
        case .epoch(let epoch):
            self.epoch = max(self.epoch, epoch)
            hubs.expire(epoch: self.epoch)
            membershipChanged()
        case .advertise(let record):
            sign(record, into: &out)
        case .linked(let record):
            let peer = record.value.body.peer
            learn(record, from: peer, into: &out)
            hubs.linked(peer)
            greet(peer, into: &out)
        case .unlinked(let peer):
            hubs.unlinked(peer, at: now)
        case .donate(let places, let speeds):
            worker.donates(places: places, speeds: speeds)
        case .serveFirst(let id):
            firstJob = id
            areOpportunitiesStale = true
        case .submit(let manifest):
            submit(manifest, at: now, into: &out)
        case .cancel(let id):
            cancel(id, at: now, into: &out)
        case .signed(let number, let signature):
            signed(number, signature, at: now, into: &out)
        case .workPrepared, .workFinished, .workFailed:
            reactToWork(event, at: now, into: &out)
        case .chunkStored(let chunk):
            chunks.stored(chunk, at: now, into: &out)
            worker.progressed(chunk, at: now)
            worker.startReady(desk: chunks, into: &out)
        case .resultStored(let hash):
            results.stored(hash)
            answerOffers(into: &out)
        case .resultCorrupt(let hash):
            results.corrupt(hash, at: now, into: &out)
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
                    accept(Item.ruling(ruling).verifiedHere, from: nil, at: now, into: &out)
                }
            } else {
                worker.finished(order, cores: cores, at: now, vault: &vault, into: &out)
            }
            answerOffers(into: &out)
        case .workFailed(let order):
            submitter.failed(order)
            worker.failed(order, at: now, into: &out)
        default:
            preconditionFailure("only work")
        }
    }

    // MARK: - Own statements

    private mutating func sign(_ record: Record, into out: inout Outbox) {
        switch vault.sign(record, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed): advertise(signed, into: &out)
        }
    }

    private mutating func advertise(_ record: Signed<Record>, into out: inout Outbox) {
        ownRecord = record
        learn(record.verifiedHere, from: me, into: &out)
    }

    private mutating func submit(
        _ manifest: Manifest,
        at now: Instant,
        into out: inout Outbox
    ) {
        chunks.holdsDataset(manifest.datasetRoot, byteCount: manifest.datasetByteCount)
        switch vault.sign(manifest, by: .project, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed):
            accept(Item.manifest(signed).verifiedHere, from: nil, at: now, into: &out)
        }
    }

    private mutating func cancel(_ id: ManifestID, at now: Instant, into out: inout Outbox) {
        guard let manifest = ledger.manifest(id)?.body, manifest.submitter == me else { return }
        let cancel = Cancel(project: manifest.project, manifest: id, epoch: epoch)
        switch vault.sign(cancel, by: .project, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed):
            accept(Item.cancel(signed).verifiedHere, from: nil, at: now, into: &out)
        }
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
            advertise(signed, into: &out)
        case .manifest(let signed):
            accept(Item.manifest(signed).verifiedHere, from: nil, at: now, into: &out)
        case .cancel(let signed):
            accept(Item.cancel(signed).verifiedHere, from: nil, at: now, into: &out)
        case .ruling(let signed):
            accept(Item.ruling(signed).verifiedHere, from: nil, at: now, into: &out)
        case .commit(let signed):
            worker.commitSigned(signed, at: now, vault: &vault, into: &out)
        case .commitSet(let signed):
            steward.setSigned(signed, at: now, into: &out)
        case .result(let signed):
            worker.resultSigned(signed, at: now, into: &out)
        case .certificate(let signed):
            accept(Item.certificate(signed).verifiedHere, from: nil, at: now, into: &out)
        }
    }

    // MARK: - Restart

    mutating func restore(_ rows: [JournalRow], at now: Instant) throws(DecodeError) {
        try vault.restore(rows)
        // Arrival order does not matter to the ledger: what comes early waits for what it needs.
        for row in rows where row.table == .items {
            guard let value = row.value else { continue }
            var decoder = CBORDecoder(value)
            let item = try Item(from: &decoder)
            try decoder.finish()
            // What was accepted once is not judged by a clock that may have gone back.
            _ = ledger.insert(item.verifiedHere, epoch: .max, at: now)
        }
        for row in rows {
            let manifests = ledger.manifests
            try steward.restore(row, job: { manifests[$0].map { Job($0) } }, at: now)
            try worker.restore(row, vault: vault, at: now)
        }
        var out = Outbox()
        for item in ledger.items.values { follow(item, at: now, into: &out) }
        areOpportunitiesStale = true
        // Nothing of this is lost: rows stay, and what would have been sent is sent again by tick.
        _ = out.drain()
    }
}
