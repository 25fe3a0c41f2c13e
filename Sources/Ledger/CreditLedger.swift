package import Primitives
package import Wire

/// The grow-only set of what is stated about jobs, votes, owners and keys.
///
/// Everything that it says of units and credit is a pure function of the set, and of the local time
/// at which the last change of a unit was seen (`final` against `provisional`).
package struct CreditLedger: Sendable {
    /// The items by epoch and id: the order in which sets are compared.
    package private(set) var items = SortedTable<ItemKey, Item>()
    /// Asked for each item that comes, most of which are known.
    // tidy-allow-hash-table: looked up, never walked
    private var keys: [ItemID: ItemKey] = [:]
    /// The manifests of every job, apart from what changes with each certificate.
    package private(set) var manifests = SortedTable<ManifestID, Signed<Manifest>>()
    /// Whose machine each peer is, and which key took over from which.
    package private(set) var ownership = Ownership()
    /// Whose word projects take beside those whom a manifest names.
    package private(set) var anchors = Anchors()
    /// Who has said two things.
    package private(set) var culprits = Culprits()
    /// Whose results have been right.
    private var reputations: ReputationBook
    /// Units whose certificates contradict each other, with the latest hour of any of these: where
    /// they stand depends on the reputation of others before.
    private(set) var contested = SortedTable<UnitName, UInt64>()
    /// Units of which nobody knows what their heaviest certificates say.
    private(set) var sealed = SortedTable<UnitName, Bool>()
    /// The certificates in which each worker had part, ascending.
    private(set) var deeds = SortedTable<PeerID, [ItemKey]>()
    /// Units on which each worker was wrong, be it that a later certificate takes that back.
    private(set) var wrongUnits = SortedTable<PeerID, SortedTable<UnitName, Bool>>()
    /// The certificates in which each worker stands more than once, ascending.
    private(set) var repeatedVotes = SortedTable<PeerID, [ItemKey]>()
    /// Units of which the ledger has come to think otherwise.
    private var judged: [UnitName] = []
    /// The first hour for which anybody's reputation has changed since this was asked.
    private var earliestMark: UInt64?
    private var jobs = SortedTable<ManifestID, JobEntry>()
    /// Items that came before what they refer to, oldest first.
    private var orphans: [Item] = []

    /// What is known of one job.
    struct JobEntry: Sendable {
        var isCancelled = false
        /// The HOLD that counts.
        var hold: HoldState?
        var units = SortedTable<UInt32, UnitEntry>()
        /// Certificates of rounds in which units were that they do not certify.
        var mentions = SortedTable<UInt32, [ItemID]>()
        /// What the project has ruled, by unit; the item that stands first comes first.
        var rulings = SortedTable<UInt32, [Signed<Ruling>]>()
        /// Units with a certificate, by shard.
        var certifiedByShard = SortedTable<UInt32, UInt32>()
    }

    /// What the HOLD of the highest number says; of several with that number, the first item.
    struct HoldState: Sendable {
        let number: UInt32
        let key: ItemKey
        let isHeld: Bool
    }

    /// What is known of one unit.
    struct UnitEntry: Sendable {
        /// The unit's certificates.
        var certificates: [ItemID] = []
        /// Cores that an opening or a certificate has opened, by hash.
        var cores: [Core] = []
        /// What follows from these.
        var standing = Standing<Core>.open
        /// Who computed it and with what success, ascending by worker; empty unless certified.
        var outcomes: [Outcome] = []
        /// What it adds to the reputation of these.
        var marks: [Mark] = []
        /// When the last of these came.
        var changedAt: Instant
    }

    /// Items that wait at most for what they refer to.
    package static let orphansMax = 4_096

    /// An empty ledger of a network that goes by `trust`.
    package init(trust: Trust = .standard) { reputations = ReputationBook(trust: trust) }

    /// A unit of a job.
    package struct UnitName: Hashable, Comparable, Sendable {
        /// The job.
        package let manifest: ManifestID
        /// The unit.
        package let unit: UInt32

        /// The unit `unit` of the job `manifest`.
        package init(manifest: ManifestID, unit: UInt32) {
            self.manifest = manifest
            self.unit = unit
        }

        package static func < (left: UnitName, right: UnitName) -> Bool {
            (left.manifest, left.unit) < (right.manifest, right.unit)
        }
    }

    /// Whether `takeJudged` has something to say.
    package var hasJudged: Bool { !judged.isEmpty }

    /// Units of which the ledger thinks otherwise since the last call, or of which it has new
    /// certificates; each may come several times.
    package mutating func takeJudged() -> [UnitName] {
        defer { judged.removeAll() }
        return judged
    }

    /// The first hour for which anybody's reputation has changed since the last call, if any has.
    package mutating func takeEarliestMark() -> UInt64? {
        defer { earliestMark = nil }
        return earliestMark
    }

    /// The constants that votes are judged by.
    package var trust: Trust { reputations.trust }

    /// Who is who by the ledger's items.
    package var trustView: TrustView {
        TrustView(
            book: reputations,
            ownership: ownership,
            anchors: anchors,
            culprits: culprits
        )
    }

    /// What became of an item.
    package enum Insertion: Hashable, Sendable {
        /// It is new; with it came these items that had waited for it.
        case accepted([Item])
        /// It was there.
        case known
        /// It waits for what it refers to.
        case waiting
        /// It is from the future, as this peer's clock has it: not kept, and nobody's fault.
        case early
        /// It breaks a rule.
        case refused
    }

    /// Takes in a checked item; `epoch` is the present one.
    package mutating func insert(
        _ item: Verified<Item>,
        epoch: UInt64,
        at now: Instant
    ) -> Insertion {
        guard keys[item.value.id] == nil else { return .known }
        switch place(item.value, epoch: epoch, at: now) {
        case .accepted:
            return .accepted(retryOrphans(epoch: epoch, at: now))
        case .waiting:
            guard !orphans.contains(item.value) else { return .known }
            if orphans.count == Self.orphansMax { orphans.removeFirst() }
            orphans.append(item.value)
            return .waiting
        case .known: return .known
        case .early: return .early
        case .refused: return .refused
        }
    }

    /// The item of `id`.
    package func item(_ id: ItemID) -> Item? { keys[id].flatMap { items[$0] } }

    /// Where the item of `id` stands.
    package func key(of id: ItemID) -> ItemKey? { keys[id] }

    /// The item at `key`.
    package func item(at key: ItemKey) -> Item? { items[key] }

    /// Whether the item of `id` is here.
    package func contains(_ id: ItemID) -> Bool { keys[id] != nil }

    /// Whether each core of an opening reproduces a digest of the certificate that it names; nil
    /// when that certificate is not here.
    package func isProven(_ opening: Opening) -> Bool? {
        guard case .certificate(let signed)? = item(opening.certificate) else { return nil }
        guard signed.body.manifest == opening.manifest else { return false }
        return opening.cores.allSatisfy { each in
            signed.body.units.contains(each.unit)
                && Ballot.all(on: each.unit, in: signed.body)
                    .contains { $0.isOpened(by: each.core, unit: each.unit) }
        }
    }

    // MARK: - Insertion

    private mutating func retryOrphans(epoch: UInt64, at now: Instant) -> [Item] {
        var taken: [Item] = []
        var isChanged = true
        while isChanged {
            isChanged = false
            let waiting = orphans
            orphans = []
            for item in waiting {
                switch place(item, epoch: epoch, at: now) {
                case .accepted:
                    taken.append(item)
                    isChanged = true
                case .waiting: orphans.append(item)
                case .known, .early, .refused: break
                }
            }
        }
        return taken
    }

    private mutating func place(_ item: Item, epoch: UInt64, at now: Instant) -> Insertion {
        switch item {
        case .manifest(let signed):
            guard !isEarly(signed.body.epoch, now: epoch) else { return .early }
            let id = ManifestID(signed.id.digest)
            manifests[id] = signed
            jobs[id] = JobEntry()
            return store(item, epoch: signed.body.epoch)
        case .certificate(let signed):
            return place(signed, epoch: epoch, at: now)
        case .opening(let opening):
            return place(opening, at: now)
        case .ruling, .cancel, .hold:
            return placeDecision(item, epoch: epoch)
        case .device(let signed):
            guard !isEarly(signed.body.epoch, now: epoch) else { return .early }
            ownership.adopt(signed.body, at: ItemKey(epoch: signed.body.epoch, id: item.id))
            return store(item, epoch: signed.body.epoch)
        case .revoke(let signed):
            guard !isEarly(signed.body.epoch, now: epoch) else { return .early }
            ownership.succeed(signed.body)
            judgeContested(from: 0, at: now)
            return store(item, epoch: signed.body.epoch)
        case .anchor(let signed):
            guard !isEarly(signed.body.epoch, now: epoch) else { return .early }
            let key = ItemKey(epoch: signed.body.epoch, id: item.id)
            // Votes of its hours may have come before it.
            if let first = anchors.name(signed.body, at: key) {
                judgeContested(from: first, of: signed.body.project, at: now)
            }
            return store(item, epoch: signed.body.epoch)
        case .fault(let fault):
            guard let job = manifests[fault.manifest]?.body else { return .waiting }
            if culprits.note(fault, epoch: job.epoch) {
                judgeContested(from: saturatingSum(job.epoch, 1), at: now)
            }
            return store(item, epoch: job.epoch)
        }
    }

    /// What a project says of its own job, from the hour of the job on.
    private mutating func placeDecision(_ item: Item, epoch: UInt64) -> Insertion {
        let said: (project: ProjectID, manifest: ManifestID, epoch: UInt64)
        switch item {
        case .ruling(let signed):
            said = (signed.body.project, signed.body.manifest, signed.body.epoch)
        case .cancel(let signed):
            said = (signed.body.project, signed.body.manifest, signed.body.epoch)
        case .hold(let signed):
            said = (signed.body.project, signed.body.manifest, signed.body.epoch)
        case .manifest, .certificate, .opening, .device, .revoke, .anchor, .fault:
            preconditionFailure("only decisions")
        }
        guard let job = manifests[said.manifest]?.body else { return .waiting }
        guard job.project == said.project, said.epoch >= job.epoch else { return .refused }
        if case .ruling(let signed) = item, signed.body.unit >= job.unitCount { return .refused }
        guard !isEarly(said.epoch, now: epoch) else { return .early }
        switch item {
        case .cancel: jobs.update(said.manifest) { $0.isCancelled = true }
        case .hold(let signed): take(signed)
        case .ruling(let signed):
            jobs.update(said.manifest) { job in
                job.rulings[signed.body.unit, default: []].append(signed)
                job.rulings.update(signed.body.unit) { rulings in
                    rulings.sort { ($0.body.epoch, $0.id) < ($1.body.epoch, $1.id) }
                }
            }
        default: break
        }
        return store(item, epoch: said.epoch)
    }

    private mutating func take(_ signed: Signed<Hold>) {
        let body = signed.body
        let key = ItemKey(epoch: body.epoch, id: signed.id)
        jobs.update(body.manifest) { job in
            if let earlier = job.hold {
                // A higher number, or of one number the item that stands first.
                guard (earlier.number, key) < (body.number, earlier.key) else { return }
            }
            job.hold = HoldState(number: body.number, key: key, isHeld: body.isHeld)
        }
    }

    private func isEarly(_ epoch: UInt64, now: UInt64) -> Bool {
        epoch > saturatingSum(now, Limits.epochSkew)
    }

    private mutating func place(
        _ signed: Signed<Certificate>,
        epoch: UInt64,
        at now: Instant
    ) -> Insertion {
        let certificate = signed.body
        guard let job = manifests[certificate.manifest]?.body else { return .waiting }
        guard !isEarly(certificate.epoch, now: epoch) else { return .early }
        let check = CertificateCheck(
            certificate,
            manifest: job,
            id: certificate.manifest,
            trust: reputations.trust
        )
        do throws(CertificateError) {
            try check.run(latestEpoch: saturatingSum(epoch, Limits.epochSkew))
        } catch {
            return .refused
        }
        // An audit looks at a vote again, and is nothing without it.
        if certificate.vote == .audit {
            let known = jobs[certificate.manifest]?.units
            guard certificate.units.allSatisfy({ known?.contains($0) == true }) else {
                return .waiting
            }
        }
        let insertion = store(.certificate(signed), epoch: certificate.epoch)
        note(signed)
        jobs.update(certificate.manifest) { job in
            for unit in certificate.units {
                if !job.units.contains(unit) {
                    job.certifiedByShard[unit / Limits.unitsPerShard, default: 0] += 1
                }
                job.units[unit, default: UnitEntry(changedAt: now)].certificates.append(signed.id)
                job.units.update(unit) { entry in
                    entry.certificates.sort()
                    entry.changedAt = now
                    for opened in certificate.openings where opened.unit == unit {
                        entry.add(opened.core)
                    }
                }
            }
            for unit in certificate.roundUnits where !certificate.units.contains(unit) {
                job.mentions[unit, default: []].append(signed.id)
            }
        }
        judge(certificate.units, of: certificate.manifest, at: now)
        return insertion
    }

    private mutating func note(_ signed: Signed<Certificate>) {
        let key = ItemKey(epoch: signed.body.epoch, id: signed.id)
        for entry in signed.body.entries {
            let place = deeds[entry.worker]?.lastIndex { $0 <= key }
            if let place, deeds[entry.worker]?[place] == key {
                noteRepetition(of: entry.worker, in: key)
                continue
            }
            deeds[entry.worker, default: []].insert(key, at: place.map { $0 + 1 } ?? 0)
        }
    }

    private mutating func noteRepetition(of worker: PeerID, in key: ItemKey) {
        guard repeatedVotes[worker]?.contains(key) != true else { return }
        repeatedVotes[worker, default: []].append(key)
        repeatedVotes.update(worker) { $0.sort() }
    }

    private mutating func place(_ opening: Opening, at now: Instant) -> Insertion {
        guard case .certificate(let signed)? = item(opening.certificate),
            let isProven = isProven(opening)
        else { return .waiting }
        guard isProven else { return .refused }
        jobs.update(opening.manifest) { job in
            for each in opening.cores {
                job.units.update(each.unit) { entry in
                    entry.add(each.core)
                    entry.changedAt = now
                }
            }
        }
        judge(opening.cores.map(\.unit), of: opening.manifest, at: now)
        return store(.opening(opening), epoch: signed.body.epoch)
    }

    /// Works out anew what follows for `units`, in which something has changed, and for those
    /// whose certificates weigh otherwise for that.
    private mutating func judge(_ units: [UInt32], of manifest: ManifestID, at now: Instant) {
        var earliest: UInt64?
        for unit in units {
            let name = UnitName(manifest: manifest, unit: unit)
            let changed = judge(name, at: now)
            if judged.last != name { judged.append(name) }
            if let changed { earliest = min(earliest ?? changed, changed) }
        }
        // A class for an hour follows from the hours before.
        if let earliest { judgeContested(from: saturatingSum(earliest, 1), at: now) }
    }

    /// Judges the contested units that know the hour `first` or later ones anew, until nothing
    /// changes; at first those of `project` alone, if one is given.
    ///
    /// What is said for an hour depends on the hours before it alone, so each look at all of them
    /// settles one hour more at least.
    private mutating func judgeContested(
        from first: UInt64,
        of project: ProjectID? = nil,
        at now: Instant
    ) {
        var project = project
        var earliest: UInt64? = first
        while let start = earliest {
            earliest = nil
            defer { project = nil }
            for (name, latest) in contested where latest >= start {
                if let project, manifests[name.manifest]?.body.project != project { continue }
                guard let changed = judge(name, at: now) else { continue }
                let next = saturatingSum(changed, 1)
                earliest = min(earliest ?? next, next)
            }
        }
    }

    /// Works out where one unit stands, and returns the first hour for which it changes anybody's
    /// reputation.
    @discardableResult
    private mutating func judge(_ name: UnitName, at now: Instant) -> UInt64? {
        guard let project = manifests[name.manifest]?.body.project,
            let earlier = jobs[name.manifest]?.units[name.unit]
        else { return nil }
        let standing = standing(of: name.unit, manifest: name.manifest)
        let outcomes = standing.core.map {
            results(of: name.unit, manifest: name.manifest, core: $0)
        }
        contested[name] = contestedEpoch(of: name.unit, manifest: name.manifest)
        sealed[name] = standing == .sealed ? true : nil
        let marks = marks(of: name.unit, manifest: name.manifest, outcomes: outcomes ?? [])
        jobs.update(name.manifest) { job in
            job.units.update(name.unit) { entry in
                entry.standing = standing
                entry.outcomes = outcomes ?? []
                entry.marks = marks
                if standing != earlier.standing { entry.changedAt = now }
            }
        }
        if standing != earlier.standing { judged.append(name) }
        guard marks != earlier.marks else { return nil }
        for mark in earlier.marks { reputations.count(mark, of: project, isUndone: true) }
        for mark in marks { reputations.count(mark, of: project, isUndone: false) }
        for mark in earlier.marks where mark.isWrong {
            wrongUnits.update(mark.worker) { _ = $0.remove(name) }
        }
        for mark in marks where mark.isWrong {
            wrongUnits[mark.worker, default: SortedTable()][name] = true
        }
        let first = (earlier.marks + marks).map(\.epoch).min()
        if let first { earliestMark = min(earliestMark ?? first, first) }
        return first
    }

    private mutating func store(_ item: Item, epoch: UInt64) -> Insertion {
        let key = ItemKey(epoch: epoch, id: item.id)
        items[key] = item
        keys[item.id] = key
        return .accepted([])
    }

    // MARK: - Jobs

    /// The manifest of a job.
    package func manifest(_ id: ManifestID) -> Signed<Manifest>? { manifests[id] }

    /// Whether a job of `project` is known.
    package func hasJob(of project: ProjectID) -> Bool {
        manifests.values.contains { $0.body.project == project }
    }

    /// Whether the project has ended the job.
    package func isCancelled(_ id: ManifestID) -> Bool { jobs[id]?.isCancelled ?? false }

    /// Whether the project holds the job.
    package func isHeld(_ id: ManifestID) -> Bool { jobs[id]?.hold?.isHeld ?? false }

    /// The number of the next HOLD of a job; nil when no more are allowed.
    package func nextHoldNumber(of id: ManifestID) -> UInt32? {
        guard let number = jobs[id]?.hold?.number else { return 0 }
        return number + 1 < Limits.holdsPerManifest ? number + 1 : nil
    }

    func entry(_ id: ManifestID) -> JobEntry? { jobs[id] }

    /// The shards of a job in which a unit has no certificate yet, ascending; none of a job that is
    /// held or over.
    package func openShards(of id: ManifestID) -> [UInt32] {
        guard let job = jobs[id], let manifest = manifests[id]?.body, !job.isCancelled,
            !isHeld(id)
        else { return [] }
        return (0..<manifest.shardCount).filter { shard in
            (job.certifiedByShard[shard] ?? 0) < UInt32(manifest.units(ofShard: shard).count)
        }
    }

    /// The certificates on a unit, by id.
    package func certificates(on unit: UInt32, of manifest: ManifestID) -> [Signed<Certificate>] {
        (jobs[manifest]?.units[unit]?.certificates ?? []).compactMap { id in
            guard case .certificate(let signed)? = item(id) else { return nil }
            return signed
        }
    }

    /// Units of a job that have a certificate, ascending.
    package func certifiedUnits(of manifest: ManifestID) -> [UInt32] {
        jobs[manifest]?.units.keys ?? []
    }
}

extension CreditLedger.UnitEntry {
    /// Keeps each core once, in an order that does not depend on arrival.
    fileprivate mutating func add(_ core: Core) {
        guard !cores.contains(core) else { return }
        cores.append(core)
        cores.sort { $0.hash < $1.hash }
    }
}
