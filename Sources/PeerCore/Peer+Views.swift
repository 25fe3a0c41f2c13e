package import Ledger
import Membership
package import Primitives
package import Wire
package import WorkUnits

extension Peer {
    /// The stewards of a shard as this peer sees them, in the order in which they act.
    package mutating func stewards(of key: ShardKey) -> [PeerID] {
        if let known = placements[key] { return known }
        guard let manifest = ledger.manifest(key.manifest)?.body, key.shard < manifest.shardCount
        else { return [] }
        let ranked = hubs.stewards(
            of: key.manifest,
            shard: key.shard,
            keepers: keepers(of: key.manifest, manifest),
            isLast: ledger.culprits.contains
        )
        placements[key] = ranked
        return ranked
    }

    /// Whom the stewards of a job are taken from first.
    private mutating func keepers(of id: ManifestID, _ manifest: Manifest) -> [PeerID] {
        if let known = keepers[id] { return known }
        let list = ledger.trustView.keepers(of: manifest, at: manifest.epoch)
        keepers[id] = list
        return list
    }

    func job(_ id: ManifestID) -> Job? { ledger.manifest(id).map { Job($0) } }

    /// How far a job is, as this peer sees it.
    package func progress(of id: ManifestID, at now: Instant) -> JobProgress? {
        guard let manifest = ledger.manifest(id)?.body else { return nil }
        var progress = JobProgress(unitCount: manifest.unitCount)
        for unit in ledger.certifiedUnits(of: id) {
            let verdict = ledger.verdict(on: unit, of: id)
            progress.certified += 1
            switch verdict {
            case .certified(let core, _):
                if verdict.isFinal(at: now, settle: hubs.settleSpan) { progress.final += 1 }
                if results.holds(core.resultHash) { progress.held += 1 }
            case .disputed: progress.disputed += 1
            case .open, .sealed: break
            }
        }
        for ringer in ringers(of: id) { progress.ringers.count(ringer.state) }
        progress.isCancelled = ledger.isCancelled(id)
        progress.isHeld = ledger.isHeld(id)
        progress.isReleased = isReleased(id)
        return progress
    }

    /// The units of a job that this peer finds out by itself, ascending, with where each stands.
    package func ringers(of id: ManifestID) -> [(unit: UInt32, state: RingerState)] {
        ringers.units(of: id).map { ($0, state(ofRinger: $0, id)) }
    }

    /// Whether the bytes of a result are kept here.
    package func holdsResult(_ hash: Digest) -> Bool { results.holds(hash) }

    /// Whether the whole dataset of `root` is kept here, as that of an own job.
    package func holdsDataset(_ root: Digest) -> Bool { chunks.datasetRoots.contains(root) }
}

/// How far a job is.
package struct JobProgress: Hashable, Sendable {
    /// Units of the job.
    package let unitCount: UInt32
    /// Units with a certificate.
    package internal(set) var certified: UInt32 = 0
    /// Units whose certificate has stood for the settle time.
    package internal(set) var final: UInt32 = 0
    /// Units with contradicting certificates.
    package internal(set) var disputed: UInt32 = 0
    /// Units whose winning result is kept here.
    package internal(set) var held: UInt32 = 0
    /// The units that this peer has found out by itself.
    package internal(set) var ringers = RingerCounts()
    /// Whether the project has ended the job.
    package internal(set) var isCancelled = false
    /// Whether the project holds the job.
    package internal(set) var isHeld = false
    /// Whether its results are released.
    package internal(set) var isReleased = false

    init(unitCount: UInt32) { self.unitCount = unitCount }

    /// Whether every unit is final, its result is here, and no ringer waits to be compared.
    package var isComplete: Bool {
        final == unitCount && held == unitCount && ringers.open == 0
    }

    /// Whether the peer that submitted it has nothing more to wait for.
    package var isOverForItsOwner: Bool { isComplete || isCancelled || isReleased }
}

// MARK: - Questions of drivers and checkers

extension Peer {
    /// The board of everything that this peer holds.
    package func board(at now: Instant) -> [BoardRow] { boards(at: now).hosts }

    /// The boards of hosts, users and projects, over the jobs of one project or of all.
    package func boards(of project: ProjectID? = nil, at now: Instant) -> Boards {
        ledger.boards(of: project, epoch: epoch, at: now, settle: hubs.settleSpan)
    }

    /// The units of a job whose winner is known, with it, ascending.
    package func verdicts(of id: ManifestID) -> [(unit: UInt32, core: Core)] {
        ledger.certifiedUnits(of: id).compactMap { unit in
            ledger.verdict(on: unit, of: id).core.map { (unit, $0) }
        }
    }

    /// The certificates of a job, each once, by epoch and id.
    package func certificates(of id: ManifestID) -> [Certificate] {
        ledger.items.values.compactMap { item in
            guard case .certificate(let signed) = item, signed.body.manifest == id else {
                return nil
            }
            return signed.body
        }
    }

    /// Every item of the ledger, by epoch and id.
    package var allItems: [Item] { ledger.items.values }

    /// The ledger's items' places, ascending.
    package var ledgerKeys: [ItemKey] { ledger.items.keys }

    /// Items of the ledger.
    package var ledgerCount: Int { ledger.items.count }

    /// Whether the ledger holds the item of `id`.
    package func holdsItem(_ id: ItemID) -> Bool { ledger.contains(id) }

    /// The ledger's item of `id`.
    package func item(_ id: ItemID) -> Item? { ledger.item(id) }

    /// Whether the project holds the job.
    package func isHeld(_ id: ManifestID) -> Bool { ledger.isHeld(id) }

    /// The manifest of a job.
    package func manifest(of id: ManifestID) -> Manifest? { ledger.manifest(id)?.body }

    /// The leases, rounds and bundles that are open, for people.
    package var openWork: String { steward.openWork + worker.openWork }

    /// Whether no lease, round or bundle is open.
    package var isIdle: Bool { steward.isIdle && worker.isIdle }
}
