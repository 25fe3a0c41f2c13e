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
    /// The table of a search without a grid.
    let table: Bytes
    /// The hash of each unit's result, computed without a grid.
    let truth: [Digest]
    /// The search's parameters.
    let parameters: Parameters

    init(_ command: DemoCommand) async throws {
        let bytes: Bytes
        if let input = command.input {
            path = input
            bytes = try InputPath.read(input)
            made = nil
            tones = []
        } else {
            let synthetic = SyntheticFilterbank(seed: 1).make()
            path = "tones.fil"
            bytes = synthetic.file
            made = bytes
            tones = synthetic.tones
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let settings = DriftSettings(
            maxDrift: command.maxDrift,
            threshold: command.snr,
            coarseChannelCount: command.coarseChannels
        )
        let pack: DriftPack
        do {
            pack = try DriftPack(InputFile(name: name, bytes: bytes), settings)
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
}
