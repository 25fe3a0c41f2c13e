import Ledger
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct BoardTests {
    private let two = TestGrid.peer(2)
    private let three = TestGrid.peer(3)

    @Test func aWorkerIsPaidOnceForAUnitHoweverOftenItIsCertified() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        fixture.certify(grid.quorum(on: [1]))
        fixture.certify(grid.quorum(round: 1, on: [1, 2]))
        fixture.certify(grid.quorum(of: TestGrid.peer(9), on: [1]))
        let expected = TestGrid.core(1).operations + TestGrid.core(2).operations
        #expect(fixture.row(of: two)?.finalOperations == expected)
        #expect(fixture.row(of: two)?.won == 2)
        #expect(fixture.board.count == 2)
    }

    @Test func aWorkerWithTwoCoresForOneUnitIsPaidForNeither() {
        var fixture = LedgerFixture.withJob()
        fixture.certify(fixture.grid.quorum(on: [1], by: [two, TestGrid.peer(10)]))
        // The same worker said something else to another steward, and lost there.
        fixture.certify(
            fixture.panel(on: [1], variant: 0, against: 1, workers: 1, of: TestGrid.peer(9))
        )
        let row = fixture.row(of: two)
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        #expect(row?.finalOperations == 0 && row?.won == 0 && row?.lost == 1)
        #expect(fixture.row(of: TestGrid.peer(10))?.won == 1)
    }

    @Test func unitsOfOneBundleArePaidOneByOne() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        var round = TestRound(
            0,
            of: TestGrid.peer(1),
            on: [1, 2],
            votes: [(two, variant: 0), (three, variant: 0)]
        )
        round.voters[1].cores = [TestGrid.core(1), TestGrid.core(2, variant: 5)]
        fixture.certify(
            grid.certificate(.quorum, of: TestGrid.peer(1), units: [1], rounds: [round])
        )
        #expect(fixture.board.map(\.finalOperations) == [TestGrid.core(1).operations, 999_999])
        #expect(fixture.verdict(on: 2) == .open)
    }

    @Test func theBoardOfAProjectHoldsItsJobsOnly() {
        var fixture = LedgerFixture.withJob()
        fixture.certify(fixture.grid.quorum(on: [1]))
        let mine = fixture.boards(of: fixture.grid.project, epoch: TestGrid.epoch)
        #expect(mine.hosts.count == 2 && mine == fixture.boards)
        let others = fixture.boards(of: ProjectID(.zero), epoch: TestGrid.epoch)
        #expect(others.hosts.isEmpty && others.users.isEmpty && others.projects.isEmpty)
    }

    @Test func equalCreditIsOrderedByKeyAndMoreCreditStandsFirst() {
        var fixture = LedgerFixture.withJob()
        fixture.certify(fixture.grid.quorum(on: [1], by: [three, two].sorted()))
        fixture.certify(fixture.grid.quorum(on: [3], by: [three, TestGrid.peer(4)]))
        #expect(fixture.board.map(\.peer) == [three, two, TestGrid.peer(4)])
    }

    // MARK: - A pure function of the set

    /// What a certificate of the random ledger says, in the words of the dumb model.
    private struct Say {
        /// 4 for a ruling, 1 for a panel, 0 for a quorum; an anchor's vouching adds 2.
        let rank: Int
        let winner: UInt64
        let votes: [(worker: PeerID, variant: UInt64)]
        let unit: UInt32
    }

    /// Random certificates, in part contradicting, with their openings and what they say.
    private func pool(
        _ grid: TestGrid,
        _ random: inout PRNG
    ) -> (items: [Item], says: [Say]) {
        let fixture = LedgerFixture(grid)
        var items: [Item] = [.manifest(grid.signedManifest)]
        var says: [Say] = []
        for number in 0..<UInt64(4 + random.below(10)) {
            let unit = UInt32(random.below(UInt64(grid.manifest.unitCount)))
            let variant = random.below(2)
            let first = 10 + random.below(5)
            let worker = (first..<first + 5).map { TestGrid.peer($0) }
            let steward = TestGrid.peer(100 + number)
            switch random.below(8) {
            case 0:
                let votes: [(PeerID, variant: UInt64?)] = [
                    (worker[0], variant: 0), (worker[1], variant: 1),
                ]
                let certificate = fixture.ruling(
                    on: unit,
                    variant: variant,
                    voters: votes,
                    of: steward
                )
                items.append(.certificate(grid.sign(certificate)))
                let cast = [(worker[0], UInt64(0)), (worker[1], 1)].map { ($0.0, $0.1) }
                says.append(Say(rank: 4, winner: variant, votes: cast, unit: unit))
            case 1:
                let certificate = fixture.panel(
                    on: [unit],
                    variant: variant,
                    against: 1 - variant,
                    workers: first,
                    of: steward
                )
                items.append(.certificate(grid.sign(certificate)))
                let cast = worker.enumerated().map { index, worker in
                    (worker, index == 1 ? 1 - variant : variant)
                }
                says.append(Say(rank: 1, winner: variant, votes: cast, unit: unit))
            default:
                let certificate = grid.quorum(
                    of: steward,
                    on: [unit],
                    by: [worker[0], worker[1]],
                    variant: variant
                )
                let signed = grid.sign(certificate)
                items.append(.certificate(signed))
                items.append(.opening(grid.opening(of: signed, variant: variant)))
                let cast = worker.prefix(2).map { ($0, variant) }
                says.append(Say(rank: 0, winner: variant, votes: cast, unit: unit))
            }
        }
        return (items, says)
    }

    /// Final operations and lost units by worker, worked out the slow way.
    private func model(_ says: [Say], _ claims: [Item]) -> [PeerID: [UInt64]] {
        var lines: [PeerID: [UInt64]] = [:]
        for unit in Set(says.map(\.unit)) {
            let mine = says.filter { $0.unit == unit }
            let ranks = mine.map { rank(of: $0, claims) }
            let heaviest = zip(mine, ranks).filter { $0.1 == ranks.max() }
            let winners = Set(heaviest.map(\.0.winner))
            guard winners.count == 1, let winner = winners.first else { continue }
            var words: [PeerID: Set<UInt64>] = [:]
            for vote in mine.flatMap(\.votes) {
                words[vote.worker, default: []].insert(vote.variant)
            }
            for (worker, said) in words {
                let won: UInt64 = said == [winner] ? 1 : 0
                var line = lines[worker] ?? [0, 0, 0]
                line[0] += won * TestGrid.core(unit).operations
                line[1] += won
                line[2] += 1 - won
                lines[worker] = line
            }
        }
        return lines
    }

    /// What a certificate weighs: one anchor vouches for a quorum, and three for a panel, or as
    /// many more than for what lost.
    private func rank(of say: Say, _ claims: [Item]) -> Int {
        guard say.rank < 4 else { return say.rank }
        let vouching = say.votes.filter { isAnchor($0.worker, claims) }
        let agreeing = vouching.count { $0.variant == say.winner }
        let lead = 2 * agreeing - vouching.count
        return lead >= (say.rank == 1 ? 3 : 1) ? say.rank + 2 : say.rank
    }

    /// Whether the project takes the word of a machine in the hour of the job.
    private func isAnchor(_ worker: PeerID, _ claims: [Item]) -> Bool {
        var first: [PeerID: (key: ItemKey, anchor: Anchor)] = [:]
        for case .anchor(let signed) in claims {
            let key = ItemKey(epoch: signed.body.epoch, id: signed.id)
            if let known = first[signed.body.peer], known.key < key { continue }
            first[signed.body.peer] = (key, signed.body)
        }
        return first.values.contains { _, anchor in
            line(of: anchor.peer, claims).key == line(of: worker, claims).key
                && anchor.epoch <= TestGrid.epoch && TestGrid.epoch <= anchor.until
        }
    }

    /// Adoptions, anchors, successions and holds at random, in part contradicting.
    private func claims(_ grid: TestGrid, _ random: inout PRNG) -> [Item] {
        (0..<random.below(20)).map { number in
            let peer = TestGrid.peer(10 + random.below(9))
            let epoch = TestGrid.epoch - random.below(3)
            switch random.below(5) {
            case 3, 4:
                let hours = random.below(3)
                return .anchor(grid.anchor(peer, epoch: epoch + random.below(2), hours: hours))
            case 0:
                return .device(grid.device(peer, of: TestGrid.owner(random.below(3)), epoch: epoch))
            case 1:
                let next = TestGrid.peer(10 + random.below(12))
                guard next != peer else { return .hold(grid.hold(UInt32(number))) }
                return .revoke(grid.revoke(peer, for: next, epoch: epoch))
            default:
                return .hold(grid.hold(UInt32(random.below(4)), isHeld: random.below(2) == 0))
            }
        }
    }

    /// The key and the owner that `peer` counts for, worked out the slow way.
    private func line(of peer: PeerID, _ claims: [Item]) -> (key: PeerID, owner: OwnerID) {
        func next(_ key: PeerID) -> PeerID? {
            var successors: Set<PeerID> = []
            for case .revoke(let signed) in claims where signed.body.old == key {
                successors.insert(signed.body.successor)
            }
            return successors.count == 1 ? successors.first : nil
        }
        var path = [peer]
        while let step = next(path[path.count - 1]), !path.contains(step) { path.append(step) }
        let end = path[path.count - 1]
        // A path that comes back to itself is a ring, or leads into one.
        let key = next(end) == nil ? end : peer
        var adoptions: [(key: ItemKey, owner: OwnerID)] = []
        for case .device(let signed) in claims where signed.body.peer == key {
            let place = ItemKey(epoch: signed.body.epoch, id: signed.id)
            adoptions.append((place, signed.body.owner))
        }
        let first = adoptions.min { $0.key < $1.key }
        return (key, first?.owner ?? OwnerID(key.digest))
    }

    private func shuffle(_ items: [Item], _ random: inout PRNG) -> [Item] {
        var items = items
        for index in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        return items
    }

    /// Every board has the lines that the slow way finds.
    private func expectModel(_ says: [Say], _ claims: [Item], _ boards: Boards) {
        var hosts: [PeerID: [UInt64]] = [:]
        var users: [OwnerID: [UInt64]] = [:]
        var whole: [UInt64] = [0, 0, 0]
        for (worker, sums) in model(says, claims) {
            let line = line(of: worker, claims)
            hosts[line.key] = zip(hosts[line.key] ?? [0, 0, 0], sums).map(+)
            users[line.owner] = zip(users[line.owner] ?? [0, 0, 0], sums).map(+)
            whole = zip(whole, sums).map(+)
        }
        func sums(_ tally: Tally) -> [UInt64] { [tally.finalOperations, tally.won, tally.lost] }
        let hostLines = boards.hosts.map { ($0.peer, sums($0.tally)) }
        #expect(Dictionary(uniqueKeysWithValues: hostLines) == hosts)
        let userLines = boards.users.filter { $0.tally.won + $0.tally.lost > 0 }
        #expect(
            Dictionary(uniqueKeysWithValues: userLines.map { ($0.owner, sums($0.tally)) }) == users
        )
        #expect(boards.users.reduce(0) { $0 + $1.consumed } == whole[0])
        #expect(boards.users.reduce(0) { $0 + $1.share } == 0)
        #expect(boards.projects.allSatisfy { sums($0.tally) == whole })
        #expect(boards.projects.count == (hosts.isEmpty ? 0 : 1))
    }

    @Test(arguments: 0..<60)
    func permutedDuplicatedAndMergedLedgersHaveTheModelsBoards(seed: UInt64) {
        var random = PRNG(seed: seed)
        let grid = TestGrid(units: 4)
        let claims = claims(grid, &random)
        let (work, says) = pool(grid, &random)
        let items = work + claims
        var first = LedgerFixture(grid)
        for item in items { first.insert(item) }
        expectModel(says, claims, first.boards)
        for _ in 0..<3 {
            var permuted = LedgerFixture(grid)
            for item in shuffle(items + items, &random) { permuted.insert(item) }
            #expect(permuted.boards == first.boards)
            #expect(permuted.ledger.items == first.ledger.items)
            #expect(permuted.ledger.isHeld(grid.id) == first.ledger.isHeld(grid.id))
            var halves = [LedgerFixture(grid), LedgerFixture(grid)]
            for item in items { halves[Int(random.below(2))].insert(item) }
            for item in halves[1].ledger.items.values { halves[0].insert(item) }
            // What waited in vain in one half is not in its set; it comes with the next exchange.
            for item in shuffle(items, &random) { halves[0].insert(item) }
            #expect(halves[0].boards == first.boards)
            #expect(halves[0].ledger.items == first.ledger.items)
        }
    }
}
