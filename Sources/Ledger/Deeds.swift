package import Primitives
package import Wire

extension CreditLedger {
    /// Whether somebody has looked at a unit's vote again.
    package func isAudited(_ unit: UInt32, of manifest: ManifestID) -> Bool {
        certificates(on: unit, of: manifest).contains { $0.body.vote == .audit }
    }

    /// Units whose certificates do not all say the same, or are not all opened; some come twice.
    package var unsettledUnits: [UnitName] { contested.keys + sealed.keys }

    /// What each worker said of a unit that has certificates, each thing once, with the hour for
    /// which it said so; nil for what nobody has opened.
    package func words(
        on unit: UInt32,
        of manifest: ManifestID
    ) -> [(worker: PeerID, core: Core?, epoch: UInt64)] {
        let cores = entry(manifest)?.units[unit]?.cores ?? []
        var words: [(worker: PeerID, core: Core?, epoch: UInt64)] = []
        for certificate in certificates(on: unit, of: manifest) {
            for ballot in Ballot.all(on: unit, in: certificate.body) {
                let core = cores.first { ballot.isOpened(by: $0, unit: unit) }
                let isKnown = words.contains { $0.worker == ballot.worker && $0.core == core }
                let epoch = certificate.body.sets[ballot.set].epoch
                if !isKnown { words.append((ballot.worker, core, epoch)) }
            }
        }
        return words
    }

    /// The votes that nobody has looked at again among those in which `worker` had part for
    /// `project`, latest first: all since that many of them were audited that a fault cannot be
    /// much older, `Trust.auditWindow`.
    package func unaudited(by worker: PeerID, for project: ProjectID) -> [UnitName] {
        trust.unaudited(
            among: (deeds[worker] ?? []).reversed().lazy.compactMap { key -> Certificate? in
                guard case .certificate(let signed)? = item(at: key), signed.body.vote != .audit,
                    self.manifest(signed.body.manifest)?.body.project == project
                else { return nil }
                return signed.body
            },
            units: { (certificate: Certificate) in
                certificate.units.map { UnitName(manifest: certificate.manifest, unit: $0) }
            },
            isAudited: { isAudited($0.unit, of: $0.manifest) }
        )
    }

    /// What became of every word on a unit that is certified, ascending by worker: whether it was
    /// wrong, and whether another worker's was wrong in the same way.
    package func mistakes(
        on unit: UInt32,
        of manifest: ManifestID
    ) -> [(worker: PeerID, isShared: Bool)] {
        (entry(manifest)?.units[unit]?.outcomes ?? []).filter { !$0.didWin }
            .map { ($0.worker, $0.isShared) }
    }
}

extension Trust {
    /// The units among `votes`, latest first, that nobody has looked at again, back to the vote in
    /// which the last of so many audited ones is that a fault cannot be much older.
    ///
    /// - Parameters:
    ///   - units: what a vote was on.
    ///   - isAudited: whether somebody has looked at a unit again.
    package func unaudited<Vote, Unit>(
        among votes: some Sequence<Vote>,
        units: (Vote) -> [Unit],
        isAudited: (Unit) -> Bool
    ) -> [Unit] {
        var audits = 0
        var found: [Unit] = []
        for vote in votes {
            for unit in units(vote) {
                if isAudited(unit) { audits += 1 } else { found.append(unit) }
            }
            if audits >= auditWindow { break }
        }
        return found
    }
}
