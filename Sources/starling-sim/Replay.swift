import ArgumentParser
import Simulator

extension StarlingSim {
    /// Tells the story of one seed, or of a script.
    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell in words what happens in one seed, or in a script.",
            discussion: """
                Each line has the virtual seconds since the beginning. Peer 0 is the submitter.

                Example:
                  starling-sim replay --seed 7
                  starling-sim replay --script seed-7.script
                """
        )

        @Option(help: "The seed to tell.")
        var seed: UInt64?

        @OptionGroup var network: NetworkOptions

        @Option(help: "A file that `starling-sim shrink` has written.")
        var script: String?

        func validate() throws {
            if (seed == nil) == (script == nil) {
                throw ValidationError("Give --seed or --script.")
            }
            if script != nil, network.peers != nil {
                throw ValidationError("A script says itself how many peers there are.")
            }
        }

        func run() throws {
            let script = try script.map { try ScriptFile.read($0) }
            let life = script ?? Script(network.options(seed: seed ?? 0))
            let report = World(life, listener: { print($0) }).run()
            print(report.text)
            if !report.violations.isEmpty { throw ExitCode.failure }
        }
    }
}
