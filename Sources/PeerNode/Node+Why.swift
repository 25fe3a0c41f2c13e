package import Foundation
package import Ledger
import Membership
import PeerCore
package import Primitives
package import Wire
package import WorkUnits

/// A certificate on one unit, and how each of its workers voted.
package struct CertificateView: Hashable, Sendable {
    /// One worker's part.
    package struct Vote: Hashable, Sendable {
        /// Who.
        package let peer: PeerID
        /// Whether its result prevailed; nil while nobody knows which did.
        package let didWin: Bool?
    }

    /// The certificate.
    package let id: ItemID
    /// Which vote it proves.
    package let kind: CertificateKind
    /// Who assembled it.
    package let steward: PeerID
    /// UTC hours since 1970.
    package let epoch: UInt64
    /// Who computed, ascending.
    package let votes: [Vote]
    /// Who promised and never revealed, ascending.
    package let silent: [PeerID]
}

/// A unit: who voted what, and what it waits for.
package struct UnitView: Hashable, Sendable {
    /// What the ledger says of it.
    package enum Stage: Hashable, Sendable {
        /// No certificate.
        case open
        /// Certified, and nobody has published what won.
        case sealed
        /// Certificates contradict each other.
        case disputed
        /// Certified, and could still be contradicted.
        case provisional
        /// Certified for good.
        case final
    }

    /// What a unit waits for, with the wall-clock time until which it does.
    package struct Wait: Hashable, Sendable {
        /// For what.
        package let wait: UnitWait
        /// Until when, where that is known.
        package let until: Date?
    }

    /// The unit.
    package let unit: UInt32
    /// What the ledger says.
    package let stage: Stage
    /// What won, once it is known.
    package let core: Core?
    /// The certificates on it, by id.
    package let certificates: [CertificateView]
    /// Results that are revealed and not certified; only the acting steward knows them.
    package let cast: [CastVote]
    /// The seats of the round that is open; only the acting steward knows them.
    package let seats: [SeatView]
    /// What it waits for; empty when it waits for nothing.
    package let waits: [Wait]
}

/// Another peer: what this one knows of it beside its record.
package struct PeerStory: Hashable, Sendable {
    /// A seat that it has at this steward.
    package struct Seat: Hashable, Sendable {
        /// The job.
        package let manifest: ManifestID
        /// The units.
        package let units: [UInt32]
        /// How far it is.
        package let stage: SeatView.Stage
        /// When the seat goes to somebody else, unless it commits.
        package let until: Date?
    }

    /// Its record and links; nil when its record is not known.
    package let view: PeerView?
    /// What the ledger makes of it, and why.
    package let standing: PeerStanding
    /// Bundles that it may have leased from this steward at once; nil while it has had none.
    package let quota: UInt32?
    /// Its line of the board; nil while it has none.
    package let credit: BoardRow?
    /// The seats that it has at this steward.
    package let seats: [Seat]
    /// Rules that it broke, newest last.
    package let misbehaviors: [Misbehavior]
}

/// A bundle that this peer has leased.
package struct WorkView: Hashable, Sendable {
    /// The bundle.
    package let bundle: BundleView
    /// The wall-clock end of its lease.
    package let leaseEnd: Date
    /// How far its computation is; nil while none of its units runs.
    package let order: OrderProgress?
}

extension Node {
    /// A unit with its votes; nil when there is no such unit.
    package func unit(_ unit: UInt32, of id: ManifestID) -> UnitView? {
        guard let outlook = peer.outlook(on: unit, of: id, at: now) else { return nil }
        let verdict = peer.ledger.verdict(on: unit, of: id)
        return UnitView(
            unit: unit,
            stage: stage(of: verdict),
            core: verdict.core,
            certificates: peer.ledger.certificates(on: unit, of: id).map { signed in
                view(of: signed, on: unit, core: verdict.core)
            },
            cast: outlook.votes,
            seats: outlook.seats,
            waits: outlook.waits.map { wait in
                UnitView.Wait(wait: wait, until: wait.until.map { date(of: $0) })
            }
        )
    }

    /// Units of a job that are not final, ascending, at most `limit` of them.
    package func waitingUnits(of id: ManifestID, limit: Int) -> [UnitView] {
        guard let manifest = peer.ledger.manifest(id)?.body else { return [] }
        var units: [UnitView] = []
        for index in 0..<manifest.unitCount {
            if units.count == limit { break }
            let verdict = peer.ledger.verdict(on: index, of: id)
            guard !verdict.isFinal(at: now, settle: peer.hubs.settleSpan),
                let view = unit(index, of: id)
            else { continue }
            units.append(view)
        }
        return units
    }

    /// Linked peers that could work on a job, and this one if it donates, ascending.
    package func donors(to id: ManifestID) -> [PeerID] {
        let own = configuration.places > 0 && wishes.pause == nil ? [self.id] : []
        return (peer.donors(to: id) + own).sorted()
    }

    /// The stewards of the shard of a unit as this peer sees them, the acting one first.
    package func stewards(ofUnit unit: UInt32, of id: ManifestID) -> [PeerID] {
        let shard = ShardKey(manifest: id, shard: unit / Limits.unitsPerShard)
        let acting = peer.actingSteward(of: shard)
        return [acting].compactMap(\.self) + peer.stewards(of: shard).filter { $0 != acting }
    }

    /// What is known of a peer, with the newest `eventsMax` events of its standing; nil when
    /// neither its record nor anything in the ledger is about it.
    package func story(of id: PeerID, eventsMax: Int) -> PeerStory? {
        let view = peer(id)
        guard view != nil || peer.ledger.knownWorkers.contains(id) else { return nil }
        return PeerStory(
            view: view,
            standing: peer.ledger.standing(of: id, at: peer.epoch, eventsMax: eventsMax),
            quota: peer.steward.earnedQuota(of: id),
            credit: board().first { $0.peer == id },
            seats: peer.steward.seats(of: id).map { entry in
                PeerStory.Seat(
                    manifest: entry.manifest,
                    units: entry.units,
                    stage: entry.seat.stage,
                    until: entry.seat.until.map { date(of: $0) }
                )
            },
            misbehaviors: misbehaviors.filter { $0.peer == id }.map(\.what)
        )
    }

    /// The bundles that this peer has leased.
    package func work() -> [WorkView] {
        let orders = runner.progress
        return peer.worker.bundleViews.map { bundle in
            let order = orders.first { order in
                order.manifest == bundle.manifest && bundle.units.contains { $0 == order.unit }
            }
            return WorkView(bundle: bundle, leaseEnd: date(of: bundle.leaseEnd), order: order)
        }
    }

    // MARK: - Parts

    private func stage(of verdict: Verdict) -> UnitView.Stage {
        switch verdict {
        case .open: .open
        case .sealed: .sealed
        case .disputed: .disputed
        case .certified:
            verdict.isFinal(at: now, settle: peer.hubs.settleSpan) ? .final : .provisional
        }
    }

    private func view(
        of signed: Signed<Certificate>,
        on unit: UInt32,
        core: Core?
    ) -> CertificateView {
        let certificate = signed.body
        let silent = certificate.sets.filter { $0.units.contains(unit) }
            .flatMap { $0.unrevealed.map(\.worker) }
        return CertificateView(
            id: signed.id,
            kind: certificate.vote,
            steward: certificate.steward,
            epoch: certificate.epoch,
            votes: Ballot.all(on: unit, in: certificate).map { ballot in
                CertificateView.Vote(
                    peer: ballot.worker,
                    didWin: core.map { ballot.isOpened(by: $0, unit: unit) }
                )
            }.sorted { $0.peer < $1.peer },
            silent: silent.sorted()
        )
    }
}

extension UnitWait {
    /// Until when it is waited for.
    fileprivate var until: Instant? {
        switch self {
        case .commit(_, let until), .result(_, let until), .furtherWorker(let until),
            .ruling(_, let until), .settling(let until):
            until
        case .opening(let until): until
        case .workers, .commitSet, .resultBytes, .secondHolder, .certificate,
            .contradictedCertificates, .steward, .anySteward:
            nil
        }
    }
}
