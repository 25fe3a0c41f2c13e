import PeerCore
import Primitives
import TestSupport
import Wire

/// A peer with a driver and a disk, and nobody else: what others say is made up.
final class LonePeer {
    /// Its key.
    static let me = TestGrid.peer(1)
    /// Who might talk to it.
    static let strangers = (2...6).map { TestGrid.peer($0) }
    /// Effects of one input, three times as many as were ever seen: an answer holds 128 items at
    /// most, and a statement about a bundle has a row for each of its units.
    static let effectsMax = 1_024
    /// Messages that the peer has sent, or been sent, which are remembered.
    private static let memoryMax = 48
    /// Wake-ups at one moment that may lead to nothing.
    private static let idleWakesMax = 16

    /// The job that everything is about.
    let grid: TestGrid
    /// Its id.
    let id: ManifestID
    /// The key that its driver signs with as the project's.
    let owner: OwnerID
    /// What was wrong.
    var violations: [String] = []
    /// Whether it has met its own key elsewhere, and stopped.
    private(set) var hasStopped = false
    /// Messages that it has sent, with their receivers.
    private(set) var sent: [(message: Message, to: PeerID)] = []
    /// Messages that it has been sent.
    private(set) var heard: [Message] = []
    /// Items that strangers have.
    var items: [Item] = []
    /// Peers with a link.
    private(set) var linked: [PeerID] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var epoch = TestGrid.epoch
    private(set) var core: Peer

    private var journal = TestJournal()
    private var contract: OutboxContract
    private var results: [Digest] = []
    private var chunks: [ChunkWant] = []
    private var hasDataset = false
    /// What the driver owes the core.
    private var answers: [LocalEvent] = []
    /// Orders that the driver computes.
    private var orders: [WorkOrder] = []
    /// Effects that are still performed before it crashes; nil when it does not.
    private var effectsBeforeCrash: Int?
    private var lives: UInt64 = 0
    private var idleWakes = 0
    /// Effects that it has asked for.
    private var effectCount = 0
    /// The kinds of message that it has sent.
    private(set) var sentKinds: Set<UInt8> = []

    /// A peer at its first start, in a job that the choices pick.
    init(_ choices: inout Choices) {
        let role = Int(choices.byte())
        let policies: [Policy] = [.strict, .adaptive, .single]
        let isSubmitter = role % 2 == 0
        grid = TestGrid(
            units: 6,
            policy: policies[role / 2 % 3],
            submitter: isSubmitter ? Self.me : Self.strangers[0],
            anchors: role / 6 % 2 == 0 ? [Self.me, Self.strangers[1]] : []
        )
        id = grid.id
        owner = isSubmitter ? OwnerID(grid.project.digest) : TestGrid.owner(1)
        contract = OutboxContract(signers: [Self.me.digest, owner.digest])
        do throws(DecodeError) {
            core = try Self.core(Peer.Stored(), seed: 0, at: now)
        } catch {
            preconditionFailure("nothing is stored")
        }
        items = [.manifest(grid.signedManifest)]
        boot()
        for stranger in Self.strangers.prefix(3) { link(stranger) }
        if isSubmitter { submit() }
        drain()
    }

    private static func core(
        _ stored: Peer.Stored,
        seed: UInt64,
        at now: Instant
    ) throws(DecodeError) -> Peer {
        let secret = Array(me.digest.bytes.prefix(16))
        return try Peer(me: me, secret: secret, seed: seed, stored: stored, at: now)
    }

    private func boot() {
        lives += 1
        handle(.epoch(epoch))
        handle(.advertise(grid.record(of: Self.me, incarnation: lives).body))
        handle(.keep(grid.firstRecord(of: Self.me, followedBy: TestGrid.peer(50)).body))
        handle(.adopt(owner: owner, consent: grid.consent(of: Self.me, to: owner)))
        var speeds = SortedTable<String, UInt64>()
        speeds[TestGrid.workload] = 1_000_000
        handle(.donate(places: 2, speeds: speeds))
    }

    /// Whether the peer, or its owner, could have signed it.
    func isOwn(_ signer: Digest) -> Bool { signer == Self.me.digest || signer == owner.digest }

    // MARK: - Inputs

    /// Something happens on the machine.
    func handle(_ event: LocalEvent) {
        input { core, out in core.handle(event, at: self.now, into: &out) }
    }

    /// A message arrives, if a driver would let it through.
    func receive(_ message: Message, from peer: PeerID) {
        guard let copy = try? Message(frame: message.frame),
            let checked = try? Verified(checking: copy, with: grid.verifier, in: grid.network)
        else { return }
        link(peer)
        if heard.count == Self.memoryMax { heard.removeFirst() }
        heard.append(copy)
        input { core, out in core.receive(checked, from: peer, at: self.now, into: &out) }
    }

    /// A link to `peer` is up.
    func link(_ peer: PeerID) {
        guard !linked.contains(peer) else { return }
        linked.append(peer)
        handle(.linked(grid.record(of: peer).verifiedHere))
    }

    /// The link to `peer` is down.
    func unlink(_ peer: PeerID) {
        guard let index = linked.firstIndex(of: peer) else { return }
        linked.remove(at: index)
        handle(.unlinked(peer))
    }

    /// The owner submits the job.
    func submit() {
        guard owner.digest == grid.project.digest else { return }
        hasDataset = true
        handle(.submit(grid.manifest))
    }

    /// The clock goes on to the peer's deadline, or by `span` if that is earlier.
    func pass(atMost span: TimeSpan) {
        let end = now.advanced(by: span)
        let next = core.deadline ?? end
        let isAtOnce = next <= now.advanced(by: .milliseconds(1))
        now = min(end, max(next, now.advanced(by: .milliseconds(1))))
        let before = effectCount
        input { core, out in core.tick(at: self.now, into: &out) }
        idleWakes = isAtOnce && before == effectCount ? idleWakes + 1 : 0
        if idleWakes == Self.idleWakesMax {
            violations.append("it wakes again and again with nothing to do: \(core.openWork)")
        }
    }

    /// The hour goes on.
    func passHour() {
        epoch += 1
        handle(.epoch(epoch))
    }

    /// It crashes once so many more effects are performed.
    func crash(after effects: Int) { effectsBeforeCrash = effects }

    /// A peer starts from what is durable.
    func restart() {
        answers = []
        orders = []
        linked = []
        effectsBeforeCrash = nil
        var stored = Peer.Stored()
        stored.rows = journal.rows
        stored.results = distinct(results)
        stored.chunks = distinct(chunks)
        if hasDataset {
            let manifest = grid.manifest
            stored.datasets = [
                Peer.Dataset(root: manifest.datasetRoot, byteCount: manifest.datasetByteCount)
            ]
        }
        do throws(DecodeError) {
            core = try Self.core(stored, seed: lives, at: now)
        } catch {
            violations.append("it cannot read its own journal: \(error)")
            return
        }
        boot()
    }

    private func input(_ body: (inout Peer, inout Outbox) -> Void) {
        guard violations.isEmpty, !hasStopped else { return }
        var out = Outbox()
        body(&core, &out)
        var effects = out.drain()
        effectCount += effects.count
        if effects.count > Self.effectsMax {
            violations.append("an outbox of \(effects.count) effects")
        }
        let crashes = effectsBeforeCrash.map { $0 < effects.count } ?? false
        if let count = effectsBeforeCrash {
            effectsBeforeCrash = crashes ? nil : count - effects.count
            effects = Array(effects.prefix(count))
            // Rows that follow each other are durable together, or not at all.
            while crashes, case .persist? = effects.last { effects.removeLast() }
        }
        violations += contract.check(effects)
        for effect in effects { perform(effect) }
        if crashes { restart() }
    }
}

// MARK: - The driver

extension LonePeer {
    private func perform(_ effect: Effect) {
        switch effect {
        case .persist(let row): journal.write(row)
        case .sign(let request):
            let project = ProjectID(owner.digest)
            let signature = grid.signature(for: request, by: Self.me, project: project)
            answers.append(.signed(request.number, signature))
        case .send(let message, let peer): note(message, to: peer)
        case .passOn(let message, let peers, let source):
            if let peer = peers.first(where: { $0 != source }) { note(message, to: peer) }
        case .prepareWork(let order):
            answers.append(.workPrepared(order.number, chunks: [0]))
        case .startWork(let order): orders.append(order)
        case .stopWork(let number): orders.removeAll { $0.number == number }
        case .storeChunk(let chunk):
            answers.append(.chunkStored(ChunkWant(root: chunk.root, index: chunk.index)))
        case .storePiece(let piece): answers.append(.resultStored(piece.resultHash))
        case .dropResult(let hash): results.removeAll { $0 == hash }
        case .dropDataset: hasDataset = false
        case .keyUsedElsewhere: hasStopped = true
        case .sendChunk, .sendPiece, .connect, .hangUp, .penalize: break
        }
    }

    /// What it sends, it would read itself.
    private func note(_ message: Message, to peer: PeerID) {
        let frame = message.frame
        sentKinds.insert(frame[1])
        if (try? Message(frame: frame)) != message {
            violations.append("its own message is refused: \(message)")
        }
        if sent.count == Self.memoryMax { sent.removeFirst() }
        sent.append((message, peer))
        if case .item(let item) = message, !items.contains(item) { items.append(item) }
    }

    /// The driver gives one answer that it owes, perhaps a bad one.
    func answer(_ choices: inout Choices) {
        if !orders.isEmpty, answers.isEmpty || choices.below(2) == 0 {
            finish(orders.remove(at: choices.below(orders.count)), &choices)
            return
        }
        guard !answers.isEmpty else { return }
        let event = answers.remove(at: choices.below(answers.count))
        let isBad = choices.oneIn(16)
        switch event {
        case .workPrepared(let number, _) where isBad: handle(.workFailed(number))
        case .resultStored(let hash) where isBad: handle(.resultCorrupt(hash))
        case .resultStored(let hash):
            results.append(hash)
            handle(event)
        case .chunkStored(let chunk):
            chunks.append(chunk)
            handle(event)
        default: handle(event)
        }
    }

    private func finish(_ order: WorkOrder, _ choices: inout Choices) {
        guard !choices.oneIn(16) else { return handle(.workFailed(order.number)) }
        let variant: UInt64 = choices.oneIn(8) ? 1 : 0
        let cores = TestGrid.cores(order.units, variant: variant)
        results += cores.map(\.resultHash)
        handle(.workFinished(order.number, cores))
    }

    /// The driver gives all the answers that it owes, in their order.
    func drain() {
        var choices = Choices([])
        for _ in 0..<64 where !(answers.isEmpty && orders.isEmpty) { answer(&choices) }
    }

    /// Something that was kept is gone.
    func lose(_ choices: inout Choices) {
        if choices.below(2) == 0, !chunks.isEmpty {
            handle(.chunkLost(chunks.remove(at: choices.below(chunks.count))))
        } else if !results.isEmpty {
            let hash = choices.pick(results)
            results.removeAll { $0 == hash }
            handle(.resultLost(hash))
        }
    }

    /// A chunk that was asked for is here.
    func arrive(_ chunk: ChunkWant) { answers.append(.chunkStored(chunk)) }
}
