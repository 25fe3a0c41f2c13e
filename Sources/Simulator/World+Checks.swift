import Ledger
import PeerCore
import Primitives
import Wire

extension World {
    // MARK: - While it runs

    /// No key ever sends two bodies for one slot, across crashes.
    func watch(_ message: Message, of peer: SimulatedPeer) {
        switch message {
        case .commit(let signed): watch(signed)
        case .commitSet(let signed): watch(signed)
        case .record(let signed): watch(signed)
        case .reveal(let reveal):
            watch(reveal.result)
            if let commit = reveal.commit { watch(commit) }
        case .item(.manifest(let signed)): watch(signed)
        case .item(.certificate(let signed)): watch(signed)
        case .item(.ruling(let signed)): watch(signed)
        case .item(.cancel(let signed)): watch(signed)
        default: break
        }
    }

    private func watch<Body>(_ signed: Signed<Body>) {
        for slot in signed.body.slots {
            guard let earlier = slots[slot] else {
                slots[slot] = signed.id
                continue
            }
            if earlier != signed.id {
                report.violations.append("two bodies for one slot of \(Body.kind)")
            }
        }
    }

    /// What must hold at any moment.
    func checkNow() {
        for peer in peers {
            guard let manifestID, peer.isUp else { continue }
            let verdicts = peer.core?.verdicts(of: manifestID) ?? []
            for (unit, core) in verdicts where core != oracle.truth(of: unit, crypto: crypto) {
                report.wrong += 1
                report.violations.append("peer \(peer.index) takes a lie about unit \(unit)")
            }
        }
    }

    // MARK: - The end

    /// Every peer is up, holds the same ledger, and the job is final or cancelled everywhere.
    var isDone: Bool {
        guard let manifestID else { return false }
        let keys = peers[0].core?.ledgerKeys
        for peer in peers {
            guard let progress = peer.core?.progress(of: manifestID, at: now),
                peer.core?.ledgerKeys == keys, peer.core?.isIdle == true
            else { return false }
            let isSubmitter = peer.index == Self.submitter
            let isFinal = progress.final == progress.unitCount
            let isHeld = !isSubmitter || progress.held == progress.unitCount
            guard progress.isCancelled || (isFinal && isHeld) else { return false }
        }
        return true
    }

    var unfinished: String {
        guard let manifestID else { return "the job was never submitted" }
        let lines = peers.map { peer in
            let progress = peer.core?.progress(of: manifestID, at: now)
            let idle = peer.core?.isIdle == true
            return """
                peer \(peer.index): \(progress.map { "\($0)" } ?? "no manifest"), \
                items \(peer.core?.ledgerKeys.count ?? -1), idle \(idle)
                """
        }
        return "the job does not end:\n" + lines.joined(separator: "\n")
    }

    func checkEnd() {
        guard let manifestID else { return }
        let boards = peers.map { $0.core?.board(at: now) ?? [] }
        for index in boards.indices where boards[index] != boards[0] {
            report.violations.append("peers 0 and \(index) hold one ledger and two boards")
        }
        checkCredit(boards[0], manifestID)
        checkFold(boards[0])
        for peer in peers {
            let certificates = peer.core?.certificates(of: manifestID) ?? []
            guard peer.index == Self.submitter else { continue }
            for certificate in certificates {
                let count = UInt64(certificate.units.count)
                report.certified += count
                switch certificate.vote {
                case .quorum: report.quorums += count
                case .panel: report.panels += count
                case .ruling: report.rulings += count
                case .single, .audit: break
                }
            }
        }
    }

    /// The board is the sum of the oracle's operations over (unit, worker) pairs, each once.
    private func checkCredit(_ board: [BoardRow], _ manifestID: ManifestID) {
        var expected = SortedTable<PeerID, UInt64>()
        var pairs = SortedTable<PeerID, [UInt32]>()
        for certificate in peers[0].core?.certificates(of: manifestID) ?? [] {
            for entry in certificate.entries {
                guard let index = indices[entry.worker], !peers[index].isLiar else { continue }
                let units = certificate.sets[Int(entry.set)].units
                for unit in units where certificate.units.contains(unit) {
                    pairs[entry.worker, default: []].append(unit)
                }
            }
        }
        for (worker, units) in pairs {
            for unit in Set(units).sorted() {
                let truth = oracle.truth(of: unit, crypto: crypto)
                expected[worker, default: 0] += truth.operations
                report.paid += 1
            }
        }
        for row in board {
            let sum = row.finalOperations + row.provisionalOperations
            if sum != expected[row.peer] ?? 0 {
                report.violations.append("the board pays \(sum), \(expected[row.peer] ?? 0) is due")
            }
            if let index = indices[row.peer], !peers[index].isLiar, row.lost > 0 {
                report.violations.append("honest peer \(index) lost a vote")
            }
        }
    }

    /// Any order and any number of copies of the same items give the same board.
    private func checkFold(_ board: [BoardRow]) {
        guard var items = peers[0].core?.allItems else { return }
        items += items
        for index in items.indices.reversed() {
            items.swapAt(index, Int(random.below(UInt64(index) + 1)))
        }
        var ledger = CreditLedger()
        for item in items {
            _ = ledger.insert(item.verifiedHere, epoch: epoch, at: .zero)
        }
        if ledger.board(at: now, settle: .zero) != board {
            report.violations.append("a permuted ledger gives another board")
        }
    }
}
