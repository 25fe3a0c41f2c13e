import ArgumentParser
import Simulator

extension StarlingSim {
    /// Tells the story of one seed.
    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell in words what happens in one seed.",
            discussion: """
                Each line has the virtual seconds since the beginning. Peer 0 is the submitter.

                Example:
                  starling-sim replay --seed 7
                """
        )

        @Option(help: "The seed to tell.")
        var seed: UInt64

        @OptionGroup var network: NetworkOptions

        func run() throws {
            let report = World(network.options(seed: seed)) { print($0) }.run()
            print(report.text)
            if !report.violations.isEmpty { throw ExitCode.failure }
        }
    }
}
