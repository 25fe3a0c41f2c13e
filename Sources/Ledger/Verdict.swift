package import Primitives
package import Wire

/// What the ledger says about one unit.
package enum Verdict: Hashable, Sendable {
    /// No certificate.
    case open
    /// A certificate whose core nobody has opened yet.
    case sealed
    /// Certificates of the highest rank contradict each other: no credit and no output.
    case disputed
    /// This core won; nothing has contradicted it since the given time.
    case certified(Core, since: Instant)

    /// The core that won, if one did.
    package var core: Core? {
        switch self {
        case .certified(let core, _): core
        case .open, .sealed, .disputed: nil
        }
    }

    /// Whether the verdict has stood unchanged for `settle` at `now`.
    package func isFinal(at now: Instant, settle: TimeSpan) -> Bool {
        switch self {
        case .certified(_, let since): now.since(since) >= settle
        case .open, .sealed, .disputed: false
        }
    }
}

/// What became of one worker's word on a unit.
package struct Outcome: Hashable, Sendable {
    /// Whose.
    package let worker: PeerID
    /// Whether it said what prevailed, and nothing else.
    package let didWin: Bool
    /// Whether another worker had the same wrong result.
    package let isShared: Bool
    /// The hour of the first certificate that holds it.
    package let epoch: UInt64

    /// What it adds to the worker's reputation at `epoch`.
    package func mark(at epoch: UInt64) -> Mark {
        Mark(worker: worker, epoch: epoch, kind: didWin ? .won : isShared ? .shared : .lone)
    }

    /// What became of everybody's words, ascending by worker: `epochs` has the hour of each
    /// worker's first one, and `lies` what those who were wrong said.
    package static func all(
        epochs: SortedTable<PeerID, UInt64>,
        lies: SortedTable<PeerID, [Digest]>
    ) -> [Outcome] {
        epochs.map { worker, epoch in
            Outcome(
                worker: worker,
                didWin: !lies.contains(worker),
                isShared: !sharers(of: worker, in: lies).isEmpty,
                epoch: epoch
            )
        }
    }

    /// Whose wrong results are also `worker`'s, ascending.
    static func sharers(
        of worker: PeerID,
        in lies: SortedTable<PeerID, [Digest]>
    ) -> [PeerID] {
        guard let own = lies[worker] else { return [] }
        return lies.compactMap { other, said in
            other != worker && said.contains { own.contains($0) } ? other : nil
        }
    }
}

extension CreditLedger {
    /// What the ledger says about `unit` of a job.
    package func verdict(on unit: UInt32, of manifest: ManifestID) -> Verdict {
        guard let entry = entry(manifest)?.units[unit] else { return .open }
        switch entry.standing {
        case .open: return .open
        case .sealed: return .sealed
        case .disputed: return .disputed
        case .certified(let core): return .certified(core, since: entry.changedAt)
        }
    }

    /// The project's ruling on `unit`, if it has made one.
    package func ruling(on unit: UInt32, of manifest: ManifestID) -> Signed<Ruling>? {
        entry(manifest)?.rulings[unit]?.first
    }

    /// Whether the project has ruled otherwise than `core`, which its certificates say, and none of
    /// these is for that ruling.
    package func isOverruled(_ core: Core, on unit: UInt32, of manifest: ManifestID) -> Bool {
        guard let ruling = ruling(on: unit, of: manifest), ruling.body.core != core else {
            return false
        }
        return !certificates(on: unit, of: manifest).contains { $0.body.vote == .ruling }
    }

    /// When the verdict on `unit` changed last, if it has certificates.
    package func lastChange(of unit: UInt32, of manifest: ManifestID) -> Instant? {
        entry(manifest)?.units[unit]?.changedAt
    }

    /// Works out where a unit stands, by its certificates up to the hour `last`.
    func standing(
        of unit: UInt32,
        manifest: ManifestID,
        through last: UInt64 = .max
    ) -> Standing<Core> {
        guard let entry = entry(manifest)?.units[unit] else { return .open }
        let words = countingWords(on: unit, of: manifest, cores: entry.cores, through: last)
        return Standing(of: words.map(\.weighed))
    }

    /// What certificates say of a unit, with their weights where these matter: where they say
    /// different things, or one says nothing yet.
    private func countingWords(
        on unit: UInt32,
        of manifest: ManifestID,
        cores: [Core],
        through last: UInt64 = .max
    ) -> [Word] {
        var words = words(on: unit, of: manifest, cores: cores)
        words.removeAll { $0.certificate.epoch > last }
        guard !words.isOfOneMind else { return words }
        for index in words.indices { words[index].weight = weight(of: words[index], unit: unit) }
        words.removeAll { !$0.weighed.isHeard }
        return words
    }

    /// What one certificate says of a unit.
    fileprivate struct Word {
        let certificate: Certificate
        let core: Core?
        var weight = Weight.vote

        var weighed: WeighedWord<Core> {
            WeighedWord(said: core, weight: weight, isAudit: certificate.vote == .audit)
        }
    }

    private func words(
        on unit: UInt32,
        of manifest: ManifestID,
        cores: [Core]
    ) -> [Word] {
        certificates(on: unit, of: manifest).map { signed in
            Word(
                certificate: signed.body,
                core: winningCore(of: signed.body, unit: unit, cores: cores)
            )
        }
    }

    private func weight(of word: Word, unit: UInt32) -> Weight {
        Weight(of: word.certificate.vote, isAnchored: isAnchored(word, unit: unit))
    }

    /// Whether anchors or seniors vouch for one of the certificates that contradict each other.
    package func isContestAnchored(_ unit: UInt32, of manifest: ManifestID) -> Bool {
        let cores = entry(manifest)?.units[unit]?.cores ?? []
        return countingWords(on: unit, of: manifest, cores: cores)
            .contains { $0.weight >= .anchoredVote }
    }

    /// Whether what a certificate says of a unit is known.
    package func isOpened(_ certificate: Certificate, unit: UInt32) -> Bool {
        let cores = entry(certificate.manifest)?.units[unit]?.cores ?? []
        return winningCore(of: certificate, unit: unit, cores: cores) != nil
    }

    /// Whether anchors or seniors, or for a single result somebody trusted, vouch for a
    /// certificate.
    package func isAnchored(_ certificate: Certificate, unit: UInt32) -> Bool {
        let cores = entry(certificate.manifest)?.units[unit]?.cores ?? []
        let core = winningCore(of: certificate, unit: unit, cores: cores)
        return isAnchored(Word(certificate: certificate, core: core), unit: unit)
    }

    private func isAnchored(_ word: Word, unit: UInt32) -> Bool {
        let certificate = word.certificate
        guard let manifest = self.manifest(certificate.manifest)?.body else { return false }
        let trustView = trustView
        let needed = Weight.vouchingClass(for: certificate.vote)
        let vouching = Ballot.all(on: unit, in: certificate).filter { ballot in
            let epoch = certificate.sets[ballot.set].epoch
            return trustView.trustClass(of: ballot.worker, for: manifest, at: epoch) >= needed
        }
        // Everybody who stands in another kind said what it says.
        guard certificate.vote == .panel else { return !vouching.isEmpty }
        let cores = entry(certificate.manifest)?.units[unit]?.cores ?? []
        let votes = vouching.compactMap { ballot -> Vote? in
            let said = cores.first { ballot.isOpened(by: $0, unit: unit) }
            return said.map { Vote(worker: ballot.worker, core: $0.hash) }
        }
        guard let lead = lead(of: votes) else { return false }
        return lead.core == word.core?.hash && lead.settles(trustView.book.trust)
    }

    /// The latest hour of a unit's certificates when these do not all say the same.
    func contestedEpoch(of unit: UInt32, manifest: ManifestID) -> UInt64? {
        guard let entry = entry(manifest)?.units[unit], entry.certificates.count > 1 else {
            return nil
        }
        let words = words(on: unit, of: manifest, cores: entry.cores)
        return words.isOfOneMind ? nil : words.map(\.certificate.epoch).max()
    }

    /// Who computed `unit`, and whether the prevailing core is what it said, ascending by worker.
    package func outcomes(
        of unit: UInt32,
        manifest: ManifestID,
        core: Core
    ) -> [(worker: PeerID, didWin: Bool)] {
        results(of: unit, manifest: manifest, core: core).map { ($0.worker, $0.didWin) }
    }

    /// Works out what became of every word on a unit when `core` prevails, by its certificates up
    /// to the hour `last`, ascending by worker.
    func results(
        of unit: UInt32,
        manifest: ManifestID,
        core: Core,
        through last: UInt64 = .max
    ) -> [Outcome] {
        let (epochs, lies) = said(on: unit, of: manifest, core: core, through: last)
        return Outcome.all(epochs: epochs, lies: lies)
    }

    /// The first hour in which each worker said anything of a unit, and what it said that is not
    /// `core`, by the unit's certificates up to the hour `last`.
    private func said(
        on unit: UInt32,
        of manifest: ManifestID,
        core: Core,
        through last: UInt64
    ) -> (epochs: SortedTable<PeerID, UInt64>, lies: SortedTable<PeerID, [Digest]>) {
        let cores = entry(manifest)?.units[unit]?.cores ?? []
        var epochs = SortedTable<PeerID, UInt64>()
        var lies = SortedTable<PeerID, [Digest]>()
        for certificate in certificates(on: unit, of: manifest)
        where certificate.body.epoch <= last {
            for ballot in Ballot.all(on: unit, in: certificate.body) {
                let epoch = certificate.body.epoch
                epochs[ballot.worker] = min(epochs[ballot.worker] ?? epoch, epoch)
                guard !ballot.isOpened(by: core, unit: unit) else { continue }
                // Equal lies of one round have one digest; those of several need their cores.
                let lie = cores.first { ballot.isOpened(by: $0, unit: unit) }
                lies[ballot.worker, default: []].append(lie?.hash ?? ballot.digest)
            }
        }
        return (epochs, lies)
    }

    /// Who had the same wrong result as `worker` on a unit, as its certificates up to the hour
    /// `last` say, ascending.
    func sharers(
        of worker: PeerID,
        on unit: UInt32,
        of manifest: ManifestID,
        through last: UInt64
    ) -> [PeerID] {
        guard let core = standing(of: unit, manifest: manifest, through: last).core else {
            return []
        }
        let lies = said(on: unit, of: manifest, core: core, through: last).lies
        return Outcome.sharers(of: worker, in: lies)
    }

    /// What a unit adds to reputations: what its certificates came to hour by hour, each hour by
    /// what stood until then, with what a later one takes back.
    ///
    /// So nothing that is said for an hour depends on a later one, and all who hold the same items
    /// agree, in whatever order these came.
    func marks(of unit: UInt32, manifest: ManifestID, outcomes: [Outcome]) -> [Mark] {
        let certificates = certificates(on: unit, of: manifest)
        let hours = distinct(certificates.map(\.body.epoch))
        guard hours.count > 1 else { return outcomes.map { $0.mark(at: $0.epoch) } }
        var said = SortedTable<PeerID, Mark.Kind>()
        var marks: [Mark] = []
        for hour in hours {
            let standing = standing(of: unit, manifest: manifest, through: hour)
            var now = SortedTable<PeerID, Mark.Kind>()
            if let core = standing.core {
                for each in results(of: unit, manifest: manifest, core: core, through: hour) {
                    now[each.worker] = each.mark(at: hour).kind
                }
            }
            marks += Mark.changes(from: said, to: now, at: hour)
            said = now
        }
        return marks
    }

    /// The core that a certificate's vote chose, as far as it is opened.
    func winningCore(of certificate: Certificate, unit: UInt32, cores: [Core]) -> Core? {
        switch certificate.vote {
        case .quorum, .single, .audit:
            guard let first = Ballot.all(on: unit, in: certificate).first else { return nil }
            return cores.first { first.isOpened(by: $0, unit: unit) }
        case .panel:
            let votes = Ballot.all(on: unit, in: certificate).compactMap { ballot -> Vote? in
                let core = cores.first { ballot.isOpened(by: $0, unit: unit) }
                return core.map { Vote(worker: ballot.worker, core: $0.hash) }
            }
            guard let standing = lead(of: votes) else { return nil }
            return cores.first { $0.hash == standing.core }
        case .ruling:
            return certificate.rulings.first { $0.unit == unit }?.core
        }
    }

    /// Hashes of the results that are known of a job's units, those that lost and those that a
    /// ruling is for included; some may come twice.
    package func resultHashes(of manifest: ManifestID) -> [Digest] {
        guard let entry = entry(manifest) else { return [] }
        return entry.rulings.values.flatMap { $0 }.map(\.body.core.resultHash)
            + entry.units.values.flatMap { unit in
                unit.cores.map(\.resultHash) + (unit.standing.core.map { [$0.resultHash] } ?? [])
            }
    }

    /// Whether every unit of the job is certified, opened and settled.
    package func isFinal(_ manifest: ManifestID, at now: Instant, settle: TimeSpan) -> Bool {
        guard let entry = entry(manifest), let job = self.manifest(manifest)?.body,
            entry.units.count == Int(job.unitCount)
        else { return false }
        return entry.units.keys.allSatisfy { unit in
            verdict(on: unit, of: manifest).isFinal(at: now, settle: settle)
        }
    }
}

extension [CreditLedger.Word] {
    /// Whether all are known and say the same.
    fileprivate var isOfOneMind: Bool {
        guard let first = first?.core else { return false }
        return allSatisfy { $0.core == first }
    }
}
