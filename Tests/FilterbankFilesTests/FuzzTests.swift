import FilterbankFiles
import Foundation
import Glibc
import Kernels
import Primitives
import Testing

/// Files that were damaged at random are read and searched, or refused: nothing traps or hangs.
///
/// A short run is part of the tests. For a long one say how many minutes, and from which seed:
/// `STARLING_FUZZ_MINUTES=60 STARLING_FUZZ_SEED=1 swift test --disable-xctest --filter FuzzTests`.
/// `STARLING_FUZZ_FILE` is where the file of the moment lies, so that it is there after a crash. A
/// file that takes longer than 60 seconds ends a long run with SIGALRM.
@Suite(.serialized)
struct FuzzTests {
    private static let minutes = Int(
        ProcessInfo.processInfo.environment["STARLING_FUZZ_MINUTES"] ?? ""
    )
    private let seed = UInt64(ProcessInfo.processInfo.environment["STARLING_FUZZ_SEED"] ?? "") ?? 1
    private let place = ProcessInfo.processInfo.environment["STARLING_FUZZ_FILE"]

    /// Iterations when nobody says how many minutes.
    private static let iterationCount = 150
    /// A file that takes longer is a finding: libhdf5 itself may take 20.
    private static let secondsMax: UInt32 = 60

    /// Changes the bytes of a file.
    private typealias Damage = (inout PRNG) -> Bytes

    @Test func damagedSigprocFilesNeverTrap() throws {
        let models = [8, 16, 32].map { bits in
            sigprocFile(seed: UInt64(bits), steps: 5 + bits / 4, channels: 96, bits: bits)
        }
        try run("fil") { damaged(models, &$0) }
    }

    /// Chunks alone are damaged, so that libhdf5 has nothing to do with what comes of it.
    @Test func damagedChunksNeverTrap() throws {
        let text = String(decoding: try Files.bytes("chunks.txt"), as: UTF8.self)
        let chunks = text.split(separator: "\n").map { $0.split(separator: " ") }
        let models = try chunks.map { chunk in
            let start = try #require(Int(chunk[1]))
            let count = try #require(Int(chunk[2]))
            return (name: "\(chunk[0])", bytes: start..<(start + count))
        }
        var files: [String: Bytes] = [:]
        for name in models.map(\.name) where files[name] == nil {
            files[name] = try Files.bytes("\(name).h5")
        }
        try run("chunks") { random in
            let first = models[Int(random.below(UInt64(models.count)))]
            var bytes = files[first.name] ?? []
            for _ in 0...random.below(3) {
                let chunk = models[Int(random.below(UInt64(models.count)))]
                guard chunk.name == first.name else { continue }
                var part = Bytes(bytes[chunk.bytes])
                for _ in 0...random.below(4) where !part.isEmpty {
                    damage(&part, near: 64, &random)
                }
                // It keeps its size: the file itself stays sound.
                part = Bytes(part.prefix(chunk.bytes.count))
                part += Bytes(repeating: 0, count: chunk.bytes.count - part.count)
                bytes.replaceSubrange(chunk.bytes, with: part)
            }
            return bytes
        }
    }

    /// A damaged file may crash libhdf5, in a process of its own.
    @Test func damagedHdf5FilesNeverTrap() throws {
        let names = try Files.names(".h5").filter { !$0.hasPrefix("found_") }
        let models = try names.map { try Files.bytes("\($0).h5") }
        try run("h5") { damaged(models, &$0) }
    }

    private func run(_ kind: String, _ next: Damage) throws {
        let copy = try TemporaryFile("fuzz.\(kind)")
        let path = place.map { "\($0).\(kind)" } ?? copy.path
        var random = PRNG(seed: seed)
        let begin = ContinuousClock.now
        let end = Self.minutes.map { begin + .seconds(60 * $0) }
        var counts = (all: 0, searched: 0)
        while end.map({ ContinuousClock.now < $0 }) ?? (counts.all < Self.iterationCount) {
            let bytes = next(&random)
            try Data(bytes).write(to: URL(filePath: path))
            if end != nil { alarm(Self.secondsMax) }
            if (try? search(path, &random)) != nil { counts.searched += 1 }
            counts.all += 1
            if end != nil, counts.all.isMultiple(of: 1_000) { report(kind, counts) }
        }
        alarm(0)
        if end != nil { report(kind, counts) }
    }

    private func report(_ kind: String, _ counts: (all: Int, searched: Int)) {
        print("\(kind), seed \(seed): \(counts.all) files, \(counts.searched) of them searched")
    }

    /// Searches the file at `path`, as far as that is little work.
    private func search(_ path: String, _ random: inout PRNG) throws {
        let filterbank = try open(path).filterbank
        let choice = filterbank.coarseChannelChoice(.turboSETI)
        guard filterbank.header.channelCount * filterbank.stepCount < 1 << 24 else { return }
        let settings = DriftSettings(
            method: random.below(2) == 0 ? .turboSETI : .native,
            maxDrift: 1,
            threshold: 5,
            coarseChannelCount: random.below(2) == 0 ? 1 : choice.number
        )
        let pack = try DriftPack(filterbank, name: "fuzz", settings)
        for index in 0..<min(pack.plan.unitCount, 2) {
            guard pack.plan[index].operations < 1 << 26 else { return }
            var unit = try DriftSearch(
                UnitInput(
                    parameters: pack.parameters,
                    index: index,
                    bytes: try pack.unit(index)
                )
            )
            while try !unit.step().isFinished {}
            _ = try unit.finish()
        }
    }

    private func damaged(_ models: [Bytes], _ random: inout PRNG) -> Bytes {
        var bytes = models[Int(random.below(UInt64(models.count)))]
        for _ in 0...random.below(6) {
            guard !bytes.isEmpty else { return bytes }
            damage(&bytes, near: 2_048, &random)
        }
        return bytes
    }

    /// Changes one place; half of the places are among the first bytes, where headers are.
    private func damage(_ bytes: inout Bytes, near: UInt64, _ random: inout PRNG) {
        let count = UInt64(bytes.count)
        let place = Int(random.below(random.below(2) == 0 ? count : min(count, near)))
        switch random.below(12) {
        case 0...3: bytes[place] = UInt8(random.below(256))
        case 4: bytes[place] ^= 1 << UInt8(random.below(8))
        case 5...7:
            let words: [UInt64] = [
                0, 1, 2, 3, 7, 8, 64, 127, 128, 255, 256, 4_095, 65_535, 65_536, 1 << 20, 1 << 30,
                0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 40, 1 << 62, .max,
            ]
            let word = words[Int(random.below(UInt64(words.count)))]
            let size = [1, 2, 4, 8][Int(random.below(4))]
            let isBig = random.below(2) == 0
            for index in 0..<min(size, bytes.count - place) {
                let shift = UInt64(8 * (isBig ? size - 1 - index : index))
                bytes[place + index] = UInt8(truncatingIfNeeded: word >> shift)
            }
        case 8: bytes.removeLast(Int(random.below(min(count, 2_000))))
        case 9: bytes.append(contentsOf: Bytes(repeating: 0, count: Int(random.below(600))))
        case 10:
            let end = min(bytes.count, place + 1 + Int(random.below(64)))
            bytes.removeSubrange(place..<end)
        default:
            let from = Int(random.below(count))
            let size = min(Int(random.below(200)), bytes.count - max(place, from))
            bytes.replaceSubrange(place..<(place + size), with: bytes[from..<(from + size)])
        }
    }
}
