import Foundation
import Testing

/// The walk of the README, as it is printed.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The code block below a comment that names it.
    private func block(_ name: String) throws -> String {
        let page = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        let rest = try #require(page.components(separatedBy: "<!-- \(name) -->\n```sh\n").last)
        return try #require(rest.components(separatedBy: "```\n").first)
    }

    /// A shell at the root of the repository that runs `script` with the built program.
    private func shell(_ script: String, home: Folder) throws -> Process {
        let bash = Process()
        bash.executableURL = URL(filePath: "/bin/bash")
        // What the script left running ends with it.
        bash.arguments = ["-euc", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n\(script)"]
        bash.currentDirectoryURL = Self.root
        let program = Program.executable.deletingLastPathComponent().path
        bash.environment = [
            "PATH": "\(program):/usr/bin:/bin", "HOME": home.path, "TMPDIR": home.path,
        ]
        return bash
    }

    @Test func walkOfTwoTerminalsRunsAsItIsPrinted() async throws {
        let home = try Folder()
        let first = try shell("exec \(try block("walk: terminal 1"))", home: home)
        first.standardOutput = FileHandle.nullDevice
        try first.run()
        defer {
            first.interrupt()
            first.waitUntilExit()
        }
        let second = try shell(try block("walk: terminal 2"), home: home)
        let output = home.file("output")
        try Data().write(to: URL(filePath: output))
        second.standardOutput = FileHandle(forWritingAtPath: output)
        let (end, continuation) = AsyncStream.makeStream(of: Void.self)
        second.terminationHandler = { _ in continuation.finish() }
        try second.run()
        for await _ in end {}
        #expect(second.terminationStatus == 0)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.contains("1 of 1 certified, 1 final; complete"))
        #expect(text.contains("# File ID: plain.h5"))
        #expect(text.contains("this peer"))
    }
}
