import FilterbankFiles
import Foundation
import Glibc
import Kernels
import Primitives
import Subprocesses
import Testing

/// HDF5 files, through the program and the libhdf5 of this machine, which `Deploy/setup --tests`
/// installs.
struct Hdf5Tests {
    @Test(arguments: try Files.names(".dat"))
    func tableIsThatOfTurboSeti(name: String) throws {
        let parts = name.split(separator: "_")
        let settings = DriftSettings(
            method: .turboSETI,
            maxDrift: try #require(Double(parts[1].dropFirst())),
            threshold: try #require(Float(parts[2].dropFirst())),
            coarseChannelCount: try #require(Int(parts[3].dropFirst()))
        )
        let expected = String(decoding: try Files.bytes("\(name).dat"), as: UTF8.self)
        #expect(try table(open(Files.path("\(parts[0]).h5")), settings) == expected)
        #expect(expected.contains("\n000001\t"))
    }

    /// One set of samples, stored in many ways.
    @Test func storageChangesNoSample() throws {
        let settings = DriftSettings(method: .turboSETI, maxDrift: 4, threshold: 8)
        func units(_ name: String) throws -> [Bytes] {
            let file = try open(Files.path("\(name).h5"))
            let pack = try DriftPack(file.filterbank, name: "x", settings)
            return try (0..<pack.plan.unitCount).map { try pack.unit($0) }
        }
        let expected = try units("plain")
        #expect(!expected.isEmpty)
        for name in [
            "words", "small", "blocks", "shuffled", "deflated", "big", "pieces", "checked",
            "swapped",
        ] {
            #expect(try units(name) == expected, "\(name)")
        }
    }

    @Test func threadsReadTheSameSamples() async throws {
        for name in ["blocks", "deflated", "small"] {
            let file = try open(Files.path("\(name).h5"))
            let pack = try DriftPack(
                file.filterbank,
                name: "x",
                DriftSettings(maxDrift: 4, threshold: 8, tileWidth: 16)
            )
            let alone = try (0..<pack.plan.unitCount).map { try pack.unit($0) }
            try await withThrowingTaskGroup(of: [Bytes].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try (0..<pack.plan.unitCount).map { try pack.unit($0) }
                    }
                }
                for try await units in group { #expect(units == alone, "\(name)") }
            }
        }
    }

    @Test func headerTellsCoarseChannels() throws {
        #expect(
            try open(Files.path("plain.h5")).filterbank.coarseChannelChoice(.native).number == 3
        )
        #expect(
            try open(Files.path("plain.h5")).filterbank.coarseChannelChoice(.native).remark == nil
        )
    }

    @Test(arguments: [
        ("class", "CLASS is not FILTERBANK"), ("classless", "CLASS is not FILTERBANK"),
        ("polarisations", "2 polarisations"), ("nifs", "nifs is 2"), ("nchans", "nchans is 65"),
        ("nofoff", "attribute foff of the dataset is missing"),
        ("textfoff", "attribute foff is not one number"),
        ("listfoff", "attribute foff has not one element"),
        ("nantsamp", "attribute tsamp is nan"), ("farsource", "absurdly large"),
        ("numbername", "source_name is not a text"), ("longname", "more than 4096 bytes"),
        ("signed", "type is another"), ("doubles", "type is another"),
        ("empty", "never written"), ("zstd", "bitshuffle's method 3"),
        ("blosc", "HDF5 filter 32001"), ("checksum", "other filters beside bitshuffle"),
        ("userblock", "not a SIGPROC"), ("step", "1 steps"),
        ("group", "cannot be opened"), ("nothing", "no dataset called data"),
        ("compact", "in the header, or in other files"),
        ("flat", "three dimensions"), ("cut", "cut off"),
    ])
    func eachOddFileHasItsOwnSentence(name: String, sentence: String) throws {
        let reason = try #require(refusal(Files.path("odd_\(name).h5")))
        #expect(reason.contains(sentence), "\(reason)")
    }

    @Test(arguments: [
        ("kill -SEGV $$", "libhdf5 broke down on this file (signal 11)"),
        ("kill -XCPU $$", "finds no end of this file"), ("exit 1", "no answer that makes sense"),
        ("echo nonsense", "no answer that makes sense"), ("printf '\\1reason'", "reason"),
    ])
    func whatBecomesOfTheProcessIsTold(script: String, sentence: String) throws {
        let program = Hdf5Program(path: "/bin/sh", arguments: ["-c", script])
        let reason = try #require(refusal(Files.path("plain.h5"), program))
        #expect(reason.contains(sentence), "\(reason)")
    }

    /// An answer is trusted no more than the file: what it says is refused, or read and searched.
    @Test(arguments: ["edges", "checked", "plain"]) func answersThatLieNeverTrap(name: String)
        throws
    {
        let run = try Subprocess.output(
            of: "/bin/sh",
            ["-c", "exec '\(starling)' read-hdf5 <'\(Files.path("\(name).h5"))'"]
        )
        let answer = Bytes(run.bytes)
        #expect(answer.first == 0)
        let lie = try TemporaryFile("answer")
        let program = Hdf5Program(path: "/bin/cat", arguments: [lie.path])
        #expect(refusal(Files.path("\(name).h5"), program) != nil, "an empty answer is none")
        var random = PRNG(seed: 1)
        for _ in 0..<60 {
            var bytes = answer
            for _ in 0...random.below(3) {
                let place = Int(random.below(UInt64(bytes.count)))
                bytes[place] = random.below(3) == 0 ? 255 : UInt8(random.below(256))
            }
            try lie.write(bytes)
            guard let file = try? open(Files.path("\(name).h5"), program),
                file.filterbank.header.channelCount * file.filterbank.stepCount < 1 << 20
            else { continue }
            _ = try? DriftPack(file.filterbank, name: "x", DriftSettings(maxDrift: 1))
        }
    }

    /// They were damaged at random, and crashed libhdf5 1.10.8 or kept it busy, or once ourselves.
    @Test(arguments: try Files.names(".h5").filter { $0.hasPrefix("found_") })
    func fileThatOnceCrashedIsRefused(name: String) throws {
        #expect(refusal(Files.path("\(name).h5")) != nil)
    }

    @Test(arguments: ["words", "plain", "pieces", "deflated", "big"])
    func fileThatBecomesShorterIsAnError(name: String) throws {
        let bytes = try Files.bytes("\(name).h5")
        let copy = try TemporaryFile("\(name).h5", bytes)
        let filterbank = try open(copy.path).filterbank
        try copy.truncate(to: bytes.count / 3)
        do {
            _ = try DriftPack(filterbank, name: "x", DriftSettings(maxDrift: 4))
            Issue.record("a file that was cut off was packed")
        } catch {
            guard case .unreadable = error else { throw error }
        }
    }

    @Test func fileThatIsCutOffIsRefused() throws {
        let bytes = try Files.bytes("words.h5")
        for count in [8, 96, 500, 2_000, bytes.count / 2, bytes.count - 1] {
            let copy = try TemporaryFile("cut.h5", Bytes(bytes.prefix(count)))
            #expect(refusal(copy.path) != nil, "\(count) bytes")
        }
    }

    @Test func descriptorsAreGivenBack() throws {
        func openCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        _ = refusal(Files.path("odd_group.h5"))
        let before = try openCount()
        for _ in 0..<40 {
            _ = try open(Files.path("words.h5"))
            _ = try open(Files.path("plain.h5"))
            _ = refusal(Files.path("odd_class.h5"))
            _ = refusal(Files.path("odd_cut.h5"))
        }
        // Other tests open files at the same time.
        #expect(try openCount() < before + 100)
    }
}
