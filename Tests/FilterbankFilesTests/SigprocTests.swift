import FilterbankFiles
import Foundation
import Kernels
import Primitives
import Testing

/// SIGPROC files that are read in parts.
struct SigprocTests {
    @Test(arguments: [8, 16, 32])
    func fileOnDiskGivesTheTableOfItsBytes(bits: Int) throws {
        let bytes = sigprocFile(seed: 1, steps: 13, channels: 700, bits: bits)
        let settings = DriftSettings(maxDrift: 2, threshold: 5)
        let dataset = try DriftSearch.pack(InputFile(name: "a.fil", bytes: bytes), settings)
        let file = try TemporaryFile("a.fil", bytes)
        let pack = try DriftPack(
            open(file.path).filterbank,
            name: "a.fil",
            settings,
            isShipped: true
        )
        let areParametersEqual = pack.parameters == dataset.parameters
        #expect(areParametersEqual)
        let units = try (0..<pack.plan.unitCount).flatMap { try pack.unit($0) }
        let areUnitsEqual = units == dataset.bytes
        #expect(areUnitsEqual)
        #expect(try table(open(file.path), settings).contains("# File ID: a.h5"))
    }

    @Test func fileThatBecomesShorterIsAnError() throws {
        let bytes = sigprocFile(seed: 2, steps: 16, channels: 512, bits: 8)
        let file = try TemporaryFile("a.fil", bytes)
        let filterbank = try open(file.path).filterbank
        let pack = try DriftPack(filterbank, name: "a.fil", DriftSettings(maxDrift: 1))
        try file.truncate(to: bytes.count - 100)
        #expect(throws: InputError.self) { try pack.unit(0) }
        do {
            _ = try DriftPack(filterbank, name: "a.fil", DriftSettings(maxDrift: 1))
            Issue.record("a file that was cut off was packed")
        } catch {
            guard case .unreadable(let reason) = error else { throw error }
            #expect(reason.contains("became shorter"))
        }
    }

    @Test func removedFileIsReadToItsEnd() throws {
        let bytes = sigprocFile(seed: 3, steps: 16, channels: 512, bits: 8)
        let file = try TemporaryFile("a.fil", bytes)
        let pack = try DriftPack(
            open(file.path).filterbank,
            name: "a.fil",
            DriftSettings(maxDrift: 1)
        )
        let before = try pack.unit(0)
        try FileManager.default.removeItem(atPath: file.path)
        #expect(try pack.unit(0) == before)
    }

    @Test(arguments: [0, 3, 16, 100, 250])
    func fileThatIsCutOffIsRefused(count: Int) throws {
        let bytes = sigprocFile(seed: 4, steps: 8, channels: 64, bits: 8)
        let file = try TemporaryFile("a.fil", Bytes(bytes.prefix(count)))
        #expect(refusal(file.path) != nil)
        #expect(refusal(try TemporaryFile("a.fil", bytes.dropLast(1)).path) != nil)
    }
}

extension TemporaryFile {
    convenience init(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        try self.init(name, Bytes(bytes))
    }
}
