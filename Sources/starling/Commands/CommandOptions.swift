import ArgumentParser
import Primitives

/// Which peer a command is about.
struct FolderOptions: ParsableArguments {
    @Option(
        help: """
            The peer's folder. (default: $STARLING_FOLDER, else $XDG_DATA_HOME/starling, else \
            ~/.local/share/starling)
            """,
        completion: .directory
    )
    var folder: String?

    /// The folder.
    func place() throws -> PeerFolder { try PeerFolder(folder) }

    /// The peer that runs there.
    func client() throws -> ControlClient { ControlClient(folder: try place()) }
}

/// How a command answers.
struct AnswerOptions: ParsableArguments {
    @Flag(help: "Write JSON in place of text: one object a line.")
    var json = false

    /// Writes a report as an object or as its text.
    func show(_ report: some Encodable, _ text: @autoclosure () -> String) throws {
        let line = json ? try ControlLine.encode(report) : Bytes("\(text())\n".utf8)
        try OutputFile.writeToStandardOutput(line)
    }
}

/// Completes what can be known by asking the running peer; nothing when none runs.
enum IDCompletion {
    /// Jobs that the peer knows.
    static let jobs = CompletionKind.custom { words, _, _ in
        guard let folder = try? PeerFolder(folder(in: words)) else { return [] }
        let report = try? ControlClient(folder: folder).ask(JobsVerb())
        return report?.jobs.map { Printable.short($0.job) } ?? []
    }

    /// Peers that the peer knows.
    static let peers = CompletionKind.custom { words, _, _ in
        guard let folder = try? PeerFolder(folder(in: words)) else { return [] }
        let report = try? ControlClient(folder: folder).ask(PeersVerb())
        return report?.peers.map { Printable.short($0.peer) } ?? []
    }

    private static func folder(in words: [String]) -> String? {
        guard let option = words.firstIndex(of: "--folder"), option + 1 < words.count else {
            return nil
        }
        return words[option + 1]
    }
}
