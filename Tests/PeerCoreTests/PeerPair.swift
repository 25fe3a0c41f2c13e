import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Two peers and a driver for each, without faults but for crashes that a test asks for.
///
/// Every outbox is held against its contract: what a peer states is durable before it is sent.
final class PeerPair {
    /// One machine: what it keeps, and its core.
    final class Machine {
        let id: PeerID
        /// Whose it is, and the key that it submits with.
        let owner: OwnerID
        var core: Peer
        var journal = TestJournal()
        var results: [Digest] = []
        var chunks: [ChunkWant] = []
        var hasDataset = false
        /// The results that it has asked for.
        var wanted: [Digest] = []
        /// What it was told to drop.
        var drops: [Effect] = []
        var contract: OutboxContract
        var inputs: [LocalEvent] = []
        /// Counts starts.
        var lives: UInt64 = 0
        /// Payload by slot, of everything that was ever sent.
        var bodies = SortedTable<Slot, ItemID>()

        init(_ id: PeerID, owner: OwnerID) throws(DecodeError) {
            self.id = id
            self.owner = owner
            contract = OutboxContract(signers: [id.digest, owner.digest])
            core = try Peer(
                me: id,
                secret: Self.secret(of: id),
                seed: id.digest.prefix,
                stored: Peer.Stored(),
                at: PeerPair.start
            )
        }

        static func secret(of id: PeerID) -> Bytes { Array(id.digest.bytes.prefix(16)) }
    }

    static let start = Instant(nanoseconds: 1_000_000_000)
    let grid: TestGrid
    /// The hour by the clock of both.
    let epoch: UInt64
    let machines: [Machine]
    private(set) var now = PeerPair.start
    private var random: PRNG
    private var queue: [(message: Message, from: Int, to: Int)] = []
    private(set) var violations: [String] = []
    /// Whether the second machine finds something else than the first for a unit.
    var liesAbout: UInt32?
    /// Whether the first machine is wrong the next time that it runs the plainest code.
    var errsOnce = false

    /// Two machines: the first is the project's, the second has an owner of its own, unless one is
    /// given.
    init(
        _ grid: TestGrid,
        seed: UInt64,
        secondOwner: OwnerID = TestGrid.owner(1),
        epoch: UInt64 = TestGrid.epoch
    ) throws {
        self.grid = grid
        self.epoch = epoch
        random = PRNG(seed: seed)
        let ids = [TestGrid.peer(0), TestGrid.peer(1)]
        machines = [
            try Machine(ids[0], owner: OwnerID(grid.project.digest)),
            try Machine(ids[1], owner: secondOwner),
        ]
        for index in machines.indices { boot(index) }
        link()
    }

    private func boot(_ index: Int) {
        input(.epoch(epoch), to: index)
        machines[index].lives += 1
        let record = grid.record(of: machines[index].id, incarnation: machines[index].lives)
        input(.advertise(record.body), to: index)
        let (id, owner) = (machines[index].id, machines[index].owner)
        let first = grid.firstRecord(of: id, followedBy: TestGrid.peer(50 + UInt64(index)))
        input(.keep(first.body), to: index)
        input(.adopt(owner: owner, consent: grid.consent(of: id, to: owner)), to: index)
        var speeds = SortedTable<String, UInt64>()
        speeds[TestGrid.workload] = 1_000_000
        input(.donate(places: 2, speeds: speeds), to: index)
        settle()
    }

    private func link() {
        for index in machines.indices {
            guard let record = machines[1 - index].core.ownRecord else { continue }
            input(.linked(record.verifiedHere), to: index)
        }
        settle()
    }

    // MARK: - The world

    /// Gives `event` to a machine, and performs what follows from it.
    func input(_ event: LocalEvent, to index: Int) {
        if case .submit = event { machines[index].hasDataset = true }
        machines[index].inputs.append(event)
    }

    /// Crashes a machine: what was under way is lost, what was kept is not.
    func restart(_ index: Int) throws {
        let machine = machines[index]
        machine.inputs = []
        queue = []
        var stored = Peer.Stored()
        stored.rows = machine.journal.rows
        stored.results = machine.results
        stored.chunks = machine.chunks
        if machine.hasDataset {
            let root = grid.manifest.datasetRoot
            let count = grid.manifest.datasetByteCount
            stored.datasets = [Peer.Dataset(root: root, byteCount: count)]
        }
        machine.core = try Peer(
            me: machine.id,
            secret: Machine.secret(of: machine.id),
            seed: random.next(),
            stored: stored,
            at: now
        )
        input(.unlinked(machine.id), to: 1 - index)
        boot(index)
        link()
    }

    /// Lets inputs and messages happen in a random order until none is left.
    func settle() {
        for _ in 0..<20_000 where !step() { return }
        Issue.record("two peers talk for ever")
    }

    /// Lets one input or message happen; false when there is none.
    func step() -> Bool {
        let waiting = machines.indices.filter { !machines[$0].inputs.isEmpty }
        let choices = waiting.count + (queue.isEmpty ? 0 : 1)
        guard choices > 0 else { return false }
        let choice = Int(random.below(UInt64(choices)))
        if choice < waiting.count {
            let index = waiting[choice]
            let event = machines[index].inputs.removeFirst()
            perform(index) { core, out in core.handle(event, at: self.now, into: &out) }
        } else {
            deliver()
        }
        return true
    }

    fileprivate func enqueue(_ message: Message, from index: Int) {
        queue.append((message, index, 1 - index))
    }

    private func deliver() {
        let (message, from, to) = queue.remove(at: Int(random.below(UInt64(queue.count))))
        do {
            let copy = try Message(frame: message.frame)
            let checked = try Verified(
                checking: copy,
                with: grid.verifier,
                in: grid.network
            )
            let sender = machines[from].id
            perform(to) { core, out in
                core.receive(checked, from: sender, at: self.now, into: &out)
            }
        } catch {
            Issue.record("an honest peer's message is refused: \(error)")
        }
    }

    /// Some machines, all unless they are named, hear of `items` from a stranger; what would be
    /// sent in answer is lost.
    func receive(_ items: [Item], at indices: [Int] = [0, 1]) throws {
        for index in indices {
            for item in items {
                let message = try Verified(
                    checking: Message.item(item),
                    with: grid.verifier,
                    in: grid.network
                )
                var out = Outbox()
                machines[index].core
                    .receive(message, from: TestGrid.peer(9), at: now, into: &out)
                for case .persist(let row) in out.drain() { machines[index].journal.write(row) }
            }
        }
    }

    /// Time goes on to the next deadline of either machine, or by `atMost`, and all that follows
    /// from it happens.
    func pass(atMost span: TimeSpan) {
        advance(atMost: span)
        settle()
    }

    /// Time goes on; what follows from it waits for `step` or `settle`.
    func advance(atMost span: TimeSpan) {
        let end = now.advanced(by: span)
        let next = machines.indices.compactMap { machines[$0].core.deadline }.min() ?? end
        now = min(end, max(next, now.advanced(by: .milliseconds(1))))
        for index in machines.indices {
            guard let deadline = machines[index].core.deadline, deadline <= now else { continue }
            perform(index) { core, out in core.tick(at: self.now, into: &out) }
        }
    }

    private func perform(_ index: Int, _ body: (inout Peer, inout Outbox) -> Void) {
        let machine = machines[index]
        var out = Outbox()
        body(&machine.core, &out)
        let effects = out.drain()
        violations += machine.contract.check(effects)
        for effect in effects { perform(effect, of: index) }
    }
}

// MARK: - The drivers

extension PeerPair {
    private func send(_ message: Message, to peer: PeerID, from index: Int) {
        let machine = machines[index]
        watch(message, of: machine)
        if case .resultWant(let hash, _) = message { machine.wanted.append(hash) }
        expectNoWork(message, ofAHeldJobFrom: machine)
        guard peer == machines[1 - index].id else { return }
        enqueue(message, from: index)
    }

    private func perform(_ effect: Effect, of index: Int) {
        let machine = machines[index]
        switch effect {
        case .persist(let row):
            machine.journal.write(row)
        case .sign(let request):
            let owner = ProjectID(machine.owner.digest)
            let signature = grid.signature(for: request, by: machine.id, project: owner)
            input(.signed(request.number, signature), to: index)
        case .send(let message, let peer):
            send(message, to: peer, from: index)
        case .passOn(let message, let peers, let source):
            for peer in peers where peer != source { send(message, to: peer, from: index) }
        case .prepareWork(let order):
            input(.workPrepared(order.number, chunks: [0]), to: index)
        case .startWork(let order):
            let errs = index == 0 && errsOnce && order.wantsReference
            if errs { errsOnce = false }
            let cores = order.units.map { unit in
                TestGrid.core(unit, variant: errs || index == 1 && unit == liesAbout ? 1 : 0)
            }
            machine.results += cores.map(\.resultHash)
            input(.workFinished(order.number, cores), to: index)
        case .storeChunk(let chunk):
            let want = ChunkWant(root: chunk.root, index: chunk.index)
            machine.chunks.append(want)
            input(.chunkStored(want), to: index)
        case .sendChunk(let want, _):
            // The bytes are beside the point: the chunk is there as soon as it is asked for.
            machines[1 - index].chunks.append(want)
            input(.chunkStored(want), to: 1 - index)
        case .sendPiece(let hash, _, _):
            machines[1 - index].results.append(hash)
            input(.resultStored(hash), to: 1 - index)
        case .dropResult(let hash):
            machine.drops += [effect]
            machine.results.removeAll { $0 == hash }
        case .dropDataset:
            machine.drops += [effect]
            machine.hasDataset = false
        case .storePiece, .connect, .hangUp, .stopWork:
            break
        case .keyUsedElsewhere:
            Issue.record("a peer takes itself for an impostor")
        case .penalize(let peer, let misbehavior):
            Issue.record("\(peer.short) is punished for \(misbehavior)")
        }
    }

    /// Nothing new begins in a job on hold.
    private func expectNoWork(_ message: Message, ofAHeldJobFrom machine: Machine) {
        guard machine.core.ledger.isHeld(grid.id) else { return }
        switch message {
        case .claim, .lease, .held: violations.append("\(message) in a job on hold")
        default: break
        }
    }

    private func watch(_ message: Message, of machine: Machine) {
        switch message {
        case .commit(let signed): watch(signed, of: machine)
        case .commitSet(let signed): watch(signed, of: machine)
        case .reveal(let reveal): watch(reveal.result, of: machine)
        case .item(.certificate(let signed)): watch(signed, of: machine)
        case .item(.ruling(let signed)): watch(signed, of: machine)
        case .item(.hold(let signed)): watch(signed, of: machine)
        case .item(.device(let signed)): watch(signed, of: machine)
        case .item(.anchor(let signed)): watch(signed, of: machine)
        default: break
        }
    }

    private func watch<Body>(_ signed: Signed<Body>, of machine: Machine) {
        guard signed.body.signer == machine.id.digest || signed.body.signer == grid.project.digest
        else { return }
        for slot in signed.body.slots {
            let earlier = machine.bodies[slot] ?? signed.id
            #expect(earlier == signed.id, "two bodies for one slot")
            machine.bodies[slot] = signed.id
        }
    }
}
