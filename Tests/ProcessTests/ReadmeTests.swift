import Foundation
import Subprocesses
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
    private func shell(_ script: String, home: Folder, output: FileHandle?) throws -> Subprocess {
        let program = Program.executable.deletingLastPathComponent().path
        return try Subprocess(
            "/bin/bash",
            // What the script left running ends with it.
            ["-euc", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n\(script)"],
            environment: [
                "PATH": "\(program):/usr/bin:/bin", "HOME": home.path, "TMPDIR": home.path,
                "STARLING_NETWORK": Program.network,
            ],
            folder: Self.root.path,
            output: output?.fileDescriptor
        )
    }

    @Test func walkOfTwoTerminalsRunsAsItIsPrinted() async throws {
        let home = try Folder()
        let first = try shell(
            "exec \(try block("walk: terminal 1"))",
            home: home,
            output: nil
        )
        defer {
            first.send(SIGINT)
            first.wait()
        }
        let output = home.file("output")
        try Data().write(to: URL(filePath: output))
        let second = try shell(
            try block("walk: terminal 2"),
            home: home,
            output: FileHandle(forWritingTo: URL(filePath: output))
        )
        while second.ending == nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(second.wait().status == 0)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.contains("1 of 1 certified, 1 final; complete"))
        #expect(text.contains("# File ID: plain.h5"))
        #expect(text.contains("this peer"))
    }
}
