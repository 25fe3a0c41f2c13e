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

extension CertificateKind {
    /// Precedence between certificates of one unit: the highest rank present decides.
    var rank: Int {
        switch self {
        case .ruling: 4
        case .panel: 3
        case .audit: 2
        case .quorum: 1
        case .single: 0
        }
    }
}

/// A verdict without its time: what follows from a unit's certificates and openings.
enum Standing: Hashable, Sendable {
    case open
    case sealed
    case disputed
    case certified(Core)

    /// The core that won, if one did.
    var core: Core? {
        switch self {
        case .certified(let core): core
        case .open, .sealed, .disputed: nil
        }
    }
}

/// What became of one worker's word on a unit.
struct Outcome: Hashable, Sendable {
    let worker: PeerID
    /// Whether it said what prevailed, and nothing else.
    let didWin: Bool
    /// The hour of the first certificate that holds it.
    let epoch: UInt64
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

    /// Works out where a unit stands.
    func standing(of unit: UInt32, manifest: ManifestID) -> Standing {
        guard let entry = entry(manifest)?.units[unit], !entry.certificates.isEmpty else {
            return .open
        }
        let certificates = certificates(on: unit, of: manifest)
        guard let top = certificates.map(\.body.vote.rank).max() else { return .open }
        var winner: Core?
        for certificate in certificates where certificate.body.vote.rank == top {
            guard let core = winningCore(of: certificate.body, unit: unit, cores: entry.cores)
            else { return .sealed }
            if let winner, winner != core { return .disputed }
            winner = core
        }
        guard let winner else { return .sealed }
        return .certified(winner)
    }

    /// Who computed `unit`, and whether the prevailing core is what it said, ascending by worker.
    package func outcomes(
        of unit: UInt32,
        manifest: ManifestID,
        core: Core
    ) -> [(worker: PeerID, didWin: Bool)] {
        results(of: unit, manifest: manifest, core: core).map { ($0.worker, $0.didWin) }
    }

    /// Works out what became of every word on a unit when `core` prevails, ascending by worker.
    func results(of unit: UInt32, manifest: ManifestID, core: Core) -> [Outcome] {
        var outcomes = SortedTable<PeerID, Outcome>()
        for certificate in certificates(on: unit, of: manifest) {
            for ballot in Ballot.all(on: unit, in: certificate.body) {
                let didWin = ballot.isOpened(by: core, unit: unit)
                let earlier = outcomes[ballot.worker]
                outcomes[ballot.worker] = Outcome(
                    worker: ballot.worker,
                    didWin: (earlier?.didWin ?? true) && didWin,
                    epoch: min(earlier?.epoch ?? .max, certificate.body.epoch)
                )
            }
        }
        return outcomes.values
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

    /// Hashes of the results that are known of a job's units, those that lost included; some may
    /// come twice.
    package func resultHashes(of manifest: ManifestID) -> [Digest] {
        (entry(manifest)?.units.values ?? []).flatMap { unit in
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
