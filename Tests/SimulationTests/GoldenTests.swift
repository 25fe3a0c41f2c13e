import Foundation
import Simulator
import Testing

/// Scenarios whose stories are kept as text files in Tests/Golden, to be read.
///
/// `STARLING_GOLDEN=rewrite swift test --disable-xctest --filter GoldenTests` writes them anew;
/// what changed shows in the difference.
@Suite struct GoldenTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    @Test(arguments: scenarios.keys.sorted())
    func storyIsTheOneThatIsKept(name: String) throws {
        let scenario = try #require(scenarios[name])
        let (lines, report) = scenario.story()
        #expect(report.violations == [])
        let text = ([scenario.title, ""] + lines).joined(separator: "\n") + "\n"
        let file = Self.folder.appending(path: "\(name).txt")
        if ProcessInfo.processInfo.environment["STARLING_GOLDEN"] == "rewrite" {
            try Data(text.utf8).write(to: file)
        }
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(text == kept, "\(file.path); STARLING_GOLDEN=rewrite writes it anew")
    }
}
