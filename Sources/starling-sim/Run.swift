import ArgumentParser
import Glibc
import Simulator
import Subprocesses

extension StarlingSim {
    /// Runs one seed or a range of seeds, and fails when an invariant does not hold.
    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run seeds and check every invariant.",
            discussion: """
                One seed fixes everything that happens: a failure is repeated exactly by its seed.

                Example:
                  starling-sim run --seed 7 --peers 6
                  starling-sim run --seeds '0..<200' --json
                  starling-sim run --profile static --peers 1000 --units 256
                  starling-sim run --behaviour drops-votes --seeds '0..<100'
                  starling-sim run --profile patient --units 10000 --json

                With --without-network units are voted on by the functions of trust alone, among
                2 000 workers, 20 of them anchors. Printed is how many wrong results stand in the
                end, what they cost, and what two other rules come to among the same workers:
                  starling-sim run --profile patient --units 10000000 --without-network --json
                """
        )

        @Option(help: "The seed to run.")
        var seed: UInt64?

        @Option(help: "Seeds to run, as FIRST..<END.")
        var seeds: SeedRange?

        @OptionGroup var network: NetworkOptions

        @OptionGroup var model: ModelOptions

        @Flag(help: "Print JSON: one object for the sum, before it one for each seed that fails.")
        var json = false

        @Flag(help: "Print each seed, not only those that fail.")
        var verbose = false

        @Flag(help: "Run each seed twice and compare the traces.")
        var twice = false

        func validate() throws {
            if seed != nil, seeds != nil {
                throw ValidationError("Give either --seed or --seeds, not both.")
            }
            if seeds != nil, model.withoutNetwork {
                throw ValidationError("--without-network takes one --seed.")
            }
        }

        func run() throws {
            if model.withoutNetwork {
                let figures = try model.figures(network, seed: seed ?? 0)
                return show(json ? figures.json : figures.text)
            }
            let first = seed ?? 0
            let range = seeds?.range ?? first..<(first + network.seedCount)
            var sum = Sum()
            let progress = Progress(total: UInt64(range.count))
            for seed in range {
                let options = network.options(seed: seed)
                var report = World(options).run()
                let isChecked =
                    network.profile.measured == nil && seed.isMultiple(of: Self.checkStride)
                if twice || isChecked, World(options).run() != report {
                    report = report.failing("two runs of one seed differ")
                }
                if range.count > 1, isChecked,
                    try trace(of: seed) != report.trace
                {
                    report = report.failing("another process has another run of this seed")
                }
                sum.add(report)
                if verbose || (range.count == 1 && !json) || !report.violations.isEmpty {
                    show(json ? report.json : report.text)
                    if !json, !report.violations.isEmpty { suggest(seed) }
                }
                progress.show(sum)
            }
            show(json ? sum.json : sum.text)
            for name in sum.uncovered { complain("it never happened that something was \(name)") }
            if sum.failed > 0 || !sum.uncovered.isEmpty { throw ExitCode.failure }
        }

        /// Says how to learn more of a failure.
        private func suggest(_ seed: UInt64) {
            let arguments = network.arguments.joined(separator: " ")
            complain("make it smaller: starling-sim shrink --seed \(seed) \(arguments)")
        }

        /// One seed of so many runs twice here, and once more in another process.
        private static let checkStride: UInt64 = 100

        /// The trace of the same seed in another process, where hash tables have another order.
        private func trace(of seed: UInt64) throws -> UInt64? {
            let run = try Subprocess.output(
                of: "/proc/self/exe",
                ["trace", "--seed", "\(seed)"] + network.arguments
            )
            let text = String(decoding: run.bytes, as: UTF8.self)
            return UInt64(text.prefix { $0 != "\n" }, radix: 16)
        }

        /// Prints a line and flushes it: a campaign that is killed keeps what it has found.
        private func show(_ line: String) {
            print(line)
            fflush(nil)
        }
    }
}

/// Seeds from the first to before the end.
struct SeedRange: ExpressibleByArgument {
    let range: Range<UInt64>

    init?(argument: String) {
        let parts = argument.components(at: "..<")
        guard let parts, let first = UInt64(parts.0), let end = UInt64(parts.1), first < end else {
            return nil
        }
        range = first..<end
    }
}

extension String {
    /// What stands before and after the first `separator`.
    fileprivate func components(at separator: String) -> (String, String)? {
        guard let range = self.firstRange(of: separator) else { return nil }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
