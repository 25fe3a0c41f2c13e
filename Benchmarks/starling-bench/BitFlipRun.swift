import Foundation
import Kernels
import Primitives

/// What self-checks of the drift search notice of single bits that change in its memory.
struct BitFlipRun {
    /// One region of the memory on one path through the search.
    struct Line: Encodable {
        let path: String
        let region: String
        let bytes: Int
        let flips: UInt64
        /// Changed result or evidence.
        let harmful: UInt64
        /// Harmful, and a self-check failed.
        let noticed: UInt64
        /// Harmful, and no self-check failed.
        let escaped: UInt64
        /// Harmless, and a self-check failed.
        let alarms: UInt64
    }

    private struct Summary: Encodable {
        let seed: UInt64
        let lines: [Line]
    }

    private let seed: UInt64
    private let lines: [Line]

    /// Makes the campaign: `flips` in all, equally many on each path and in each region.
    init(flips: Int, seed: UInt64) throws {
        let searches: [(String, SearchMethod)] = [
            ("compatible", .turboSETI), ("native", .native(boxcarMax: 2)),
        ]
        var random = PRNG(seed: seed)
        var lines: [Line] = []
        for (index, sampleBits) in [8, 8, 32, 32].enumerated() {
            let (name, method) = searches[index % 2]
            let unit = SmallUnit(
                method,
                steps: 16,
                sampleBits: sampleBits,
                width: 256,
                maxDrift: 0.4,
                threshold: 6
            )
            var campaign = try BitFlipCampaign(try unit.input(seed: seed, .fastest))
            campaign.run(flips: (flips + index) / 4, &random)
            for (region, tally) in zip(MemoryRegion.allCases, campaign.tallies) {
                lines.append(Line("\(name), \(sampleBits) bits", region, tally))
            }
        }
        self.seed = seed
        self.lines = lines
    }

    /// One object with a list, whose elements are the lines of the table.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return String(
            decoding: try encoder.encode(Summary(seed: seed, lines: lines)),
            as: UTF8.self
        )
    }

    /// One line for each region and path, and what became of all flips of a path.
    var table: String {
        let head = Self.row(
            "path",
            "region",
            ["bytes", "flips", "harmful", "noticed", "escaped", "alarms"]
        )
        var rows = [head]
        for path in Set(lines.map(\.path)).sorted() {
            let own = lines.filter { $0.path == path }
            rows += own.map { Self.row($0.path, $0.region, $0.numbers.map(String.init)) }
            let sums = (0..<6).map { index in String(own.map { $0.numbers[index] }.reduce(0, +)) }
            rows.append(Self.row(path, "all", sums))
        }
        return rows.joined(separator: "\n")
    }

    private static func row(_ path: String, _ region: String, _ numbers: [String]) -> String {
        let names =
            path.padding(toLength: 22, withPad: " ", startingAt: 0)
            + region.padding(toLength: 12, withPad: " ", startingAt: 0)
        return numbers.reduce(names) { row, number in
            row + String(repeating: " ", count: max(1, 9 - number.count)) + number
        }
    }
}

extension BitFlipRun.Line {
    fileprivate init(
        _ path: String,
        _ region: MemoryRegion,
        _ tally: BitFlipCampaign.Tally
    ) {
        self.path = path
        self.region = region.rawValue
        bytes = tally.byteCount
        flips = tally.flips
        harmful = tally.harmful
        noticed = tally.noticed
        escaped = tally.escaped
        alarms = tally.alarms
    }

    fileprivate var numbers: [UInt64] {
        [UInt64(bytes), flips, harmful, noticed, escaped, alarms]
    }
}
