import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct PeerTests {
    /// A pair in which the first peer has submitted the grid's job.
    private func submitted(_ grid: TestGrid, seed: UInt64) throws -> PeerPair {
        let pair = try PeerPair(grid, seed: seed)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        return pair
    }

    private func isComplete(_ pair: PeerPair) -> Bool {
        pair.machines.allSatisfy { machine in
            machine.core.progress(of: pair.grid.id, at: pair.now)?.final
                == pair.grid.manifest.unitCount && machine.core.isIdle
        }
    }

    private func expectAgreement(_ pair: PeerPair) {
        #expect(pair.violations == [])
        let keys = pair.machines.map { $0.core.ledgerKeys }
        #expect(keys[0] == keys[1])
        let boards = pair.machines.map { $0.core.board(at: pair.now) }
        #expect(boards[0] == boards[1])
    }

    @Test(arguments: 0..<12) func whatAPeerStatesIsKeptBeforeItIsSent(seed: UInt64) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), nonce: seed)
        let pair = try submitted(grid, seed: seed)
        for _ in 0..<400 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        expectAgreement(pair)
        let sent = pair.machines.map(\.contract.sentCount)
        #expect(sent.allSatisfy { $0 > 3 }, "both have stated something")
        let board = pair.machines[0].core.board(at: pair.now)
        let operations = (0..<grid.manifest.unitCount).map { TestGrid.core($0).operations }
        #expect(board.map(\.finalOperations) == [operations.reduce(0, +), operations.reduce(0, +)])
        #expect(board.map(\.won) == [6, 6])
    }

    @Test func aJobWhoseSubmittersClockIsAheadEnds() throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 3, epoch: TestGrid.epoch - 1)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<400 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        expectAgreement(pair)
        // What its project says of it is of no earlier hour either.
        let next = TestGrid(units: 2, submitter: TestGrid.peer(0), nonce: 2)
        for event in [LocalEvent.submit(next.manifest), .hold(next.id), .cancel(next.id)] {
            pair.input(event, to: 0)
            pair.settle()
        }
        for machine in pair.machines {
            #expect(machine.core.ledger.isHeld(next.id) && machine.core.ledger.isCancelled(next.id))
        }
    }

    /// As after a crash in which a clock that was a day ahead was set right.
    @Test func whatAPeerSignedIsItsOwnWhateverItsClockSays() throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 3, epoch: TestGrid.epoch - 24)
        pair.input(.submit(grid.manifest), to: 0)
        func whoKnowsIt() -> [Bool] {
            for _ in 0..<20 { pair.pass(atMost: .seconds(2)) }
            return pair.machines.map { $0.core.ledger.manifest(grid.id) != nil }
        }
        #expect(whoKnowsIt() == [true, false], "others wait for that hour")
        for index in pair.machines.indices { pair.input(.epoch(TestGrid.epoch), to: index) }
        #expect(whoKnowsIt() == [true, true])
    }

    /// The last row of a bundle, its deletion, may be lost in a crash.
    @Test func whatIsOverLeavesNoRowAfterARestart() throws {
        let grid = TestGrid(units: 2, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 5)
        pair.input(.submit(grid.manifest), to: 0)
        var kept: [JournalRow] = []
        for _ in 0..<400 where !isComplete(pair) {
            while pair.step() {
                kept += pair.machines[1].journal.rows.filter { $0.table == .bundles }
            }
            pair.advance(atMost: .seconds(2))
        }
        #expect(isComplete(pair) && !kept.isEmpty)
        for row in kept { pair.machines[1].journal.write(row) }
        try pair.restart(1)
        pair.settle()
        #expect(pair.machines[1].journal.rows(of: .bundles).isEmpty)
        #expect(pair.violations == [])
    }

    @Test(arguments: 0..<12) func itHoldsAcrossCrashesAtAnyMoment(seed: UInt64) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0), nonce: seed)
        let pair = try submitted(grid, seed: seed)
        var random = PRNG(seed: seed &+ 1_000)
        for step in 0..<900 where !isComplete(pair) {
            if step < 60, random.below(8) == 0 {
                try pair.restart(Int(random.below(2)))
                if pair.machines[0].core.progress(of: grid.id, at: pair.now) == nil {
                    pair.input(.submit(grid.manifest), to: 0)
                    pair.settle()
                }
            }
            pair.pass(atMost: .seconds(2))
        }
        #expect(isComplete(pair))
        expectAgreement(pair)
    }

    @Test func aDisputeOfTwoIsRuledOnByTheSubmitter() throws {
        let grid = TestGrid(units: 3, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 1)
        pair.liesAbout = 1
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<900 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        #expect(isComplete(pair))
        expectAgreement(pair)
        for machine in pair.machines {
            let verdicts = machine.core.verdicts(of: grid.id)
            #expect(verdicts.map(\.core) == TestGrid.cores([0, 1, 2]))
        }
        let board = pair.machines[1].core.board(at: pair.now)
        #expect(board.map(\.lost) == [0, 1])
        let kinds = pair.machines[0].core.certificates(of: grid.id).map(\.vote)
        #expect(kinds.filter { $0 == .ruling }.count == 1)
    }

    @Test func aCancelledJobLeavesNothingOpen() throws {
        let grid = TestGrid(units: 64, submitter: TestGrid.peer(0))
        let pair = try submitted(grid, seed: 2)
        pair.input(.cancel(grid.id), to: 0)
        pair.settle()
        for _ in 0..<20 { pair.pass(atMost: .seconds(2)) }
        #expect(pair.machines.allSatisfy { $0.core.isIdle })
        #expect(
            pair.machines.allSatisfy {
                $0.core.progress(of: grid.id, at: pair.now)?.isCancelled == true
            }
        )
        expectAgreement(pair)
        for machine in pair.machines {
            // The numbers of the rounds stay taken; the rounds are gone.
            #expect(machine.journal.rows(of: .rounds).allSatisfy { $0.value?.count == 1 })
            #expect(machine.journal.rows(of: .bundles).isEmpty)
            #expect(machine.journal.rows(of: .sealed).isEmpty)
        }
    }

    // MARK: - What was lost

    @Test(arguments: [false, true]) func aLostLedgerComesBack(isOtherLostToo: Bool) throws {
        let grid = TestGrid(units: 6, submitter: TestGrid.peer(0))
        let pair = try submitted(grid, seed: 5)
        for _ in 0..<400 where !isComplete(pair) { pair.pass(atMost: .seconds(2)) }
        let keys = pair.machines[0].core.ledgerKeys
        for index in 0...(isOtherLostToo ? 1 : 0) {
            for table in [JournalTable.items, .records] { pair.machines[index].journal.lose(table) }
        }
        // What each of them signed and opened itself is all there ever was.
        for index in 0...(isOtherLostToo ? 1 : 0) { try pair.restart(index) }
        for _ in 0..<50 { pair.pass(atMost: .seconds(2)) }
        #expect(pair.machines.map { $0.core.ledgerKeys } == [keys, keys])
        #expect(isComplete(pair))
        expectAgreement(pair)
        #expect(pair.machines[0].journal.rows(of: .items).count == keys.count, "and is kept again")
    }

    @Test func aHubThatWasMetIsDialledAfterARestart() throws {
        let grid = TestGrid(submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 6)
        let other = pair.machines[1].id
        #expect(pair.machines[0].journal.rows(of: .records).map(\.key) == [other.digest.bytes])
        var stored = Peer.Stored()
        stored.rows = pair.machines[0].journal.rows
        var core = try started(pair.machines[0].id, stored, at: pair.now)
        var out = Outbox()
        core.handle(.epoch(TestGrid.epoch), at: pair.now, into: &out)
        for seconds: UInt64 in [0, 2, 4] {
            core.tick(at: pair.now.advanced(by: .seconds(seconds)), into: &out)
        }
        let dialled = out.drain().compactMap { effect -> PeerID? in
            if case .connect(let record) = effect { record.peer } else { nil }
        }
        #expect(dialled.contains(other))
        // Long after its record has expired it is forgotten.
        let record = pair.machines[1].core.ownRecord
        let expiry = try #require(record).body.expiry
        core.handle(.epoch(expiry + 30 * 24), at: pair.now, into: &out)
        #expect(!out.drain().contains { forgets($0, other) })
        core.handle(.epoch(expiry + 30 * 24 + 1), at: pair.now, into: &out)
        #expect(out.drain().contains { forgets($0, other) })
    }

    private func forgets(_ effect: Effect, _ peer: PeerID) -> Bool {
        effect == .persist(JournalRow(.records, key: peer.digest.bytes, value: nil))
    }

    @Test func aPeerWhoseKeyIsUsedElsewhereIsTold() throws {
        let grid = TestGrid(submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 7)
        let me = pair.machines[0].id
        var stored = Peer.Stored()
        stored.rows = pair.machines[0].journal.rows
        var core = try started(me, stored, at: pair.now)
        let record = pair.machines[0].core.ownRecord
        let own = try #require(record)
        let foreign = grid.record(of: me, incarnation: 99, endpoints: ["tcp://10.0.0.9:1"])
        for (record, isForeign) in [(own, false), (foreign, true)] {
            var out = Outbox()
            let message = try Verified(
                checking: Message.record(record),
                with: grid.verifier,
                in: grid.network
            )
            core.receive(message, from: pair.machines[1].id, at: pair.now, into: &out)
            let warnings = out.drain().filter { $0 == .keyUsedElsewhere(record.body) }
            #expect(warnings.count == (isForeign ? 1 : 0))
        }
    }

    private func started(
        _ id: PeerID,
        _ stored: Peer.Stored,
        at now: Instant
    ) throws(DecodeError) -> Peer {
        try Peer(
            me: id,
            secret: PeerPair.Machine.secret(of: id),
            seed: 1,
            stored: stored,
            at: now
        )
    }
}
