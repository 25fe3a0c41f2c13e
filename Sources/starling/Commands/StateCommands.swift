import ArgumentParser
import Glibc
import JobFiles
import Primitives

/// What the peer is and does.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the peer is and does, and why.",
        discussion: """
            Example:
              starling status
              starling status --json
              starling donate --folder second --join "$(starling status --address --wait 10s)"
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Flag(help: "Print only the address by which others join the peer.")
    var address = false

    @Option(help: "Wait so long for a peer to start, as 10s.")
    var wait: String?

    /// Between two attempts to reach a peer that starts: no socket tells that it appears.
    private static let attemptMicroseconds: UInt32 = 50_000

    func validate() throws {
        guard let wait else { return }
        guard Span.seconds(wait) != nil else {
            throw ValidationError("--wait is '\(wait)'; write a time, as 10s or 1m")
        }
    }

    func run() throws {
        let client = try place.client()
        let seconds = Int64(wait.flatMap(Span.seconds) ?? 0)
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        while !client.isAnswered, ContinuousClock.now < end { usleep(Self.attemptMicroseconds) }
        let report = try client.ask(StatusVerb())
        try answer.show(report, address ? report.address : report.text)
    }
}

/// The peers that are known.
struct PeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "List the peers that are known, and whether they are linked.",
        discussion: """
            Example:
              starling peers
              starling peers --json
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let report = try place.client().ask(PeersVerb())
        try answer.show(report, report.text)
    }
}

/// Who voted what, and what is waited for.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explain a unit, a job or a peer: votes, what is waited for, whose word counts.",
        discussion: """
            Ids may be shortened as long as they are unique.

            Example:
              starling why 3fa8
              starling why 3fa8/12
              starling why 91c0 --json
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(
        help: "A job, a unit as JOB/UNIT, or a peer.",
        completion: IDCompletion.jobs
    )
    var subject: String

    func run() throws {
        let report = try place.client().ask(WhyVerb(subject: subject))
        try answer.show(report, report.text)
    }
}

/// Takes no more work.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop computing at once, for a while or until `resume`.",
        discussion: """
            What runs is halted, and goes on after the pause, unless its lease has ended by then: \
            others do it then. What was promised is kept. A pause ends with the peer's process.

            Example:
              starling pause
              starling pause 1h30m
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "For how long, as 90s, 30m, 1h30m or 2d. (default: until `resume`)")
    var time: String?

    func validate() throws {
        guard let time else { return }
        guard Span.seconds(time) != nil else {
            throw ValidationError("'\(time)' is no length of time; write 90s, 30m, 1h30m or 2d")
        }
    }

    func run() throws {
        let report = try place.client().ask(PauseVerb(seconds: time.flatMap(Span.seconds)))
        try answer.show(report, report.text)
    }
}

/// Takes work again.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Take work again after `pause`.",
        discussion: """
            Example:
              starling resume
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let report = try place.client().ask(ResumeVerb())
        try answer.show(report, report.text)
    }
}
