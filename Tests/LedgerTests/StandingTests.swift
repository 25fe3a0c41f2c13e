import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Why a peer is what it is: its standing with each project, and every event that this comes from.
@Suite struct StandingTests {
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

    private func insert(_ items: [Item], into fixture: inout LedgerFixture) {
        for item in items { fixture.insert(item, epoch: hour + 100) }
    }

    /// One worker, 10, is wrong against four others.
    private func outvoted(on unit: UInt32, epoch: UInt64) -> Item {
        grid.panel(
            on: unit,
            [(10, 1), (12, 0), (13, 0), (14, 0), (15, 0)],
            epoch: epoch
        )
    }

    private func standing(
        _ worker: UInt64,
        _ fixture: LedgerFixture,
        at epoch: UInt64,
        eventsMax: Int = 100
    ) -> PeerStanding {
        fixture.ledger.standing(of: peer(worker), at: epoch, eventsMax: eventsMax)
    }

    private func wrongResult(_ event: StandingEvent?) -> WrongResult? {
        if case .wrongResult(let wrong)? = event?.kind { wrong } else { nil }
    }

    private func name(_ unit: UInt32) -> CreditLedger.UnitName {
        CreditLedger.UnitName(manifest: grid.id, unit: unit)
    }

    // MARK: - What it is

    @Test func whoHasDoneNothingStandsNowhere() {
        let fixture = fixture()
        let standing = standing(10, fixture, at: hour)
        #expect(standing.keys == [peer(10)])
        #expect(standing.projects.isEmpty && standing.events.isEmpty)
        #expect(standing.furtherEvents == 0 && standing.furtherProjects == 0)
    }

    @Test func aStandingTellsWhyAndWhatIsMissing() throws {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0], by: [10, 11], epoch: hour), into: &fixture)
        let first = try #require(standing(10, fixture, at: hour).projects.first)
        #expect(first.project == grid.project && first.job == grid.id)
        #expect(first.trustClass == .newcomer && first.reason == .nothing)
        #expect(first.reputation.units == 1 && first.reputation.streak == 1)
        #expect(first.streakMissing == 1 && first.unitsMissing == 2 && first.cleanMissing == nil)
        insert(grid.openedQuorum(on: [1, 2], by: [10, 11], epoch: hour), into: &fixture)
        let second = try #require(standing(10, fixture, at: hour).projects.first)
        #expect(second.trustClass == .newcomer && second.nextClass == .trusted)
        let third = try #require(standing(10, fixture, at: hour + 1).projects.first)
        #expect(third.trustClass == .trusted && third.reason == .streak(3))
        #expect(third.nextClass == .senior && third.oldUnits == 0 && third.unitsMissing == 0)
        let fourth = try #require(standing(10, fixture, at: hour + 2).projects.first)
        #expect(fourth.trustClass == .senior && fourth.reason == .units(3))
        #expect(fourth.oldUnits == 3 && fourth.streakMissing == 0)
    }

    @Test func anAnchorIsToldWhoNamesIt() throws {
        let named = TestGrid(units: 8, submitter: peer(99), anchors: [peer(3)])
        var fixture = LedgerFixture.withJob(named)
        insert([.anchor(named.anchor(peer(4), hours: 5))], into: &fixture)
        let reasons = [99, 3, 4].map { standing($0, fixture, at: hour).projects.first?.reason }
        #expect(reasons == [.submitter, .manifest, .anchor(until: hour + 5)])
        let story = standing(4, fixture, at: hour)
        #expect(story.projects[0].trustClass == .anchor)
        #expect(story.events.map(\.kind) == [.anchor(until: hour + 5)])
        #expect(story.events[0].project == named.project && story.events[0].epoch == hour)
    }

    // MARK: - What it comes from

    @Test func aLoneMistakeTellsItsUnitAndWhatItsHourCost() throws {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        insert(grid.openedQuorum(on: [3, 4], by: [10, 11], epoch: hour + 1), into: &fixture)
        insert([outvoted(on: 5, epoch: hour + 1)], into: &fixture)
        let standing = standing(10, fixture, at: hour + 1)
        let wrong = try #require(wrongResult(standing.events.first))
        #expect(wrong.unit == name(5) && !wrong.isShared && wrong.sharers.isEmpty)
        #expect([wrong.cost.streak, wrong.cost.units, wrong.cost.unitsLeft] == [5, 5, 2])
        #expect(wrong.cost.mistakes == 1)
        #expect(standing.events.map(\.epoch) == [hour + 1])
        #expect(standing.events.map(\.project) == [grid.project])
        let project = try #require(standing.projects.first)
        #expect(project.reputation.units == 2 && project.reputation.streak == 0)
        #expect(project.streakMissing == 4 && project.cleanMissing == 4)
        #expect(self.standing(12, fixture, at: hour + 1).events.isEmpty, "it was right")
    }

    @Test func aSharedMistakeTellsWithWhom() throws {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        let votes: [(UInt64, variant: UInt64)] =
            [(10, 1), (12, 0), (11, 1), (13, 0), (14, 0), (15, 0), (16, 0), (17, 0), (18, 0)]
        insert([grid.panel(on: 5, votes, epoch: hour)], into: &fixture)
        for (worker, other) in [(UInt64(10), UInt64(11)), (11, 10)] {
            let standing = standing(worker, fixture, at: hour)
            let wrong = try #require(wrongResult(standing.events.first))
            #expect(wrong.isShared && wrong.sharers == [peer(other)])
            #expect([wrong.cost.streak, wrong.cost.units, wrong.cost.unitsLeft] == [3, 3, 0])
            #expect(standing.projects.first?.reputation.units == 0)
        }
    }

    @Test func mistakesThatAreForgivenAreToldInTheirHour() {
        var fixture = fixture()
        insert([outvoted(on: 5, epoch: hour)], into: &fixture)
        insert(grid.openedQuorum(on: [0, 1, 2, 3], by: [10, 11], epoch: hour + 1), into: &fixture)
        let events = standing(10, fixture, at: hour + 2).events
        #expect(events.map(\.epoch) == [hour + 1, hour])
        #expect(events.first?.kind == .forgiveness(1) && events.first?.project == grid.project)
        #expect(standing(10, fixture, at: hour + 2).projects.first?.reputation.mistakes == 0)
    }

    /// What a later certificate overrules is told twice: as it was taken, and as it is.
    @Test func whatIsTakenBackIsToldToo() {
        var fixture = fixture()
        insert([outvoted(on: 5, epoch: hour)], into: &fixture)
        let voters = [10, 11].map { (peer($0), variant: UInt64?.some(1)) }
        let round = TestRound(7, of: peer(1), on: [5], votes: voters, epoch: hour + 1)
        let ruling = grid.certificate(
            .ruling,
            of: peer(1),
            units: [5],
            rounds: [round],
            rulings: [UnitCore(unit: 5, core: TestGrid.core(5, variant: 1))]
        )
        insert([.certificate(grid.sign(ruling))], into: &fixture)
        #expect(fixture.verdict(on: 5).core == TestGrid.core(5, variant: 1))
        let events = standing(10, fixture, at: hour + 1).events
        #expect(events.map(\.epoch) == [hour + 1, hour])
        #expect(events.first?.kind == .vindication(name(5)))
        let other = standing(12, fixture, at: hour + 1).events
        #expect(other.map(\.epoch) == [hour + 1], "now it is this one that was wrong")
    }

    @Test func aFaultTellsBothStatementsAndEndsTheStanding() throws {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour), into: &fixture)
        let commits = [UInt64(0), 1].map { variant in
            grid.commit(
                Lease(
                    manifest: grid.id,
                    units: [6, 7],
                    seatCount: 2,
                    epoch: hour,
                    round: 4,
                    seat: 0,
                    widening: 0,
                    commitMilliseconds: 1,
                    holders: [],
                    wantsReference: false
                ),
                of: peer(1),
                by: peer(10),
                cores: TestGrid.cores([6, 7], variant: variant)
            )
        }
        let pair = try #require(Contradiction(commits[0], commits[1]))
        let fault = Fault(.commits(pair))
        insert([.fault(fault)], into: &fixture)
        let before = try #require(standing(10, fixture, at: hour).projects.first)
        #expect(before.reason == .nothing && before.nextClass == .newcomer)
        let after = standing(10, fixture, at: hour + 2)
        #expect(after.projects.first?.trustClass == .newcomer)
        #expect(after.projects.first?.reason == .fault)
        #expect(after.projects.first?.reputation.units == 0)
        #expect(after.events.count == 1)
        guard case .fault(let proven)? = after.events.first?.kind else {
            Issue.record("no proof")
            return
        }
        #expect(proven.id == fault.id && proven.statement == .commit && proven.job == grid.id)
        #expect(proven.units == [6, 7] && proven.statements == commits.map(\.id).sorted())
        #expect(after.events.map(\.epoch) == [hour], "it is dated as its job")
        #expect(fixture.ledger.knownWorkers.contains(peer(10)))
    }

    @Test func ownersAndKeysAreTold() {
        var fixture = fixture()
        insert(grid.openedQuorum(on: [0], by: [10, 11], epoch: hour), into: &fixture)
        insert([.device(grid.device(peer(10), of: TestGrid.owner(5)))], into: &fixture)
        insert([.revoke(grid.revoke(peer(10), for: peer(20), epoch: hour + 1))], into: &fixture)
        for worker in [UInt64(10), 20] {
            let standing = standing(worker, fixture, at: hour + 2)
            #expect(standing.keys == [peer(10), peer(20)])
            #expect(standing.projects.first?.reputation.units == 1, "it inherits")
            #expect(
                standing.events.map(\.kind) == [
                    .succession(of: peer(10), isContested: false), .adoption(TestGrid.owner(5)),
                ]
            )
            #expect(standing.events.map(\.key) == [peer(20), peer(10)])
        }
        insert([.revoke(grid.revoke(peer(10), for: peer(21), epoch: hour + 2))], into: &fixture)
        let events = standing(10, fixture, at: hour + 2).events
        #expect(
            events.map(\.kind).prefix(2) == [
                .succession(of: peer(10), isContested: true),
                .succession(of: peer(10), isContested: true),
            ]
        )
        #expect(events.map(\.key).prefix(2) == [peer(21), peer(20)])
    }

    @Test func aVoteThatIsRepeatedCountsOnceAndIsTold() {
        for (second, isContradictory) in [(UInt64(0), false), (1, true)] {
            var fixture = fixture()
            let votes: [(UInt64, variant: UInt64)] =
                [(10, 0), (11, 1), (12, 0), (13, 0), (14, 0), (15, 0), (10, second)]
            insert([grid.panel(on: 5, votes, epoch: hour)], into: &fixture)
            let repeated = standing(10, fixture, at: hour).events.filter { event in
                if case .repeatedVote = event.kind { true } else { false }
            }
            let expected = StandingEvent.Kind.repeatedVote(
                name(5),
                votes: 2,
                isContradictory: isContradictory
            )
            #expect(repeated.map(\.kind) == [expected])
            #expect(standing(12, fixture, at: hour).events.isEmpty)
        }
    }

    // MARK: - Bounds and order

    @Test func theNewestEventsAreToldAndTheRestCounted() {
        var fixture = fixture()
        for unit in UInt32(0)..<5 {
            insert([outvoted(on: unit, epoch: hour + UInt64(unit))], into: &fixture)
        }
        let standing = standing(10, fixture, at: hour + 9, eventsMax: 2)
        #expect(standing.events.map(\.epoch) == [hour + 4, hour + 3])
        #expect(standing.furtherEvents == 3)
    }

    @Test func projectsBeyondTheBoundAreCounted() {
        var fixture = fixture()
        for number in 0..<UInt64(PeerStanding.projectsMax) {
            let other = TestGrid(
                submitter: peer(99),
                project: ProjectID(Digest(0xC, 0, 0, number + 1))
            )
            insert([.manifest(other.signedManifest)], into: &fixture)
        }
        let standing = standing(99, fixture, at: hour)
        #expect(standing.projects.count == PeerStanding.projectsMax)
        #expect(standing.furtherProjects == 1)
    }

    @Test func everyOrderOfItemsTellsTheSame() {
        let items =
            grid.openedQuorum(on: [0, 1, 2], by: [10, 11], epoch: hour)
            + [outvoted(on: 5, epoch: hour), outvoted(on: 6, epoch: hour + 1)]
            + grid.openedQuorum(on: [7, 8, 9, 20], by: [10, 12], epoch: hour + 2)
            + [
                .device(grid.device(peer(10), of: TestGrid.owner(5))),
                .revoke(grid.revoke(peer(10), for: peer(20), epoch: hour)),
                .anchor(grid.anchor(peer(20))),
            ]
        let standings = [items, items.reversed()].map { items in
            var fixture = fixture()
            insert(items, into: &fixture)
            return standing(20, fixture, at: hour + 3)
        }
        #expect(standings[0] == standings[1])
        #expect(standings[0].events.count == 6)
    }
}
