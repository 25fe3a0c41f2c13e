import ArgumentParser

/// The `starling` command.
@main
struct Starling: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starling",
        abstract: "A volunteer computing grid without a server.",
        subcommands: [
            DemoCommand.self, SearchCommand.self, PeerCommand.self, AuditCommand.self,
        ]
    )
}
