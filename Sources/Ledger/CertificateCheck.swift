package import Primitives
package import Wire

/// Why a certificate does not prove what it says.
package enum CertificateError: Error, Hashable, Sendable {
    /// It is for another job.
    case otherJob
    /// A unit is beyond the job's units.
    case unitOutOfRange(UInt32)
    /// Its units lie in several shards.
    case severalShards
    /// A set has too many or too few members, seats that repeat, or the wrong signature.
    case malformedSet(index: Int)
    /// A worker's ticket was not admitted to its seat.
    case ticketNotAdmitted(PeerID)
    /// An epoch lies before the job's or in the future.
    case epochOutOfRange(UInt64)
    /// Winners differ, are too few, or a core was not opened.
    case notWon(unit: UInt32)
    /// A ruling is another project's, or its unit or core is not the certificate's.
    case wrongRuling(unit: UInt32)
    /// Operations beyond the manifest's cap.
    case tooManyOperations(unit: UInt32)
    /// The certificate's kind does not go with the job's policy.
    case wrongKind
}

/// The offline check of a certificate: nothing but itself and its manifest is needed.
///
/// Signatures, nested ones too, are checked before (`Verified`); what remains is what they bind:
/// range, sets, seats, tickets, and that the vote was won.
package struct CertificateCheck {
    private let certificate: Certificate
    private let manifest: Manifest
    private let manifestID: ManifestID
    private let trust: Trust

    /// A check of `certificate` against its job, in a network that goes by `trust`.
    package init(
        _ certificate: Certificate,
        manifest: Manifest,
        id: ManifestID,
        trust: Trust = .standard
    ) {
        self.certificate = certificate
        self.manifest = manifest
        self.trust = trust
        manifestID = id
    }

    /// Fails unless the certificate proves its units' votes; `latestEpoch` is the last one
    /// accepted.
    package func run(latestEpoch: UInt64) throws(CertificateError) {
        guard certificate.manifest == manifestID else { throw .otherJob }
        for unit in certificate.units where unit >= manifest.unitCount {
            throw .unitOutOfRange(unit)
        }
        guard (manifest.epoch...max(manifest.epoch, latestEpoch)).contains(certificate.epoch)
        else { throw .epochOutOfRange(certificate.epoch) }
        guard isOneShard(certificate.units) else { throw .severalShards }
        for index in certificate.sets.indices { try check(set: index) }
        for unit in certificate.units { try checkVote(on: unit) }
    }

    /// Members fill distinct seats of distinct workers, tickets admit them, and the set is signed
    /// exactly when it has several seats.
    private func check(set index: Int) throws(CertificateError) {
        let set = certificate.sets[index]
        let members = certificate.seats(ofSet: index).sorted { $0.worker < $1.worker }
        let seats = members.map(\.seat).sorted()
        let workers = members.map(\.worker)
        let isDistinct =
            zip(seats, seats.dropFirst()).allSatisfy(<)
            && zip(workers, workers.dropFirst()).allSatisfy(<)
        guard isDistinct, members.count == Int(set.seatCount),
            seats.allSatisfy({ $0 < set.seatCount }),
            (set.signature == nil) == (set.seatCount == 1),
            certificate.entries.contains(where: { Int($0.set) == index }),
            set.units.contains(where: { certificate.units.contains($0) })
        else { throw .malformedSet(index: index) }
        for unit in set.units where unit >= manifest.unitCount { throw .unitOutOfRange(unit) }
        guard isOneShard(set.units) else { throw .severalShards }
        guard set.epoch >= manifest.epoch else { throw .epochOutOfRange(set.epoch) }
        guard set.seatCount > 1 else { return }
        for member in members {
            let number = Ticket.number(
                manifest: manifestID,
                lowestUnit: set.units[0],
                seat: member.seat,
                worker: member.worker
            )
            let isAdmitted = Ticket.admits(
                number,
                population: manifest.population,
                widening: member.widening
            )
            guard isAdmitted else { throw .ticketNotAdmitted(member.worker) }
        }
    }

    /// A steward schedules one shard; `units` ascend.
    private func isOneShard(_ units: [UInt32]) -> Bool {
        guard let first = units.first, let last = units.last else { return false }
        return first / Limits.unitsPerShard == last / Limits.unitsPerShard
    }

    private func checkVote(on unit: UInt32) throws(CertificateError) {
        let ballots = Ballot.all(on: unit, in: certificate)
        switch certificate.vote {
        case .quorum:
            guard manifest.policy != .single else { throw .wrongKind }
            try checkUnanimous(ballots, unit: unit, replicas: 2)
        case .single:
            // Whether an `adaptive` job's worker was trusted, each ledger says for itself.
            guard manifest.policy != .strict else { throw .wrongKind }
            try checkUnanimous(ballots, unit: unit, replicas: 1)
        case .panel:
            try checkPanel(ballots, unit: unit)
        case .ruling:
            try checkRuling(ballots, unit: unit)
        case .audit:
            try checkAudit(ballots, unit: unit)
        }
    }

    /// One round, every seat revealed, one digest.
    private func checkUnanimous(
        _ ballots: [Ballot],
        unit: UInt32,
        replicas: Int
    ) throws(CertificateError) {
        guard let first = ballots.first, ballots.count == replicas,
            certificate.openings.isEmpty, certificate.rulings.isEmpty,
            ballots.allSatisfy({
                $0.set == first.set && $0.digest == first.digest
                    && $0.operations == first.operations
            }),
            Int(certificate.sets[first.set].seatCount) == replicas
        else { throw .notWon(unit: unit) }
        guard first.operations <= manifest.operationsPerUnit else {
            throw .tooManyOperations(unit: unit)
        }
    }

    /// Every ballot is opened by an embedded core, and one core leads by the panel's margin.
    private func checkPanel(_ ballots: [Ballot], unit: UInt32) throws(CertificateError) {
        // A panel settles what a first vote left open: two equal results of one round are a quorum.
        let isBeyondOneRound = ballots.contains { $0.set != ballots[0].set }
        guard certificate.rulings.isEmpty, isBeyondOneRound else { throw .notWon(unit: unit) }
        let votes = try opened(ballots, unit: unit)
        guard let lead = lead(of: votes), lead.settles(trust) else { throw .notWon(unit: unit) }
    }

    /// One worker in a round of one seat, whose core is embedded, and no other core.
    private func checkAudit(_ ballots: [Ballot], unit: UInt32) throws(CertificateError) {
        guard certificate.entries.count == 1, certificate.sets.count == 1,
            certificate.sets[0].seatCount == 1, certificate.rulings.isEmpty,
            certificate.openings.map(\.unit) == certificate.units
        else { throw .notWon(unit: unit) }
        _ = try opened(ballots, unit: unit)
    }

    private func checkRuling(_ ballots: [Ballot], unit: UInt32) throws(CertificateError) {
        guard let ruling = certificate.rulings.first(where: { $0.unit == unit }),
            ruling.project == manifest.project,
            certificate.rulings.map(\.unit) == certificate.units,
            certificate.openings.contains(UnitCore(unit: unit, core: ruling.core))
        else { throw .wrongRuling(unit: unit) }
        _ = try opened(ballots, unit: unit)
    }

    /// The ballots as votes for cores; each must be opened.
    private func opened(
        _ ballots: [Ballot],
        unit: UInt32
    ) throws(CertificateError) -> [Vote] {
        let cores = certificate.openings.filter { $0.unit == unit }.map(\.core)
        var votes: [Vote] = []
        for ballot in ballots {
            guard let core = cores.first(where: { ballot.isOpened(by: $0, unit: unit) }) else {
                throw .notWon(unit: unit)
            }
            guard core.operations <= manifest.operationsPerUnit else {
                throw .tooManyOperations(unit: unit)
            }
            votes.append(Vote(worker: ballot.worker, core: core.hash))
        }
        return votes
    }
}
