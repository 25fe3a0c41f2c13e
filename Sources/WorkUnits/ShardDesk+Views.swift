package import Primitives
package import Wire

/// What a unit waits for before it goes on, for people.
package enum UnitWait: Hashable, Sendable {
    /// So many workers who take a free seat.
    case workers(Int)
    /// A worker computes; its seat reopens then.
    case commit(PeerID, until: Instant)
    /// Everybody has promised; the steward signs the set.
    case commitSet
    /// A worker must reveal what it promised; the round ends then.
    case result(PeerID, until: Instant)
    /// The vote is won, and the steward fetches the results' bytes.
    case resultBytes
    /// The vote is won, and another peer must keep the results too.
    case secondHolder(PeerID?)
    /// The steward signs the certificate.
    case certificate
    /// Somebody must publish the cores behind a certificate; the steward does so then, if known.
    case opening(until: Instant?)
    /// The results differ, and one more worker must compute; after that the submitter rules.
    case furtherWorker(until: Instant)
    /// The submitter must compute the unit and rule; it is asked again then.
    case ruling(PeerID, until: Instant)
    /// Certificates contradict each other.
    case contradictedCertificates
    /// The steward of the shard, which alone knows more, and whether there is a link to it.
    case steward(PeerID, isLinked: Bool)
    /// A peer that could be a steward.
    case anySteward
    /// A contradiction, which would have come by then.
    case settling(until: Instant)
}

/// A seat of an open round, for people.
package struct SeatView: Hashable, Sendable {
    /// How far its worker is.
    package enum Stage: Hashable, Sendable {
        case free
        case leased
        case committed
        case revealed
    }

    /// Who sits there.
    package let worker: PeerID?
    /// How far it is.
    package let stage: Stage
    /// When the seat of a worker that has not committed reopens.
    package let until: Instant?
}

/// A result that was revealed and not certified yet, for people.
package struct CastVote: Hashable, Sendable {
    /// Who computed.
    package let worker: PeerID
    /// What it found.
    package let core: Core
}

/// How far a unit is, for people.
package struct UnitOutlook: Hashable, Sendable {
    /// Results that were revealed in rounds that this peer still keeps.
    package var votes: [CastVote] = []
    /// The seats of the round that is open, and last who doubles one.
    package var seats: [SeatView] = []
    /// What it waits for; nothing when it is final, or its job is over.
    package var waits: [UnitWait] = []

    /// Nothing is known, and nothing is waited for.
    package init() {}
}

extension ShardDesk {
    /// How far `unit`, which lies in the shard, is.
    func outlook(on unit: UInt32, view: GridView) -> UnitOutlook {
        let row = units[index(unit)]
        let current = row.rounds.last.flatMap { rounds[$0] }.flatMap { $0.isOpen ? $0 : nil }
        var outlook = UnitOutlook()
        outlook.votes = revealed(of: unit).map { CastVote(worker: $0.worker, core: $0.core) }
        if let current { outlook.seats = seats(of: current) }
        outlook.waits = waits(of: unit, row, in: current, view: view)
        return outlook
    }

    /// The seats that `worker` has in open rounds, with their units.
    func seats(of worker: PeerID) -> [(units: [UInt32], seat: SeatView)] {
        rounds.values.filter(\.isOpen).compactMap { round in
            seats(of: round).first { $0.worker == worker }.map { (round.units, $0) }
        }
    }

    private func seats(of round: Round) -> [SeatView] {
        let span = lease(of: round.units.count)
        let doubled = round.duplicate.map { duplicate in
            SeatView(
                worker: duplicate.occupant.worker,
                stage: .leased,
                until: duplicate.since.advanced(by: span)
            )
        }
        return round.seats.map { seat in
            guard let occupant = seat.occupant else {
                return SeatView(worker: nil, stage: .free, until: nil)
            }
            let isLeased = occupant.commit == nil && occupant.revealed == nil
            return SeatView(
                worker: occupant.worker,
                stage: occupant.revealed != nil ? .revealed : isLeased ? .leased : .committed,
                until: isLeased ? seat.since.advanced(by: span) : nil
            )
        } + (doubled.map { [$0] } ?? [])
    }

    private func waits(
        of unit: UInt32,
        _ row: UnitRow,
        in latest: Round?,
        view: GridView
    ) -> [UnitWait] {
        if row.isCertified, row.review.map({ $0.purpose == .audit }) ?? true {
            let pending = openings.values.first { pending in
                pending.opening.cores.contains { $0.unit == unit }
            }
            return pending.map { [.opening(until: $0.publishAt)] } ?? []
        }
        if let proof = proofs.values.first(where: { $0.cores.contains { $0.unit == unit } }) {
            switch proof.stage {
            case .gathering: return [.resultBytes]
            case .offering: return [.secondHolder(view.secondHolder)]
            case .signing: return [.certificate]
            }
        }
        if let latest { return waits(in: latest) }
        switch need(of: unit) {
        case .nothing: return []
        case .firstVote: return [.workers(Int(job.manifest.policy.replicas))]
        case .furtherVote: return [.furtherWorker(until: heldCheck(of: row))]
        // It is nobody's business that a unit is looked at again.
        case .audit: return []
        case .proof: return [.certificate]
        case .ruling: return [.ruling(job.manifest.submitter, until: heldCheck(of: row))]
        }
    }

    private func waits(in round: Round) -> [UnitWait] {
        switch round.phase {
        case .leasing:
            var waits: [UnitWait] = []
            let seats = seats(of: round)
            let free = seats.count { $0.stage == .free }
            if free > 0 { waits.append(.workers(free)) }
            for seat in seats {
                guard let worker = seat.worker, let until = seat.until else { continue }
                waits.append(.commit(worker, until: until))
            }
            return waits.isEmpty ? [.commitSet] : waits
        case .closing:
            return [.commitSet]
        case .revealing(let until):
            return round.committed.filter { $0.revealed == nil }
                .map { .result($0.worker, until: until) }
        case .closed:
            return []
        }
    }
}

extension Steward {
    /// How far `unit` of a job is; nil when this steward has scheduled nothing of its shard.
    package func outlook(
        on unit: UInt32,
        of manifest: ManifestID,
        view: (ShardKey) -> GridView
    ) -> UnitOutlook? {
        let key = ShardKey(manifest: manifest, shard: unit / Limits.unitsPerShard)
        return desks[key]?.outlook(on: unit, view: view(key))
    }

    /// The seats that `worker` has in this steward's open rounds.
    package func seats(
        of worker: PeerID
    ) -> [(manifest: ManifestID, units: [UInt32], seat: SeatView)] {
        desks.flatMap { key, desk in
            desk.seats(of: worker).map { (key.manifest, $0.units, $0.seat) }
        }
    }
}
