import FilterbankFiles
import Kernels
import Primitives

/// What the demo searches, and what this machine alone finds in it.
struct DemoSearch: Sendable {
    /// The file; only a name if it was made here.
    let path: String
    /// The file's bytes, if it was made here.
    let made: Bytes?
    /// Tones that were put into it, if it was made here.
    let tones: [SyntheticTone]
    /// Coarse channels of the file.
    let coarseChannelCount: Int
    /// The table of a search without a grid.
    let table: Bytes
    /// The hash of each unit's result, computed without a grid.
    let truth: [Digest]
    /// The search's parameters.
    let parameters: Parameters

    init(_ command: DemoCommand) async throws {
        let filterbank: Filterbank
        let name: String
        if let input = command.input {
            path = input
            let file = try InputPath.filterbank(input)
            (filterbank, name) = (file.filterbank, file.name)
            made = nil
            tones = []
            let choice = filterbank.coarseChannelChoice(DriftSettings().method)
            coarseChannelCount = command.coarseChannels ?? choice.number
            if command.coarseChannels == nil, !command.json, let remark = choice.remark {
                OutputFile.writeToStandardError("\(input): \(remark)\n")
            }
        } else {
            let synthetic = SyntheticFilterbank(seed: 1).make()
            path = "tones.fil"
            filterbank = try Filterbank(synthetic.file)
            name = path
            made = synthetic.file
            tones = synthetic.tones
            coarseChannelCount = command.coarseChannels ?? 1
        }
        let settings = DriftSettings(
            maxDrift: command.maxDrift,
            threshold: command.snr,
            coarseChannelCount: coarseChannelCount
        )
        let pack: DriftPack
        do {
            pack = try DriftPack(filterbank, name: name, settings)
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
        parameters = pack.parameters
        let search = LocalSearch(
            threadCount: LocalSearch.coreCount,
            variant: try KernelVariant.tested()
        )
        let outputs = try await search.run(pack, ProgressLine(verb: "searched"))
        truth = outputs.map { SHA256.hash($0.result) }
        table = try DriftSearch.report(Aggregate(outputs), parameters)
    }

    /// Whether what won a vote is what this machine alone finds.
    func isRight(_ vote: JobOutcome.Vote) -> Bool {
        vote.resultHash == truth[vote.unit].description
    }
}
