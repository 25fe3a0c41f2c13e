import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A steward on its own: tests feed it what peers and the driver say, and look at what it wants.
///
/// Rows go to a journal, from which the steward can be started again. Everything else stays in
/// `effects` until a test has taken it.
struct StewardBench {
    let grid: TestGrid
    let me: PeerID
    var steward: Steward
    var vault = Vault()
    var results = ResultDesk(holding: [])
    var journal = TestJournal()
    var contract: OutboxContract
    var now = Instant(nanoseconds: 1_000_000_000)
    var epoch = TestGrid.epoch
    var candidates: [Candidate] = []
    var successors: [PeerID: PeerID] = [:]
    var classes: [PeerID: TrustClass] = [:]
    var barred: [PeerID] = []
    var isDataReachable = true
    var secondHolder: PeerID?
    var nextSteward: PeerID?
    var certified: [UInt32] = []
    var effects: [Effect] = []
    var published: [Item] = []

    /// The steward is peer 1, the submitter peer 0; workers `2...` have links to it.
    init(_ grid: TestGrid = TestGrid(), workers: ClosedRange<UInt64> = 2...3) {
        self.grid = grid
        me = TestGrid.peer(1)
        steward = Steward(me: me)
        contract = OutboxContract(signers: [me.digest])
        candidates = workers.map(Self.candidate)
    }

    static func candidate(_ number: UInt64) -> Candidate {
        let peer = TestGrid.peer(number)
        return Candidate(peer: peer, owner: OwnerID(peer.digest))
    }

    /// A worker turns out to be a machine of another one's owner.
    mutating func adopt(_ worker: UInt64, by other: UInt64) {
        let owner = OwnerID(TestGrid.peer(other).digest)
        for index in candidates.indices where candidates[index].peer == TestGrid.peer(worker) {
            candidates[index] = Candidate(peer: candidates[index].peer, owner: owner)
        }
    }

    /// Workers are seen in this network.
    mutating func place(_ workers: [UInt64], in network: NetworkPrefix) {
        for index in candidates.indices
        where workers.contains(where: { TestGrid.peer($0) == candidates[index].peer }) {
            candidates[index] = Candidate(
                peer: candidates[index].peer,
                owner: candidates[index].owner,
                network: network
            )
        }
    }

    var job: Job { Job(grid.signedManifest) }

    var view: GridView {
        let candidates = candidates
        return GridView(
            me: me,
            epoch: epoch,
            candidates: candidates,
            owner: { peer in
                candidates.first { $0.peer == peer }?.owner ?? OwnerID(peer.digest)
            },
            network: { peer in candidates.first { $0.peer == peer }?.network },
            trustClassAt: { [classes] peer, _ in classes[peer] ?? .newcomer },
            isBarred: { [barred] in barred.contains($0) },
            current: { [successors] peer in successors[peer] ?? peer },
            submitter: grid.manifest.submitter,
            isDataReachable: isDataReachable,
            secondHolder: secondHolder,
            nextSteward: nextSteward
        )
    }

    var lease: TimeSpan { job.leaseSpan(unitCount: 1) }

    var rounds: [Round] { steward.desks.values.flatMap(\.rounds.values) }

    // MARK: - Inputs

    mutating func claim(
        _ worker: UInt64,
        units: UInt32 = 1,
        speed: UInt64 = 1_000_000,
        sealed: [UInt32] = [],
        isIdle: Bool = false
    ) {
        let claim = Claim(
            manifest: grid.id,
            shard: 0,
            unitCount: units,
            operationsPerSecond: speed,
            sealed: sealed,
            isIdle: isIdle
        )
        run { bench, out in
            bench.steward.claimed(
                claim,
                of: bench.job,
                certified: bench.certified,
                by: TestGrid.peer(worker),
                view: bench.view,
                at: bench.now,
                into: &out
            )
        }
    }

    mutating func commit(_ worker: UInt64, _ lease: Lease, variant: UInt64 = 0) {
        let cores = TestGrid.cores(lease.units, variant: variant)
        let signed = grid.commit(lease, of: me, by: TestGrid.peer(worker), cores: cores)
        run { bench, out in
            bench.steward.committed(
                signed,
                of: bench.job,
                view: bench.view,
                at: bench.now,
                vault: &bench.vault,
                into: &out
            )
        }
    }

    mutating func reveal(
        _ worker: UInt64,
        _ lease: Lease,
        variant: UInt64 = 0,
        setHash: Digest? = nil
    ) {
        let cores = TestGrid.cores(lease.units, variant: variant)
        reveal(
            grid.reveal(
                lease,
                of: me,
                by: TestGrid.peer(worker),
                cores: cores,
                setHash: setHash
            )
        )
    }

    mutating func reveal(_ reveal: Reveal) {
        run { bench, out in
            bench.steward.revealed(
                reveal,
                of: bench.job,
                view: bench.view,
                at: bench.now,
                into: &out
            )
        }
    }

    mutating func rule(_ unit: UInt32, variant: UInt64 = 0) {
        let core = TestGrid.core(unit, variant: variant)
        let ruling = grid.ruling(on: UnitCore(unit: unit, core: core))
        run { bench, _ in bench.steward.ruled(ruling, at: bench.now) }
    }

    mutating func holds(_ units: [UInt32], by holder: UInt64) {
        let list = UnitList(manifest: grid.id, units: units)
        run { bench, _ in
            bench.steward.heldElsewhere(
                list,
                by: TestGrid.peer(holder),
                view: bench.view,
                at: bench.now
            )
        }
    }

    /// The ledger has come to think otherwise of a unit.
    mutating func review(_ unit: UInt32, _ review: Review?) {
        run { bench, out in
            bench.steward.reviewed(
                unit,
                of: bench.job,
                review,
                certified: { [unit] },
                isHeld: false,
                at: bench.now,
                into: &out
            )
        }
    }

    mutating func resultStored(_ unit: UInt32, variant: UInt64 = 0) {
        run { bench, _ in
            bench.results.stored(TestGrid.core(unit, variant: variant).resultHash)
        }
    }

    mutating func pass(_ span: TimeSpan = .zero) {
        now = now.advanced(by: span)
        run { bench, out in
            let view = bench.view
            bench.steward.tick(view: { _ in view }, at: bench.now, vault: &bench.vault, into: &out)
        }
    }

    /// The driver answers every sign request that waits.
    mutating func answerSigns() {
        let requests = take { effect -> SignRequest? in
            guard case .sign(let request) = effect else { return nil }
            return request
        }
        for request in requests {
            let signature = grid.signature(for: request, by: me)
            run { bench, out in
                switch bench.vault.signed(request.number, signature, into: &out) {
                case .commitSet(let signed):
                    bench.steward.setSigned(signed, at: bench.now, into: &out)
                case .certificate(let signed):
                    bench.published.append(.certificate(signed))
                default:
                    Issue.record("a steward signs sets and certificates only")
                }
            }
        }
    }

    /// The ledger takes in a certificate.
    mutating func accept(_ certificate: Signed<Certificate>, isOpened: Bool = false) {
        certified = (certified + certificate.body.units).sorted()
        run { bench, out in
            let view = bench.view
            bench.steward.certified(
                certificate,
                isOpened: isOpened,
                view: view,
                at: bench.now,
                into: &out
            )
        }
    }

    /// The ledger takes in an opening.
    mutating func accept(_ opening: Opening) {
        run { bench, out in
            bench.steward.opened(
                opening.certificate,
                manifest: opening.manifest,
                units: [opening.cores[0].unit],
                at: bench.now,
                into: &out
            )
        }
    }

    /// The peer crashes and starts again from its journal; what it was about to do is lost.
    mutating func restart() {
        effects = []
        steward = Steward(me: me)
        vault = Vault()
        let (job, now) = (self.job, self.now)
        do throws(DecodeError) {
            try vault.restore(journal.rows)
            for row in journal.rows {
                try steward.restore(row, job: { $0 == job.id ? job : nil }, at: now)
            }
        } catch {
            Issue.record("the journal cannot be read: \(error)")
        }
    }

    private mutating func run(_ input: (inout StewardBench, inout Outbox) -> Void) {
        var out = Outbox()
        input(&self, &out)
        let view = self.view
        published += steward.advanceProofs(
            view: { _ in view },
            at: now,
            results: &results,
            vault: &vault,
            into: &out
        )
        let drained = out.drain()
        for violation in contract.check(drained) { Issue.record("\(violation)") }
        for effect in drained {
            if case .persist(let row) = effect {
                journal.write(row)
            } else {
                effects.append(effect)
            }
        }
    }

    // MARK: - Looking at effects

    /// Takes out the effects that `select` wants.
    mutating func take<Wanted>(_ select: (Effect) -> Wanted?) -> [Wanted] {
        let wanted = effects.compactMap(select)
        effects.removeAll { select($0) != nil }
        return wanted
    }

    mutating func takeMessages(to worker: UInt64) -> [Message] {
        take { effect in
            guard case .send(let message, TestGrid.peer(worker)) = effect else { return nil }
            return message
        }
    }

    /// The one lease that `worker` was sent.
    mutating func takeLease(of worker: UInt64) throws -> Lease {
        let leases = take { effect -> Lease? in
            guard case .send(.lease(let lease), TestGrid.peer(worker)) = effect else { return nil }
            return lease
        }
        #expect(leases.count == 1)
        return try #require(leases.first)
    }

    /// The set that each of `workers` was sent.
    mutating func takeSet(of workers: [UInt64]) throws -> CommitSet {
        var sets: [CommitSet] = []
        for worker in workers {
            let messages = takeMessages(to: worker)
            #expect(messages.count == 1)
            guard case .commitSet(let signed)? = messages.first else { continue }
            #expect(signed == grid.sign(signed.body))
            sets.append(signed.body)
        }
        #expect(sets.count == workers.count && Set(sets).count == 1)
        return try #require(sets.first)
    }

    /// Why `worker` was refused.
    mutating func takeRefusals(of worker: UInt64) -> [RefusalReason] {
        take { effect in
            guard case .send(.refuse(let refusal), TestGrid.peer(worker)) = effect else {
                return nil
            }
            return refusal.reason
        }
    }

    mutating func takePenalties() -> [PeerID] {
        take { effect in
            guard case .penalize(let peer, .invalidVote) = effect else { return nil }
            return peer
        }
    }

    /// Requests for results' bytes.
    mutating func takeWants() -> [Digest] {
        take { effect in
            guard case .send(.resultWant(let hash, offset: 0), _) = effect else { return nil }
            return hash
        }
    }

    /// The one certificate that was published, which must pass its offline check.
    mutating func takeCertificate() throws -> Signed<Certificate> {
        #expect(published.count == 1)
        guard case .certificate(let signed)? = published.first else {
            throw MissingCertificate()
        }
        published = []
        #expect(grid.complaint(about: signed) == nil)
        return signed
    }

    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) {
        #expect(effects.isEmpty, sourceLocation: location)
        #expect(published.isEmpty, sourceLocation: location)
    }

    struct MissingCertificate: Error {}
}

// MARK: - Usual courses

extension StewardBench {
    /// Workers 2 and 3 hold seats of one round on one unit.
    static func leased(_ grid: TestGrid = TestGrid(units: 1)) throws -> (StewardBench, [Lease]) {
        var bench = StewardBench(grid)
        bench.claim(2)
        bench.claim(3)
        let leases = [try bench.takeLease(of: 2), try bench.takeLease(of: 3)]
        return (bench, leases)
    }

    /// Workers 2 and 3 have promised `variants`, and the set is out.
    static func closed(
        _ grid: TestGrid = TestGrid(units: 1),
        variants: [UInt64] = [0, 0]
    ) throws -> (StewardBench, [Lease], CommitSet) {
        var (bench, leases) = try leased(grid)
        bench.commit(2, leases[0], variant: variants[0])
        bench.commit(3, leases[1], variant: variants[1])
        bench.answerSigns()
        let set = try bench.takeSet(of: [2, 3])
        return (bench, leases, set)
    }

    /// Workers 2 and 3 have revealed two different results.
    static func disputed() throws -> StewardBench {
        var (bench, leases, set) = try closed(variants: [0, 1])
        bench.reveal(2, leases[0], variant: 0, setHash: set.hash)
        bench.reveal(3, leases[1], variant: 1, setHash: set.hash)
        return bench
    }
}
