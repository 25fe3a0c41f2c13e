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

    init(_ command: DemoCommand) throws {
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
        let dataset: Dataset
        do {
            dataset = try DriftSearch.pack(InputFile(name: name, bytes: bytes), settings)
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
        parameters = dataset.parameters
        (table, truth) = try Self.searchAlone(dataset)
    }

    private static func searchAlone(_ dataset: Dataset) throws -> (Bytes, [Digest]) {
        let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        var aggregate = Aggregate.empty
        var truth: [Digest] = []
        for index in 0..<plan.unitCount {
            let range = plan[index].bytes
            let input = UnitInput(
                parameters: dataset.parameters,
                index: index,
                bytes: Array(dataset.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            )
            var unit = try DriftSearch(input)
            while try !unit.step().isFinished {}
            let output = unit.finish()
            truth.append(SHA256.hash(output.result))
            aggregate = try DriftSearch.reduce(aggregate, output, index: index)
        }
        return (try DriftSearch.report(aggregate, dataset.parameters), truth)
    }
}
