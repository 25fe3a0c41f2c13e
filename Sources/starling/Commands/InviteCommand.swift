import ArgumentParser

/// The addresses by which others join the peer.
struct InviteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Print the addresses by which others join the peer, and who can reach them.",
        discussion: """
            Send one to somebody who is to join: it is what `starling donate --join` takes. Each \
            holds the peer's keys, so whoever answers there in its place is refused.

            Example:
              starling invite
              starling invite --json
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let report = try place.client().ask(InviteVerb())
        try answer.show(report, report.text)
    }
}
