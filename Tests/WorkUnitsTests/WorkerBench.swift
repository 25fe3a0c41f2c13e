import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// A worker on its own: tests play its steward and its driver.
struct WorkerBench {
    let grid: TestGrid
    let me = TestGrid.peer(2)
    let steward = TestGrid.peer(1)
    var worker: Worker
    var vault = Vault()
    var desk = ChunkDesk(holding: [])
    var journal = TestJournal()
    var contract: OutboxContract
    var now = Instant(nanoseconds: 1_000_000_000)
    var effects: [Effect] = []

    init(_ grid: TestGrid = TestGrid()) {
        self.grid = grid
        worker = Worker(me: me, secret: Self.secret)
        contract = OutboxContract(signers: [me.digest])
        donate(places: 2)
    }

    private static let secret = Bytes(repeating: 3, count: 16)

    var job: Job { Job(grid.signedManifest) }

    var opportunity: Worker.Opportunity {
        Worker.Opportunity(
            key: ShardKey(manifest: grid.id, shard: 0),
            steward: steward,
            workload: TestGrid.workload
        )
    }

    /// Work of another job, at another steward.
    var otherOpportunity: Worker.Opportunity {
        Worker.Opportunity(
            key: ShardKey(manifest: TestGrid(nonce: 2).id, shard: 0),
            steward: TestGrid.peer(5),
            workload: TestGrid.workload
        )
    }

    func lease(
        _ units: [UInt32] = [0, 1],
        round: UInt32 = 0,
        seats: UInt8 = 2,
        epoch: UInt64 = TestGrid.epoch,
        milliseconds: UInt64 = 8_000,
        wantsReference: Bool = false
    ) -> Lease {
        Lease(
            manifest: grid.id,
            units: units,
            seatCount: seats,
            epoch: epoch,
            round: round,
            seat: 0,
            widening: 0,
            commitMilliseconds: milliseconds,
            holders: [TestGrid.peer(0), TestGrid.peer(1)],
            wantsReference: wantsReference
        )
    }

    // MARK: - Inputs

    mutating func donate(places: Int) {
        var speeds = SortedTable<String, UInt64>()
        speeds[TestGrid.workload] = 1_000_000
        worker.donates(places: places, speeds: speeds)
    }

    mutating func claim() { claim([opportunity]) }

    mutating func claim(_ opportunities: [Worker.Opportunity]) {
        run { bench, out in bench.worker.claim(opportunities, at: bench.now, into: &out) }
    }

    mutating func refuse(
        _ reason: RefusalReason,
        round: RoundKey? = nil,
        retry: UInt64 = 500,
        of other: Worker.Opportunity? = nil
    ) {
        let refusal = Refusal(
            manifest: other?.key.manifest ?? grid.id,
            shard: 0,
            round: round,
            reason: reason,
            retryMilliseconds: retry
        )
        run { bench, out in
            let steward = other?.steward ?? bench.steward
            bench.worker.refused(refusal, by: steward, at: bench.now, into: &out)
        }
    }

    mutating func lend(_ lease: Lease) {
        run { bench, out in
            bench.worker.leased(
                lease,
                by: bench.steward,
                of: bench.job,
                epoch: TestGrid.epoch,
                at: bench.now,
                vault: &bench.vault,
                into: &out
            )
        }
    }

    mutating func prepared(_ order: UInt64, chunks: [UInt32] = [0]) {
        run { bench, out in
            bench.worker.prepared(
                order,
                chunks: chunks,
                of: bench.job,
                at: bench.now,
                desk: &bench.desk,
                into: &out
            )
        }
    }

    mutating func chunkStored(_ index: UInt32 = 0) {
        let chunk = ChunkWant(root: grid.manifest.datasetRoot, index: index)
        run { bench, out in
            bench.desk.stored(chunk, at: bench.now, into: &out)
            bench.worker.progressed(chunk, at: bench.now)
            bench.worker.startReady(desk: bench.desk, into: &out)
        }
    }

    mutating func finished(_ order: UInt64, _ cores: [Core]) {
        run { bench, out in
            bench.worker.finished(
                order,
                cores: cores,
                at: bench.now,
                vault: &bench.vault,
                into: &out
            )
        }
    }

    mutating func failed(_ order: UInt64) {
        run { bench, out in
            bench.worker.failed(order, at: bench.now, desk: bench.desk, into: &out)
        }
    }

    mutating func unlinked(isLinked: (PeerID) -> Bool) {
        run { bench, out in bench.worker.unlinked(isLinked: isLinked, into: &out) }
    }

    mutating func close(_ set: CommitSet, epoch: UInt64 = TestGrid.epoch) {
        let signed = grid.sign(set)
        run { bench, out in
            bench.worker.setClosed(
                signed,
                epoch: epoch,
                at: bench.now,
                vault: &bench.vault,
                into: &out
            )
        }
    }

    mutating func certified(_ certificate: Certificate, isOpened: Bool = true) {
        let signed = grid.sign(certificate)
        run { bench, out in
            bench.worker.certified(
                signed,
                isOpened: isOpened,
                of: bench.job,
                at: bench.now,
                into: &out
            )
        }
    }

    mutating func pass(_ span: TimeSpan = .zero) {
        now = now.advanced(by: span)
        run { bench, out in bench.worker.tick(at: bench.now, vault: &bench.vault, into: &out) }
    }

    /// The driver answers every sign request that waits; returns the kinds in order.
    @discardableResult
    mutating func answerSigns() -> [StatementKind] {
        let requests = take { effect -> SignRequest? in
            guard case .sign(let request) = effect else { return nil }
            return request
        }
        for request in requests {
            let signature = grid.signature(for: request, by: me)
            run { bench, out in
                switch bench.vault.signed(request.number, signature, into: &out) {
                case .commit(let signed):
                    bench.worker.commitSigned(
                        signed,
                        at: bench.now,
                        vault: &bench.vault,
                        into: &out
                    )
                case .result(let signed):
                    bench.worker.resultSigned(signed, at: bench.now, into: &out)
                default:
                    Issue.record("a worker signs promises and results only")
                }
            }
        }
        return requests.map(\.kind)
    }

    mutating func restart() {
        effects = []
        worker = Worker(me: me, secret: Self.secret)
        vault = Vault()
        do throws(DecodeError) {
            try vault.restore(journal.rows)
            for row in journal.rows { try worker.restore(row, vault: vault, at: now) }
        } catch {
            Issue.record("the journal cannot be read: \(error)")
        }
        donate(places: 2)
    }

    private mutating func run(_ input: (inout WorkerBench, inout Outbox) -> Void) {
        var out = Outbox()
        input(&self, &out)
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

    mutating func take<Wanted>(_ select: (Effect) -> Wanted?) -> [Wanted] {
        let wanted = effects.compactMap(select)
        effects.removeAll { select($0) != nil }
        return wanted
    }

    /// The one order to prepare.
    mutating func takePrepare() throws -> WorkOrder {
        let orders = take { effect -> WorkOrder? in
            if case .prepareWork(let order) = effect { order } else { nil }
        }
        #expect(orders.count == 1)
        return try #require(orders.first)
    }

    /// The one order to start.
    mutating func takeStart() throws -> WorkOrder {
        let orders = take { effect -> WorkOrder? in
            if case .startWork(let order) = effect { order } else { nil }
        }
        #expect(orders.count == 1)
        return try #require(orders.first)
    }

    mutating func takeStops() -> [UInt64] {
        take { effect in if case .stopWork(let order) = effect { order } else { nil } }
    }

    /// Messages to the steward.
    mutating func takeMessages() -> [Message] {
        let steward = self.steward
        return take { effect in
            guard case .send(let message, steward) = effect else { return nil }
            return message
        }
    }

    mutating func takeCommit() throws -> Signed<CommitStatement> {
        let messages = takeMessages()
        #expect(messages.count == 1)
        guard case .commit(let signed)? = messages.first else { throw Missing() }
        #expect(signed == grid.sign(signed.body))
        return signed
    }

    mutating func takeReveal() throws -> Reveal {
        let messages = takeMessages()
        #expect(messages.count == 1)
        guard case .reveal(let reveal)? = messages.first else { throw Missing() }
        #expect(reveal.result == grid.sign(reveal.result.body))
        return reveal
    }

    struct Missing: Error {}

    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) {
        #expect(effects.isEmpty, sourceLocation: location)
    }

    // MARK: - Usual courses

    /// Takes `lease` as far as its promise.
    mutating func promise(_ lease: Lease) throws -> Signed<CommitStatement> {
        try compute(lease)
        #expect(answerSigns() == [.commit])
        return try takeCommit()
    }

    /// Takes `lease` as far as the request to sign its promise.
    mutating func compute(_ lease: Lease) throws {
        lend(lease)
        let order = try takePrepare()
        #expect(order.units == lease.units)
        prepared(order.number, chunks: [])
        #expect(try takeStart() == order)
        finished(order.number, TestGrid.cores(lease.units))
    }

    /// The set in which `commit` and a stranger's promise stand.
    func set(
        _ lease: Lease,
        with commit: Signed<CommitStatement>?,
        stranger: UInt64 = 9,
        epoch: UInt64? = nil,
        seats: UInt8? = nil
    ) -> CommitSet {
        var members = [
            SetMember(
                worker: TestGrid.peer(stranger),
                seat: 1,
                widening: 0,
                commit: Digest(stranger, 0, 0, 0)
            )
        ]
        if let commit {
            members.append(
                SetMember(worker: me, seat: 0, widening: 0, commit: commit.body.commit)
            )
        }
        return CommitSet(
            steward: steward,
            manifest: grid.id,
            round: lease.round,
            units: lease.units,
            epoch: epoch ?? lease.epoch,
            seatCount: seats ?? lease.seatCount,
            members: members
        )
    }
}
