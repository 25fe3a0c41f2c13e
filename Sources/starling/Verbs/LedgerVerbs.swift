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
        tell: @Sendable (AuditEvent) async throws -> Void
    ) async throws {
        let begin = ContinuousClock.now
        let (steps, ending) = AsyncStream.makeStream(
            of: AuditProgress.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        async let report = {
            defer { ending.finish() }
            return await peer.node.audit { ending.yield($0) }
        }()
        var last = begin
        for await case .judging(let done, let total) in steps
        where ContinuousClock.now - last > Self.progressSpan {
            last = .now
            try await tell(.checked(items: done, of: total))
        }
        try await tell(.figures(AuditFigures(await report, took: ContinuousClock.now - begin)))
    }

    /// How often progress is told.
    private static let progressSpan = Duration.milliseconds(200)
}

/// What an audit of the peer's ledger says.
enum AuditEvent: Codable, Sendable {
    /// So many items of so many are checked.
    case checked(items: Int, of: Int)
    /// It has ended.
    case figures(AuditFigures)
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
