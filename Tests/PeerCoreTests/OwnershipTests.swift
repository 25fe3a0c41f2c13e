import Ledger
import Membership
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire

/// Owners of several machines, and keys that take over from others.
@Suite struct OwnershipTests {
    @Test func everyPeerIsAdoptedAtItsFirstStartAndOnlyThen() throws {
        let grid = TestGrid(submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 1)
        func devices() -> [Item] {
            pair.machines[0].core.allItems.filter { if case .device = $0 { true } else { false } }
        }
        let first = devices()
        #expect(first.count == 2)
        for machine in pair.machines {
            for other in pair.machines {
                #expect(machine.core.ledger.ownership.owner(of: other.id) == other.owner)
            }
        }
        for index in [0, 1, 0] { try pair.restart(index) }
        #expect(devices() == first)
        #expect(pair.violations == [])
    }

    @Test func twoMachinesOfOneOwnerAreOneVoter() throws {
        let grid = TestGrid(units: 3, submitter: TestGrid.peer(0))
        // Their records name two owners: what both have agreed to in the ledger counts.
        let owner = OwnerID(grid.project.digest)
        let pair = try PeerPair(grid, seed: 2, secondOwner: owner)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<300 { pair.pass(atMost: .seconds(2)) }
        for machine in pair.machines {
            #expect(machine.core.progress(of: grid.id, at: pair.now)?.certified == 0)
        }
        #expect(pair.violations == [])
    }

    @Test func usersAndProjectsHaveBoardsToo() throws {
        let grid = TestGrid(units: 4, submitter: TestGrid.peer(0))
        let pair = try PeerPair(grid, seed: 3)
        pair.input(.submit(grid.manifest), to: 0)
        pair.settle()
        for _ in 0..<400 { pair.pass(atMost: .seconds(2)) }
        let sum = (0..<4).reduce(UInt64(0)) { $0 + TestGrid.core($1).operations }
        for machine in pair.machines {
            let boards = machine.core.boards(of: grid.project, at: pair.now)
            #expect(boards == machine.core.boards(at: pair.now))
            #expect(boards.hosts.map(\.peer) == pair.machines.map(\.id))
            #expect(Set(boards.users.map(\.owner)) == Set(pair.machines.map(\.owner)))
            #expect(boards.users.allSatisfy { $0.donated == sum })
            #expect(boards.users.map(\.share).sorted() == [-Int64(sum), Int64(sum)])
            #expect(boards.projects.map(\.tally.finalOperations) == [2 * sum])
        }
    }

    // MARK: - Successors

    /// A peer whose driver signs at once, and whose rows are kept.
    private struct Solo: ~Copyable {
        let grid = TestGrid(submitter: TestGrid.peer(1))
        let me: PeerID
        var core: Peer
        var journal: TestJournal
        let now = Instant(nanoseconds: 1_000_000_000)

        init(_ me: PeerID, journal: TestJournal = TestJournal()) throws {
            self.me = me
            self.journal = journal
            var stored = Peer.Stored()
            stored.rows = journal.rows
            core = try Peer(
                me: me,
                secret: Array(me.digest.bytes.prefix(16)),
                seed: 1,
                stored: stored,
                at: now
            )
            handle(.epoch(TestGrid.epoch))
        }

        /// What the event leads to, beside rows and signatures.
        @discardableResult
        mutating func handle(_ event: LocalEvent) -> [Effect] {
            var out = Outbox()
            core.handle(event, at: now, into: &out)
            return perform(&out)
        }

        @discardableResult
        mutating func receive(_ message: Message, from peer: PeerID) throws -> [Effect] {
            let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
            var out = Outbox()
            core.receive(checked, from: peer, at: now, into: &out)
            return perform(&out)
        }

        private mutating func perform(_ out: inout Outbox) -> [Effect] {
            var rest: [Effect] = []
            for effect in out.drain() {
                switch effect {
                case .persist(let row): journal.write(row)
                case .sign(let request):
                    rest += handle(.signed(request.number, grid.signature(for: request, by: me)))
                default: rest.append(effect)
                }
            }
            return rest
        }

        var revokes: [Signed<Revoke>] {
            core.allItems.compactMap { item in
                guard case .revoke(let signed) = item else { return nil }
                return signed
            }
        }
    }

    @Test func aSuccessorPublishesTheRecordThatForesawIt() throws {
        let (old, new) = (TestGrid.peer(1), TestGrid.peer(2))
        var before = try Solo(old)
        let first = before.grid.firstRecord(of: old, followedBy: new)
        #expect(before.handle(.keep(first.body)).isEmpty, "nobody is sent it")
        #expect(before.core.ownRecord == nil)
        // The driver has made another one anew; what the old key signed first is what counts.
        let remade = before.grid.firstRecord(of: old, followedBy: new, owner: TestGrid.owner(7))
        var after = try Solo(new, journal: before.journal)
        after.handle(.succeed(remade.verifiedHere))
        let revoke = try #require(after.revokes.first)
        #expect(revoke.body.record == first && revoke.body.successor == new)
        _ = try Verified(checking: revoke, with: after.grid.verifier, in: after.grid.network)
        #expect(after.core.ledger.ownership.current(of: old) == new)
        // It is said once, across restarts and another hour.
        var again = try Solo(new, journal: after.journal)
        again.handle(.epoch(TestGrid.epoch + 5))
        again.handle(.succeed(first.verifiedHere))
        #expect(again.revokes == [revoke])
    }

    @Test func onlyAForeseenKeyClaimsToSucceedAnother() throws {
        let me = TestGrid.peer(1)
        var solo = try Solo(me)
        // Its own first record, and another's that foresaw somebody else.
        for peer in [me, TestGrid.peer(3)] {
            let first = solo.grid.firstRecord(of: peer, followedBy: TestGrid.peer(2))
            solo.handle(.succeed(first.verifiedHere))
        }
        #expect(solo.revokes.isEmpty)
    }

    @Test func aRevokedKeyIsForgottenAndGetsNoLease() throws {
        let (old, new) = (TestGrid.peer(5), TestGrid.peer(6))
        var solo = try Solo(TestGrid.peer(1))
        solo.handle(.advertise(solo.grid.record(of: solo.me).body))
        solo.handle(.linked(solo.grid.record(of: old).verifiedHere))
        solo.handle(.submit(solo.grid.manifest))
        let claim = Message.claim(
            Claim(
                manifest: solo.grid.id,
                shard: 0,
                unitCount: 1,
                operationsPerSecond: 1_000_000,
                sealed: []
            )
        )
        #expect(try solo.receive(claim, from: old).contains { isLease($0) })
        #expect(solo.journal.rows(of: .records).count == 1)
        try solo.receive(.item(.revoke(solo.grid.revoke(old, for: new))), from: old)
        #expect(solo.core.hubs.record(of: old) == nil)
        #expect(solo.journal.rows(of: .records).isEmpty, "nor is it dialled after a restart")
        let renewed = solo.grid.record(of: old, incarnation: 9)
        try solo.receive(.record(renewed), from: old)
        solo.handle(.linked(renewed.verifiedHere))
        #expect(solo.core.hubs.record(of: old) == nil)
        let answers = try solo.receive(claim, from: old)
        #expect(!answers.contains { isLease($0) })
        let isRefused = answers.contains { effect in
            guard case .send(.refuse(let refusal), old) = effect else { return false }
            return refusal.reason == .nothingOpen
        }
        #expect(isRefused)
    }

    private func isLease(_ effect: Effect) -> Bool {
        if case .send(.lease, _) = effect { true } else { false }
    }

    @Test func jobsOfAnOldKeyAreItsSuccessors() throws {
        let (old, new) = (TestGrid.peer(1), TestGrid.peer(2))
        var before = try Solo(old)
        let first = before.grid.firstRecord(of: old, followedBy: new)
        before.handle(.keep(first.body))
        before.handle(.submit(before.grid.manifest))
        let id = before.grid.id
        var after = try Solo(new, journal: before.journal)
        after.handle(.hold(id))
        #expect(!after.core.ledger.isHeld(id), "not before it says that it is the successor")
        after.handle(.succeed(first.verifiedHere))
        after.handle(.hold(id))
        #expect(after.core.ledger.isHeld(id))
        after.handle(.cancel(id))
        #expect(after.core.ledger.isCancelled(id))
    }
}
