import Foundation
import Kernels
import Subprocesses
import Testing

/// What the program says of itself.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HelpTests {
    private static let verbs = [
        ["donate"], ["status"], ["invite"], ["pause"], ["resume"], ["peers"], ["leaderboard"],
        ["key"],
        ["key", "show"], ["key", "backup"], ["key", "restore"], ["key", "successor"], ["submit"],
        ["jobs"], ["watch"],
        ["results"], ["cancel"], ["hold"], ["release"], ["anchor"],
        ["why"], ["export"], ["audit"], ["demo"],
        ["search"],
    ]

    @Test(arguments: [[]] + verbs)
    func helpHasAnExample(verb: [String]) async throws {
        let outcome = try await Program.run(verb + ["--help"])
        #expect(outcome.status == 0)
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains("Example:\n"))
        #expect(text.contains("starling \(verb.joined(separator: " "))"))
    }

    @Test func versionsAreThoseOfThePage() async throws {
        let outcome = try await Program.run(["--version"])
        #expect(outcome.status == 0)
        let text = String(decoding: outcome.output, as: UTF8.self)
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(page.contains("`\(text.trimmingCharacters(in: .newlines))`"))
        let number = try #require(text.split(separator: " ").last).dropLast()
        let protocolPage = Self.page.deletingLastPathComponent().appending(path: "PROTOCOL.md")
        let formats = try String(contentsOf: protocolPage, encoding: .utf8)
        #expect(formats.contains("kind: 1 HELLO, 2 WELCOME; version: \(number)\n"))
    }

    @Test func everyVerbIsTestedAndInThePage() async throws {
        let outcome = try await Program.run(["--help"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        let listed = text.split(separator: "\n").filter { $0.hasPrefix("  ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        for verb in Self.verbs {
            #expect(listed.contains(verb[0]))
            let title = verb.joined(separator: " ")
            guard !["demo", "search"].contains(title) else { continue }
            #expect(page.contains("starling \(title)"), "docs/COMMANDS.md lacks \(title)")
        }
    }

    @Test func everyKeyOfTheObjectsIsInThePage() async throws {
        // A script relies on the keys; the page must not forget one.
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let folder = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 256, toneCount: 1).make()
        let input = try folder.write(made.file, to: "small.fil")
        let donor = try await Donor()
        let second = try await Donor(["--join", try await donor.address()])
        let job = try await donor.text("submit", "--file", input, "--wait", "--quiet").prefix(64)
        let peer = try await donor.object(Status.self, "status").peer
        let other = try await second.object(Status.self, "status").peer
        let verbs = [
            ["anchor", other], ["anchor"], ["status"], ["invite"], ["peers"], ["leaderboard"],
            ["jobs"],
            ["pause"], ["resume"],
            ["why", "\(job)"], ["why", "\(job)/0"], ["why", peer], ["watch", "\(job)"],
            ["results", "\(job)"], ["key", "show"], ["submit", "--file", input, "--dry-run"],
            ["submit", "--file", input], ["export", folder.file("ledger")], ["audit"],
        ]
        for verb in verbs {
            let outcome = try await Program.run(verb + ["--json", "--folder", donor.folder])
            #expect(!outcome.output.isEmpty, "\(verb): \(outcome.errors)")
            // Only an audit's object has more lines than one.
            let lines =
                verb == ["audit"]
                ? [outcome.output[...]] : outcome.output.split(separator: UInt8(ascii: "\n"))
            for line in lines {
                let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
                for key in keys(of: try #require(object)) {
                    #expect(page.contains("`\(key)`"), "\(verb): \(key)")
                }
            }
        }
        for each in [donor, second] { #expect(try await each.end().status == 0) }
    }

    /// The keys of an object and those in it; those of tables and kinds of items are other pages'.
    private func keys(of value: Any) -> Set<String> {
        if let list = value as? [Any] {
            return list.reduce(into: []) { $0.formUnion(keys(of: $1)) }
        }
        guard let object = value as? [String: Any] else { return [] }
        let own = object.filter { !["report", "items"].contains($0.key) }
        return own.values.reduce(into: Set(object.keys)) { $0.formUnion(keys(of: $1)) }
    }

    @Test func completionLoadsInBash() async throws {
        let script = try await Program.run(["--generate-completion-script", "bash"])
        #expect(script.status == 0)
        let folder = try Folder()
        let path = try folder.write(script.output, to: "starling.bash")
        let arguments = [
            "--noprofile", "--norc", "-c",
            """
            set -e
            source "$1"
            complete -p starling
            COMP_WORDS=(starling pa) COMP_CWORD=1 COMP_LINE="starling pa" COMP_POINT=11
            _starling starling pa starling
            echo "${COMPREPLY[@]}"
            """,
            "bash", path,
        ]
        let run = try Subprocess.output(
            of: "/bin/bash",
            arguments,
            environment: [
                "PATH": "\(Program.executable.deletingLastPathComponent().path):/usr/bin:/bin"
            ]
        )
        #expect(run.ending.status == 0)
        #expect(String(decoding: run.bytes, as: UTF8.self).hasSuffix("starling\npause\n"))
    }

    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/COMMANDS.md")
}
