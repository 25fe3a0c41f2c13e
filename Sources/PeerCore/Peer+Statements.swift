import Ledger
import Primitives
import Wire
import WorkUnits

/// What the owner of this machine says: about its jobs, and about its keys.
extension Peer {
    mutating func state(_ event: LocalEvent, at now: Instant, into out: inout Outbox) {
        switch event {
        case .submit(let manifest):
            chunks.holdsDataset(manifest.datasetRoot, byteCount: manifest.datasetByteCount)
            let id = ManifestID(SHA256.hash(manifest.payload))
            if ledger.manifest(id) == nil { submitted[id] = manifest.datasetRoot }
            publish(manifest, by: .project, as: Item.manifest, at: now, into: &out)
        case .cancel(let id):
            guard let manifest = ownManifest(id) else { return }
            let cancel = Cancel(
                project: manifest.project,
                manifest: id,
                epoch: manifest.statementEpoch(at: epoch)
            )
            publish(cancel, by: .project, as: Item.cancel, at: now, into: &out)
        case .hold(let id):
            hold(id, isHeld: true, at: now, into: &out)
        case .resume(let id):
            hold(id, isHeld: false, at: now, into: &out)
        case .adopt(let owner, let consent):
            guard !ledger.ownership.isAdopted(me, by: owner) else { return }
            let device = Device(owner: owner, peer: me, consent: consent, epoch: epoch)
            publish(device, by: .project, as: Item.device, at: now, into: &out)
        case .anchor(let peer, let project, let until):
            guard Anchor.isSpan(from: epoch, until: until),
                ledger.anchors.naming(of: peer, by: project) == nil
            else { return }
            let anchor = Anchor(project: project, peer: peer, until: until, epoch: epoch)
            publish(anchor, by: .project, as: Item.anchor, at: now, into: &out)
        case .succeed(let record):
            succeed(record.value, at: now, into: &out)
        default:
            preconditionFailure("only statements")
        }
    }

    /// The manifest of a job whose submitter is this peer, by this key or one before.
    func ownManifest(_ id: ManifestID) -> Manifest? {
        guard let manifest = ledger.manifest(id)?.body, isSubmitter(of: manifest) else {
            return nil
        }
        return manifest
    }

    func isSubmitter(of manifest: Manifest) -> Bool {
        ledger.ownership.current(of: manifest.submitter) == me
    }

    private mutating func hold(
        _ id: ManifestID,
        isHeld: Bool,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let manifest = ownManifest(id), ledger.isHeld(id) != isHeld,
            let number = ledger.nextHoldNumber(of: id)
        else { return }
        let hold = Hold(
            project: manifest.project,
            manifest: id,
            number: number,
            isHeld: isHeld,
            epoch: manifest.statementEpoch(at: epoch)
        )
        publish(hold, by: .project, as: Item.hold, at: now, into: &out)
    }

    private mutating func succeed(
        _ given: Signed<Record>,
        at now: Instant,
        into out: inout Outbox
    ) {
        // The old key signed one first record for ever; a driver without a disk makes it anew.
        let kept: Signed<Record>? = vault.statement(in: given.body.slots)
        let record = kept ?? given
        let old = record.body.peer
        guard record.body.incarnation == 0, old != me, !ledger.ownership.isRevoked(old),
            record.body.successorHash == Record.successorHash(of: me)
        else { return }
        let revoke = Revoke(successor: me, record: record, epoch: epoch)
        publish(revoke, by: .peer, as: Item.revoke, at: now, into: &out)
    }

    /// Signs a statement of this peer's own, unless it is signed already, and publishes it.
    private mutating func publish<Body: StatementBody>(
        _ body: Body,
        by role: KeyRole,
        as item: (Signed<Body>) -> Item,
        at now: Instant,
        into out: inout Outbox
    ) {
        switch vault.sign(body, by: role, into: &out) {
        case .requested: break
        case .signed(let signed), .taken(let signed):
            publish(item(signed), at: now, into: &out)
        }
    }

    /// Takes in and passes on what this peer has signed.
    mutating func publish(_ item: Item, at now: Instant, into out: inout Outbox) {
        accept(item.verifiedHere, from: nil, at: now, into: &out)
    }
}
