import ArgumentParser
import Foundation
import Primitives

extension LeaderboardReport.Subject: ExpressibleByArgument {}

/// Who has computed how much, and for whom.
struct LeaderboardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leaderboard",
        abstract: "Show who has computed how much, and for whom, as the peer's ledger says.",
        discussion: """
            Credit counts the operations of certified results. It is provisional until no \
            contradiction can be on its way any more. A user donates what their machines compute, \
            and consumes what others are paid for their jobs; the shares of all add up to zero.

            Example:
              starling leaderboard
              starling leaderboard --by hosts
              starling leaderboard --project 5d20 --json
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Option(help: "What a row stands for; JSON has all three.")
    var by = LeaderboardReport.Subject.users

    @Option(help: "Count the jobs of this project alone. (default: all)")
    var project: String?

    func run() throws {
        let report = try place.client().ask(LeaderboardVerb(project: project))
        try answer.show(report, report.text(by: by))
    }
}

/// Writes the ledger to a file.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the peer's ledger to a file, for an audit anywhere.",
        discussion: """
            The file appears whole or not at all, and replaces one that is there. It holds no \
            secret, no input data and no results.

            Example:
              starling export ledger.cbor
              starling audit ledger.cbor
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    func run() throws {
        try OutputFile.checkFolder(of: file)
        // The peer has another working folder.
        let path =
            file.hasPrefix("/") ? file : "\(FileManager.default.currentDirectoryPath)/\(file)"
        let report = try place.client().ask(ExportVerb(file: path))
        try answer.show(report, report.text)
    }
}
