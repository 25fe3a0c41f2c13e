import ArgumentParser
import Glibc
import Primitives

/// The jobs that are known.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the jobs that are known, and how far they are.",
        discussion: """
            Example:
              starling jobs
              starling jobs --json
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let report = try place.client().ask(JobsVerb())
        try answer.show(report, report.text)
    }
}

/// Ends a job.
struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End a job of your own; nothing more of it is computed.",
        discussion: """
            It cannot be taken back. What is certified stays certified, and is paid for.

            Example:
              starling cancel 3fa8
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The job.", completion: IDCompletion.jobs)
    var job: String

    func run() throws {
        let line = try place.client().ask(CancelVerb(job: job))
        try answer.show(line, line.text)
    }
}

/// Plants ringers in a job.
struct PlantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plant",
        abstract: "Have this machine find out some units of your job by itself, and compare.",
        discussion: """
            Such a unit is a ringer: nobody is told which ones they are. Where something else is \
            certified than was found out here, this peer computes the unit once more and rules, \
            and whoever was wrong loses what its word was worth. `starling submit --ringers` \
            plants some from the start.

            Example:
              starling plant 3fa8 5
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The job.", completion: IDCompletion.jobs)
    var job: String

    @Argument(help: "How many units more.")
    var count: UInt32

    func validate() throws {
        guard count > 0 else { throw ValidationError("plant one unit at least") }
    }

    func run() throws {
        let line = try place.client().ask(PlantVerb(job: job, count: count))
        try answer.show(line, line.text)
    }
}

/// Puts a job on hold.
struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Put a job of your own on hold, until `release`.",
        discussion: """
            What is being computed is finished; no more of it is given out, by whichever peer. A \
            hold outlives this peer's process.

            Example:
              starling hold 3fa8
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The job.", completion: IDCompletion.jobs)
    var job: String

    func run() throws {
        let line = try place.client().ask(HoldVerb(job: job))
        try answer.show(line, line.text)
    }
}

/// Lets a job go on.
struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let a job of your own go on after `hold`.",
        discussion: """
            To drop the results of a job that is over, see `starling results --release`.

            Example:
              starling release 3fa8
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The job.", completion: IDCompletion.jobs)
    var job: String

    func run() throws {
        let line = try place.client().ask(ReleaseVerb(job: job))
        try answer.show(line, line.text)
    }
}

/// Follows jobs.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a job until it is over; Ctrl-C ends only the watching.",
        discussion: """
            Without a job it follows every open one. With a job link it joins the link's peer \
            first, and follows the job from here.

            Example:
              starling watch
              starling watch 3fa8
              starling watch 'starling://192.168.1.20:4711/…?curve=…&job=…'
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(
        help: "A job or a job link. (default: every open job)",
        completion: IDCompletion.jobs
    )
    var job: String?

    func run() throws {
        var display = WatchDisplay(answer: answer)
        try display.follow(job, with: try place.client())
    }
}

/// Shows how far jobs are: one line that is rewritten on a terminal, plain lines elsewhere.
struct WatchDisplay {
    let answer: AnswerOptions
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var last: [String: JobLine] = [:]
    /// Whether the cursor stands behind a line that is to be rewritten.
    private var isOnLine = false

    init(answer: AnswerOptions) { self.answer = answer }

    /// Follows a job, a job link, or every open job to the end; fails when one ends without result.
    mutating func follow(_ target: String?, with client: ControlClient) throws {
        try client.ask(WatchVerb(target: target)) { try show($0) }
        if isOnLine { try write("\n") }
        let failed = last.values.filter { $0.stage == .cancelled || $0.stage == .expired }
        guard failed.isEmpty else {
            let names = failed.map { Printable.short($0.job) }.sorted().joined(separator: " ")
            throw CommandFailure("without result: \(names)")
        }
    }

    private mutating func show(_ event: WatchEvent) throws {
        if answer.json { return try answer.show(event, "") }
        if let unknown = event.unknown { try line(unknown.text, isFinal: true) }
        guard let job = event.progress else { return }
        let before = last.updateValue(job, forKey: job.job)
        // Of what a line shows, nothing may have changed.
        if before?.text != job.text { try line(job.text, isFinal: job.isOver || last.count > 1) }
        guard job.isOwn, job.unitsThatNeedThisMachine == 0, job.stage != .cancelled,
            before?.unitsThatNeedThisMachine != 0
        else { return }
        try line(job.safety, isFinal: true)
    }

    private mutating func line(_ text: String, isFinal: Bool) throws {
        guard isTerminal else { return try write("\(text)\n") }
        // A line that is wrapped cannot be rewritten.
        let shown = isFinal ? text : String(text.prefix(Self.columns - 1))
        // Erases to the end of the line, which may have been longer.
        try write("\r\(shown)\u{1b}[K\(isFinal ? "\n" : "")")
        isOnLine = !isFinal
    }

    /// Letters that a line of the terminal holds.
    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) throws {
        try OutputFile.writeToStandardOutput(Bytes(text.utf8))
    }
}
