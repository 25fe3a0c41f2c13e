import Foundation
import Glibc
import Kernels
import Testing

/// The control socket: who may use it, and what strange clients do to it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ControlSocketTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// Checks that the peer still answers, and at once.
    private func expectAlive(
        _ donor: Donor,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let status = try await donor.object(Status.self, "status", at: location)
        #expect(status.activity == "donatesNothing", sourceLocation: location)
    }

    // MARK: - The folder

    @Test func folderAndSocketAreTheOwnersAlone() async throws {
        let before = umask(0)
        defer { _ = umask(before) }
        let donor = try await Donor(cores: 0)
        #expect(mode(donor.folder) == 0o700)
        for name in ["control.sock", "lock", "peer.key", "project.key", "curve.key"] {
            #expect(mode("\(donor.folder)/\(name)") == 0o600, "\(name)")
        }
        #expect(try await donor.end().status == 0)
        #expect(access("\(donor.folder)/control.sock", F_OK) != 0, "an orderly end removes it")
    }

    @Test(arguments: [
        ["status"], ["peers"], ["leaderboard"], ["why", "ab"], ["pause"], ["resume"], ["jobs"],
        ["watch"], ["results", "ab"], ["cancel", "ab"], ["hold", "ab"], ["release", "ab"],
        ["audit"],
    ])
    func commandWithoutAPeerSaysHowToStartOne(arguments: [String]) async throws {
        let folder = try Folder()
        let outcome = try await Program.run(arguments + ["--folder", folder.path])
        #expect(outcome.status == 3)
        let message = "no peer runs in \(folder.path); start one with: starling donate\n"
        #expect(outcome.errors == "Error: \(message)")
        #expect(outcome.output.isEmpty)
    }

    @Test func socketThatAKilledPeerLeftIsReplaced() async throws {
        let home = try Folder()
        let first = try await Donor(cores: 0, in: home)
        #expect(try await first.end(SIGKILL).isKilled)
        #expect(access("\(first.folder)/control.sock", F_OK) == 0)
        let stale = try await first.outcome("status")
        #expect(stale.status == 3)
        let second = try await Donor(cores: 0, in: home)
        try await expectAlive(second)
        #expect(try await second.end().status == 0)
    }

    @Test func secondPeerInAFolderIsRefused() async throws {
        let donor = try await Donor(cores: 0)
        let outcome = try await Program.run(["donate", "--folder", donor.folder])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("a peer runs in \(donor.folder) already (process "))
        let keys = try donor.program.folder.write([], to: "keys")
        let restored = try await donor.outcome("key", "restore", keys)
        #expect(restored.errors.contains("a peer runs in \(donor.folder) already"))
        try await expectAlive(donor)
        #expect(try await donor.end().status == 0)
    }

    @Test func pathTooLongForASocketIsNamed() async throws {
        let folder = "\(try Folder().path)/\(String(repeating: "x", count: 100))"
        for verb in ["donate", "status"] {
            let outcome = try await Program.run([verb, "--folder", folder])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("bytes, and the system takes 107; choose a shorter"))
        }
    }

    @Test func fileInTheSocketsPlaceIsKept() async throws {
        let folder = try Folder()
        let path = try folder.write("precious".utf8, to: "control.sock")
        let outcome = try await Program.run(["donate", "--folder", folder.path])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\(path) is not a socket; move it away"))
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
    }

    @Test(arguments: ["STARLING_FOLDER", "XDG_DATA_HOME", "HOME", "XDG_DATA_HOME=relative"])
    func folderComesFromTheEnvironment(source: String) async throws {
        let home = try Folder()
        let (environment, expected): ([String: String?], String) =
            switch source {
            case "STARLING_FOLDER":
                (["STARLING_FOLDER": home.file("a"), "XDG_DATA_HOME": "/x"], home.file("a"))
            case "XDG_DATA_HOME": (["XDG_DATA_HOME": home.path], home.file("starling"))
            case "HOME": (["HOME": home.path], home.file(".local/share/starling"))
            default:
                (
                    ["XDG_DATA_HOME": "data", "HOME": home.path],
                    home.file(".local/share/starling")
                )
            }
        let donor = try Program(["donate", "--cores", "0"], environment: environment)
        #expect(try await donor.says("its folder is \(expected)\n"))
        #expect(mode(expected) == 0o700)
        let status = try await Program.run(["status", "--json"], environment: environment)
        let report = try JSONDecoder().decode(Status.self, from: status.output)
        #expect(report.folder == expected)
        donor.send(SIGTERM)
        #expect(try await donor.outcome().status == 0)
    }

    @Test func statusWaitsForAPeerThatStarts() async throws {
        let home = try Folder()
        let status = try Program(
            ["status", "--address", "--wait", "1h", "--folder", home.file("peer")]
        )
        let donor = try await Donor(cores: 0, in: home)
        let outcome = try await status.outcome()
        #expect(outcome.status == 0)
        #expect(String(decoding: outcome.output, as: UTF8.self) == "\(try await donor.address())\n")
        #expect(try await donor.end().status == 0)
    }

    // MARK: - Strange clients

    @Test(arguments: [
        "\n", "garbage\n", "{}\n", "[]\n", "null\n", "\u{0}\u{1}\u{ff}\n", #"{"verb":1}"# + "\n",
        #"{"verb":"nothing"}"# + "\n", #"{"verb":"watch"}"# + "\n",
        #"{"verb":"results","arguments":{"job":7}}"# + "\n",
        #"{"verb":"submit","arguments":{"request":{"file":"/etc/passwd"}}}"# + "\n",
    ])
    func nonsenseIsAnsweredWithAFailure(text: String) async throws {
        try await expectFailure(text)
    }

    @Test func deepNestIsAnsweredWithAFailure() async throws {
        try await expectFailure(String(repeating: "[", count: 900_000) + "\n")
    }

    private func expectFailure(_ text: String) async throws {
        let donor = try await Donor(cores: 0)
        let client = try SocketClient("\(donor.folder)/control.sock")
        client.send(text.utf8)
        let answer = await client.rest()
        #expect(answer.hasPrefix(#"{"failure":"#))
        #expect(answer.hasSuffix("}\n"))
        try await expectAlive(donor)
        #expect(try await donor.end().status == 0)
    }

    @Test func lineOfTwoMebibytesIsRefusedAndNotKept() async throws {
        let donor = try await Donor(cores: 0)
        let client = try SocketClient("\(donor.folder)/control.sock")
        client.send([UInt8](repeating: UInt8(ascii: "x"), count: 2 << 20))
        let answer = await client.rest()
        #expect(answer.contains("a request has at most 1048576 bytes"))
        try await expectAlive(donor)
        #expect(try await donor.end().status == 0)
    }

    @Test func clientsThatLeaveOrStayHarmNobody() async throws {
        let donor = try await Donor(cores: 0)
        let path = "\(donor.folder)/control.sock"
        let request = Array(#"{"arguments":{},"verb":"status"}"#.utf8) + [UInt8(ascii: "\n")]
        for count in [0, 1, request.count - 1, request.count] {
            // Gone before the answer comes.
            let hasty = try SocketClient(path)
            hasty.send(request.prefix(count))
        }
        // What follows the request is nobody's.
        let talkative = try SocketClient(path)
        talkative.send(request + request + Array("garbage\n".utf8))
        let answer = await talkative.rest()
        #expect(answer.split(separator: "\n").count == 2)
        #expect(answer.hasSuffix(#"{"end":true}"# + "\n"))
        // One that ends its side first gets its answer all the same.
        let brief = try SocketClient(path)
        brief.send(request)
        brief.finish()
        #expect(await brief.rest().hasSuffix(#"{"end":true}"# + "\n"))
        // It asks without a line's end, and stays silent: it is cut off after a while.
        let silent = try SocketClient(path)
        silent.send(request.dropLast())
        try await expectAlive(donor)
        #expect(await silent.rest() == "")
        #expect(try await donor.end().status == 0)
    }

    @Test func oneClientTooManyIsToldSo() async throws {
        let donor = try await Donor(cores: 0)
        let path = "\(donor.folder)/control.sock"
        let many = try (0..<32).map { _ in try SocketClient(path) }
        let outcome = try await donor.outcome("status")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("the peer serves 32 commands already"))
        for client in many { client.finish() }
        for client in many { #expect(await client.rest() == "") }
        try await expectAlive(donor)
        #expect(try await donor.end().status == 0)
    }

    @Test func clientThatReadsNothingIsCutOff() async throws {
        let donor = try await Donor(cores: 0)
        let client = try SocketClient("\(donor.folder)/control.sock")
        // The answer quotes the verb, and is larger than what the system holds for a client.
        let verb = String(repeating: "v", count: 1_000_000)
        client.send(Array("{\"verb\":\"\(verb)\"}\n".utf8))
        let others = Task {
            for _ in 0..<20 { try await expectAlive(donor) }
        }
        try await others.value
        while openClients(of: donor) > 0 { try await Task.sleep(for: .milliseconds(50)) }
        let answer = await client.rest()
        #expect(answer.hasPrefix(#"{"failure":"#))
        #expect(!answer.hasSuffix("}\n"), "it was cut off in the middle")
        #expect(try await donor.end().status == 0)
    }

    /// Connections of the control socket that the peer's process holds.
    private func openClients(of donor: Donor) -> Int {
        let table = KernelTable.text("/proc/net/unix")
        // State 03 is a connection; the listener itself is in state 01.
        return table.split(separator: "\n").count { line in
            let fields = line.split(separator: " ")
            return fields.count > 7 && fields[5] == "03"
                && fields[7] == "\(donor.folder)/control.sock"
        }
    }
}
