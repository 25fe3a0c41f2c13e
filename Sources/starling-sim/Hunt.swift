import ArgumentParser
import Foundation
import Glibc
import Simulator
import Subprocesses

extension StarlingSim {
    /// Runs seeds with one planted bug until one fails; `mutants` starts it in a process of its
    /// own, for the bug may crash it.
    struct Hunt: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var bug: Int
        @Option var seeds: SeedRange
        @Option var behaviour: Behaviour?

        /// What stands before the first violation.
        private static let mark = "VIOLATION "
        /// Seconds of a processor that one seed may take: most take less than a tenth.
        private static let secondsMax = 5

        func run() {
            PlantedBugs.plant(bug)
            for seed in seeds.range {
                print(seed)
                fflush(nil)
                var limit = itimerval()
                limit.it_value.tv_sec = Self.secondsMax
                setitimer(__itimer_which_t(ITIMER_VIRTUAL.rawValue), &limit, nil)
                let report = World(Options(seed: seed, behaviour: behaviour)).run()
                guard let violation = report.violations.first else { continue }
                print(Self.mark + violation)
                return
            }
        }

        /// Where and how `bug`, the one of that number, is caught in `seeds`, in another process;
        /// nil when it is not.
        static func run(
            after bug: PlantedBug,
            number: Int,
            in seeds: Range<UInt64>
        ) throws -> MutantsReport.Catch? {
            var environment = ProcessInfo.processInfo.environment
            environment["SWIFT_BACKTRACE"] = "enable=no"
            let run = try Subprocess.output(
                of: "/proc/self/exe",
                [
                    "hunt", "--bug", "\(number)",
                    "--seeds", "\(seeds.lowerBound)..<\(seeds.upperBound)",
                ] + (bug.behaviour.map { ["--behaviour", $0] } ?? []),
                environment: environment,
                withErrors: true
            )
            let lines = String(decoding: run.bytes, as: UTF8.self).split(separator: "\n")
            guard let last = lines.compactMap({ UInt64($0) }).last else {
                throw Failure(description: "a process of planted bug \(bug.name) did not begin")
            }
            guard let check = check(lines, run.ending) else { return nil }
            return MutantsReport.Catch(seeds: last - seeds.lowerBound + 1, check: check)
        }

        /// What found the bug, if anything did.
        private static func check(
            _ lines: [Substring],
            _ ending: Subprocess.Ending
        ) -> String? {
            if let line = lines.first(where: { $0.hasPrefix(mark) }) {
                return String(line.dropFirst(mark.count))
            }
            guard ending.isKilled else { return nil }
            return ending.status == SIGVTALRM ? "it does not come to an end" : "it crashes"
        }

        /// Why there is nothing to report.
        struct Failure: Error, CustomStringConvertible {
            let description: String
        }
    }
}
