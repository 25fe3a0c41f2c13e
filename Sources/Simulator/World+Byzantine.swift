import Ledger
import PeerCore
import Primitives
import Wire

/// Machines that run the core that ships, and a driver that breaks the protocol in one way.
extension World {
    /// Whether the machine at `index` is not bound by the protocol: the hostile peer, or one of
    /// the last ones where these have a behaviour.
    func isByzantine(_ index: Int) -> Bool { index >= peers.count - options.strangers }

    /// Whether `key` is one that such a machine has, or has had.
    func isByzantine(key: Digest) -> Bool {
        guard options.strangers > 0, let index = indices[PeerID(key)] else { return false }
        return isByzantine(index)
    }

    /// The way in which the machine breaks the protocol, if it does.
    func behaviour(of index: Int) -> Behaviour? {
        options.behaviour.flatMap { isByzantine(index) ? $0 : nil }
    }

    /// The machines of that kind.
    private var coalitionMembers: [SimulatedPeer] {
        peers.suffix(options.behaviour == nil ? 0 : options.byzantine)
    }

    /// Which machine a message to a key goes to; of two with one key, either.
    func place(of key: PeerID) -> Int? {
        guard let index = indices[key], peers[index].id == key else { return nil }
        guard behaviour(of: index) == .stolenKey else { return index }
        return peers.count - 1 - Int(random.below(UInt64(options.byzantine)))
    }

    // MARK: - Messages

    /// Sends what a machine says when its core says `message`.
    func say(_ message: Message, by peer: SimulatedPeer, to receiver: Int) {
        guard isByzantine(peer.index) else {
            return send(message, from: peer.index, to: receiver)
        }
        guard !withholds(message, from: receiver, by: peer) else {
            report.hostile += 1
            return
        }
        for each in said(message, by: peer) { send(each, from: peer.index, to: receiver) }
    }

    private func said(_ message: Message, by peer: SimulatedPeer) -> [Message] {
        if peer.index == hostile?.index {
            guard let other = contradiction(to: message, of: peer),
                random.below(Self.contradictionStride) == 0
            else { return [message] }
            report.hostile += 1
            return [message, other]
        }
        guard let behaviour = behaviour(of: peer.index) else { return [message] }
        if behaviour == .replays { coalition.record(message, random: &random) }
        guard let messages = replaced(message, by: peer, behaviour) else { return [message] }
        report.hostile += 1
        if messages.count > 1 { tell("peer \(peer.index) says two things for one slot") }
        return messages
    }

    /// What a byzantine machine sends in place of `message`; nil for the same.
    private func replaced(
        _ message: Message,
        by peer: SimulatedPeer,
        _ behaviour: Behaviour
    ) -> [Message]? {
        switch (behaviour, message) {
        case (.silent, .commit), (.silent, .reveal), (.neverReveals, .reveal),
            (.withholds, .resultPiece), (.withholds, .opening), (.dropsVotes, .commitSet),
            (.neverOpens, .opening), (.neverOpens, .item(.opening)):
            return []
        case (.dropsVotes, .item(.certificate(let signed))) where signed.body.steward == peer.id:
            return []
        case (.equivocates, _):
            return contradiction(to: message, of: peer).map { [message, $0] }
        case (.reopens, .commitSet):
            return contradiction(to: message, of: peer).map { [message, $0] }
        case (.liesOfCapacity, .claim(let claim)):
            return [
                .claim(
                    Claim(
                        manifest: claim.manifest,
                        shard: claim.shard,
                        unitCount: .max,
                        operationsPerSecond: .max,
                        sealed: claim.sealed,
                        isIdle: true
                    )
                )
            ]
        case (.poisons, .resultPiece(let piece)) where !piece.bytes.isEmpty:
            var bytes = piece.bytes
            bytes[0] ^= 1
            let wrong = ResultPiece(
                resultHash: piece.resultHash,
                byteCount: piece.byteCount,
                offset: piece.offset,
                bytes: bytes
            )
            return [.resultPiece(wrong)]
        default:
            return nil
        }
    }

    /// Whether a byzantine steward keeps a lease from whom it is for.
    private func withholds(_ message: Message, from receiver: Int, by peer: SimulatedPeer) -> Bool {
        guard case .lease(let lease) = message, !isByzantine(receiver) else { return false }
        switch behaviour(of: peer.index) {
        case .favours, .neverOpens: return true
        case .farms: return !jobs.contains(lease.manifest)
        default: return false
        }
    }

    /// What byzantine machines make of a message to one of them.
    func overhear(_ message: Message, from: Int, at peer: SimulatedPeer) {
        guard let behaviour = behaviour(of: peer.index) else { return }
        switch message {
        case .lease(let lease):
            coalition.leased(lease, by: peers[from].id, to: peer.id)
        case .reveal(let reveal) where behaviour == .leaks || behaviour == .copies:
            let units = reveal.result.body.units
            coalition.hear(zip(units, reveal.cores).map { UnitCore(unit: $0, core: $1) })
        case .item(.opening(let opening)) where behaviour == .copies:
            coalition.hear(opening.cores)
        default:
            break
        }
        if behaviour == .replays { coalition.record(message, random: &random) }
    }

    // MARK: - Results

    /// The bytes and the core that a machine reports for a unit of a job.
    func outcome(
        of unit: UInt32,
        in job: ManifestID,
        at peer: SimulatedPeer
    ) -> (bytes: Bytes, core: Core) {
        guard let behaviour = behaviour(of: peer.index) else {
            return isWrongNow(peer) ? lie(about: unit, liar: peer.index) : truth(about: unit)
        }
        let truth = truth(about: unit)
        switch behaviour {
        case .liesAlone:
            return lie(about: unit, liar: peer.index)
        case .errs:
            guard random.chance(options.errors) else { return truth }
            let isShared = random.chance(Self.equalErrors)
            return lie(about: unit, liar: isShared ? 0 : peer.index)
        case .guesses:
            return (truth.bytes, guess(truth.core))
        case .copies, .leaks:
            // Of a steward and its mate, the mate computes nothing.
            guard peer.index == peers.count - 1 else { return truth }
            return (truth.bytes, coalition.heard[unit] ?? guess(truth.core))
        case .liesTogether:
            return lie(about: unit, liar: 0)
        case .sleeper:
            return peer.computed < Self.sleeperUnits ? truth : lie(about: unit, liar: 0)
        case .favours, .reopens:
            // They are stewards because they were right elsewhere.
            let isOurs = coalition.isSteward(of: unit, for: peer.id)
            return isOurs ? lie(about: unit, liar: 0) : truth
        case .farms:
            return jobs.contains(job) ? truth : lie(about: unit, liar: 0)
        case .patient:
            let isLie =
                coalition.said[unit]
                ?? coalition.hasAllSeats(on: unit, worker: peer.id, policy: options.policy)
            coalition.says(unit, isLie: isLie)
            return isLie ? lie(about: unit, liar: 0) : truth
        default:
            return truth
        }
    }

    /// Errors of two machines that are the same.
    private static let equalErrors = Ratio(1, of: 100)
    /// Units that a sleeper computes rightly: what makes a senior in such a life, and some more.
    private static let sleeperUnits = 4

    private func truth(about unit: UInt32) -> (bytes: Bytes, core: Core) {
        let bytes = oracle.result(of: unit)
        return (bytes, oracle.core(bytes, unit: unit, crypto: crypto))
    }

    private func lie(about unit: UInt32, liar: Int) -> (bytes: Bytes, core: Core) {
        report.lies += 1
        let bytes = oracle.lie(about: unit, liar: liar)
        return (bytes, oracle.core(bytes, unit: unit, crypto: crypto))
    }

    /// The right result, without the evidence that only work gives.
    private func guess(_ core: Core) -> Core {
        report.lies += 1
        return Core(
            resultHash: core.resultHash,
            operations: core.operations,
            evidence: crypto.hash([0])
        )
    }

    /// How much longer an order takes than it would.
    func slowness(of peer: SimulatedPeer) -> UInt64 {
        behaviour(of: peer.index) == .slow ? Self.slowFactor : 1
    }

    private static let slowFactor: UInt64 = 40

    /// Hours that a machine's wall clock is ahead.
    func skew(of peer: SimulatedPeer) -> Int64 {
        switch behaviour(of: peer.index) {
        case .backDates: -Int64(1 + random.below(72))
        case .postDates: Int64(1 + random.below(24))
        default: 0
        }
    }

    // MARK: - On their own

    /// What byzantine machines do from time to time, until the honest ones have finished.
    func misbehave() {
        guard let behaviour = options.behaviour,
            behaviour.actsByItself, areFaultsOn || !isFinished
        else { return }
        let span = options.isMeasured ? Self.measuredSpan : 1_000
        let delay = TimeSpan.milliseconds(50 + random.below(span))
        queue.push(.misbehaviour, at: now.advanced(by: delay))
        guard manifestID != nil else { return }
        for peer in coalitionMembers where peer.isUp {
            switch behaviour {
            case .replays:
                for _ in 0..<4 { sendRecorded(of: peer) }
            case .floods:
                for _ in 0..<Self.floodCount {
                    report.hostile += 1
                    let target = Int(random.below(UInt64(peers.count - options.byzantine)))
                    send(anyRequest(), from: peer.index, to: target)
                }
            case .poisons:
                report.hostile += 1
                let target = Int(random.below(UInt64(peers.count - options.byzantine)))
                send(forgery(of: peer), from: peer.index, to: target)
            case .farms where peer.index == peers.count - 1:
                farm(peer)
            case .patient where isCaught(peer),
                .liesTogether where options.isMeasured && isCaught(peer):
                renew(peer)
            default:
                break
            }
        }
    }

    /// Milliseconds in which something is done where that is asked of a large network.
    private static let measuredSpan: UInt64 = 10_000
    /// Requests of a flood at a time.
    private static let floodCount = 100

    private func sendRecorded(of peer: SimulatedPeer) {
        let count = coalition.recorded.count
        guard count > 0 else { return }
        let message = coalition.recorded[Int(random.below(UInt64(count)))]
        report.hostile += 1
        send(message, from: peer.index, to: Int(random.below(UInt64(peers.count))))
    }

    /// The owner of a farm submits a job of its own, once.
    private func farm(_ peer: SimulatedPeer) {
        let manifest = oracle.manifest(
            isSecond: true,
            network: network,
            project: ProjectID(peer.owner.digest),
            submitter: peer.id,
            anchors: coalitionMembers.map(\.id).sorted(),
            epoch: coalition.farmEpoch ?? hour(at: peer),
            population: 1,
            policy: .strict
        )
        coalition.farmEpoch = manifest.epoch
        let id = ManifestID(SHA256.hash(manifest.payload))
        guard peer.core?.peer.progress(of: id, at: time(at: peer)) == nil else { return }
        report.hostile += 1
        peer.disk.hasDataset = true
        input(.submit(manifest), to: peer)
    }

    /// Whether everybody can see that a machine has lied.
    private func isCaught(_ peer: SimulatedPeer) -> Bool {
        guard let ledger = peers[Self.submitter].core?.peer.ledger else { return false }
        return jobs.contains { job in
            ledger.certifiedUnits(of: job).contains { unit in
                ledger.mistakes(on: unit, of: job).contains { $0.worker == peer.id }
            }
        }
    }

    /// A machine throws its key away and comes back as nobody knows it.
    private func renew(_ peer: SimulatedPeer) {
        tell("peer \(peer.index) is caught, and begins anew")
        report.renewed += 1
        stop(peer)
        beginAnew(peer)
        start(peer)
    }

    // MARK: - The end

    /// Nobody's word is worth more to the project for what it has done for others, which anybody
    /// can pay to itself.
    func checkFarm() {
        guard options.behaviour == .farms, let manifestID,
            let ledger = peers[0].core?.peer.ledger, let job = ledger.manifest(manifestID)?.body
        else { return }
        report.farmed += ledger.boards(
            of: ProjectID(peers[peers.count - 1].owner.digest),
            epoch: epoch,
            at: now,
            settle: .zero
        ).hosts.reduce(0) { $0 + $1.won }
        let own = ledger.boards(of: project, epoch: epoch, at: now, settle: .zero)
        for peer in coalitionMembers {
            let won = own.hosts.first { $0.peer == peer.id }?.won ?? 0
            let trustClass = ledger.trustView.trustClass(of: peer.id, for: job, at: epoch + 48)
            guard trustClass > .newcomer, won < options.trust.trustedStreak else { continue }
            report.violations.append("a farm makes peer \(peer.index) \(trustClass) elsewhere")
        }
    }
}
