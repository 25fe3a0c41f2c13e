import JobFiles
import Kernels
import Primitives

/// What people and strangers hand over beside messages: files to search, parameters and results of
/// searches, and job files.
///
/// An input is the index of a format and its bytes.
enum FileFuzz {
    /// Samples that a run looks at: what is searched is a matter of the kernels' own tests.
    private static let samplesMax = 1 << 16

    static func violations(of input: Bytes) -> [String] {
        let bytes = Bytes(input.dropFirst())
        switch input.first {
        case 0: return filterbank(bytes)
        case 1: return parameters(bytes)
        case 2: return result(bytes)
        case 3: return job(bytes)
        default: return []
        }
    }

    static var seeds: [Bytes] {
        [8, 16, 32].flatMap { bits -> [Bytes] in
            let file = synthetic(bits: bits)
            let pack = try? DriftSearch.pack(
                InputFile(name: "seed.fil", bytes: file),
                DriftSettings(maxDrift: 1, threshold: 2, tileWidth: 16)
            )
            return [[0] + file] + (pack.map { [[1] + $0.parameters.bytes] } ?? [])
        }
            + [[2] + DriftSearch.outputWithoutHits.result, [2] + found, [3] + Array(jobFile.utf8)]
    }

    private static func synthetic(bits: Int) -> Bytes {
        SyntheticFilterbank(channelCount: 64, stepCount: 4, sampleBits: bits, toneCount: 1)
            .make().file
    }

    /// The result of a unit in which something was found.
    private static var found: Bytes {
        let file = InputFile(name: "seed.fil", bytes: synthetic(bits: 32))
        let settings = DriftSettings(maxDrift: 1, threshold: 2)
        guard let pack = try? DriftPack(file, settings, isShipped: true),
            let bytes = try? pack.unit(0),
            var unit = try? DriftSearch(
                UnitInput(parameters: pack.parameters, index: 0, bytes: bytes)
            )
        else { return [] }
        while let progress = try? unit.step(), !progress.isFinished {}
        return (try? unit.finish().result) ?? []
    }

    private static let jobFile = """
        file: voyager.h5
        max-drift: 4
        snr: 10
        policy: strict
        deadline: 3h
        name: a search
        """

    private static func filterbank(_ bytes: Bytes) -> [String] {
        guard let filterbank = try? Filterbank(bytes) else { return [] }
        let header = filterbank.header
        _ = filterbank.coarseChannelChoice(.turboSETI)
        guard header.channelCount <= samplesMax, filterbank.stepCount > 0 else { return [] }
        for step in [0, filterbank.stepCount - 1] {
            let numbers = try? filterbank.numbers(step: step, channels: 0..<header.channelCount)
            if let numbers, numbers.count != header.channelCount || !numbers.allSatisfy(\.isFinite)
            {
                return ["a step of \(header.channelCount) channels gives \(numbers.count) numbers"]
            }
        }
        return []
    }

    private static func parameters(_ bytes: Bytes) -> [String] {
        let parameters = Parameters(bytes: bytes)
        guard let decoded = try? DriftParameters(parameters) else { return [] }
        do throws(ManifestError) {
            _ = try DriftSearch.plan(parameters, InputShape(byteCount: 0))
        } catch {
            if case .wrongDatasetSize(let byteCount, _) = error,
                let plan = try? DriftSearch.plan(parameters, InputShape(byteCount: byteCount))
            {
                _ = plan[plan.unitCount - 1]
            }
        }
        _ = try? DriftSearch.report(.empty, parameters)
        return decoded.encoded() == parameters ? [] : ["parameters have two spellings"]
    }

    /// A stranger's result, in the report of a search of one unit.
    private static func result(_ bytes: Bytes) -> [String] {
        let output = UnitOutput(result: bytes, operations: 0, evidence: .zero)
        _ = try? DriftSearch.hits(of: output)
        guard let aggregate = try? DriftSearch.reduce(.empty, output, index: 0) else { return [] }
        _ = try? DriftSearch.report(aggregate, oneUnit)
        return aggregate.bytes == bytes ? [] : ["a result changes when it is taken"]
    }

    private static let oneUnit = parametersOfOneUnit()

    private static func parametersOfOneUnit() -> Parameters {
        let file = InputFile(name: "seed.fil", bytes: synthetic(bits: 32))
        let settings = DriftSettings(maxDrift: 1, threshold: 2)
        guard let dataset = try? DriftSearch.pack(file, settings) else {
            preconditionFailure("a synthetic file can be searched")
        }
        return dataset.parameters
    }

    private static func job(_ bytes: Bytes) -> [String] {
        guard let description = try? JobFile.read(bytes, at: "folder/job.yaml") else { return [] }
        _ = try? description.request(in: "folder").settings(coarseChannels: 1)
        return []
    }
}
