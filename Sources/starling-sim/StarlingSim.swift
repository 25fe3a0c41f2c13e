import ArgumentParser

/// The simulator's command line.
@main struct StarlingSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starling-sim",
        abstract: "Runs whole Starling networks in virtual time, with faults, from a seed.",
        subcommands: [
            Run.self, Replay.self, Shrink.self, Job.self, Mutants.self, Hunt.self, Trace.self,
            Network.self, Hdf5Command.self,
        ],
        defaultSubcommand: Run.self
    )
}
