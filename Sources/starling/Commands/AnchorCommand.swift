import ArgumentParser
import Primitives

/// Names anchors of one's own jobs, or lists them.
struct AnchorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anchor",
        abstract: "Name a peer an anchor of your jobs for a time, or list those that are.",
        discussion: """
            An anchor is a peer whose word your project takes, in all its jobs, beside those that \
            `submit --anchor` names. Votes that it takes part in outweigh those of strangers, and \
            it is among the first stewards of jobs that are submitted in that time. This peer is \
            an anchor of what it submits by default.

            A project can name a peer once, for ever: the time can be neither made longer nor cut \
            short, and a peer cannot be named again after it.

            Example:
              starling anchor
              starling anchor 91c0
              starling anchor 91c0 --days 365
              starling anchor 91c0 --until 2031-04-05
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The peer. (default: list the anchors)", completion: IDCompletion.peers)
    var peer: String?

    @Option(help: "The last day on which it counts, in UTC, as 2031-04-05.")
    var until: String?

    @Option(help: "For so many days from now. (default: 30)")
    var days: UInt64?

    func validate() throws {
        guard until == nil || days == nil else {
            throw ValidationError("--until and --days exclude each other; choose one")
        }
        guard peer != nil || (until == nil && days == nil) else {
            throw ValidationError("name the peer too, as: starling anchor 91c0 --days 30")
        }
        guard days != 0 else {
            throw ValidationError("--days is 0; write 1 or more")
        }
        guard let until else { return }
        guard Moment.lastEpoch(ofDay: until) != nil else {
            throw ValidationError("--until is '\(until)'; write a day, as 2031-04-05")
        }
    }

    func run() throws {
        let client = try place.client()
        guard let peer else {
            let report = try client.ask(AnchorsVerb())
            return try answer.show(report, report.text)
        }
        let last = until.flatMap { Moment.lastEpoch(ofDay: $0) }
        let line = try client.ask(AnchorVerb(peer: peer, until: last, days: days))
        try answer.show(line, line.text)
    }
}
