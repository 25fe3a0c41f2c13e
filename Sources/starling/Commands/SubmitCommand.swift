import ArgumentParser
import Foundation
import JobFiles
import Kernels
import Primitives

/// Submits a job.
struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a job, from a job file or from options.",
        discussion: """
            A job file is YAML with the options' names as keys; paths in it start from its own \
            folder, and options go before it:
              workload: drift-search
              file: voyager.fil
              max-drift: 4
              snr: 10
              deadline: 7d

            Example:
              starling submit job.yaml --dry-run
              starling submit job.yaml --wait
              starling submit --file voyager.fil --max-drift 4 --snr 10 --name voyager
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "A job file in YAML.", completion: .file(extensions: ["yaml", "yml"]))
    var jobFile: String?

    @Option(help: "What to run: drift-search. (default: drift-search)")
    var workload: String?

    @Option(help: "The filterbank file to search, SIGPROC or HDF5.", completion: .file())
    var file: String?

    @Option(
        parsing: .unconditional,
        help: "Largest drift rate either way, hertz per second. (default: 4)"
    )
    var maxDrift: String?

    @Option(
        parsing: .unconditional,
        help: "Smallest signal-to-noise ratio of a hit. (default: 10)"
    )
    var snr: String?

    @Option(
        parsing: .unconditional,
        help: "Coarse channels of the file. (default: as its header tells, or 1)"
    )
    var coarseChannels: String?

    @OptionGroup var rules: RuleOptions

    @Option(
        parsing: .unconditional,
        help: "Operations that each MiB of a unit is worth at least, as 2e8. (default: what suits)"
    )
    var operationsPerMib: String?

    @Option(
        help: """
            The peer that schedules the job as long as it is there, by its id: one that is always \
            on. (default: the one that submits)
            """
    )
    var anchor: String?

    @Option(help: "What you call the job; others see the file's name.")
    var name: String?

    @Option(parsing: .unconditional, help: "0 to 255; higher goes first. (default: 0)")
    var priority: String?

    @Option(
        help: """
            strict (two equal results of different owners), adaptive (one, of a worker that is \
            trusted) or single. (default: strict)
            """,
        completion: .list(JobPolicy.allCases.map(\.rawValue))
    )
    var policy: String?

    @Option(
        parsing: .unconditional,
        help: """
            Units whose results this machine finds out by itself, in secret, and compares. \
            (default: 0)
            """
    )
    var ringers: String?

    @Option(help: "After how long to compute nothing more, as 12h or 7d. (default: 7d)")
    var deadline: String?

    @Flag(help: "Only show what the job would cost, with the peers that are known now.")
    var dryRun = false

    @Flag(help: "Follow the job until it is complete; Ctrl-C ends only the following.")
    var wait = false

    @Flag(help: "Print only the job's id.")
    var quiet = false

    func validate() throws {
        guard jobFile != nil || file != nil else {
            throw ValidationError("there is nothing to submit; name a job file, or a --file")
        }
        guard !dryRun || !(wait || quiet) else {
            throw ValidationError("--dry-run submits nothing; leave --wait and --quiet out")
        }
        do {
            _ = try options()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        let request = try request()
        let client = try place.client()
        if dryRun {
            var report = try client.ask(EstimateVerb(request: request))
            report.predict(request.policy.policy)
            return try answer.show(report, report.text)
        }
        let report = try client.ask(SubmitVerb(request: request))
        if quiet {
            try OutputFile.writeToStandardOutput(Bytes("\(report.job)\n".utf8))
        } else {
            try answer.show(report, report.text)
        }
        guard wait else { return }
        var display = WatchDisplay(answer: answer)
        try display.follow(report.job, with: client)
    }

    /// What the job file and the command line say together; the file to search must be readable.
    private func request() throws -> JobRequest {
        var description = JobDescription()
        if let jobFile { description = try JobFile.read(try InputPath.read(jobFile), at: jobFile) }
        description.take(try options())
        let request: JobRequest
        do throws(JobDescription.Flaw) {
            request = try description.request(in: FileManager.default.currentDirectoryPath)
        } catch {
            throw CommandFailure(error.reason)
        }
        // Opened here first: libhdf5 may not outlive a damaged file, and the peer must.
        _ = try InputPath.filterbank(request.file)
        return request
    }

    /// What the command line says, checked like a job file.
    private func options() throws -> JobDescription {
        var description = JobDescription()
        let values = [
            ("workload", workload), ("file", file), ("max-drift", maxDrift), ("snr", snr),
            ("coarse-channels", coarseChannels), ("compat", rules.compat), ("boxcar", rules.boxcar),
            ("operations-per-mib", operationsPerMib),
            ("name", name), ("priority", priority),
            ("policy", policy), ("deadline", deadline), ("anchor", anchor),
            ("ringers", ringers),
        ]
        for (key, value) in values {
            guard let value else { continue }
            do throws(JobDescription.Flaw) {
                try description.set(key, to: value)
            } catch {
                throw CommandFailure("--\(key): \(error.reason)")
            }
        }
        return description
    }
}
