import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Units that a submitter finds out by itself.
@Suite struct RingerTests {
    private let grid = TestGrid(units: 40)
    private let secret = Bytes(repeating: 7, count: 16)

    private var job: Job { Job(grid.signedManifest) }

    private func planted(_ count: UInt32, secret: Bytes? = nil) -> (ringers: Ringers, out: Outbox) {
        var ringers = Ringers()
        var out = Outbox()
        ringers.plant(count, in: job, secret: secret ?? self.secret, into: &out)
        return (ringers, out)
    }

    private func next(_ ringers: inout Ringers, _ number: UInt64) throws -> WorkOrder {
        let order = ringers.next(of: [grid.id], number: { number })
        return try #require(order)
    }

    /// Whether none of the ringers of `jobs` is to be computed now.
    private func isDone(_ ringers: inout Ringers, of jobs: [ManifestID]) -> Bool {
        ringers.next(of: jobs, number: { 99 }) == nil
    }

    private func rows(_ out: inout Outbox) -> [JournalRow] {
        out.drain().compactMap { if case .persist(let row) = $0 { row } else { nil } }
    }

    @Test(arguments: [UInt32(0), 1, 39, 40, 41, .max])
    func thereAreAsManyAsAskedForAndNoMoreThanUnits(count: UInt32) {
        let units = planted(count).ringers.units(of: grid.id)
        #expect(units.count == Int(min(count, 40)))
        #expect(units == units.sorted() && Set(units).count == units.count)
        #expect(units.allSatisfy { $0 < 40 })
    }

    @Test func whichOnesFollowsFromASecretAlone() {
        let units = planted(5).ringers.units(of: grid.id)
        #expect(units == planted(5).ringers.units(of: grid.id))
        let other = planted(5, secret: Bytes(repeating: 8, count: 16)).ringers
        #expect(units != other.units(of: grid.id))
    }

    @Test func moreOfThemKeepTheEarlierOnes() {
        var (ringers, out) = planted(5)
        let earlier = ringers.units(of: grid.id)
        ringers.plant(8, in: job, secret: secret, into: &out)
        #expect(ringers.units(of: grid.id).count == 8)
        #expect(earlier.allSatisfy(ringers.units(of: grid.id).contains))
        #expect(ringers.units(of: grid.id) == planted(8).ringers.units(of: grid.id))
    }

    @Test func theyAreComputedOneAfterAnother() throws {
        var (ringers, out) = planted(2)
        #expect(isDone(&ringers, of: []), "not of other jobs")
        let first = try next(&ringers, 1)
        #expect(first.units.count == 1 && first.wantsReference)
        #expect(isDone(&ringers, of: [grid.id]) && ringers.waitingJobs == [])
        let core = TestGrid.core(first.units[0])
        let stranger = ringers.finished(9, cores: [core], into: &out)
        #expect(stranger == nil, "no order of theirs")
        #expect(ringers.job(of: 1) == grid.id && ringers.job(of: 9) == nil)
        let found = ringers.finished(1, cores: [core], into: &out)
        #expect(found == first.units[0])
        #expect(ringers.core(of: first.units[0], in: grid.id) == core)
        let second = try next(&ringers, 2)
        #expect(second.units != first.units)
        ringers.failed(2)
        #expect(ringers.hasFailed(second.units[0], of: grid.id))
        #expect(isDone(&ringers, of: [grid.id]), "it is not tried again")
    }

    @Test func aStartKnowsThemAndTriesAgainWhatFailed() throws {
        var (ringers, out) = planted(3)
        var journal = TestJournal()
        let known = try next(&ringers, 1).units[0]
        _ = ringers.finished(1, cores: [TestGrid.core(known)], into: &out)
        _ = ringers.next(of: [grid.id], number: { 2 })
        ringers.failed(2)
        for row in rows(&out) { journal.write(row) }
        var later = Ringers()
        for row in journal.rows { try later.restore(row) }
        #expect(later.units(of: grid.id) == ringers.units(of: grid.id))
        #expect(later.core(of: known, in: grid.id) == TestGrid.core(known))
        for number in UInt64(1)...2 {
            let order = try next(&later, number)
            #expect(order.units != [known])
            _ = later.finished(number, cores: [TestGrid.core(order.units[0])], into: &out)
        }
        #expect(isDone(&later, of: [grid.id]))
    }

    @Test func aJobThatIsOverLeavesNothing() throws {
        var (ringers, out) = planted(3)
        var journal = TestJournal()
        let order = try next(&ringers, 1)
        ringers.ended(grid.id, into: &out)
        let effects = out.drain()
        for case .persist(let row) in effects { journal.write(row) }
        #expect(effects.contains { if case .stopWork(order.number) = $0 { true } else { false } })
        #expect(ringers.units(of: grid.id) == [] && journal.rows.isEmpty)
        let late = ringers.finished(1, cores: [TestGrid.core(0)], into: &out)
        #expect(late == nil)
    }

    @Test(arguments: [Bytes(), [0x83], [0xf6, 0xf6], [0x80]])
    func damagedRowsAreRefused(value: Bytes) throws {
        var (_, out) = planted(1)
        let row = try #require(rows(&out).first)
        var ringers = Ringers()
        #expect(throws: DecodeError.self) {
            try ringers.restore(JournalRow(.ringers, key: row.key, value: value))
        }
        #expect(throws: DecodeError.self) {
            try ringers.restore(JournalRow(.ringers, key: value, value: [0xf6]))
        }
        #expect(ringers.units(of: grid.id) == [])
    }
}
