import ArgumentParser
import FilterbankFiles
import JobFiles
import Kernels
import Primitives

/// Runs the drift search on this machine alone.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search a filterbank file for narrowband signals that drift.",
        discussion: """
            Searches by our own rules, or with --compat turboseti as turboSETI 2.3.2 does, row for \
            row, on this machine alone.

            Example:
              starling search voyager.fil --max-drift 4 --snr 10 --output voyager.dat
              starling search voyager.fil --plots pictures

            The environment variable STARLING_ISA forces an implementation: scalar, baseline, avx2 \
            or avx512 on x86-64, scalar or neon on ARM. All of them write the same bytes.
            """
    )

    @Argument(help: "The filterbank file, SIGPROC or HDF5: 8, 16 or 32 bits a sample.")
    var file: String

    @Option(parsing: .unconditional, help: "Largest drift rate either way, hertz per second.")
    var maxDrift = 4.0

    @Option(parsing: .unconditional, help: "Smallest signal-to-noise ratio of a hit.")
    var snr: Float = 10

    @OptionGroup var options: RuleOptions

    @Option(parsing: .unconditional, help: "How many threads to use. (default: one for each core)")
    var threads: Int?

    @Option(
        parsing: .unconditional,
        help: "Coarse channels, a divisor of all. (default: as the header tells, or 1)"
    )
    var coarseChannels: Int?

    @Option(help: "Where to write the table. (default: standard output)")
    var output: String?

    @Flag(help: "Write JSON in place of the table.")
    var json = false

    @Flag(help: "Write comma-separated values in place of the table.")
    var csv = false

    @Option(help: "A folder for pictures of the band and of each hit; made if it is missing.")
    var plots: String?

    @Option(
        parsing: .unconditional,
        help: "Draw so many hits at most, the strongest first. (default: 100)"
    )
    var plotsMax: Int?

    @Flag(
        help: "Tell the processor time of each phase: on standard error, or in the JSON."
    )
    var timing = false

    func validate() throws {
        guard maxDrift.isFinite, maxDrift > 0 else {
            throw ValidationError("--max-drift is \(maxDrift); it must be a number above zero")
        }
        guard snr.isFinite, snr > 0 else {
            throw ValidationError("--snr is \(snr); it must be a number above zero")
        }
        if let threads, !(1...LocalSearch.threadCountMax).contains(threads) {
            throw ValidationError(
                "--threads is \(threads); it must be 1 to \(LocalSearch.threadCountMax)"
            )
        }
        if let coarseChannels, coarseChannels < 1 {
            throw ValidationError("--coarse-channels is \(coarseChannels); it must be 1 or more")
        }
        guard !(json && csv) else {
            throw ValidationError("--json and --csv exclude each other; choose one")
        }
        guard (plotsMax ?? 0) >= 0 else {
            throw ValidationError("--plots-max is \(plotsMax ?? 0); it must be 0 or more")
        }
        guard plotsMax == nil || plots != nil else {
            throw ValidationError("--plots-max needs --plots, the folder for the pictures")
        }
    }

    func run() async throws {
        let variant = try KernelVariant.tested()
        if let output { try OutputFile.checkFolder(of: output) }
        let progress = ProgressLine(verb: "searched")
        var times = PhaseTimes()
        let input = try InputPath.filterbank(file)
        times.end("read")
        let reading = ReadingTime()
        let filterbank = timing ? reading.timing(input.filterbank) : input.filterbank
        let pack = try pack(filterbank, name: input.name, variant)
        times.end("statistics", reading: reading.take())
        let pictures = try plots.map { try SearchPlots(folder: $0, hitMax: plotsMax ?? 100) }
        let search = LocalSearch(threadCount: threads ?? LocalSearch.coreCount, variant: variant)
        let aggregate = try Aggregate(await search.run(pack, progress))
        progress.finish()
        times.end("search", reading: reading.take())
        // Written before any picture, so that it is there even if none can be made.
        try write(try text(aggregate, pack.parameters, &times))
        if let pictures {
            try pictures.write(aggregate, pack.parameters, input.filterbank)
            times.end("plots")
        }
        if timing && !json { OutputFile.writeToStandardError(times.text) }
    }

    /// The table in the form that was asked for.
    private func text(
        _ aggregate: Aggregate,
        _ parameters: Parameters,
        _ times: inout PhaseTimes
    ) throws -> Bytes {
        guard json || csv else {
            let table = try DriftSearch.report(aggregate, parameters)
            times.end("report")
            return table
        }
        var report = try SearchReport(aggregate, parameters)
        times.end("report")
        guard json else { return report.csv() }
        if timing { report.processorSeconds = Dictionary(uniqueKeysWithValues: times.phases) }
        return try report.json()
    }

    private func write(_ text: Bytes) throws {
        if let output {
            try OutputFile.write(text, to: output)
        } else {
            try OutputFile.writeToStandardOutput(text)
        }
    }

    private func pack(
        _ filterbank: Filterbank,
        name: String,
        _ variant: Variant
    ) throws -> DriftPack {
        let method = try options.rules().method
        let choice = filterbank.coarseChannelChoice(method)
        if coarseChannels == nil, let remark = choice.remark {
            OutputFile.writeToStandardError("\(file): \(remark)\n")
        }
        let settings = DriftSettings(
            method: method,
            maxDrift: maxDrift,
            threshold: snr,
            coarseChannelCount: coarseChannels ?? choice.number
        )
        do {
            return try DriftPack(
                filterbank,
                name: name,
                settings,
                variant: variant,
                workers: LocalSearch.Threads(count: threads ?? LocalSearch.coreCount)
            )
        } catch {
            throw CommandFailure("\(file): \(error)")
        }
    }
}
