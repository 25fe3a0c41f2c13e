import ArgumentParser
import PeerNode
import Primitives

/// The keys of a peer.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show the peer's keys, back them up, and bring them back.",
        discussion: """
            Whoever has the keys can act as the peer and its project. They are the only thing that \
            cannot be had again.

            Example:
              starling key show
              starling key backup /media/stick/starling.keys
            """,
        subcommands: [KeyShowCommand.self, KeyBackupCommand.self, KeyRestoreCommand.self]
    )
}

/// The public halves of the keys.
struct KeyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the public keys, and where the secret ones lie.",
        discussion: """
            Example:
              starling key show
            """
    )

    /// The keys in a folder.
    private struct Report: Encodable {
        struct Key: Encodable {
            let purpose: String
            let key: String
            let path: String
        }

        let keys: [Key]
    }

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let keys = try KeyFolder(try place.place().path).publicKeys()
        let report = Report(
            keys: keys.map { Report.Key(purpose: $0.purpose, key: $0.key, path: $0.path) }
        )
        var table = TextTable("PURPOSE", "PUBLIC KEY", "FILE")
        for key in keys { table.add(key.purpose, key.key, key.path) }
        try answer.show(report, table.text)
    }
}

/// Copies the keys into one file.
struct KeyBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write all keys to one new file.",
        discussion: """
            Keep the file where you keep passwords. An existing file is never overwritten.

            Example:
              starling key backup /media/stick/starling.keys
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The file to make.", completion: .file())
    var file: String

    func run() throws {
        let folder = try place.place()
        try KeyFolder(folder.path).backUp(to: file)
        let text = "the keys in \(folder.path) are in \(file); whoever has it can act as this peer"
        try answer.show(KeyCopyReport(folder: folder.path, file: file), text)
    }
}

/// Takes the keys from a backup.
struct KeyRestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Take the keys from a backup into a folder without keys.",
        discussion: """
            A key that is there is never overwritten. The same key must not run on two machines: \
            it would answer one question twice, which others can prove.

            Example:
              starling key restore /media/stick/starling.keys
            """
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    @Argument(help: "The backup.", completion: .file())
    var file: String

    func run() throws {
        let folder = try place.place()
        try folder.make()
        let claim = try folder.claim()
        defer { withExtendedLifetime(claim) {} }
        try KeyFolder(folder.path).restore(from: file)
        let text =
            "the keys of \(file) are in \(folder.path); start their peer with: starling donate"
        try answer.show(KeyCopyReport(folder: folder.path, file: file), text)
    }
}

/// Where keys were copied.
private struct KeyCopyReport: Encodable {
    let folder: String
    let file: String
}
