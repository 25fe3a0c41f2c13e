import Ledger
import PeerCore
import Primitives
import Wire

/// Disks that fail, flip bits and fill up, and what the real driver does then.
extension World {
    /// How often a machine whose disk was full looks whether it has room.
    private static let recoverySpan = TimeSpan.seconds(30)
    /// The longest until somebody frees space.
    private static let fullMax = TimeSpan.seconds(60)

    /// Bundles that each machine computes at once.
    static let places = 2

    // MARK: - Loss

    /// The disk of a machine fails: it is gone at once, or a page of the vault was torn, which the
    /// next start finds.
    func failDisk() {
        guard let index = options.diskFailure else { return }
        let peer = peers[index]
        stop(peer)
        if options.isVaultTorn {
            tell("peer \(index) crashes, and tears a page of its vault")
            peer.disk.isVaultTorn = true
        } else {
            report.disksLost += 1
            tell("the disk of peer \(index) is gone")
            beginAnew(peer)
        }
        restart(peer)
    }

    /// Whether a start is refused because the vault is damaged: its owner begins a new folder.
    func refusesVault(of peer: SimulatedPeer) -> Bool {
        guard peer.disk.isVaultTorn else { return false }
        report.vaultsTorn += 1
        tell("peer \(peer.index) is not started: its vault is damaged")
        beginAnew(peer)
        restart(peer)
        return true
    }

    /// The machine cannot know its old key: it comes back as another peer.
    func beginAnew(_ peer: SimulatedPeer) {
        peer.beginAnew(as: identity(of: peer.index, owner: nil))
    }

    /// Somebody starts the machine again soon.
    func restart(_ peer: SimulatedPeer) {
        let delay = TimeSpan.milliseconds(10 + random.below(10_000))
        queue.push(.restart(peer: peer.index), at: now.advanced(by: delay))
    }

    // MARK: - Bits

    /// A bit flips in something that the machine keeps; what reads it will find out.
    ///
    /// Of each result one copy flips at most, and the submitter's only if another is where it would
    /// ask for one: nobody computes again what is certified.
    func flipBit(of peer: SimulatedPeer) {
        let results = peer.disk.results.keys.filter { hash in
            !flippedResults.contains(hash)
                && (peer.index != Self.submitter || isKeptByOthers(hash))
        }
        let chunks = peer.disk.chunks.keys
        let places = UInt64(results.count + chunks.count + (peer.disk.hasDataset ? 1 : 0))
        guard places > 0 else { return }
        let place = Int(random.below(places))
        report.bitsFlipped += 1
        if place < results.count {
            let hash = results[place]
            flippedResults[hash] = true
            tell("a bit of a result flips on the disk of peer \(peer.index)")
            peer.disk.results.update(hash) { $0[$0.count / 2] ^= 1 }
        } else if place < results.count + chunks.count {
            tell("a bit of a chunk flips on the disk of peer \(peer.index)")
            peer.disk.chunks.update(chunks[place - results.count]) { $0[$0.count / 2] ^= 1 }
        } else {
            tell("a bit of its data flips on the disk of peer \(peer.index)")
            let chunk = UInt32(truncatingIfNeeded: random.below(UInt64(oracle.leaves.count)))
            peer.disk.flippedChunks[chunk] = true
        }
    }

    /// Whether somebody keeps a certified result of whom the submitter would ask for it.
    private func isKeptByOthers(_ hash: Digest) -> Bool {
        guard let ledger = peers[Self.submitter].core?.peer.ledger else { return false }
        var isCertified = false
        for id in jobs {
            for unit in ledger.certifiedUnits(of: id) {
                guard let core = ledger.verdict(on: unit, of: id).core, core.resultHash == hash
                else { continue }
                isCertified = true
                let winners = ledger.outcomes(of: unit, manifest: id, core: core)
                    .filter(\.didWin).map(\.worker)
                for certificate in ledger.certificates(on: unit, of: id) {
                    let holders = ([certificate.body.steward] + winners).compactMap { indices[$0] }
                    let isKept = holders.contains { index in
                        index != Self.submitter && !isByzantine(index)
                            && peers[index].disk.results.contains(hash)
                    }
                    if !isKept { return false }
                }
            }
        }
        return isCertified
    }

    // MARK: - Room

    /// Whether a write finds room.
    ///
    /// The first that does not gives up the ballast, and is repeated. Chunks and results are longer
    /// than rows, and find less room.
    func hasRoom(at peer: SimulatedPeer, isLong: Bool = true) -> Bool {
        let ratio = options.fullDisk
        let chance = Ratio(ratio.numerator * (isLong ? 8 : 1), of: ratio.denominator)
        guard strikes(.fullDisk, chance, at: peer) else { return true }
        guard peer.roomAt == nil else { return false }
        report.drained += 1
        tell("the disk of peer \(peer.index) is full: it takes no more work")
        let span = TimeSpan.milliseconds(random.below(Self.fullMax.milliseconds))
        peer.roomAt = now.advanced(by: span)
        answer(donation(of: peer), to: peer, within: 5)
        watchRoom(of: peer)
        return true
    }

    /// Makes rows durable; where there is no room for them the peer stops, and nothing after them
    /// happens.
    ///
    /// They are of two databases: the vault's may fit and the others not.
    func keep(_ rows: [JournalRow], at peer: SimulatedPeer) -> Bool {
        guard !rows.isEmpty else { return true }
        guard hasRoom(at: peer, isLong: false) else {
            if random.below(2) == 0 {
                for row in rows where row.table != .items && row.table != .records {
                    peer.disk.write(row)
                }
            }
            stopFull(peer)
            return false
        }
        for row in rows { peer.disk.write(row) }
        return true
    }

    /// A peer that cannot keep what it must ends; somebody frees space and starts it again.
    func stopFull(_ peer: SimulatedPeer) {
        report.disksFull += 1
        tell("the disk of peer \(peer.index) is full even so: it stops")
        stop(peer)
        peer.roomAt = nil
        restart(peer)
    }

    /// What the owner gives: nothing while the disk is full.
    func donation(of peer: SimulatedPeer) -> LocalEvent {
        var speeds = SortedTable<String, UInt64>()
        let machine = modelled(peer)
        speeds[Oracle.workload] = machine?.speed ?? Oracle.speed
        let places = machine?.places ?? Self.places
        return .donate(places: peer.roomAt == nil ? places : 0, speeds: speeds)
    }

    /// Looks now and then whether a full disk has room again.
    func watchRoom(of peer: SimulatedPeer) {
        guard peer.roomAt != nil else { return }
        queue.push(
            .seeRoom(peer: peer.index, life: peer.life),
            at: now.advanced(by: Self.recoverySpan)
        )
    }

    /// Takes work again when there is room.
    func seeRoom(_ peer: SimulatedPeer) {
        guard let roomAt = peer.roomAt else { return }
        guard roomAt <= now else { return watchRoom(of: peer) }
        peer.roomAt = nil
        tell("the disk of peer \(peer.index) has room again")
        input(donation(of: peer), to: peer)
    }
}
