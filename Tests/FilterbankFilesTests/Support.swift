import FilterbankFiles
import Foundation
import Glibc
import Kernels
import Primitives

/// HDF5 files that h5py and blimpy made, and turboSETI's tables, beside this source file.
enum Files {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Files"
    )

    static func path(_ name: String) -> String { folder.appending(path: name).path }

    static func bytes(_ name: String) throws -> Bytes {
        Bytes(try Data(contentsOf: folder.appending(path: name)))
    }

    /// The names of all files that end with `ending`, sorted, without it.
    static func names(_ ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    }
}

/// A file in a folder of its own, which is gone afterwards.
final class TemporaryFile {
    let path: String
    private let folder: URL

    init(_ name: String, _ bytes: Bytes = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: name).path
        try write(bytes)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ bytes: Bytes) throws { try Data(bytes).write(to: URL(filePath: path)) }

    func truncate(to count: Int) throws {
        guard Glibc.truncate(path, count) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// Opens the file at `path` as the program does.
func open(_ path: String, _ program: Hdf5Program = ownProgram) throws -> FilterbankFile {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    return try FilterbankFile(
        descriptor: descriptor,
        name: path.split(separator: "/").last.map(String.init) ?? path,
        hdf5: program
    )
}

/// What the program does with itself.
let ownProgram = Hdf5Program(path: starling, arguments: ["read-hdf5"])

/// The program, which lies beside the bundle of the tests.
let starling: String = {
    let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
    let tests = bundle ?? URL(filePath: CommandLine.arguments[0])
    return tests.deletingLastPathComponent().appending(path: "starling").path
}()

/// Why the file at `path` is refused; nil when it is not.
func refusal(_ path: String, _ program: Hdf5Program = ownProgram) -> String? {
    do {
        _ = try open(path, program)
        return nil
    } catch {
        return "\(error)"
    }
}

/// The table of `file`, from all of its units.
func table(_ file: FilterbankFile, _ settings: DriftSettings) throws -> String {
    let pack = try DriftPack(file.filterbank, name: file.name, settings)
    var aggregate = Aggregate.empty
    for index in 0..<pack.plan.unitCount {
        let input = UnitInput(
            parameters: pack.parameters,
            index: index,
            bytes: try pack.unit(index)
        )
        var unit = try DriftSearch(input)
        while try !unit.step().isFinished {}
        aggregate = try DriftSearch.reduce(aggregate, unit.finish(), index: index)
    }
    return String(decoding: try DriftSearch.report(aggregate, pack.parameters), as: UTF8.self)
}

/// A small SIGPROC file: noise, and a few strong samples.
func sigprocFile(seed: UInt64, steps: Int, channels: Int, bits: Int) -> Bytes {
    var random = PRNG(seed: seed)
    var header = FilterbankHeader()
    header.firstChannelMegahertz = 1_420
    header.channelMegahertz = -2.8e-6
    header.stepSeconds = 18
    header.channelCount = channels
    header.sampleBits = bits
    var bytes = header.encoded()
    for _ in 0..<(steps * channels) {
        let level = random.below(40) + (random.below(200) == 0 ? 200 : 20)
        switch bits {
        case 8: bytes.append(UInt8(level))
        case 16: bytes.append(littleEndian: UInt16(level))
        default: bytes.append(littleEndian: Float(level).bitPattern)
        }
    }
    return bytes
}
