import PeerNode
import Primitives

/// Who has computed how much and for whom, as the peer's ledger says.
struct LeaderboardVerb: ControlVerb {
    static let name = "leaderboard"

    /// A project's id, which may be shortened; the jobs of all when it is missing.
    let project: String?

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (LeaderboardReport) async throws -> Void
    ) async throws {
        var scope: ProjectID?
        if let project { scope = try await Subject.project(project, at: peer.node) }
        let boards = await peer.node.boards(of: scope)
        let names = await peer.node.ownNames
        try await tell(LeaderboardReport(boards, of: scope, names: names))
    }
}

/// Checks the peer's ledger.
struct AuditVerb: ControlVerb {
    static let name = "audit"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (AuditFigures) async throws -> Void
    ) async throws {
        let begin = ContinuousClock.now
        let report = await peer.node.audit()
        try await tell(AuditFigures(report, took: ContinuousClock.now - begin))
    }
}

/// Writes the peer's ledger to a file.
struct ExportVerb: ControlVerb {
    static let name = "export"

    /// The file's path as the peer sees it, from the root.
    let file: String

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (ExportReport) async throws -> Void
    ) async throws {
        guard file.hasPrefix("/") else {
            throw CommandFailure("'\(Printable.text(file))' does not begin at the root")
        }
        // Whatever stands there is replaced, and the vault cannot be had again.
        guard !peer.folder.contains(file) else {
            throw CommandFailure(
                "\(file) lies in the peer's own folder; name a file in another one"
            )
        }
        let count = try await peer.node.export(to: file)
        try await tell(ExportReport(file: file, items: count))
    }
}

/// A ledger that was written to a file.
struct ExportReport: Codable, Sendable {
    let file: String
    /// Items in it.
    let items: Int

    var text: String {
        "\(Printable.count(items, "item")) of the ledger are in \(file); check them anywhere with: "
            + "starling audit \(file)"
    }
}
