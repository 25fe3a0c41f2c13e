import ArgumentParser
import PeerNode
import Primitives
import Store

/// The keys of a peer.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show the peer's keys, back them up, bring them back, and replace a stolen one.",
        discussion: """
            Whoever has the keys can act as the peer and its project. They are the only thing that \
            cannot be had again.

            Example:
              starling key show
              starling key backup /media/stick/starling.keys
            """,
        subcommands: [
            KeyShowCommand.self, KeyBackupCommand.self, KeyRestoreCommand.self,
            KeySuccessorCommand.self,
        ]
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

/// Replaces the peer's key.
struct KeySuccessorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "successor",
        abstract: "Replace the peer's key by its successor, because it was or may be stolen.",
        discussion: """
            The successor key was made with the peer's own, whose first record names it: nobody \
            without it can take over. Credit, jobs and everything else of the old key become the \
            new one's as soon as the peer is started again and others hear of it; from then on \
            the old key counts for nothing. It cannot be taken back. Computations that the old \
            key had begun are given up. The peer must be stopped.

            Example:
              starling key successor
              starling donate
              starling key backup /media/stick/starling-2.keys
            """
    )

    /// Which key took over from which.
    private struct Report: Encodable {
        let folder: String
        let old: String
        let new: String
        /// Where the old key is kept.
        let revoked: String
    }

    @OptionGroup var place: FolderOptions
    @OptionGroup var answer: AnswerOptions

    func run() throws {
        let folder = try place.place()
        // Before anything is made in the folder.
        try KeySuccession.check(folder: folder.path)
        let claim = try folder.claim()
        defer { withExtendedLifetime(claim) {} }
        let succession = try KeySuccession.run(
            folder: folder.path,
            storage: try Node.store(in: folder.path)
        )
        let report = Report(
            folder: folder.path,
            old: succession.old.description,
            new: succession.new.description,
            revoked: "\(folder.path)/peer.key.revoked"
        )
        try answer.show(report, Self.text(report))
    }

    private static func text(_ report: Report) -> String {
        """
        peer \(report.old)
        goes on as \(report.new)
        its old key is kept in \(report.revoked); its address is another one
        1. start it, so that others hear of it: starling donate --folder \(report.folder)
        2. then keep a new backup: that start makes another successor key and another key for
           links, which no backup has yet: starling key backup FILE --folder \(report.folder)
        3. whoever joined it by its old address needs the new one: starling status --address
        """
    }
}

/// Where keys were copied.
private struct KeyCopyReport: Encodable {
    let folder: String
    let file: String
}
