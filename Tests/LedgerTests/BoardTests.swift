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
            let worker = (first..<first + 4).map { TestGrid.peer($0) }
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
                says.append(Say(rank: 3, winner: variant, votes: cast, unit: unit))
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
                says.append(Say(rank: 1, winner: variant, votes: cast, unit: unit))
            }
        }
        return (items, says)
    }

    /// Final operations and lost units by worker, worked out the slow way.
    private func model(_ says: [Say]) -> [PeerID: [UInt64]] {
        var lines: [PeerID: [UInt64]] = [:]
        for unit in Set(says.map(\.unit)) {
            let mine = says.filter { $0.unit == unit }
            let top = mine.map(\.rank).max()
            let winners = Set(mine.filter { $0.rank == top }.map(\.winner))
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

    private func shuffle(_ items: [Item], _ random: inout PRNG) -> [Item] {
        var items = items
        for index in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        return items
    }

    @Test(arguments: 0..<60)
    func permutedDuplicatedAndMergedLedgersHaveTheModelsBoard(seed: UInt64) {
        var random = PRNG(seed: seed)
        let grid = TestGrid(units: 4)
        let (items, says) = pool(grid, &random)
        var first = LedgerFixture(grid)
        for item in items { first.insert(item) }
        let lines = first.board.reduce(into: [PeerID: [UInt64]]()) { lines, row in
            lines[row.peer] = [row.finalOperations, row.won, row.lost]
        }
        #expect(lines == model(says))
        for _ in 0..<3 {
            var permuted = LedgerFixture(grid)
            for item in shuffle(items + items, &random) { permuted.insert(item) }
            #expect(permuted.board == first.board)
            #expect(permuted.ledger.items == first.ledger.items)
            var halves = [LedgerFixture(grid), LedgerFixture(grid)]
            for item in items { halves[Int(random.below(2))].insert(item) }
            for item in halves[1].ledger.items.values { halves[0].insert(item) }
            // What waited in vain in one half is not in its set; it comes with the next exchange.
            for item in shuffle(items, &random) { halves[0].insert(item) }
            #expect(halves[0].board == first.board)
            #expect(halves[0].ledger.items == first.ledger.items)
        }
    }
}
