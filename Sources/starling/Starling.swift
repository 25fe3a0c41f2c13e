import ArgumentParser
import Glibc
import Primitives

/// The `starling` command.
@main
struct Starling: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starling",
        abstract: "A volunteer computing grid without a server.",
        discussion: """
            Exit status: 0 done, 1 failed, 3 no peer runs in the folder, 64 wrong usage.

            Example:
              starling donate
              starling submit --file voyager.fil --wait
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Donate",
                subcommands: [
                    DonateCommand.self, StatusCommand.self, InviteCommand.self,
                    PauseCommand.self, ResumeCommand.self,
                    PeersCommand.self, LeaderboardCommand.self, ExportCommand.self,
                    AuditCommand.self,
                    KeyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Submit",
                subcommands: [
                    SubmitCommand.self, JobsCommand.self, WatchCommand.self, ResultsCommand.self,
                    HoldCommand.self, ReleaseCommand.self, CancelCommand.self, PlantCommand.self,
                    AnchorCommand.self, WhyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Without a grid",
                subcommands: [DemoCommand.self, SearchCommand.self]
            ),
            CommandGroup(name: "Inside", subcommands: [Hdf5Command.self]),
        ]
    )

    /// Runs the command, and ends the process with the status that its failure asks for.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            let text = Array("Error: \(failure)\n".utf8)
            text.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            Glibc.exit(failure.status)
        } catch {
            exit(withError: error)
        }
    }
}
