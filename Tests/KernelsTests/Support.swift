import Foundation
import Kernels
import Primitives

/// Files that turboSETI searched, and its tables, beside this source file.
enum Cases {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Cases"
    )

    static func bytes(_ name: String) throws -> Bytes {
        Bytes(try Data(contentsOf: folder.appending(path: name)))
    }

    /// The names of all tables, sorted, without `.dat`.
    static func tables() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".dat") }.map { String($0.dropLast(4)) }.sorted()
    }

    /// The file and the settings that a table's name states, as in `plain_d4_s10`.
    static func search(_ table: String) throws -> (file: InputFile, settings: DriftSettings) {
        let parts = table.split(separator: "_")
        let name = "\(parts[0]).fil"
        let settings = DriftSettings(
            method: .turboSETI,
            maxDrift: Double(parts[1].dropFirst()) ?? .nan,
            threshold: Float(parts[2].dropFirst()) ?? .nan,
            coarseChannelCount: parts[0] == "coarse4" ? 4 : 1
        )
        return (InputFile(name: name, bytes: try bytes(name)), settings)
    }
}

/// The input of unit `index`, cut from `dataset`.
func input(
    _ dataset: Dataset,
    _ index: Int,
    _ variant: Variant = .fastest,
    isProven: Bool = true
) throws -> UnitInput {
    let range = try DriftSearch.plan(dataset.parameters, dataset.shape)[index].bytes
    return UnitInput(
        parameters: dataset.parameters,
        index: index,
        bytes: Bytes(dataset.bytes[Int(range.lowerBound)..<Int(range.upperBound)]),
        variant: variant,
        isProven: isProven
    )
}

/// Runs one unit from beginning to end.
func output(_ input: UnitInput) throws -> UnitOutput {
    var unit = try DriftSearch(input)
    while try !unit.step().isFinished {}
    return try unit.finish()
}

/// The table of `file`, from all of its units.
func table(
    _ file: InputFile,
    _ settings: DriftSettings,
    _ variant: Variant = .fastest
) throws -> String {
    let dataset = try DriftSearch.pack(file, settings)
    let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
    var aggregate = Aggregate.empty
    for index in 0..<plan.unitCount {
        let output = try output(input(dataset, index, variant))
        aggregate = try DriftSearch.reduce(aggregate, output, index: index)
    }
    let bytes = try DriftSearch.report(aggregate, dataset.parameters)
    return String(decoding: bytes, as: UTF8.self)
}

/// A filterbank file of random samples: noise, and a few strong ones.
func randomFile(_ random: inout PRNG, steps: Int, channels: Int, bits: Int) -> InputFile {
    var header = FilterbankHeader()
    header.firstChannelMegahertz = 1_420
    header.channelMegahertz = random.next() & 1 == 0 ? -2.8e-6 : 2.8e-6
    header.stepSeconds = 18
    header.channelCount = channels
    header.sampleBits = bits
    var bytes = header.encoded()
    for _ in 0..<(steps * channels) {
        let isStrong = random.below(200) == 0
        let level = random.below(40) + (isStrong ? 200 : 20)
        switch bits {
        case 8: bytes.append(UInt8(level))
        case 16: bytes += [UInt8(level), UInt8(random.below(3))]
        default:
            let pattern = (Float(level) + Float(random.below(1_000)) / 999).bitPattern
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(pattern >> shift & 0xff)) }
        }
    }
    return InputFile(name: "random.fil", bytes: bytes)
}

/// Does everything alone, from the last number to the first.
struct Backwards: Workers {
    func map<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value] {
        (0..<count).reversed().map(body).reversed()
    }
}
