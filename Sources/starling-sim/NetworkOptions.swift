import ArgumentParser
import Simulator

/// What networks the seeds stand for.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the seeds draw from: swarm, any subset of all faults, or static, a network "
                + "whose members never change."
        )
    )
    var profile = Profile.swarm

    @Option(help: "Peers of the network, 2 to 10000; by default the seed decides, static has 1000.")
    var peers: Int?

    @Option(help: "Units of the job, 1 to 100000; for static alone, which has 256 by default.")
    var units: Int?

    @Option(
        help: ArgumentHelp(
            "How the last machines break the protocol, for swarm alone; by default the seed "
                + "decides whether any do.",
            valueName: "name"
        )
    )
    var behaviour: Behaviour?

    /// What a hub table holds at most.
    private static let peersRange = 2...10_000
    private static let unitsRange = 1...100_000

    func validate() throws {
        if let peers, !Self.peersRange.contains(peers) {
            throw ValidationError("--peers takes a number from 2 to 10000.")
        }
        if let units, !Self.unitsRange.contains(units) {
            throw ValidationError("--units takes a number from 1 to 100000.")
        }
        if behaviour != nil, profile != .swarm {
            throw ValidationError("--behaviour goes with --profile swarm alone.")
        }
        if units != nil, profile == .swarm {
            throw ValidationError(
                "--units goes with --profile static alone: else the seed decides."
            )
        }
    }

    /// What `seed` stands for.
    func options(seed: UInt64) -> Options {
        switch profile {
        case .swarm: Options(seed: seed, peers: peers, behaviour: behaviour)
        case .static: Options(steady: seed, peers: peers ?? 1_000, units: UInt32(units ?? 256))
        }
    }

    /// The arguments that say the same to another process.
    var arguments: [String] {
        ["--profile", profile.rawValue]
            + (peers.map { ["--peers", "\($0)"] } ?? [])
            + (units.map { ["--units", "\($0)"] } ?? [])
            + (behaviour.map { ["--behaviour", $0.rawValue] } ?? [])
    }
}

/// What the seeds of a campaign draw from.
enum Profile: String, CaseIterable, ExpressibleByArgument {
    /// Any subset of all faults.
    case swarm
    /// Nothing goes wrong, and nobody comes or goes.
    case `static`
}

extension Behaviour: ExpressibleByArgument {}
