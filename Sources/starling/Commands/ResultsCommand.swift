import ArgumentParser
import FoundationEssentials
import Glibc
import Kernels
import Primitives

/// Fetches what a job has found.
struct ResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Write a job's table once every unit is final.",
        discussion: """
            The table is written whole or not at all, and only when the job is complete. With \
            --wait units are told as they become final, and the table follows. With --partial it \
            holds what is final now, and ends with a line that says so; rows of it may not stand \
            in the whole table, where a missing unit has a stronger signal beside them.

            With --release the peer then drops the results of the job, which must be its own, and \
            never fetches them again: the table is all that is left. It cannot be taken back. \
            `starling release` is something else: it lets a job go on after `hold`.

            Example:
              starling results 3fa8 --output hits.dat
              starling results 3fa8 --wait --output hits.dat
              starling results 3fa8 --partial
              starling results 3fa8 --output hits.dat --release
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The job.", completion: IDCompletion.jobs)
    var job: String

    @Option(help: "Where to write the table. (default: standard output)", completion: .file())
    var output: String?

    @Flag(help: "Wait until every unit is final.")
    var wait = false

    @Flag(help: "Write what is final now.")
    var partial = false

    @Flag(help: "Once the whole table is written, have the peer drop the results.")
    var release = false

    func validate() throws {
        guard !(release && partial) else {
            throw ValidationError(
                "--partial and --release exclude each other: what is released is dropped, so the "
                    + "table must be whole; leave one of them out"
            )
        }
        guard !(wait && partial) else {
            throw ValidationError("--wait and --partial exclude each other; choose one")
        }
    }

    func run() throws {
        if let output { try OutputFile.checkFolder(of: output) }
        var head: ResultsEvent.Job?
        var results: [UInt32: ResultsEvent.Unit] = [:]
        try place.client().ask(ResultsVerb(job: job, waits: wait)) { event in
            if let job = event.job {
                try checkMayBegin(job.line)
                head = job
            }
            guard let result = event.result else { return }
            results[result.unit] = result
            try tell(result, of: results.count)
        }
        guard let head else { throw CommandFailure("the peer gave no answer; ask again") }
        try write(try Reduction(head, results), of: head.line)
        guard release else { return }
        let event = try place.client().ask(ReleaseResultsVerb(job: head.line.job))
        if answer.json { return try answer.show(event, "") }
        OutputFile.writeToStandardError("\(event.released.releaseText)\n")
    }

    private func checkMayBegin(_ line: JobLine) throws {
        guard line.workload == DriftSearch.id.description else {
            throw CommandFailure(
                "this program cannot reduce results of \(Printable.text(line.workload)); it may be "
                    + "older than the job"
            )
        }
        guard line.stage != .released else { throw CommandFailure(line.releaseText) }
        guard !release || line.isOwn else {
            throw CommandFailure(
                "job \(Printable.short(line.job)) was submitted by peer "
                    + "\(Printable.short(line.submitter)), which alone can release its results; "
                    + "leave out --release"
            )
        }
        let isComplete = line.final == line.units && line.held == line.units
        guard !isComplete, !partial, !wait else { return }
        throw CommandFailure(Self.distance(of: line))
    }

    /// How far a job is from its table, and what to do.
    private static func distance(of line: JobLine) -> String {
        let start =
            "job \(Printable.short(line.job)) has no table yet: \(line.final) of \(line.units) "
            + "units are final, and \(line.held) results are here"
        if !line.isOwn, line.final == line.units {
            return "\(start); its submitter, peer \(Printable.short(line.submitter)), has them all"
        }
        if line.isOver { return "\(start), and no more come; take them with --partial" }
        return "\(start); wait for the rest with --wait, or take what is final with --partial"
    }

    /// Says that a unit is final; its bytes stand in the JSON alone.
    private func tell(_ result: ResultsEvent.Unit, of count: Int) throws {
        if answer.json { return try answer.show(ResultsEvent(result: result), "") }
        guard wait else { return }
        let winners = result.winners.map(Printable.short).joined(separator: " ")
        let line = "unit \(result.unit) is final, computed alike by \(winners)\n"
        Array(line.utf8).withUnsafeBytes {
            _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
        }
    }

    private func write(_ reduction: Reduction, of line: JobLine) throws {
        guard reduction.missing.isEmpty || partial else {
            throw CommandFailure(
                "job \(Printable.short(line.job)) ended without \(reduction.missing.count) of its "
                    + "units; take the others with --partial"
            )
        }
        guard reduction.missing.count < Int(line.units) else {
            throw CommandFailure("no unit of job \(Printable.short(line.job)) is final yet")
        }
        if let output { try OutputFile.write(reduction.table, to: output) }
        if answer.json {
            try answer.show(reduction.report, "")
        } else if output == nil {
            try OutputFile.writeToStandardOutput(reduction.table)
        }
    }
}

/// Results put together in unit order.
private struct Reduction {
    /// What `--json` says at the end.
    struct Report: Encodable {
        let isComplete: Bool
        let missingUnits: [UInt32]
        let report: SearchReport
    }

    /// The table, with a last line that says so when units are missing.
    let table: Bytes
    /// Units that are not in it.
    let missing: [UInt32]
    /// The table as JSON.
    let report: Report

    init(_ job: ResultsEvent.Job, _ results: [UInt32: ResultsEvent.Unit]) throws {
        let parameters = Parameters(bytes: Bytes(job.parameters))
        var aggregate = Aggregate.empty
        var missing: [UInt32] = []
        for unit in 0..<job.line.units {
            var output = DriftSearch.outputWithoutHits
            if let result = results[unit], let evidence = Digest(hexadecimal: result.evidence) {
                output = UnitOutput(
                    result: Bytes(result.bytes),
                    operations: result.operations,
                    evidence: evidence
                )
            } else {
                missing.append(unit)
            }
            aggregate = try DriftSearch.reduce(aggregate, output, index: Int(unit))
        }
        var table = try DriftSearch.report(aggregate, parameters)
        if !missing.isEmpty {
            let units = Printable.units(missing)
            let line = "# PARTIAL: \(missing.count) of \(job.line.units) units missing: \(units)\n"
            table += Bytes(line.utf8)
        }
        self.table = table
        self.missing = missing
        report = Report(
            isComplete: missing.isEmpty,
            missingUnits: missing,
            report: try SearchReport(aggregate, parameters)
        )
    }
}
