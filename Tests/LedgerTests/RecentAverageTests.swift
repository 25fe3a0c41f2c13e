import FoundationEssentials
import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Averages of late against the formula's own numbers, and against exact ones; see Cases/recent.py.
@Suite struct RecentAverageTests {
    private struct Case {
        let present: UInt64
        let work: [(operations: UInt64, epoch: UInt64)]
        let average: UInt64
        let exact: UInt64

        init?(_ line: Substring) {
            let parts = line.split(separator: "|")
            guard parts.count == 4, let present = UInt64(parts[0]),
                let average = UInt64(parts[2]), let exact = UInt64(parts[3])
            else { return nil }
            work = parts[1].split(separator: " ").compactMap { piece in
                let numbers = piece.split(separator: "@").compactMap { UInt64($0) }
                return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
            }
            self.present = present
            self.average = average
            self.exact = exact
        }
    }

    private func cases() throws -> [Case] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appending(path: "Cases/recent.txt"))
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let cases = lines.compactMap { Case($0) }
        #expect(cases.count == lines.count && cases.count >= 50)
        return cases
    }

    @Test func averagesAreThoseOfTheFormula() throws {
        let recent = RecentAverage()
        for each in try cases() {
            var sum: UInt128 = 0
            for (operations, epoch) in each.work {
                let age = each.present - min(epoch, each.present)
                sum += UInt128(operations) * UInt128(recent.weight(age: age))
            }
            #expect(RecentAverage.average(of: sum) == each.average)
        }
    }

    @Test func averagesAreNearTheExactOnes() throws {
        for each in try cases() {
            let total = each.work.reduce(UInt128(0)) { $0 + UInt128($1.operations) }
            let bound = 2 + UInt64(total >> 58)
            let distance = max(each.average, each.exact) - min(each.average, each.exact)
            #expect(distance <= bound)
        }
    }

    @Test func aWeekHalvesAWeightAndMoreThanAYearEndsIt() {
        let recent = RecentAverage()
        let week = RecentAverage.halfLife
        #expect(recent.weight(age: 0) == RecentAverage.one)
        for age in 0..<week {
            #expect(recent.weight(age: age + week) == recent.weight(age: age) / 2)
            #expect(recent.weight(age: age + 1) < recent.weight(age: age))
        }
        #expect(recent.weight(age: 63 * week) == 1)
        #expect(recent.weight(age: 63 * week + 1) == 0)
        for age in [64 * week, UInt64.max] { #expect(recent.weight(age: age) == 0) }
    }

    @Test func noSumIsTooLarge() {
        #expect(RecentAverage.average(of: 0) == 0)
        #expect(RecentAverage.average(of: .max) < UInt64.max / 4)
    }

    @Test func theBoardAveragesFinalWorkByTheHourOfItsFirstCertificate() {
        var fixture = LedgerFixture.withJob()
        let grid = fixture.grid
        let later = TestGrid.epoch + 10
        func insert(_ certificate: Certificate) {
            let signed = grid.sign(certificate)
            let opening = grid.opening(of: signed)
            for item in [Item.certificate(signed), .opening(opening)] {
                #expect(fixture.insert(item, epoch: later) == .accepted([]))
            }
        }
        insert(grid.quorum(on: [1], epoch: later))
        insert(grid.quorum(of: TestGrid.peer(9), round: 1, on: [1], epoch: TestGrid.epoch + 3))
        insert(grid.quorum(on: [2], epoch: TestGrid.epoch + 5))
        let recent = RecentAverage()
        let present = TestGrid.epoch + 100
        let work: [(UInt32, age: UInt64)] = [(1, age: 97), (2, age: 95)]
        let sum = work.reduce(UInt128(0)) { sum, unit in
            let operations = TestGrid.core(unit.0).operations
            return sum + UInt128(operations) * UInt128(recent.weight(age: unit.age))
        }
        let boards = fixture.boards(epoch: present)
        let average = RecentAverage.average(of: sum)
        #expect(average > 0)
        #expect(boards.hosts.map(\.tally.recentAverage) == [average, average])
        #expect(boards.users.map(\.tally.recentAverage).filter { $0 > 0 } == [average, average])
        #expect(boards.projects.map(\.tally.recentAverage) == [RecentAverage.average(of: 2 * sum)])
        // What is not final yet does not count.
        let early = fixture.ledger.boards(
            epoch: present,
            at: LedgerFixture.start,
            settle: LedgerFixture.settle
        )
        #expect(early.hosts.allSatisfy { $0.tally.recentAverage == 0 && $0.won == 2 })
    }
}
