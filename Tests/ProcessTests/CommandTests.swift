import Foundation
import Glibc
import Kernels
import Testing

/// What commands say when they cannot do what they were told.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CommandTests {
    private let folder: Folder
    private let file: [UInt8]
    private let headerCount: Int

    init() throws {
        folder = try Folder()
        let maker = SyntheticFilterbank(seed: 3, channelCount: 256, toneCount: 1)
        file = maker.make().file
        headerCount = maker.header.encoded().count
    }

    // MARK: - Search

    @Test func missingFileIsNamed() async throws {
        let path = folder.file("nothing.fil")
        try await expectFailure(["search", path], "cannot open \(path): No such file or directory")
    }

    @Test func folderIsNoFile() async throws {
        try await expectFailure(["search", folder.path], "it is not a regular file")
    }

    @Test(arguments: ["", "HEADER_START", "GIF89a and what follows it"])
    func otherFileIsNoFilterbank(text: String) async throws {
        let path = try folder.write(text.utf8, to: "other.fil")
        try await expectFailure(["search", path], "not a SIGPROC filterbank file")
    }

    @Test func fileThatEndsInItsHeaderSaysSo() async throws {
        let path = try folder.write(file.prefix(headerCount - 20), to: "short.fil")
        try await expectFailure(["search", path], "the file ends inside its header")
    }

    @Test func fileThatEndsInASampleIsRefused() async throws {
        let path = try folder.write(file.dropLast(3), to: "cut.fil")
        try await expectFailure(["search", path], path)
    }

    @Test(arguments: [Int32(-1), 0, 81, .max, .min])
    func keywordOfHostileLengthIsRefused(length: Int32) async throws {
        var bytes = file
        let pattern = UInt32(bitPattern: length)
        for place in 0..<4 { bytes[16 + place] = UInt8(pattern >> (8 * place) & 0xff) }
        let path = try folder.write(bytes, to: "hostile.fil")
        try await expectFailure(["search", path], "header keyword of \(length) bytes")
    }

    @Test(arguments: [Int32(-1), 0, .max])
    func hostileNumberOfChannelsIsRefused(count: Int32) async throws {
        var header = SyntheticFilterbank(channelCount: 256).header
        header.channelCount = Int(count)
        let path = try folder.write(header.encoded() + [0, 0, 0, 0], to: "hostile.fil")
        try await expectFailure(["search", path], "nchans is \(count)")
    }

    @Test func sampleThatIsNoNumberIsRefused() async throws {
        var bytes = file
        bytes.replaceSubrange(headerCount..<(headerCount + 4), with: [0, 0, 0xc0, 0x7f])
        let path = try folder.write(bytes, to: "nan.fil")
        try await expectFailure(["search", path], path)
    }

    @Test func refusedSearchWritesNoTable() async throws {
        let path = try folder.write(file.prefix(100), to: "short.fil")
        let output = folder.file("table.dat")
        try await expectFailure(["search", path, "--output", output], "ends inside its header")
        #expect(try folder.names == ["short.fil"])
    }

    @Test func timingNamesEachPhaseAndLeavesTheTableAlone() async throws {
        let path = try folder.write(file, to: "small.fil")
        let search = ["search", path, "--coarse-channels", "1"]
        let plain = try await Program.run(search)
        let timed = try await Program.run(search + ["--timing"])
        #expect(timed.status == 0 && timed.output == plain.output)
        let phases = timed.errors.split(separator: "\n").map { $0.split(separator: " ")[0] }
        #expect(phases == ["read", "statistics", "search", "report", "memory"])
        let json = try await Program.run(search + ["--timing", "--json"])
        let report = try JSONDecoder().decode(TimedReport.self, from: json.output)
        #expect(Set(report.processorSeconds.keys) == ["read", "statistics", "search", "report"])
        #expect(json.errors.isEmpty)
    }

    @Test func variantsOfOtherProcessorsAreRefused() async throws {
        let path = try folder.write(file, to: "small.fil")
        let outcome = try await Program.run(
            ["search", path],
            environment: ["STARLING_ISA": "mmx"]
        )
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("it must be one of scalar, baseline, avx2, avx512, neon"))
    }

    @Test(arguments: Variant.allCases.filter { !Variant.supported.contains($0) })
    func variantsThatThisProcessorLacksAreRefused(variant: Variant) async throws {
        let path = try folder.write(file, to: "small.fil")
        let outcome = try await Program.run(
            ["search", path],
            environment: ["STARLING_ISA": variant.rawValue]
        )
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("this processor has no \(variant.rawValue); set"))
    }

    // MARK: - Usage

    @Test(arguments: [
        ["search"], ["search", "x", "--max-drift", "-1"], ["search", "x", "--snr", "nan"],
        ["search", "x", "--threads", "0"], ["search", "x", "--compat", "other"], ["nonsense"],
        ["search", "x", "--json", "--csv"], ["search", "x", "--plots-max", "3"],
        ["search", "x", "--plots", "y", "--plots-max", "-1"],
        ["demo", "--peers", "1"], ["demo", "--peers", "33"],
        ["demo", "--peers", "4", "--liars", "1"],
        ["demo", "--timeout", "0"], ["donate", "--folder", "x", "--cores", "-1"],
        ["donate", "--folder", "x", "--listen", "nowhere"],
        ["donate", "--folder", "x", "--listen", "127.0.0.1:65536"], ["demo", "--unknown"],
        ["donate", "--folder", "x", "--beacon-port", "0"],
        ["donate", "--folder", "x", "--advertise", "nowhere"],
        ["donate", "--folder", "x", "--advertise", "nowhere:0"],
        ["donate", "--folder", "x", "--advertise", "tcp://nowhere:1"],
        ["submit"], ["submit", "--file", "x", "--snr", "-1"],
        ["submit", "--file", "x", "--max-drift", "fast"],
        ["submit", "--file", "x", "--coarse-channels", "0"],
        ["submit", "--file", "x", "--priority", "256"], ["submit", "--file", "x", "--policy", "2"],
        ["submit", "--file", "x", "--deadline", "soon"],
        ["submit", "--file", "x", "--workload", "other"],
        ["submit", "--file", "x", "--dry-run", "--wait"], ["pause", "1"], ["pause", "1y"],
        ["pause", "0s"], ["status", "--wait", "long"], ["why"], ["cancel"],
        ["results"], ["results", "x", "--wait", "--partial"], ["key", "backup"], ["key", "other"],
        ["audit", "x", "y"], ["audit", "x", "--folder", "y"], ["audit", "--network", "x"],
        ["export"], ["hold"], ["release"], ["plant"], ["plant", "ab"], ["plant", "ab", "x"],
        ["leaderboard", "--by", "peers"],
        ["key", "successor", "x"],
    ])
    func wrongUseExitsWith64(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("Error: "))
        #expect(outcome.output.isEmpty)
    }

    // MARK: - Peer

    @Test func portInUseIsNamedAndTheWayOut() async throws {
        let listener = try Listener()
        try await expectFailure(
            ["donate", "--folder", folder.path, "--listen", "127.0.0.1:\(listener.port)"],
            "port \(listener.port) is in use by another program; choose another with --listen"
        )
    }

    @Test func othersAreToldTheAdvertisedAddress() async throws {
        for (listen, advertised) in [
            ("0.0.0.0:0", "grid.example.org:4711"), ("127.0.0.1:0", "[::1]:9"),
        ] {
            let donor = try await Donor(
                ["--listen", listen, "--advertise", advertised],
                cores: 0
            )
            #expect(try await donor.address().hasPrefix("starling://\(advertised)/"))
            #expect(donor.program.output.contains("'starling://\(advertised)/"))
            #expect(try await donor.end().status == 0)
        }
    }

    @Test func keyThatOthersCanReadIsRefused() async throws {
        let keys = try Folder()
        let program = try Program(["donate", "--folder", keys.path, "--cores", "0"])
        #expect(try await program.says("starling://"))
        program.send(SIGTERM)
        #expect(try await program.outcome().status == 0)
        let path = keys.file("curve.key")
        #expect(chmod(path, 0o644) == 0)
        try await expectFailure(
            ["donate", "--folder", keys.path],
            "others can read or change the key file \(path) (mode 644); run: chmod 600 \(path)"
        )
    }

    @Test func folderThatCannotBeMadeIsNamed() async throws {
        let path = "\(try folder.write([], to: "file"))/below"
        try await expectFailure(
            ["donate", "--folder", path],
            "cannot make the folder \(path); choose another with --folder"
        )
    }

    @Test(arguments: ["garbage", "", "starling://127.0.0.1:1/", "http://example.org"])
    func addressThatIsNoneIsQuoted(address: String) async throws {
        try await expectFailure(
            ["donate", "--folder", folder.path, "--join", address],
            "'\(address)' is not an address; write starling://host:port/<peer>?curve=<key>"
        )
    }

    @Test(arguments: ["h:0", "h:99999", "a b:1"])
    func endpointThatIsNoneIsQuoted(endpoint: String) async throws {
        let key = String(repeating: "ab", count: 32)
        let address = "starling://\(endpoint)/\(key)?curve=\(key)"
        try await expectFailure(
            ["donate", "--folder", folder.path, "--join", address],
            "'\(address)' is not an address"
        )
    }

    @Test func executorThatIsNotThereIsNamedWithItsPath() async throws {
        let path = folder.file("no-executor")
        try await expectFailure(
            ["donate", "--folder", folder.path],
            "there is no executor at \(path)",
            environment: ["STARLING_EXECUTOR": path]
        )
    }

    private func expectFailure(
        _ arguments: [String],
        _ message: String,
        environment: [String: String] = [:],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Program(arguments, environment: environment).outcome()
        #expect(!outcome.isKilled, sourceLocation: location)
        #expect(outcome.status == 1, sourceLocation: location)
        #expect(outcome.output.isEmpty, sourceLocation: location)
        #expect(outcome.errors.contains(message), "\(outcome.errors)", sourceLocation: location)
    }
}

/// A port that somebody else listens on.
private final class Listener {
    let port: UInt16
    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}

/// What `search --json --timing` adds to the report.
private struct TimedReport: Decodable {
    let processorSeconds: [String: Double]
}
