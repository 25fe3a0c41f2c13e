import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// What earlier results make of a worker, and what its word then weighs.
@Suite struct ReputationTests {
    private let grid = TestGrid(units: 64, submitter: TestGrid.peer(99))
    private let hour = TestGrid.epoch

    /// Three results make a senior after two hours, two in a row make it trusted.
    private static let trust: Trust = {
        var trust = Trust.standard
        trust.seniorUnits = 3
        trust.seniorHours = 2
        trust.trustedStreak = 2
        trust.forgivingStreak = 4
        return trust
    }()

    private func fixture() -> LedgerFixture {
        var fixture = LedgerFixture(grid, ledger: CreditLedger(trust: Self.trust))
        fixture.take(.manifest(grid.signedManifest))
        return fixture
    }

    private func peer(_ number: UInt64) -> PeerID { TestGrid.peer(number) }

    private func trustClass(_ worker: UInt64, _ fixture: LedgerFixture, at epoch: UInt64)
        -> TrustClass
    {
        fixture.ledger.trustView.trustClass(of: peer(worker), for: grid.manifest, at: epoch)
    }

    /// A first vote of two equal results on `units` in the hour `epoch`, with its opening.
    private func audit(on unit: UInt32, by worker: UInt64, variant: UInt64, epoch: UInt64) -> Item {
        let votes: [(PeerID, variant: UInt64?)] = [(peer(worker), variant: variant)]
        let round = TestRound(0, of: peer(2), on: [unit], votes: votes, epoch: epoch)
        return .certificate(
            grid.sign(grid.certificate(.audit, of: peer(2), units: [unit], rounds: [round]))
        )
    }

    private func insert(_ items: [Item], into fixture: inout LedgerFixture) {
        for item in items { fixture.insert(item, epoch: hour + 100) }
    }

    // MARK: - What makes whom

    @Test func trustComesAnHourAfterAndSeniorityTwo() {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        let classes = (0...3).map { trustClass(10, fixture, at: hour + $0) }
        #expect(classes == [.newcomer, .trusted, .senior, .senior])
        #expect(trustClass(12, fixture, at: hour + 3) == .newcomer)
        #expect(trustClass(99, fixture, at: hour) == .anchor, "the submitter's own peer")
    }

    @Test func stewardsAreTakenFromAnchorsAndSeniorsByTheirPresentKeys() {
        let grid = TestGrid(units: 10, anchors: [peer(3)])
        var fixture = LedgerFixture(grid, ledger: CreditLedger(trust: Self.trust))
        fixture.take(.manifest(grid.signedManifest))
        let votes = grid.sign(grid.quorum(of: peer(1), on: [0, 1, 2], by: [peer(10), peer(11)]))
        let opening = Item.opening(grid.opening(of: votes))
        insert([.certificate(votes), opening], into: &fixture)
        let keepers = { (ledger: CreditLedger, hours: UInt64) in
            ledger.trustView.keepers(of: grid.manifest, at: TestGrid.epoch + hours)
        }
        #expect(keepers(fixture.ledger, 1) == [peer(3)])
        #expect(keepers(fixture.ledger, 2) == [peer(3), peer(10), peer(11)])
        insert([.revoke(grid.revoke(peer(10), for: peer(20), epoch: hour))], into: &fixture)
        insert([.revoke(grid.revoke(peer(3), for: peer(30), epoch: hour))], into: &fixture)
        #expect(keepers(fixture.ledger, 2) == [peer(11), peer(20), peer(30)])
    }

    @Test func aSealedVoteMakesNobody() {
        var fixture = fixture()
        let items = grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour)
        insert([items[0]], into: &fixture)
        #expect(trustClass(10, fixture, at: hour + 3) == .newcomer)
        insert([items[1]], into: &fixture)
        #expect(trustClass(10, fixture, at: hour + 3) == .senior)
    }

    @Test func workForAProjectCountsForOthersThatRecogniseIt() {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        let view = fixture.ledger.trustView
        let other = ProjectID(Digest(0xC, 0, 0, 1))
        let stranger = TestGrid(project: other).manifest
        #expect(view.trustClass(of: peer(10), for: stranger, at: hour + 3) == .newcomer)
        let friend = TestGrid(recognised: [grid.project], project: other).manifest
        #expect(view.trustClass(of: peer(10), for: friend, at: hour + 3) == .senior)
    }

    /// Whom it makes a senior, another project that recognises it believes.
    @Test func whatAnAnchorSettlesWeighsInJobsOfOtherProjectsToo() {
        let other = ProjectID(Digest(0xC, 0, 0, 1))
        let friend = TestGrid(units: 8, recognised: [grid.project], project: other)
        var fixture = fixture()
        for (worker, variant) in [(UInt64(10), UInt64(0)), (12, 1)] {
            let workers = [worker, worker + 1]
            let votes = grid.openedQuorum(
                on: [0, 1, 2],
                by: workers,
                epoch: hour,
                variant: variant,
                of: worker
            )
            insert(votes, into: &fixture)
        }
        insert([.manifest(friend.signedManifest)], into: &fixture)
        for (worker, variant) in [(UInt64(10), UInt64(0)), (21, 1)] {
            let vote = friend.sign(
                friend.quorum(
                    of: peer(worker),
                    on: [5],
                    by: [peer(worker), peer(worker + 10)],
                    variant: variant,
                    epoch: hour + 2
                )
            )
            let opening = Item.opening(friend.opening(of: vote, variant: variant))
            insert([.certificate(vote), opening], into: &fixture)
        }
        #expect(fixture.verdict(on: 0) == .disputed)
        #expect(fixture.ledger.verdict(on: 5, of: friend.id) == .disputed)
        insert([.anchor(grid.anchor(peer(10), epoch: hour))], into: &fixture)
        #expect(fixture.verdict(on: 0).core == TestGrid.core(0))
        #expect(fixture.ledger.verdict(on: 5, of: friend.id).core == TestGrid.core(5))
    }

    @Test func aSuccessorInheritsWhatItsKeyHasDone() {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        insert([.revoke(grid.revoke(peer(10), for: peer(20), epoch: hour))], into: &fixture)
        #expect(trustClass(20, fixture, at: hour + 3) == .senior)
        #expect(trustClass(10, fixture, at: hour + 3) == .senior)
    }

    @Test func aLoneMistakeHalvesSeniorityAndEndsTrust() {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2, 3, 4], by: [10, 11], epoch: hour), into: &fixture)
        let votes: [(UInt64, variant: UInt64)] = [(10, 1), (12, 0), (13, 0), (14, 0), (15, 0)]
        insert([grid.panel(on: 5, votes, epoch: hour + 1)], into: &fixture)
        #expect(trustClass(10, fixture, at: hour + 1) == .trusted)
        #expect(trustClass(10, fixture, at: hour + 2) == .senior, "the mistake is an hour old")
        #expect(trustClass(10, fixture, at: hour + 3) == .newcomer, "five halved are two")
        #expect(trustClass(11, fixture, at: hour + 3) == .senior)
    }

    @Test func trustComesBackAfterTwiceAsManyResults() {
        var fixture = fixture()
        let votes: [(UInt64, variant: UInt64)] = [(10, 1), (12, 0), (13, 0), (14, 0), (15, 0)]
        insert([grid.panel(on: 5, votes, epoch: hour)], into: &fixture)
        insert(grid.openedQuorum(on: [0, 1], by: [10, 16], epoch: hour + 1), into: &fixture)
        #expect(trustClass(16, fixture, at: hour + 2) == .trusted)
        #expect(trustClass(10, fixture, at: hour + 2) == .newcomer)
        insert(grid.openedQuorum(on: [2, 3], by: [10, 16], epoch: hour + 2), into: &fixture)
        #expect(trustClass(10, fixture, at: hour + 3) == .trusted)
    }

    @Test func whatAVoteMadeIsTakenBackWhenItIsOverruled() {
        var fixture = fixture()
        insert(
            grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour, variant: 1),
            into: &fixture
        )
        #expect(trustClass(10, fixture, at: hour + 2) == .senior)
        let liars: [(UInt64, variant: UInt64)] = [(10, 1), (11, 1)]
        let others = (12...18).map { (UInt64($0), variant: UInt64(0)) }
        for unit in UInt32(0)...2 {
            insert([grid.panel(on: unit, liars + others, epoch: hour + 1)], into: &fixture)
        }
        #expect(trustClass(10, fixture, at: hour + 2) == .senior, "for two hours more")
        #expect(trustClass(10, fixture, at: hour + 3) == .newcomer)
        #expect(trustClass(12, fixture, at: hour + 3) == .senior)
    }

    @Test func aLieThatTwoShareCostsAllSeniority() {
        var fixture = fixture()
        insert(
            grid.openedQuorum(on: [0, 1, 2, 3, 4, 5, 6], by: [10, 11], epoch: hour),
            into: &fixture
        )
        let liars: [(UInt64, variant: UInt64)] = [(10, 1), (11, 1)]
        let others = (12...18).map { (UInt64($0), variant: UInt64(0)) }
        insert([grid.panel(on: 7, liars + others, epoch: hour + 1)], into: &fixture)
        #expect(fixture.ledger.mistakes(on: 7, of: grid.id).map(\.isShared) == [true, true])
        #expect(trustClass(10, fixture, at: hour + 2) == .senior)
        #expect(trustClass(10, fixture, at: hour + 3) == .newcomer)
    }

    // MARK: - What a word weighs

    /// Workers 10 and 11 are seniors.
    private func withSeniors() -> LedgerFixture {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2, 3, 4], by: [10, 11], epoch: hour), into: &fixture)
        return fixture
    }

    /// Whether anchors or seniors vouch for the certificate among `items` on unit 9.
    private func isAnchored(_ items: [Item], _ fixture: LedgerFixture) -> Bool {
        items.contains { item in
            guard case .certificate(let signed) = item else { return false }
            return fixture.ledger.isAnchored(signed.body, unit: 9)
        }
    }

    @Test func newcomersNeverOutweighASenior() {
        var fixture = withSeniors()
        let vouched = grid.openedQuorum(on: [9], by: [10, 20], epoch: hour + 3)
        insert(vouched, into: &fixture)
        insert(
            grid.openedQuorum(on: [9], by: [21, 22], epoch: hour + 3, variant: 1, of: 2),
            into: &fixture
        )
        #expect(fixture.verdict(on: 9).core == TestGrid.core(9))
        #expect(isAnchored(vouched, fixture))
        let votes = [(21, 1), (20, 0), (22, 1), (23, 1), (24, 1)]
            .map { (UInt64($0.0), variant: UInt64($0.1)) }
        insert([grid.panel(on: 9, votes, epoch: hour + 3)], into: &fixture)
        #expect(fixture.verdict(on: 9).core == TestGrid.core(9))
    }

    @Test func withoutASeniorContradictingVotesAreDisputed() {
        var fixture = withSeniors()
        let unvouched = grid.openedQuorum(on: [9], by: [20, 23], epoch: hour + 3)
        insert(unvouched, into: &fixture)
        #expect(fixture.verdict(on: 9).core == TestGrid.core(9))
        #expect(!isAnchored(unvouched, fixture))
        insert(
            grid.openedQuorum(on: [9], by: [21, 22], epoch: hour + 3, variant: 1, of: 2),
            into: &fixture
        )
        #expect(fixture.verdict(on: 9) == .disputed)
    }

    @Test(arguments: [false, true])
    func anAuditThatContradictsIsADisputeUntilAPanelAgreesWithIt(doesAgree: Bool) {
        var fixture = withSeniors()
        insert(
            grid.openedQuorum(on: [9], by: [20, 21], epoch: hour + 3, variant: 1),
            into: &fixture
        )
        insert([audit(on: 9, by: 10, variant: 0, epoch: hour + 3)], into: &fixture)
        #expect(fixture.verdict(on: 9) == .disputed)
        let more = (22...27).map { (UInt64($0), variant: UInt64(doesAgree ? 0 : 1)) }
        let votes = [(UInt64(20), variant: UInt64(1)), (21, 1), (10, 0)] + more
        insert([grid.panel(on: 9, votes, epoch: hour + 3)], into: &fixture)
        // Newcomers alone do not overrule a senior.
        #expect(fixture.verdict(on: 9).core == (doesAgree ? TestGrid.core(9) : nil))
        #expect((fixture.verdict(on: 9) == .disputed) != doesAgree)
    }

    @Test func anAuditByAnybodyElseCountsForNothing() {
        var fixture = withSeniors()
        insert(grid.openedQuorum(on: [9], by: [20, 21], epoch: hour + 3), into: &fixture)
        insert([audit(on: 9, by: 22, variant: 1, epoch: hour + 3)], into: &fixture)
        #expect(fixture.verdict(on: 9).core == TestGrid.core(9))
    }

    @Test func anAuditWaitsForTheVoteThatItLooksAt() {
        var fixture = withSeniors()
        let look = audit(on: 9, by: 10, variant: 0, epoch: hour + 3)
        #expect(fixture.insert(look, epoch: hour + 100) == .waiting)
        #expect(fixture.verdict(on: 9) == .open)
        insert(grid.openedQuorum(on: [9], by: [20, 21], epoch: hour + 3), into: &fixture)
        #expect(fixture.ledger.isAudited(9, of: grid.id))
        #expect(fixture.verdict(on: 9).core == TestGrid.core(9))
        #expect(fixture.row(of: peer(10))?.won == 6, "who looks is paid, too")
    }

    @Test func whatWasNotAuditedSinceTheWindowIsListed() {
        var fixture = fixture()
        for (unit, epoch) in zip(UInt32(0)..., hour..<hour + 4) {
            insert(grid.openedQuorum(on: [unit], by: [10, 11], epoch: epoch), into: &fixture)
        }
        let names = fixture.ledger.unaudited(by: peer(10), for: grid.project).map(\.unit)
        #expect(names == [3, 2, 1, 0])
        insert([audit(on: 2, by: 99, variant: 0, epoch: hour + 5)], into: &fixture)
        #expect(fixture.ledger.unaudited(by: peer(10), for: grid.project).map(\.unit) == [3, 1, 0])
        #expect(fixture.ledger.unaudited(by: peer(12), for: grid.project).isEmpty)
    }

    // MARK: - Arrival does not matter

    /// Anchors among the workers for some hours, in part named twice, and keys that are replaced.
    private func namings(_ random: inout PRNG) -> [Item] {
        let count = random.below(5)
        let anchors = (0..<count).map { _ in
            let named = peer(10 + random.below(7))
            let epoch = hour + random.below(9)
            return Item.anchor(grid.anchor(named, epoch: epoch, hours: random.below(5)))
        }
        guard random.below(2) == 0 else { return anchors }
        // The machine of worker 14 goes on with the key 15, and then perhaps with 16.
        let next = Item.revoke(grid.revoke(peer(14), for: peer(15), epoch: hour))
        let last = Item.revoke(grid.revoke(peer(15), for: peer(16), epoch: hour))
        return anchors + (random.below(2) == 0 ? [next] : [next, last])
    }

    /// Votes of several hours that partly contradict each other, some by those whom others made
    /// seniors, or the project anchors, come in any order: the same verdicts, reputations and
    /// boards follow.
    @Test(arguments: 0..<40) func whatFollowsDoesNotDependOnArrival(seed: UInt64) {
        var random = PRNG(seed: seed)
        var items: [Item] = []
        for number in 0..<UInt64(14) {
            let epoch = hour + random.below(9)
            let first = 10 + random.below(5)
            let second = 10 + (first - 10 + 1 + random.below(4)) % 5
            let unit = UInt32(random.below(7))
            let variant = random.below(3) == 0 ? UInt64(1) : 0
            let units = random.below(2) == 0 ? [unit] : [unit, unit + 7, unit + 14]
            if random.below(4) == 0 {
                items.append(audit(on: unit, by: first, variant: variant, epoch: epoch))
            } else {
                let steward = 30 + number
                items += grid.openedQuorum(
                    on: units,
                    by: [first, second],
                    epoch: epoch,
                    variant: variant,
                    of: steward
                )
            }
        }
        items += namings(&random)
        var whole = fixture()
        for _ in 0..<2 { insert(items, into: &whole) }
        for _ in 0..<4 {
            for index in stride(from: items.count - 1, to: 0, by: -1) {
                items.swapAt(index, Int(random.below(UInt64(index + 1))))
            }
            var other = fixture()
            insert(items, into: &other)
            #expect(other.ledger.items == whole.ledger.items)
            for unit in 0..<UInt32(21) {
                #expect(other.verdict(on: unit) == whole.verdict(on: unit))
            }
            for worker in UInt64(10)..<15 {
                for epoch in hour..<hour + 12 {
                    #expect(
                        trustClass(worker, other, at: epoch) == trustClass(worker, whole, at: epoch)
                    )
                }
            }
            #expect(other.boards(epoch: hour + 20) == whole.boards(epoch: hour + 20))
        }
    }
}
