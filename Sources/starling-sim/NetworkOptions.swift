import ArgumentParser
import Simulator

/// What networks the seeds stand for.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the seeds draw from: swarm, any subset of all faults; static, a network whose "
                + "members never change; or what workers are like: strict and adaptive, 10 % "
                + "faulty, colluders, 20 % who tell the same lies, patient, 20 % who lie when "
                + "a vote is theirs alone."
        )
    )
    var profile = Profile.swarm

    @Option(help: "Peers of the network, 2 to 10000; by default the seed decides, static has 1000.")
    var peers: Int?

    @Option(
        help: ArgumentHelp(
            "Units of the job, 1 to 100000, for static, which has 256 by default; where lies are "
                + "counted 1 to 100000000, 10000 of a network."
        )
    )
    var units: Int?

    @Option(
        help: ArgumentHelp(
            "How the last machines break the protocol, for swarm alone; by default the seed "
                + "decides whether any do.",
            valueName: "name"
        )
    )
    var behaviour: Behaviour?

    @Option(
        help: ArgumentHelp(
            "Units that the submitter finds out by itself, for swarm alone; by default the seed "
                + "decides."
        )
    )
    var ringers: UInt32?

    /// What a hub table holds at most.
    private static let peersRange = 2...10_000
    private static let unitsRange = 1...100_000
    private static let measuredUnitsRange = 1...100_000_000
    /// Units of a network in which lies are counted, at most; for more there are several networks.
    private static let measuredUnits = 10_000

    func validate() throws {
        if let peers, !Self.peersRange.contains(peers) {
            throw ValidationError("--peers takes a number from 2 to 10000.")
        }
        let range = profile.measured != nil ? Self.measuredUnitsRange : Self.unitsRange
        if let units, !range.contains(units) {
            throw ValidationError("--units takes a number from 1 to \(range.upperBound).")
        }
        if behaviour != nil, profile != .swarm {
            throw ValidationError("--behaviour goes with --profile swarm alone.")
        }
        if ringers != nil, profile != .swarm {
            throw ValidationError("--ringers goes with --profile swarm alone.")
        }
        if units != nil, profile == .swarm {
            throw ValidationError(
                "--units does not go with --profile swarm: the seed decides."
            )
        }
    }

    /// What `seed` stands for.
    func options(seed: UInt64) -> Options {
        if let measured = profile.measured {
            return Options(
                measured: measured,
                seed: seed,
                peers: peers ?? Options.measuredPeers,
                units: UInt32(min(units ?? Self.measuredUnits, Self.measuredUnits))
            )
        }
        guard profile == .static else {
            return Options(seed: seed, peers: peers, behaviour: behaviour, ringers: ringers)
        }
        return Options(steady: seed, peers: peers ?? 1_000, units: UInt32(units ?? 256))
    }

    /// Seeds that are run where one is asked for: of the networks in which lies are counted as many
    /// as it takes for that number of units.
    var seedCount: UInt64 {
        guard profile.measured != nil, let units else { return 1 }
        return UInt64((units + Self.measuredUnits - 1) / Self.measuredUnits)
    }

    /// The arguments that say the same to another process.
    var arguments: [String] {
        ["--profile", profile.rawValue]
            + (peers.map { ["--peers", "\($0)"] } ?? [])
            + (units.map { ["--units", "\($0)"] } ?? [])
            + (behaviour.map { ["--behaviour", $0.rawValue] } ?? [])
            + (ringers.map { ["--ringers", "\($0)"] } ?? [])
    }
}

/// What the seeds of a campaign draw from.
enum Profile: String, CaseIterable, ExpressibleByArgument {
    /// Any subset of all faults.
    case swarm
    /// Nothing goes wrong, and nobody comes or goes.
    case `static`
    /// Some workers err now and then, and two equal results are asked for.
    case strict
    /// The same with one result of a trusted worker.
    case adaptive
    /// Some workers tell the same lie of every unit.
    case colluders
    /// Some workers lie together when nobody else votes.
    case patient

    /// What workers are like where it is counted how many lies stand; nil where it is not.
    var measured: TrustProfile? { TrustProfile(rawValue: rawValue) }
}

extension Behaviour: ExpressibleByArgument {}
