import ArgumentParser
import Glibc
import PeerNode
import Primitives
import Wire

/// Audits an export on this machine, without a network.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check every statement of an exported ledger, and recompute its board.",
        discussion: """
            Needs nothing but the file: no peer, no network. Checks every signature, every \
            certificate and every opening, and compares the board that follows from them with the \
            one that the file states.

            Example:
              starling demo --export ledger.cbor
              starling audit ledger.cbor

            Exits with 0 when everything is right, with 1 when something is not and was named, and \
            with 2 when the file cannot be read at all.
            """
    )

    @Argument(help: "The export of a peer's ledger.")
    var file: String

    @Option(help: "The name of the network that the export must be of. (default: any)")
    var network: String?

    @Flag(help: "Write one JSON object in place of the text.")
    var json = false

    private static let cannotRead = ExitCode(2)

    func run() async throws {
        let begin = ContinuousClock.now
        let report: AuditReport
        do {
            report = try await audit()
        } catch let error as ExportError {
            OutputFile.writeToStandardError("Error: \(error)\n")
            throw Self.cannotRead
        }
        let view = AuditView(report, took: ContinuousClock.now - begin)
        try OutputFile.writeToStandardOutput(json ? try view.json() : Bytes("\(view.text)\n".utf8))
        guard report.isGood else { throw ExitCode.failure }
    }

    private func audit() async throws -> AuditReport {
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
