import Foundation
import Subprocesses
import Testing

/// The list of bugs that are planted on purpose, and the script that plants them.
@Suite struct PlantedBugTests {
    /// A package of one file, and a list of bugs, for the script.
    private final class Bench {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "starling-plant-\(UUID().uuidString)")

        init(source: String, list: String) throws {
            let sources = folder.appending(path: "package/Sources/Vote")
            try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
            try Data("// a package".utf8)
                .write(to: folder.appending(path: "package/Package.swift"))
            try Data(source.utf8).write(to: sources.appending(path: "Vote.swift"))
            try Data(list.utf8).write(to: folder.appending(path: "list.txt"))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func plant(_ arguments: [String]) throws -> (status: Int32, text: String) {
            let files = [
                "--root", folder.appending(path: "package").path,
                "--list", folder.appending(path: "list.txt").path,
            ]
            return try PlantedBugTests.plant(arguments + files)
        }

        func copied(_ path: String) throws -> String {
            let bytes = try Data(contentsOf: folder.appending(path: "copy/\(path)"))
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static let source = """
        func isWon(_ votes: Int) -> Bool { votes == 2 }
        func isLost(_ votes: Int) -> Bool { votes == 0 }

        """

    private static let list = """
        # one-vote-wins
        One vote is enough.
        Sources/Vote/Vote.swift
        -votes == 2
        +votes >= (PLANTED ? 1 : 2)

        # nobody-loses
        No vote is lost.
        with silent
        Sources/Vote/Vote.swift
        -votes == 0
        +!PLANTED && votes == 0

        """

    @Test func everyBugOfTheListHasItsPlace() throws {
        let run = try Self.plant(["--check"])
        #expect(run.status == 0, "\(run.text)")
    }

    @Test func aBugWhoseTextIsGoneIsNamed() throws {
        let source = Self.source.replacing("votes == 0", with: "votes < 1")
        let run = try Bench(source: source, list: Self.list).plant(["--check"])
        #expect(run.status == 1)
        #expect(run.text.contains("nobody-loses: its text is 0 times in Sources/Vote/Vote.swift"))
    }

    @Test func aBugWhoseTextIsThereTwiceIsNamed() throws {
        let source = Self.source.replacing("votes == 0", with: "votes == 2")
        let run = try Bench(source: source, list: Self.list).plant(["--check"])
        #expect(run.status == 1)
        #expect(run.text.contains("one-vote-wins: its text is 2 times"))
    }

    @Test func twoBugsInOneTextAreNamed() throws {
        let list = Self.list.replacing("-votes == 0", with: "-Bool { votes == 2 }")
        let run = try Bench(source: Self.source, list: list).plant(["--check"])
        #expect(run.status == 1)
        #expect(run.text.contains("replace the same text of Sources/Vote/Vote.swift"))
    }

    @Test func theCopyHasEveryBugAndItsSwitch() throws {
        let bench = try Bench(source: Self.source, list: Self.list)
        let run = try bench.plant([bench.folder.appending(path: "copy").path])
        #expect(run.status == 0, "\(run.text)")
        #expect(
            try bench.copied("Sources/Vote/Vote.swift") == """
                import Primitives
                func isWon(_ votes: Int) -> Bool { votes >= (isPlanted(1) ? 1 : 2) }
                func isLost(_ votes: Int) -> Bool { !isPlanted(2) && votes == 0 }

                """
        )
        let names = try bench.copied("Sources/starling-sim/PlantedBugs.swift")
        #expect(names.contains("name: \"nobody-loses\", effect: \"No vote is lost.\""))
        #expect(names.contains("Vote.swift\", behaviour: nil),"))
        #expect(names.contains("Vote.swift\", behaviour: \"silent\"),"))
        #expect(try bench.copied("Sources/Primitives/PlantedBug.swift").contains("isPlanted"))
    }

    /// A package whose folders are not all there cannot be built, whatever is built of it.
    @Test func theCopyOfThisPackageHasEveryFolderThatItNames() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "starling-plant-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try Self.plant([folder.path])
        #expect(run.status == 0, "\(run.text)")
        let text = try Data(contentsOf: folder.appending(path: "Package.swift"))
        let package = String(decoding: text, as: UTF8.self)
        let paths = package.matches(of: /path: "([^"]+)"/).map { String($0.1) }
        #expect(!paths.isEmpty)
        for path in paths {
            let place = folder.appending(path: path).path
            #expect(FileManager.default.fileExists(atPath: place), "\(path)")
        }
    }

    /// What is the same need not be built again.
    @Test func aFileThatIsTheSameIsNotWritten() throws {
        let bench = try Bench(source: Self.source, list: Self.list)
        let copy = bench.folder.appending(path: "copy").path
        let file = "\(copy)/Sources/Vote/Vote.swift"
        _ = try bench.plant([copy])
        let longAgo = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: file)
        _ = try bench.plant([copy])
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.modificationDate] as? Date == longAgo)
    }

    private static func plant(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let script = root.appending(path: "Mutants/plant").path
        let run = try Subprocess.output(
            of: "/usr/bin/env",
            ["python3", script] + arguments,
            withErrors: true
        )
        return (run.ending.status, String(decoding: run.bytes, as: UTF8.self))
    }
}
