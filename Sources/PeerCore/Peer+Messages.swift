import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

extension Peer {
    mutating func take(
        _ message: Verified<Message>,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        overlay.heard(peer, at: now)
        switch message.value {
        case .record, .beat, .alert, .evict, .bye:
            takeMembership(message, from: peer, at: now, into: &out)
        case .have(let set, let keys):
            takeNews(of: set, keys, from: peer, at: now, into: &out)
        case .item:
            if let item = message.item { accept(item, from: peer, at: now, into: &out) }
        case .opening(let opening):
            if let item = message.item { take(opening, item, from: peer, at: now, into: &out) }
        case .reconcile(let reconciliation):
            answer(reconciliation, from: peer, into: &out)
        case .fetch(let set, let keys):
            send(set, keys, to: peer, into: &out)
        case .acting(let list):
            hears(list, from: peer, at: now)
        case .claim, .commit, .reveal, .resultHeld:
            takeAsSteward(message.value, from: peer, at: now, into: &out)
        case .lease, .commitSet, .refuse:
            takeAsWorker(message.value, from: peer, at: now, into: &out)
        case .resultWant, .resultPiece, .resultOffer, .held, .chunkWant, .chunk:
            takeData(message.value, from: peer, at: now, into: &out)
        }
    }

    // MARK: - Steward and worker

    private mutating func takeAsSteward(
        _ message: Message,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch message {
        case .claim(let claim):
            take(claim, from: peer, at: now, into: &out)
        case .commit(let signed):
            guard signed.body.worker == peer, let job = job(signed.body.manifest) else { return }
            let view = view(of: signed.body.manifest, units: signed.body.units)
            steward.committed(signed, of: job, view: view, at: now, vault: &vault, into: &out)
        case .reveal(let reveal):
            let result = reveal.result.body
            guard result.worker == peer, let job = job(result.manifest) else { return }
            let view = view(of: result.manifest, units: result.units)
            steward.revealed(reveal, of: job, view: view, at: now, into: &out)
        case .resultHeld(let list):
            let view = view(of: list.manifest, units: list.units)
            steward.heldElsewhere(list, by: peer, view: view, at: now)
        default:
            preconditionFailure("only what a steward hears")
        }
    }

    private mutating func take(
        _ claim: Claim,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = ShardKey(manifest: claim.manifest, shard: claim.shard)
        guard let job = job(claim.manifest) else {
            return refuse(key, .unknownJob, to: peer, into: &out)
        }
        guard !ledger.isCancelled(claim.manifest), !isReleased(claim.manifest) else {
            return refuse(key, .finished, to: peer, into: &out)
        }
        // Nobody knows when a hold ends; a revoked key, or one that said two things, gets no work.
        guard !ledger.isHeld(claim.manifest), !ledger.ownership.isRevoked(peer),
            !ledger.culprits.contains(peer)
        else {
            return refuse(key, .nothingOpen, to: peer, into: &out)
        }
        wasAsked(for: key, at: now)
        guard actingSteward(of: key) == me else {
            return refuse(key, .notSteward, to: peer, into: &out)
        }
        let view = gridView(key)
        steward.claimed(
            claim,
            of: job,
            certified: ledger.certifiedUnits(of: claim.manifest),
            by: peer,
            view: view,
            at: now,
            into: &out
        )
    }

    private func refuse(
        _ key: ShardKey,
        _ reason: RefusalReason,
        to peer: PeerID,
        into out: inout Outbox
    ) {
        let refusal = Refusal(
            manifest: key.manifest,
            shard: key.shard,
            round: nil,
            reason: reason,
            retryMilliseconds: WorkLimits.claimSpan.milliseconds
        )
        out.send(.refuse(refusal), to: peer)
    }

    private mutating func takeAsWorker(
        _ message: Message,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch message {
        case .lease(let lease):
            guard let job = job(lease.manifest), !ledger.isCancelled(job.id),
                !ledger.isHeld(job.id), !isReleased(job.id)
            else { return }
            let key = ShardKey(
                manifest: lease.manifest,
                shard: lease.units[0] / Limits.unitsPerShard
            )
            guard stewards(of: key).contains(peer) else { return }
            worker.leased(
                lease,
                by: peer,
                of: job,
                epoch: epoch,
                at: now,
                vault: &vault,
                into: &out
            )
        case .commitSet(let signed):
            worker.setClosed(signed, epoch: epoch, at: now, vault: &vault, into: &out)
        case .refuse(let refusal):
            refusedElsewhere(refusal)
            if refusal.reason == .unruled { endReviews(of: refusal.manifest, saidBy: peer) }
            worker.refused(refusal, by: peer, at: now, into: &out)
        default:
            preconditionFailure("only what a worker hears")
        }
    }

    private mutating func view(of manifest: ManifestID, units: [UInt32]) -> GridView {
        gridView(ShardKey(manifest: manifest, shard: units[0] / Limits.unitsPerShard))
    }

    // MARK: - Data

    private mutating func takeData(
        _ message: Message,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch message {
        case .resultWant(let hash, let offset):
            guard results.holds(hash) else { return }
            out.append(.sendPiece(resultHash: hash, offset: offset, to: peer))
        case .resultPiece(let piece):
            results.received(piece, from: peer, at: now, into: &out)
        case .resultOffer(let offer):
            take(offer, from: peer, at: now, into: &out)
        case .held(let list):
            rule(on: list, askedBy: peer, at: now, into: &out)
        case .chunkWant(let want):
            guard chunks.holds(want) else { return }
            out.append(.sendChunk(want, to: peer))
        case .chunk(let chunk):
            let want = ChunkWant(root: chunk.root, index: chunk.index)
            guard chunks.isWanted(want) else { return }
            out.append(.storeChunk(chunk))
        default:
            preconditionFailure("only data")
        }
    }

    private mutating func take(
        _ offer: ResultOffer,
        from peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let first = offer.cores.first?.unit, let job = job(offer.manifest) else { return }
        let key = ShardKey(manifest: offer.manifest, shard: first / Limits.unitsPerShard)
        let ranked = stewards(of: key)
        guard ranked.contains(peer), isSubmitter(of: job.manifest) || ranked.contains(me) else {
            return
        }
        guard !isReleased(offer.manifest) else {
            // A contradiction may be settled after the owner has got, or given up, its results.
            if isSubmitter(of: job.manifest) { out.send(.resultHeld(offer.list), to: peer) }
            return
        }
        guard offers.keys.count(where: { $0.steward == peer }) < Self.offersMax
        else { return }
        let offerKey = OfferKey(steward: peer, manifest: offer.manifest, firstUnit: first)
        offers[offerKey] = offer
        for each in offer.cores {
            results.want(
                each.core.resultHash,
                from: [peer],
                limit: job.manifest.resultByteCount,
                at: now,
                into: &out
            )
        }
        answerOffers(into: &out)
    }

    /// Tells stewards of the offers whose results are all here.
    mutating func answerOffers(into out: inout Outbox) {
        for (key, offer) in offers
        where offer.cores.allSatisfy({ results.holds($0.core.resultHash) }) {
            offers.remove(key)
            out.send(.resultHeld(offer.list), to: key.steward)
        }
    }

    private mutating func rule(
        on list: UnitList,
        askedBy peer: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let job = job(list.manifest), !ledger.isCancelled(list.manifest),
            !ledger.isHeld(list.manifest), isSubmitter(of: job.manifest)
        else { return }
        let key = ShardKey(manifest: list.manifest, shard: list.units[0] / Limits.unitsPerShard)
        guard stewards(of: key).contains(peer) else { return }
        guard !isReleased(job.id), holdsDataset(job.manifest.datasetRoot) else {
            return refuse(key, .unruled, to: peer, into: &out)
        }
        let rulings = submitter.held(
            list,
            of: job,
            number: { worker.takeOrderNumber() },
            vault: vault,
            into: &out
        )
        for ruling in rulings {
            publish(.ruling(ruling), at: now, into: &out)
            out.send(.item(.ruling(ruling)), to: peer)
        }
    }
}

extension ResultOffer {
    /// The units whose results are offered.
    fileprivate var list: UnitList { UnitList(manifest: manifest, units: cores.map(\.unit)) }
}
