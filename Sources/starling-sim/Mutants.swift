import ArgumentParser
import Simulator

/// A bug that was planted on purpose, to see whether the checks find it.
struct PlantedBug: Sendable {
    let name: String
    /// What is wrong with it.
    let effect: String
    /// Where it is, or the first part of it.
    let file: String
    /// How machines break the protocol in the lives in which it is looked for, by name; nil for
    /// whatever the seeds draw.
    let behaviour: String?
}

extension StarlingSim {
    /// Looks how many seeds it takes until each planted bug is caught.
    struct Mutants: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "See whether the invariants catch bugs that were planted on purpose.",
            discussion: """
                Only a build with planted bugs can do that, which make mutants makes. Each bug is \
                switched on alone, in processes of their own, and each range of seeds ends with \
                the first seed that fails, crashes or takes too long.

                Example:
                  make mutants
                  make mutants MUTANTS_FLAGS='--only losers-paid --json'
                """
        )

        @Option(help: "Seeds of a range, 1 to 1000000.")
        var seedsMax: UInt64 = 2_000

        @Option(help: "Ranges of seeds that have none in common, 1 to 99; the first begins at 0.")
        var ranges = 3

        @Option(help: "The bug to look for; all without it. May be given several times.")
        var only: [String] = []

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            guard (1...1_000_000).contains(seedsMax) else {
                throw ValidationError("--seeds-max takes a number from 1 to 1000000.")
            }
            guard (1...99).contains(ranges) else {
                throw ValidationError("--ranges takes a number from 1 to 99.")
            }
        }

        func run() throws {
            guard !PlantedBugs.all.isEmpty else {
                complain(
                    "There are no planted bugs in this build; `make mutants` makes one with them."
                )
                throw ExitCode(Self.usageStatus)
            }
            for name in only where !PlantedBugs.all.contains(where: { $0.name == name }) {
                throw ValidationError("There is no planted bug \(name).")
            }
            var report = MutantsReport(seedsMax: seedsMax, ranges: ranges)
            for (index, bug) in PlantedBugs.all.enumerated()
            where only.isEmpty || only.contains(bug.name) {
                let catches = try (0..<UInt64(ranges)).map { range in
                    let seeds = (range * seedsMax)..<((range + 1) * seedsMax)
                    return try Hunt.run(after: bug, number: index + 1, in: seeds)
                }
                report.add(bug, catches)
                complain(report.lines[report.lines.count - 1])
            }
            print(json ? report.json : report.text)
            if report.caught < report.planted { throw ExitCode.failure }
        }

        /// What `EX_USAGE` is.
        private static let usageStatus: Int32 = 64
    }
}
