import ArgumentParser
import Simulator

extension StarlingSim {
    /// Prints the hash over all events of one seed; a campaign asks other processes for it.
    struct Trace: ParsableCommand {
        static let configuration = CommandConfiguration(shouldDisplay: false)

        @Option var seed: UInt64
        @OptionGroup var network: NetworkOptions

        func run() {
            print(String(World(network.options(seed: seed)).run().trace, radix: 16))
        }
    }
}
