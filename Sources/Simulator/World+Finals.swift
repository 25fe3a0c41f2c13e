import Ledger
import Membership
import PeerCore
import Primitives
import Wire
import WorkUnits

/// What is held against the certificates themselves, rather than against what a peer thinks of
/// them, and bounds that no peer may pass.
extension World {
    // MARK: - The end

    /// Every certificate of every peer passes its offline check, signatures included, and every
    /// core that a peer takes for final is what its certificates of the highest rank say.
    func checkFinals() {
        var checked = SortedTable<ItemID, Bool>()
        for peer in honestPeers.prefix(Self.boardsMax) {
            guard let ledger = peer.core?.peer.ledger else { continue }
            for id in jobs {
                guard let manifest = ledger.manifest(id)?.body else { continue }
                for (unit, core) in peer.core?.peer.verdicts(of: id) ?? [] {
                    let certificates = ledger.certificates(on: unit, of: id)
                    for signed in certificates where !checked.contains(signed.id) {
                        checked[signed.id] = true
                        check(signed, against: manifest, id: id)
                    }
                    guard !isBorneOut(core, of: unit, by: certificates.map(\.body)) else {
                        continue
                    }
                    report.violations.append(
                        "peer \(peer.index) holds unit \(unit) final, which nothing bears out"
                    )
                }
            }
        }
        report.checked += UInt64(checked.count)
    }

    /// Nothing stands of which the submitter knows better.
    func checkRingers(_ id: ManifestID) {
        let submitter = peers[Self.submitter]
        guard submitter.core?.peer.progress(of: id, at: now)?.isCancelled == false else { return }
        for ringer in submitter.core?.peer.ringers(of: id) ?? [] {
            switch ringer.state {
            case .agrees: report.ringers += 1
            case .differs:
                report.violations.append(
                    "unit \(ringer.unit) is not what its submitter has found out"
                )
            case .unknown, .failed, .open: break
            }
        }
    }

    /// The latest hour that any peer has known: clocks may be ahead of the world's.
    var latestHour: UInt64 {
        peers.compactMap { $0.core?.peer.epoch }.reduce(epoch) { max($0, $1) }
    }

    /// Whoever has signed two statements for one slot is known to everybody who holds both, and
    /// nobody who follows the protocol is.
    func checkCulprits() {
        for peer in honestPeers.prefix(Self.boardsMax) {
            guard let ledger = peer.core?.peer.ledger else { continue }
            for each in peers where !isByzantine(each.index) {
                let keys = each.identities.flatMap(\.keys)
                guard keys.contains(where: ledger.culprits.contains) else { continue }
                report.violations.append("peer \(peer.index) holds peer \(each.index) for a cheat")
                report.honestPunished += 1
            }
            for item in ledger.items.values {
                switch item {
                case .certificate(let signed):
                    for fault in ledger.contradictions(of: signed) {
                        report.violations.append(
                            "peer \(peer.index) does not know what \(fault.culprit.short) did"
                        )
                    }
                case .fault: report.faults += peer.index == 0 ? 1 : 0
                default: break
                }
            }
        }
    }

    private func check(_ signed: Signed<Certificate>, against manifest: Manifest, id: ManifestID) {
        let check = CertificateCheck(
            signed.body,
            manifest: manifest,
            id: id,
            trust: options.trust
        )
        do {
            try check.run(latestEpoch: latestHour + Limits.epochSkew)
            _ = try Verified(checking: signed, with: crypto, in: network)
        } catch {
            report.violations.append("a certificate of \(signed.body.units) fails: \(error)")
        }
    }

    /// Whether a certificate that is no audit chose `core`, and no ruling another.
    private func isBorneOut(_ core: Core, of unit: UInt32, by certificates: [Certificate]) -> Bool {
        let words = certificates.flatMap { certificate in
            certificate.rulings.filter { $0.unit == unit }.map(\.core)
        }
        guard words.isEmpty else { return words.allSatisfy { $0 == core } }
        return certificates.contains { certificate in
            let ballots = Ballot.all(on: unit, in: certificate)
            // A panel may quote several rounds in which one worker said the same.
            func voters(for core: Core) -> Int {
                distinct(ballots.filter { $0.isOpened(by: core, unit: unit) }.map(\.worker)).count
            }
            let votes = voters(for: core)
            switch certificate.vote {
            case .quorum: return votes == 2 && ballots.count == 2
            case .single: return votes == 1 && ballots.count == 1 && options.policy != .strict
            case .panel:
                let others = certificate.openings.filter { $0.unit == unit && $0.core != core }
                let most = others.map { voters(for: $0.core) }.max()
                return votes >= (most ?? 0) + options.trust.panelMargin
            case .ruling, .audit: return false
            }
        }
    }

    /// What is over leaves no round and no bundle on the disk.
    func checkRows() {
        for peer in honestPeers where peer.committing == nil && peer.pending.isEmpty {
            let keys = peer.disk.rows.keys
            if keys.contains(where: { $0.table == JournalTable.bundles.rawValue }) {
                report.violations.append("a bundle stays on the disk of peer \(peer.index)")
            }
            // The floor of the rounds' numbers stays for ever; its key is an array of two.
            let isRound = { (key: SimulatedDisk.RowKey) in
                key.table == JournalTable.rounds.rawValue && key.key.first == 0x84
            }
            if keys.contains(where: isRound) {
                report.violations.append("a round stays on the disk of peer \(peer.index)")
            }
        }
    }

    // MARK: - While it runs

    /// Items that one unit may cost each peer as its steward: certificate, opening and ruling.
    private static let itemsPerUnit = 3
    /// Items that each peer may publish of itself and of jobs.
    private static let itemsPerPeer = 20

    private var itemsMax: Int {
        let units = Int(options.units + oracle.unitsOfSecond)
        return peers.count * (units * Self.itemsPerUnit + Self.itemsPerPeer) + Int(report.hostile)
    }

    /// Every table of a core whose size can be seen keeps within its bound.
    func checkBounds(of peer: SimulatedPeer) {
        guard let worker = peer.core?.peer.worker, let steward = peer.core?.peer.steward else {
            return
        }
        let bundles = worker.bundleViews
        let bounds: [(name: String, count: Int, limit: Int)] = [
            ("bundles", bundles.count, WorkLimits.bundlesMax),
            ("busy bundles", bundles.count(where: \.isBusy), 2 * Self.places),
            ("hubs", peer.core?.peer.hubs.count ?? 0, HubTable.hubsMax),
            ("results", peer.disk.results.count, 2 * Int(oracle.unitsOfSecond)),
            ("chunks", peer.disk.chunks.count, oracle.leaves.count),
            ("items", peer.core?.peer.ledger.items.count ?? 0, itemsMax),
        ]
        for bound in bounds where bound.count > bound.limit {
            report.violations.append(
                "peer \(peer.index) has \(bound.count) \(bound.name), more than \(bound.limit)"
            )
        }
        if steward.largestQuota > WorkLimits.quotaMax {
            report.violations.append("peer \(peer.index) lets somebody have too much")
        }
        for desk in steward.desks.values {
            var voters = SortedTable<UInt32, Int>()
            for round in desk.rounds.values {
                let revealed = round.seats.count { $0.occupant?.revealed != nil }
                for unit in round.units { voters[unit, default: 0] += revealed }
            }
            for (unit, count) in voters where count > options.trust.panelVotersMax {
                report.violations.append("\(count) workers vote on unit \(unit)")
            }
        }
    }
}
