import ArgumentParser
import Simulator

extension StarlingSim {
    /// Prints the hash over all events of one seed; a campaign asks other processes for it.
    struct Trace: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var seed: UInt64
        @OptionGroup var network: NetworkOptions

        func run() throws {
            let options = network.options(seed: seed)
            print(String(World(options).run().trace, radix: 16))
        }
    }
}
