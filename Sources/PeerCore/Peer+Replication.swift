import Ledger
import Membership
import Primitives
import Wire
import WorkUnits

extension Peer {
    // MARK: - Records

    /// Takes in a record, and passes it on when it is news.
    mutating func learn(
        _ record: Verified<Signed<Record>>,
        from source: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        let body = record.value.body
        guard !ledger.ownership.isRevoked(body.peer) else { return }
        if body.peer == me, !vault.holds(record.value.id) {
            out.append(.keyUsedElsewhere(body))
            return
        }
        if hubs.record(of: body.peer)?.id != record.value.id { gridChanged() }
        guard overlay.learn(record, from: source, at: now, into: &out) == .accepted else { return }
        remember(record.value, into: &out)
        membershipChanged()
    }

    /// Keeps a hub's record, by which the hub is found again after a restart.
    private mutating func remember(_ record: Signed<Record>, into out: inout Outbox) {
        let peer = record.body.peer
        guard peer != me, metHubs.contains(peer) || metHubs.count < HubTable.hubsMax else { return }
        metHubs[peer] = record.body.expiry
        let value = record.envelope
        out.append(.persist(JournalRow(.records, key: peer.digest.bytes, value: value)))
    }

    /// Forgets hubs whose records have expired long ago.
    mutating func forgetHubs(into out: inout Outbox) {
        for (peer, expiry) in metHubs where saturatingSum(expiry, Self.memoryEpochs) < epoch {
            metHubs.remove(peer)
            out.append(.persist(JournalRow(.records, key: peer.digest.bytes, value: nil)))
        }
    }

    /// Forgets a hub whose key has been revoked.
    private mutating func forget(_ peer: PeerID, at now: Instant, into out: inout Outbox) {
        overlay.forget(peer, at: now)
        guard metHubs.remove(peer) != nil else { return }
        out.append(.persist(JournalRow(.records, key: peer.digest.bytes, value: nil)))
    }

    /// Who is a steward of what may have changed.
    mutating func membershipChanged() {
        placements = SortedTable()
        keepers = SortedTable()
        areKeepersStale = false
        areOpportunitiesStale = true
        areReviewsStale = true
    }

    // MARK: - Ledger

    /// Takes in an item, makes it durable, passes it on, and does what follows from it.
    mutating func accept(
        _ item: Verified<Item>,
        from source: PeerID?,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch item.value {
        case .device, .revoke: gridChanged()
        case .anchor(let signed) where ledger.hasJob(of: signed.body.project): gridChanged()
        case .fault(let fault) where isFirst(fault): gridChanged()
        // One proof is enough: whoever has said two things may have said many.
        case .fault where source == nil: return
        case .anchor, .fault, .manifest, .certificate, .opening, .ruling, .cancel, .hold: break
        }
        // What this peer has signed is not judged by its own clock, which may have gone back since:
        // nobody would offer it again.
        let hour = source == nil ? max(epoch, item.value.epoch ?? epoch) : epoch
        switch ledger.insert(item, epoch: hour, at: now) {
        case .accepted(let released):
            news.came(item.value.id)
            reputationsMayChange(with: [item.value] + released)
            for each in [item.value] + released {
                let row = Self.row(of: each)
                out.append(.persist(row))
                let byteCount = row.value?.count ?? 0
                spread(each, byteCount: byteCount, from: source, into: &out)
                follow(each, at: now, into: &out)
            }
        case .refused:
            if let source { out.append(.penalize(source, .invalidItem(item.value.id))) }
        case .known:
            // A steward that asks for a ruling may be newer than the ruling.
            if case .ruling(let signed) = item.value { steward.ruled(signed, at: now) }
        case .waiting, .early:
            break
        }
    }

    /// Whether nothing is proven yet of a culprit in the job of `fault`.
    private func isFirst(_ fault: Fault) -> Bool {
        !ledger.culprits.contains(fault.culprit, in: fault.manifest)
    }

    /// Tells every machine about proofs that this peer has found.
    mutating func publish(_ faults: [Fault], at now: Instant, into out: inout Outbox) {
        for fault in faults {
            accept(Item.fault(fault).verifiedHere, from: nil, at: now, into: &out)
        }
    }

    /// The journal's row of an item.
    static func row(of item: Item) -> JournalRow {
        var encoder = CBOREncoder()
        item.encode(into: &encoder)
        return JournalRow(.items, key: item.id.digest.bytes, value: encoder.bytes)
    }

    /// Tells every machine about an item that the ledger has taken in.
    mutating func follow(_ item: Item, at now: Instant, into out: inout Outbox) {
        switch item {
        case .manifest(let signed):
            areOpportunitiesStale = true
            submitted.remove(ManifestID(signed.id.digest))
            steward.learned(Job(signed), at: now)
        case .certificate(let signed):
            areOpportunitiesStale = true
            let isOpened = isOpened(signed.body)
            if let key = steward.desk(of: signed.body) {
                steward.certified(
                    signed,
                    isOpened: isOpened,
                    view: gridView(key),
                    at: now,
                    into: &out
                )
            }
            if let job = job(signed.body.manifest) {
                worker.certified(signed, isOpened: isOpened, of: job, at: now, into: &out)
            }
            noteMistakes(signed.body)
            noteFruit(signed.body, at: now)
            publish(ledger.contradictions(of: signed), at: now, into: &out)
        case .opening(let opening):
            guard let first = opening.cores.first?.unit else { return }
            worker.opened(opening.cores.map(\.unit), of: opening.manifest, into: &out)
            steward.opened(
                opening.certificate,
                manifest: opening.manifest,
                units: [first],
                at: now,
                into: &out
            )
        case .ruling(let signed):
            steward.ruled(signed, at: now)
            ringers.ruled(signed.body, into: &out)
            review(ruledBy: signed.body, at: now, into: &out)
        case .hold(let signed):
            let id = signed.body.manifest
            areOpportunitiesStale = true
            steward.held(id, isHeld: ledger.isHeld(id), at: now)
        case .device:
            break
        case .anchor(let signed):
            if ledger.hasJob(of: signed.body.project) { membershipChanged() }
        case .fault(let fault):
            guard ledger.culprits.wasFirst(fault) else { return }
            membershipChanged()
            reviewDeeds(provenBy: fault, at: now, into: &out)
        case .revoke(let signed):
            forget(signed.body.old, at: now, into: &out)
            membershipChanged()
            // Whoever is asked for results may have another key now.
            for hash in results.wanted { fetchAgain(hash, at: now, into: &out) }
        case .cancel(let signed):
            areOpportunitiesStale = true
            end(signed.body.manifest, into: &out)
        }
    }

    /// Who was wrong in a vote of this peer's gets less to do for a while.
    private mutating func noteMistakes(_ certificate: Certificate) {
        guard certificate.steward == me else { return }
        let wrong = certificate.units.flatMap { unit in
            ledger.mistakes(on: unit, of: certificate.manifest).map(\.worker)
        }
        for entry in certificate.entries where wrong.contains(entry.worker) {
            steward.wasWrong(entry.worker)
        }
    }

    private func isOpened(_ certificate: Certificate) -> Bool {
        certificate.units.allSatisfy { ledger.isOpened(certificate, unit: $0) }
    }

    /// A submitter needs the bytes of every result that wins.
    mutating func fetchOwnResult(
        of unit: UInt32,
        _ id: ManifestID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let manifest = ownManifest(id), !isReleased(id),
            let core = ledger.verdict(on: unit, of: id).core
        else { return }
        let winners = ledger.outcomes(of: unit, manifest: id, core: core)
            .filter(\.didWin).map(\.worker)
        let stewards = ledger.certificates(on: unit, of: id).map(\.body.steward)
        let holders = (stewards + winners).map { ledger.ownership.current(of: $0) }
        results.want(
            core.resultHash,
            from: holders.filter { $0 != me },
            limit: manifest.resultByteCount,
            at: now,
            into: &out
        )
    }

    /// Fetches a result that was lost and that jobs of this peer's own need.
    mutating func fetchAgain(_ hash: Digest, at now: Instant, into out: inout Outbox) {
        for id in ledger.manifests.keys where ownManifest(id) != nil {
            for unit in ledger.certifiedUnits(of: id)
            where ledger.verdict(on: unit, of: id).core?.resultHash == hash {
                fetchOwnResult(of: unit, id, at: now, into: &out)
            }
        }
    }

    // MARK: - Reconciliation

    /// On a new link both sides compare everything once.
    mutating func greet(_ peer: PeerID, into out: inout Outbox) {
        overlay.greet(peer, into: &out)
        out.send(.reconcile(Reconciler.open(.ledger, keys: ledger.items.keys)), to: peer)
    }

    /// Each period one linked hub, drawn at random, is compared with.
    mutating func reconcile(at now: Instant, into out: inout Outbox) {
        guard nextReconciliation <= now else { return }
        let period = hubs.reconciliationPeriod
        nextReconciliation = now.advanced(by: period)
            .advanced(by: random.jitter(below: period.divided(by: 4)))
        if areKeepersStale {
            gridChanged()
            membershipChanged()
        }
        let linked = overlay.spreadPeers
        guard !linked.isEmpty else { return }
        greet(linked[Int(random.below(UInt64(linked.count)))], into: &out)
    }

    func answer(
        _ reconciliation: Reconciliation,
        from peer: PeerID,
        into out: inout Outbox
    ) {
        let keys =
            switch reconciliation.set {
            case .records: hubs.itemKeys
            case .ledger: ledger.items.keys
            }
        let step = Reconciler.answer(reconciliation, keys: keys)
        if let reply = step.reply { out.send(.reconcile(reply), to: peer) }
        if !step.wanted.isEmpty {
            let wanted = Array(step.wanted.prefix(Self.itemsPerAnswer))
            out.send(.fetch(reconciliation.set, wanted), to: peer)
        }
        send(reconciliation.set, step.offered, to: peer, into: &out)
    }

    /// Sends elements of a set, as many as one answer may hold.
    func send(
        _ set: ReplicatedSet,
        _ keys: [ItemKey],
        to peer: PeerID,
        into out: inout Outbox
    ) {
        let few = Array(keys.prefix(Self.itemsPerAnswer))
        switch set {
        case .records:
            overlay.send(few, to: peer, into: &out)
        case .ledger:
            for item in few.compactMap(ledger.item(at:)) { out.send(.item(item), to: peer) }
        }
    }
}
