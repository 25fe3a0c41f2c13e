import Ledger
import PeerCore
import Primitives
import Wire

extension World {
    // MARK: - While it runs

    /// A deadline means work: no peer wakes at once, again and again, with nothing to do.
    func checkWake(of peer: SimulatedPeer, isIdle: Bool) {
        let isAtOnce = now.since(peer.wokeAt) <= .milliseconds(1)
        peer.wokeAt = now
        peer.idleWakes = isIdle && isAtOnce ? peer.idleWakes + 1 : 0
        guard peer.idleWakes == Self.idleWakesMax else { return }
        report.violations.append(
            """
            peer \(peer.index) wakes \(Self.idleWakesMax) times at once and does nothing; \
            its deadline is \(peer.core?.peer.deadline.map { "\($0)" } ?? "none"), it is \(now)
            \(peer.core?.peer.openWork ?? "")
            """
        )
    }

    /// Traffic is bounded by the units, by the peers that gossip, and by time.
    func checkTraffic() {
        let peerCount = UInt64(peers.count)
        let seconds = now.nanoseconds / 1_000_000_000
        let limit =
            unitCount * peerCount * Self.messagesPerUnit
            + peerCount * seconds * Self.messagesPerSecond
            + report.hostile * peerCount * Self.messagesPerUnit
        guard report.delivered > limit else { return }
        report.violations.append("\(report.delivered) messages, more than \(limit)")
    }

    private var unitCount: UInt64 {
        UInt64(options.units) + (options.isReleased ? UInt64(oracle.unitsOfSecond) : 0)
    }

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
        case .item(.hold(let signed)): watch(signed)
        case .item(.device(let signed)): watch(signed)
        case .item(.revoke(let signed)): watch(signed)
        case .item(.anchor(let signed)): watch(signed)
        default: break
        }
    }

    private func watch<Body>(_ signed: Signed<Body>) {
        guard !isByzantine(key: signed.body.signer), watched.insert(signed.id).inserted
        else { return }
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

    /// Nothing new begins in a job on hold.
    func checkHold(_ out: Outbox, of peer: SimulatedPeer) {
        for case .send(let message, _) in out.effects {
            let job: ManifestID?
            switch message {
            case .claim(let claim): job = claim.manifest
            case .lease(let lease): job = lease.manifest
            case .held(let list): job = list.manifest
            default: job = nil
            }
            guard let job, peer.core?.peer.isHeld(job) == true else { continue }
            report.violations.append("peer \(peer.index) goes on with a job on hold: \(message)")
        }
    }

    /// What must hold at any moment.
    func checkNow() {
        for peer in peers where peer.isUp {
            checkVerdicts(of: peer)
            checkHeld(by: peer)
            checkBounds(of: peer)
            checkHours(of: peer)
        }
    }

    /// What a core takes for true is; nothing changes until another item comes.
    private func checkVerdicts(of peer: SimulatedPeer) {
        let looked = (life: peer.life, items: peer.core?.peer.ledgerCount ?? 0)
        guard peer.looked != looked else { return }
        peer.looked = looked
        for (unit, core) in jobs.flatMap({ peer.core?.peer.verdicts(of: $0) ?? [] })
        where core != oracle.truth(of: unit, crypto: crypto) && !options.mayBeFooled {
            report.wrong += 1
            report.violations.append("peer \(peer.index) takes a lie about unit \(unit)")
        }
    }

    /// What a core holds is on its disk.
    private func checkHeld(by peer: SimulatedPeer) {
        for unit in 0..<oracle.unitsOfSecond {
            let hash = oracle.truth(of: unit, crypto: crypto).resultHash
            if peer.core?.peer.holdsResult(hash) == true, !peer.disk.results.contains(hash),
                !peer.lostResults.contains(hash)
            {
                report.violations.append("peer \(peer.index) lost the result of unit \(unit)")
            }
        }
        if peer.core?.peer.holdsDataset(oracle.root) == true, !peer.disk.hasDataset {
            report.violations.append("peer \(peer.index) lost its dataset")
        }
    }

    /// Nothing is dropped that a job needs which is not released.
    func checkDrops(_ out: Outbox, of peer: SimulatedPeer) {
        guard !isByzantine(peer.index) else { return }
        for effect in out.effects {
            switch effect {
            case .dropResult(let hash):
                for id in jobs where peer.core?.peer.isReleased(id) == false {
                    let verdicts = peer.core?.peer.verdicts(of: id) ?? []
                    guard verdicts.contains(where: { $0.core.resultHash == hash }) else { continue }
                    report.violations.append("peer \(peer.index) drops what \(id.short) needs")
                }
            case .dropDataset:
                let progress = jobs.compactMap {
                    peer.core?.peer.progress(of: $0, at: time(at: peer))
                }
                guard progress.contains(where: { !$0.isOverForItsOwner }) else { continue }
                report.violations.append("peer \(peer.index) drops its data before the end")
            default: break
            }
        }
    }

    // MARK: - The end

    /// Every honest peer is up, holds the same ledger, has nothing left to do, and every job is
    /// final or cancelled everywhere.
    var isDone: Bool {
        let keys = peers[0].core?.peer.ledgerKeys
        // What the submitter has just released may wait for its row.
        return isFinished && areResultsThere && hubsDisagreement == nil
            && peers[Self.submitter].committing == nil
            && honestPeers.allSatisfy {
                $0.core?.peer.ledgerKeys == keys && $0.core?.peer.isIdle == true
            }
    }

    var honestPeers: [SimulatedPeer] {
        peers.filter { !isByzantine($0.index) && !$0.isGone }
    }

    /// Every job is final or cancelled at every honest peer, and the submitter has the results, or
    /// has released them.
    var isFinished: Bool {
        guard manifestID != nil else { return false }
        return jobs.allSatisfy { isFinished($0) }
    }

    private func isFinished(_ id: ManifestID) -> Bool {
        for peer in honestPeers {
            guard let progress = peer.core?.peer.progress(of: id, at: time(at: peer)) else {
                return false
            }
            let isSubmitter = peer.index == Self.submitter
            let unsettled = beyondRuling(id)
            let isFinal = progress.final + unsettled == progress.unitCount
            // What is to be released is so before the end.
            let hasResults =
                progress.held + unsettled == progress.unitCount
                && progress.ringers.open <= unsettled
            let isHeld = !isSubmitter || (id == secondID ? progress.isReleased : hasResults)
            guard progress.isCancelled || (isFinal && isHeld) else { return false }
        }
        return true
    }

    /// How many disputed units of a job nobody settles any more: all when it is released, and when
    /// its data is dropped those that a certificate of a clock some hours ahead disputes, which
    /// comes to light when these hours have passed.
    private func beyondRuling(_ id: ManifestID) -> UInt32 {
        let submitter = peers[Self.submitter]
        guard let ledger = submitter.core?.peer.ledger,
            let isReleased = submitter.core?.peer.isReleased(id),
            isReleased || submitter.core?.peer.holdsDataset(oracle.root) == false
        else { return 0 }
        let beyond = ledger.certifiedUnits(of: id).filter { unit in
            guard ledger.verdict(on: unit, of: id) == .disputed else { return false }
            let epochs = ledger.certificates(on: unit, of: id).map(\.body.epoch)
            let spread = (epochs.max() ?? 0) - (epochs.min() ?? 0)
            return isReleased || spread > Limits.epochSkew
        }
        return UInt32(beyond.count)
    }

    var unfinished: String {
        guard !jobs.isEmpty else { return "the job was never submitted" }
        let lines = peers.map { peer in
            let progress = jobs.compactMap {
                peer.core?.peer.progress(of: $0, at: time(at: peer))
            }
            let idle = peer.core?.peer.isIdle == true
            return """
                peer \(peer.index) in hour \(peer.core?.peer.epoch ?? 0) of \(epoch): \(progress), \
                items \(peer.core?.peer.ledgerKeys.count ?? -1), idle \(idle)
                \(peer.core?.peer.openWork ?? "")
                """
        }
        return "the job does not end:\n" + lines.joined(separator: "\n")
            + jobs.map { unsettled($0) + unfetched($0) }.joined()
            + missing + (hubsDisagreement.map { "\n\($0)" } ?? "")
    }

    /// The items that some honest peers have and others have not.
    private var missing: String {
        var holders = SortedTable<ItemKey, [Int]>()
        for peer in honestPeers {
            for key in peer.core?.peer.ledgerKeys ?? [] {
                holders[key, default: []].append(peer.index)
            }
        }
        return holders.compactMap { key, indices in
            guard indices.count < honestPeers.count else { return nil }
            let item = peers[indices[0]].core?.peer.ledger.item(at: key)
            return
                "only \(indices) hold \(item.map { "\($0)".prefix(200) } ?? "?") of \(key.epoch)\n"
        }.joined()
    }

    /// The units that peer 0 does not hold for final, with their certificates.
    private func unsettled(_ id: ManifestID) -> String {
        var text = ""
        guard let ledger = peers[0].core?.peer.ledger else { return text }
        for unit in 0..<(ledger.manifest(id)?.body.unitCount ?? 0) {
            let verdict = ledger.verdict(on: unit, of: id)
            if case .certified = verdict { continue }
            let list = ledger.certificates(on: unit, of: id).map { signed in
                let steward = indices[signed.body.steward] ?? -1
                let workers = signed.body.entries.map { indices[$0.worker] ?? -1 }
                return "\(signed.body.vote) of \(workers) by \(steward)"
            }
            text += "unit \(unit) of \(id.short) is \(verdict): \(list)\n"
        }
        return text
    }

    /// The units whose results the submitter lacks, and who has these.
    private func unfetched(_ id: ManifestID) -> String {
        let submitter = peers[Self.submitter]
        guard submitter.core?.peer.isReleased(id) == false else { return "" }
        let missing = (submitter.core?.peer.verdicts(of: id) ?? [])
            .filter { submitter.core?.peer.holdsResult($0.core.resultHash) != true }
        return missing.map { each in
            let holders = peers.filter {
                $0.core?.peer.holdsResult(each.core.resultHash) == true
            }
            return "the result of unit \(each.unit) of \(id.short) is with peers "
                + "\(holders.map(\.index))\n"
        }.joined()
    }

    /// Peers whose boards and certificates are checked; all hold the same ledger.
    static let boardsMax = 64

    func checkEnd() {
        guard let manifestID else { return }
        // Long after the last change everything is final, also what a cancelled job leaves.
        let boards = honestPeers.prefix(Self.boardsMax).compactMap { peer in
            let later = time(at: peer).advanced(by: .seconds(3_600))
            return peer.core?.peer.ledger.boards(epoch: epoch, at: later, settle: .zero)
        }
        for index in boards.indices where boards[index] != boards[0] {
            report.violations.append("peers 0 and \(index) hold one ledger and two boards")
        }
        countTwice(manifestID)
        for id in jobs {
            countFooled(id)
            checkRingers(id)
        }
        for id in jobs {
            let ledger = peers[Self.submitter].core?.peer.ledger
            report.units += UInt64(ledger?.manifest(id)?.body.unitCount ?? 0)
            report.certified += UInt64(ledger?.certifiedUnits(of: id).count ?? 0)
        }
        for id in jobs { checkOwners(id) }
        checkFinals()
        checkCulprits()
        checkFarm()
        checkRows()
        // Where a lie stands, whoever contradicted it is not paid.
        if report.fooled == 0 { checkCredit() }
        checkReleased()
        checkNaming()
        checkUsers(boards[0])
        checkFold(boards[0])
        witnessEnd(boards[0])
        for peer in peers {
            let certificates = peer.core?.peer.certificates(of: manifestID) ?? []
            guard peer.index == Self.submitter else { continue }
            for certificate in certificates {
                let count = UInt64(certificate.units.count)
                switch certificate.vote {
                case .quorum: report.quorums += count
                case .panel: report.panels += count
                case .ruling: report.rulings += count
                case .single: report.singles += count
                case .audit: report.audits += count
                }
            }
        }
    }

    /// Units with a lie that was certified: those where it was found, and those where it stands.
    private func countFooled(_ manifestID: ManifestID) {
        guard let ledger = peers[Self.submitter].core?.peer.ledger else { return }
        for unit in ledger.certifiedUnits(of: manifestID) {
            let certificates = ledger.certificates(on: unit, of: manifestID)
            let truth = oracle.truth(of: unit, crypto: crypto)
            let isTrue = ledger.verdict(on: unit, of: manifestID).core == truth
            if !isTrue, options.mayBeFooled, ledger.verdict(on: unit, of: manifestID).core != nil {
                report.fooled += 1
            }
            let isAudited = certificates.contains { $0.body.vote == .audit }
            let isSettled = certificates.contains { $0.body.vote.isBeyondFirst }
            if isTrue, isAudited, isSettled { report.caught += 1 }
        }
    }

    private func countTwice(_ manifestID: ManifestID) {
        var stewards = SortedTable<UInt32, [PeerID]>()
        for certificate in peers[0].core?.peer.certificates(of: manifestID) ?? [] {
            for unit in certificate.units {
                stewards[unit, default: []].append(certificate.steward)
            }
        }
        report.twice += UInt64(stewards.values.count { distinct($0).count > 1 })
    }

    /// The board is the sum of the oracle's operations over (unit, worker) pairs, each once.
    private func checkCredit() {
        let ledger = peers[Self.submitter].core?.peer.ledger
        let later = time(at: peers[Self.submitter]).advanced(by: .seconds(3_600))
        let board = ledger?.boards(of: project, epoch: epoch, at: later, settle: .zero).hosts ?? []
        var expected = SortedTable<PeerID, UInt64>()
        for id in jobs { addCredit(of: id, to: &expected) }
        for row in board {
            let sum = row.finalOperations + row.provisionalOperations
            let isHostile = isByzantine(key: row.peer.digest)
            // What a sleeper has done before it lies is paid.
            let isSleeper =
                options.liesAfter > 0 && indices[row.peer].map { peers[$0].isLiar } ?? false
            if !isHostile, !isSleeper, sum != expected[row.peer] ?? 0 {
                report.violations.append("the board pays \(sum), \(expected[row.peer] ?? 0) is due")
            }
            if let index = indices[row.peer], isTruthful(peers[index]), row.lost > 0 {
                report.violations.append("honest peer \(index) lost a vote")
            }
        }
    }

    /// What each peer is due for one job.
    private func addCredit(of manifestID: ManifestID, to due: inout SortedTable<PeerID, UInt64>) {
        var pairs = SortedTable<PeerID, [UInt32]>()
        for certificate in peers[0].core?.peer.certificates(of: manifestID) ?? [] {
            for entry in certificate.entries {
                guard let index = indices[entry.worker], isTruthful(peers[index]) else { continue }
                let units = certificate.sets[Int(entry.set)].units
                for unit in units where certificate.units.contains(unit) {
                    pairs[entry.worker, default: []].append(unit)
                }
            }
        }
        let known = (peers[0].core?.peer.verdicts(of: manifestID) ?? []).map(\.unit)
        for (worker, units) in pairs {
            guard let line = identity(of: worker)?.key else { continue }
            for unit in distinct(units) where known.contains(unit) {
                let truth = oracle.truth(of: unit, crypto: crypto)
                due[line, default: 0] += truth.operations
                report.paid += 1
            }
        }
    }

    /// What the second job alone had is gone from the submitter's disk.
    ///
    /// A ledger that was lost while a drop was under way makes it wait for the next hour.
    private func checkReleased() {
        // Where a lie stands, what contradicted it belongs to no unit; a farm's job has the same
        // units, and needs their results.
        guard secondID != nil, options.gridLoss == .never, report.fooled == 0,
            options.behaviour != .farms
        else { return }
        for unit in options.units..<oracle.unitsOfSecond {
            let hash = oracle.truth(of: unit, crypto: crypto).resultHash
            if peers[Self.submitter].disk.results.contains(hash) {
                report.violations.append("the released result of unit \(unit) is still here")
            }
        }
    }

    /// Whether what the peer says about units is true.
    private func isTruthful(_ peer: SimulatedPeer) -> Bool {
        !peer.isLiar && !isByzantine(peer.index)
    }

    /// No steward gives votes on one unit to two keys of one owner, be it two machines or one with
    /// a new key, unless it has lost the word for that; a certificate may quote other stewards'
    /// votes beside its own.
    private func checkOwners(_ manifestID: ManifestID) {
        for certificate in peers[0].core?.peer.certificates(of: manifestID) ?? [] {
            for steward in distinct(certificate.sets.map(\.steward))
            where !isByzantine(key: steward.digest) {
                // Whoever is not bound by the protocol gives itself to whomever it likes.
                let workers = distinct(
                    certificate.entries.filter { certificate.sets[Int($0.set)].steward == steward }
                        .map(\.worker)
                ).filter { !isByzantine(key: $0.digest) }
                let owners = distinct(workers.compactMap { identity(of: $0)?.owner })
                let hasLostItems = indices[steward].map { peers[$0].hasLostItems } ?? false
                if owners.count < workers.count, !hasLostItems {
                    report.violations.append("two keys of one owner vote on one unit")
                }
                if options.areSiblings, owners.contains(peers[peers.count - 1].owner) {
                    report.shared += UInt64(certificate.units.count)
                }
            }
            countNetworks(certificate)
        }
    }

    /// Counts votes whose workers are seen in several networks.
    private func countNetworks(_ certificate: Certificate) {
        let seen = certificate.entries.compactMap { indices[$0.worker] }
            .compactMap { network(of: $0)?.rawValue }
        guard seen.count > 1, distinct(seen).count == seen.count else { return }
        report.apart += UInt64(certificate.units.count)
    }

    /// The users' board adds up the hosts', owner by owner, and nobody gains by itself.
    private func checkUsers(_ boards: Boards) {
        var expected = SortedTable<OwnerID, UInt64>()
        var total: UInt64 = 0
        for row in boards.hosts {
            guard let index = indices[row.peer], let identity = identity(of: row.peer) else {
                continue
            }
            // A hostile peer gives itself to whomever it likes, and a machine or its disk may be
            // gone before anybody has heard whose it is.
            // Where members never change nobody is adopted.
            let isUnsure =
                isByzantine(index) || peers[index].isGone || peers[index].id != row.peer
                || commonOverlay != nil
            let given = peers[0].core?.peer.ledger.ownership.owner(of: row.peer)
            let owner = isUnsure ? given ?? identity.owner : identity.owner
            expected[owner, default: 0] += row.finalOperations
            total += row.finalOperations
        }
        for row in boards.users where row.donated != expected[row.owner] ?? 0 {
            report.violations.append("owner \(row.owner.short) has another sum than its hosts")
        }
        let consumed = boards.users.reduce(0) { $0 + $1.consumed }
        let shares = boards.users.reduce(0) { $0 + $1.share }
        let done = boards.projects.reduce(0) { $0 + $1.tally.finalOperations }
        if consumed != total || done != total || shares != 0 {
            report.violations.append("\(total) paid, \(consumed) consumed, \(done) done")
        }
    }

    /// Any order and any number of copies of the same items give the same boards.
    private func checkFold(_ boards: Boards) {
        guard var items = peers[0].core?.peer.allItems else { return }
        items += items
        for index in items.indices.reversed() {
            items.swapAt(index, Int(random.below(UInt64(index) + 1)))
        }
        var ledger = CreditLedger(trust: options.trust)
        // What waits for something that has not come is bounded, and is offered again.
        var count = -1
        while ledger.items.count > count {
            count = ledger.items.count
            for item in items {
                _ = ledger.insert(item.verifiedHere, epoch: latestHour, at: .zero)
            }
        }
        if ledger.boards(epoch: epoch, at: now, settle: .zero) != boards {
            report.violations.append("a permuted ledger gives another board")
        }
    }
}

extension CertificateKind {
    /// Whether it settles a dispute.
    fileprivate var isBeyondFirst: Bool { self == .panel || self == .ruling }
}
