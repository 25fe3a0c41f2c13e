import ArgumentParser
import Simulator

extension StarlingSim {
    /// Makes a seed that fails smaller, and tells the story of what is left.
    struct Shrink: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find the smallest life in which a seed that fails still does.",
            discussion: """
                Options are switched off one by one, the network and the job are made smaller, and \
                single mishaps are left out, as long as the first violation says the same.

                Example:
                  starling-sim shrink --seed 7
                  starling-sim replay --script seed-7.script
                """
        )

        @Option(help: "The seed that fails.")
        var seed: UInt64

        @OptionGroup var network: NetworkOptions

        @Option(help: "Lives to try at most.")
        var attempts = 1_000

        @Option(help: "Where to write the script; by default seed-<seed>.script, here.")
        var script: String?

        func run() throws {
            let life = Script(network.options(seed: seed))
            var lives = 0
            let shrinker = Shrinker(life, attemptsMax: attempts) { candidate in
                lives += 1
                if lives.isMultiple(of: Self.stride) { complain("\(lives) lives tried") }
                let world = World(candidate)
                return (world.run().failure, world.mishaps)
            }
            guard var shrinker else {
                complain("Seed \(seed) does not fail: there is nothing to make smaller.")
                throw ExitCode.failure
            }
            shrinker.shrink()
            let path = script ?? "seed-\(seed).script"
            try ScriptFile.write(shrinker.script, to: path)
            let report = World(shrinker.script, listener: { print($0) }).run()
            print(report.text)
            print("after \(shrinker.attempts) lives, this is left:")
            print(shrinker.script.text, terminator: "")
            print("to see it again: starling-sim replay --script \(path)")
        }

        /// Lives between two lines on standard error.
        private static let stride = 100
    }
}
