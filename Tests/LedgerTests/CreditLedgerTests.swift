import Ledger
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct CreditLedgerTests {
    private static func permutations<Element>(_ list: [Element]) -> [[Element]] {
        guard let first = list.first else { return [[]] }
        return permutations(Array(list.dropFirst())).flatMap { rest in
            (0...rest.count).map { index in
                var whole = rest
                whole.insert(first, at: index)
                return whole
            }
        }
    }

    // MARK: - Orphans

    @Test func orphansWaitAndAreReleasedInAnyOrder() {
        let grid = TestGrid(units: 8)
        let signed = grid.sign(grid.quorum(on: [1, 2]))
        let items: [Item] = [
            .manifest(grid.signedManifest), .certificate(signed),
            .opening(grid.opening(of: signed)),
            .ruling(grid.ruling(on: UnitCore(unit: 3, core: TestGrid.core(3)))),
            .cancel(grid.sign(cancel(of: grid))),
        ]
        for order in Self.permutations(items) {
            var fixture = LedgerFixture(grid)
            var released: [Item] = []
            for item in order {
                switch fixture.insert(item) {
                case .accepted(let freed): released += [item] + freed
                case .waiting: #expect(!fixture.ledger.contains(item.id))
                case .known, .early, .refused: Issue.record("\(item.id) was not taken")
                }
            }
            #expect(Set(released) == Set(items) && released.count == items.count)
            #expect(Set(fixture.ledger.items.values) == Set(items))
            #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
            #expect(fixture.ledger.isCancelled(grid.id))
        }
    }

    @Test func itemsAreKeptInTheOrderOfEpochAndId() {
        var fixture = LedgerFixture.withJob()
        for (index, epoch) in [UInt64(1), 0, 1].enumerated() {
            let units = [UInt32(index)]
            let certificate = fixture.grid.quorum(on: units, epoch: TestGrid.epoch + epoch)
            fixture.take(.certificate(fixture.grid.sign(certificate)))
        }
        let keys = fixture.ledger.items.keys
        #expect(keys == keys.sorted() && keys.count == 4)
        #expect(keys.map(\.epoch) == [0, 0, 1, 1].map { TestGrid.epoch + $0 })
        for key in keys { #expect(fixture.ledger.item(at: key)?.id == key.id) }
    }

    @Test func anOrphanThatComesTwiceWaitsOnce() {
        let grid = TestGrid(units: 8)
        var fixture = LedgerFixture(grid)
        let item = Item.certificate(grid.sign(grid.quorum(on: [1])))
        #expect(fixture.insert(item) == .waiting)
        #expect(fixture.insert(item) == .known)
        #expect(fixture.insert(.manifest(grid.signedManifest)) == .accepted([item]))
        #expect(fixture.insert(item) == .known)
    }

    @Test func anOrphanThatTurnsOutWrongIsDropped() {
        let grid = TestGrid(units: 8)
        var fixture = LedgerFixture(grid)
        #expect(fixture.insert(.certificate(grid.sign(grid.quorum(on: [8])))) == .waiting)
        #expect(fixture.insert(.manifest(grid.signedManifest)) == .accepted([]))
        #expect(fixture.ledger.items.count == 1)
    }

    @Test func theOldestOrphanMakesRoomForTheNewest() {
        let grid = TestGrid(units: 8)
        var fixture = LedgerFixture(grid)
        let openings = (0...CreditLedger.orphansMax).map { number in
            Opening(
                manifest: grid.id,
                certificate: ItemID(Digest(UInt64(number), 0, 0, 5)),
                cores: [UnitCore(unit: 0, core: TestGrid.core(0))]
            )
        }
        for opening in openings { #expect(fixture.insert(.opening(opening)) == .waiting) }
        #expect(fixture.insert(.opening(openings[1])) == .known)
        #expect(fixture.insert(.opening(openings[0])) == .waiting)
    }

    // MARK: - Refusals

    private func cancel(of grid: TestGrid, epoch: UInt64 = TestGrid.epoch) -> Cancel {
        Cancel(project: grid.project, manifest: grid.id, epoch: epoch)
    }

    @Test func onlyTheProjectCancelsAndRules() {
        var fixture = LedgerFixture.withJob()
        let stranger = ProjectID(Digest(9, 9, 9, 9))
        let grid = fixture.grid
        let cancel = Cancel(project: stranger, manifest: grid.id, epoch: TestGrid.epoch)
        #expect(fixture.insert(.cancel(grid.sign(cancel))) == .refused)
        let ruling = Ruling(
            project: stranger,
            manifest: grid.id,
            unit: 1,
            core: TestGrid.core(1),
            epoch: TestGrid.epoch
        )
        #expect(fixture.insert(.ruling(grid.sign(ruling))) == .refused)
        let beyond = grid.ruling(on: UnitCore(unit: 8, core: TestGrid.core(8)))
        #expect(fixture.insert(.ruling(beyond)) == .refused)
        #expect(!fixture.ledger.isCancelled(grid.id))
        #expect(fixture.ledger.items.count == 1)
    }

    @Test func resultOfARulingIsKnownBeforeItsCertificate() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        let core = TestGrid.core(3, variant: 2)
        #expect(fixture.ledger.resultHashes(of: grid.id).isEmpty)
        fixture.take(.ruling(grid.ruling(on: UnitCore(unit: 3, core: core))))
        #expect(fixture.ledger.resultHashes(of: grid.id) == [core.resultHash])
    }

    @Test func aCancelledJobHasNoOpenShard() {
        var fixture = LedgerFixture.withJob(TestGrid(units: 300))
        #expect(fixture.ledger.openShards(of: fixture.grid.id) == [0, 1])
        fixture.take(.cancel(fixture.grid.sign(cancel(of: fixture.grid))))
        #expect(fixture.ledger.isCancelled(fixture.grid.id))
        #expect(fixture.ledger.openShards(of: fixture.grid.id).isEmpty)
    }

    @Test func aShardIsOpenUntilItsLastUnitIsCertified() {
        var fixture = LedgerFixture.withJob(TestGrid(units: 258))
        let id = fixture.grid.id
        fixture.certify(fixture.grid.quorum(on: [256]))
        fixture.certify(fixture.grid.quorum(round: 1, on: [256]))
        #expect(fixture.ledger.openShards(of: id) == [0, 1])
        fixture.certify(fixture.grid.quorum(on: [257]))
        #expect(fixture.ledger.openShards(of: id) == [0])
        #expect(fixture.ledger.certifiedUnits(of: id) == [256, 257])
    }

    @Test func itemsOfTheFutureAreEarlyUntilTheirHour() {
        let grid = TestGrid(units: 8)
        let item = Item.manifest(grid.signedManifest)
        var fixture = LedgerFixture(grid)
        #expect(fixture.insert(item, epoch: TestGrid.epoch - 2) == .early)
        #expect(fixture.insert(item, epoch: TestGrid.epoch - 1) == .accepted([]))
        let late = grid.sign(cancel(of: grid, epoch: TestGrid.epoch + 2))
        #expect(fixture.insert(.cancel(late)) == .early)
        #expect(fixture.insert(.cancel(late), epoch: TestGrid.epoch + 1) == .accepted([]))
        let early = grid.sign(cancel(of: grid, epoch: TestGrid.epoch - 1))
        #expect(fixture.insert(.cancel(early)) == .refused)
    }

    @Test func anOpeningMustReproduceADigestOfEachOfItsUnits() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        let signed = grid.sign(grid.quorum(on: [1, 2]))
        fixture.take(.certificate(signed))
        #expect(fixture.verdict(on: 1) == .sealed)
        let wrong: [[UnitCore]] = [
            [UnitCore(unit: 1, core: TestGrid.core(1, variant: 1))],
            [
                UnitCore(unit: 1, core: TestGrid.core(1)),
                UnitCore(unit: 2, core: TestGrid.core(1)),
            ],
            [UnitCore(unit: 3, core: TestGrid.core(3))],
        ]
        for cores in wrong {
            let opening = Opening(manifest: grid.id, certificate: signed.id, cores: cores)
            #expect(fixture.insert(.opening(opening)) == .refused)
        }
        let elsewhere = Opening(
            manifest: ManifestID(.zero),
            certificate: signed.id,
            cores: [UnitCore(unit: 1, core: TestGrid.core(1))]
        )
        #expect(fixture.insert(.opening(elsewhere)) == .refused)
        #expect(fixture.verdict(on: 1) == .sealed)
        fixture.take(.opening(grid.opening(of: signed)))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        #expect(fixture.verdict(on: 2).core == TestGrid.core(2))
    }

    // MARK: - Verdicts

    @Test func aUnitIsOpenThenSealedThenProvisionalThenFinal() {
        var fixture = LedgerFixture.withJob(TestGrid(units: 1))
        let (grid, start, settle) = (fixture.grid, LedgerFixture.start, LedgerFixture.settle)
        #expect(fixture.verdict(on: 0) == .open)
        let signed = grid.sign(grid.quorum(on: [0]))
        fixture.take(.certificate(signed))
        #expect(fixture.verdict(on: 0) == .sealed)
        let opened = start.advanced(by: .seconds(3))
        fixture.take(.opening(grid.opening(of: signed)), at: opened)
        #expect(fixture.verdict(on: 0) == .certified(TestGrid.core(0), since: opened))
        let settled = opened.advanced(by: settle)
        let before = Instant(nanoseconds: settled.nanoseconds - 1)
        #expect(!fixture.ledger.isFinal(grid.id, at: before, settle: settle))
        #expect(fixture.ledger.isFinal(grid.id, at: settled, settle: settle))
        let operations = TestGrid.core(0).operations
        func board(at now: Instant) -> [BoardRow] {
            fixture.ledger.boards(epoch: TestGrid.epoch, at: now, settle: settle).hosts
        }
        let provisional = board(at: before)
        #expect(provisional.map(\.provisionalOperations) == [operations, operations])
        #expect(provisional.map(\.finalOperations) == [0, 0])
        let final = board(at: settled)
        #expect(final.map(\.finalOperations) == [operations, operations])
        #expect(final.map(\.provisionalOperations) == [0, 0])
        #expect(final.map(\.won) == [1, 1] && final.map(\.lost) == [0, 0])
    }

    @Test func aPanelOutranksAQuorumAndARulingOutranksBoth() {
        var fixture = LedgerFixture.withJob()
        fixture.certify(fixture.grid.quorum(on: [1]))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        let panel = fixture.panel(on: [1], variant: 1, against: 0, workers: 10)
        fixture.certify(panel)
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1, variant: 1))
        #expect(fixture.row(of: TestGrid.peer(2))?.lost == 1)
        #expect(fixture.row(of: TestGrid.peer(10))?.won == 1)
        let voters: [(PeerID, variant: UInt64?)] = [
            (TestGrid.peer(20), variant: 2), (TestGrid.peer(21), variant: 3),
        ]
        fixture.certify(fixture.ruling(on: 1, variant: 2, voters: voters))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1, variant: 2))
        #expect(fixture.row(of: TestGrid.peer(10))?.won == 0)
        #expect(fixture.row(of: TestGrid.peer(20))?.won == 1)
        #expect(fixture.row(of: TestGrid.peer(21))?.lost == 1)
    }

    @Test func aRulingMayHaveNoWinner() {
        var fixture = LedgerFixture.withJob()
        let voters: [(PeerID, variant: UInt64?)] = [
            (TestGrid.peer(2), variant: 1), (TestGrid.peer(3), variant: 2),
        ]
        fixture.certify(fixture.ruling(on: 1, variant: 0, voters: voters))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        #expect(fixture.board.map(\.lost) == [1, 1])
        #expect(fixture.board.map(\.finalOperations) == [0, 0])
    }

    @Test func aContradictionAtTheHighestRankIsDisputedAndPaysNobody() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        fixture.certify(grid.quorum(on: [1]))
        let other = [TestGrid.peer(4), TestGrid.peer(5)]
        fixture.certify(
            grid.quorum(of: TestGrid.peer(9), on: [1], by: other, variant: 1),
            opening: 1
        )
        #expect(fixture.verdict(on: 1) == .disputed)
        #expect(fixture.board.isEmpty)
        #expect(!fixture.verdict(on: 1).isFinal(at: Instant(nanoseconds: .max), settle: .zero))
        fixture.certify(fixture.panel(on: [1], variant: 1, against: 0, workers: 10))
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1, variant: 1))
        #expect(fixture.row(of: TestGrid.peer(2))?.lost == 1)
        #expect(fixture.row(of: TestGrid.peer(4))?.won == 1)
    }

    @Test func aCertificateThatNoKnownCoreOpensContradictsThoseThatAreOpened() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        fixture.certify(grid.quorum(on: [1]))
        let other = [TestGrid.peer(4), TestGrid.peer(5)]
        let hidden = grid.quorum(of: TestGrid.peer(9), on: [1], by: other, variant: 1)
        fixture.certify(hidden, opening: nil)
        #expect(fixture.verdict(on: 1) == .disputed)
        #expect(fixture.board.isEmpty)
    }

    @Test func oneOpeningOpensEveryCertificateOfItsCore() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        fixture.certify(grid.quorum(on: [1]))
        let other = [TestGrid.peer(4), TestGrid.peer(5)]
        fixture.certify(grid.quorum(of: TestGrid.peer(9), on: [1], by: other), opening: nil)
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        #expect(fixture.board.map(\.won) == [1, 1, 1, 1])
    }

    @Test func operationsThatAreNotTheCoresAreNeverOpened() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        var draft = CertificateDraft(grid.quorum(on: [1]))
        for index in draft.entries.indices { draft.entries[index].operations[0] -= 1 }
        draft.signResults(in: grid)
        let signed = grid.sign(draft.certificate)
        fixture.take(.certificate(signed))
        #expect(fixture.insert(.opening(grid.opening(of: signed))) == .refused)
        #expect(fixture.verdict(on: 1) == .sealed)
        #expect(fixture.board.isEmpty)
    }
}
