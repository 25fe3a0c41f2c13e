import ArgumentParser
import Foundation

/// The benchmarks' command line.
@main struct StarlingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starling-bench",
        abstract: "Measures what certified units cost, and how soon a peer is at work.",
        discussion: """
            Each figure is the median of the runs. No figure makes it fail: it fails when a run \
            does not come to its end. The programs starling and starling-executor lie beside it.

            Example:
              starling-bench
              starling-bench --runs 3 --units 128 --json
              starling-bench --bit-flips 1000000
              starling-bench --links 100000
            """
    )

    @Option(parsing: .unconditional, help: "Runs of each kind, 1 to 100.")
    var runs = 5

    @Option(parsing: .unconditional, help: "Units of a run's job, 4 to 4096.")
    var units = 64

    @Option(
        parsing: .unconditional,
        help: "Measure self-checks alone: change so many bits of units' memory, 1 to 1000000000."
    )
    var bitFlips: Int?

    @Option(parsing: .unconditional, help: "Where the bits that are changed follow from.")
    var seed: UInt64 = 1

    @Option(
        parsing: .unconditional,
        help: "Measure links alone: connect and disconnect so many times, 100 to 100000000."
    )
    var links: Int?

    @Flag(help: "Print one object in place of the table.")
    var json = false

    func validate() throws {
        guard (1...100).contains(runs) else {
            throw ValidationError("--runs is \(runs); it must be 1 to 100")
        }
        guard (4...4_096).contains(units) else {
            throw ValidationError("--units is \(units); it must be 4 to 4096")
        }
        if let bitFlips, !(1...1_000_000_000).contains(bitFlips) {
            throw ValidationError("--bit-flips is \(bitFlips); it must be 1 to 1000000000")
        }
        if let links, !(100...100_000_000).contains(links) {
            throw ValidationError("--links is \(links); it must be 100 to 100000000")
        }
    }

    func run() async throws {
        if let links {
            var run = try LinkRun()
            try await run.measure(count: links, say)
            return print(json ? try run.json() : run.table)
        }
        if let bitFlips {
            let flips = try BitFlipRun(flips: bitFlips, seed: seed)
            return print(json ? try flips.json() : flips.table)
        }
        let program = try ProgramLocation.starling()
        var report = Report()
        for run in 1...runs {
            let search = try SmallestUnits(count: units, seed: UInt64(run))
            for keeping in [Keeping.durable, .memory] {
                say("run \(run) of \(runs): \(units) units, \(keeping.rawValue) store")
                report.add(try await GridRun(keeping).measure(search))
            }
        }
        for run in 1...runs {
            say("run \(run) of \(runs): start of peers")
            report.add(try StartRun(program: program).measure())
        }
        print(json ? try report.json() : report.table)
    }

    private func say(_ line: String) {
        try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
    }
}

/// Why nothing could be measured.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Where the measured program lies.
enum ProgramLocation {
    /// The `starling` beside this program.
    static func starling() throws -> URL {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = own.deletingLastPathComponent().appending(path: "starling")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw BenchFailure("there is no \(program.path); build it, as `make bench` does")
        }
        return program
    }
}
