import ArgumentParser
import Glibc
import PeerNode
import Primitives
import Wire

/// Audits an export on this machine, without a network.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check every statement of a ledger, and recompute its board.",
        discussion: """
            Checks every signature, every certificate and every opening. With a file it needs \
            nothing else, no peer and no network, and compares the board that follows with the \
            one that the file states. Without one it asks the running peer to check its own ledger.

            Example:
              starling export ledger.cbor
              starling audit ledger.cbor
              starling audit

            Exits with 0 when everything is right, with 1 when something is not and was named, and \
            with 2 when the file cannot be read at all, or 3 when no peer runs.
            """
    )

    @OptionGroup var place: FolderOptions

    @Argument(
        help: "The export of a peer's ledger. (default: ask the running peer)",
        completion: .file()
    )
    var file: String?

    @Option(help: "The name of the network that the export must be of. (default: any)")
    var network: String?

    @Flag(help: "Write one JSON object in place of the text.")
    var json = false

    private static let cannotRead = ExitCode(2)

    func validate() throws {
        guard file == nil || place.folder == nil else {
            throw ValidationError("a file needs no peer; leave --folder or the file out")
        }
        guard file != nil || network == nil else {
            throw ValidationError("--network is about a file; name one, or leave --network out")
        }
    }

    func run() async throws {
        guard let file else {
            return try show(AuditView(figures: try askPeer(), source: .peer))
        }
        let begin = ContinuousClock.now
        let report: AuditReport
        do {
            report = try await audit(file)
        } catch let error as ExportError {
            OutputFile.writeToStandardError("Error: \(error)\n")
            throw Self.cannotRead
        }
        let figures = AuditFigures(report, took: ContinuousClock.now - begin)
        try show(AuditView(figures: figures, source: .export))
    }

    private func show(_ view: AuditView) throws {
        let text = json ? try view.figures.json() : Bytes("\(view.text)\n".utf8)
        try OutputFile.writeToStandardOutput(text)
        guard view.figures.isGood else { throw ExitCode.failure }
    }

    private func askPeer() throws -> AuditFigures {
        let checking = ProgressLine(verb: "checked")
        defer { checking.finish() }
        var figures: AuditFigures?
        try place.client().ask(AuditVerb()) { event in
            switch event {
            case .checked(let done, let total): checking.show(UInt64(done), of: UInt64(total))
            case .figures(let result): figures = result
            }
        }
        guard let figures else { throw CommandFailure("the peer gave no answer; ask again") }
        return figures
    }

    private func audit(_ file: String) async throws -> AuditReport {
        let reading = ProgressLine(verb: "read")
        let judging = ProgressLine(verb: "checked")
        defer {
            reading.finish()
            judging.finish()
        }
        return try await Audit.export(
            at: file,
            network: network.map(NetworkID.init(name:))
        ) { progress in
            switch progress {
            case .reading(let done, let total): reading.show(done, of: total)
            case .judging(let done, let total):
                reading.finish()
                judging.show(UInt64(done), of: UInt64(total))
            }
        }
    }
}
