import Foundation
import PeerNode
import Primitives
import Wire

/// Names a peer an anchor of the jobs of this peer's project.
struct AnchorVerb: ControlVerb {
    static let name = "anchor"

    /// A peer's id, which may be shortened.
    let peer: String
    /// The last hour that counts, UTC since 1970; by `days` when it is missing.
    let until: UInt64?
    /// So many days from now; a month when both are missing.
    let days: UInt64?

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (AnchorLine) async throws -> Void
    ) async throws {
        let id = try await Subject.peer(self.peer, at: peer.node)
        guard id != peer.node.id else {
            throw CommandFailure(
                "peer \(id.short) is this one, which is an anchor of the jobs that it submits "
                    + "without that; name another peer"
            )
        }
        let hour = await peer.node.hour()
        let last = until ?? saturatingSum(hour, saturatingProduct(days ?? Self.defaultDays, 24))
        guard last >= hour else {
            throw CommandFailure(
                "\(Moment.text(Moment.end(ofEpoch: last))) is over; name a later day"
            )
        }
        guard last - hour <= Limits.anchorHours else {
            throw CommandFailure(
                "an anchor counts for \(Limits.anchorHours / 24) days at most; name an earlier day"
            )
        }
        let anchor = try await peer.node.nameAnchor(id, until: last)
        // What was said before with another end stays as it is.
        guard anchor.until == last else { throw Self.cannotChange(anchor, at: hour) }
        try await tell(AnchorLine(anchor, at: hour))
    }

    /// A month.
    static let defaultDays: UInt64 = 30

    private static func cannotChange(_ anchor: Anchor, at hour: UInt64) -> CommandFailure {
        let end = Moment.until(Moment.end(ofEpoch: anchor.until))
        let word = anchor.until >= hour ? "is" : "was"
        return CommandFailure(
            "peer \(anchor.peer.short) \(word) an anchor \(end), and what a project says of a peer "
                + "can neither be changed nor said again; name it for one job with "
                + "`starling submit --anchor \(anchor.peer.short)`, or name another peer"
        )
    }
}

/// The anchors of the jobs of this peer's project.
struct AnchorsVerb: ControlVerb {
    static let name = "anchors"

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (AnchorsReport) async throws -> Void
    ) async throws {
        let hour = await peer.node.hour()
        let lines = await peer.node.anchors.map { AnchorLine($0, at: hour) }
        let report = AnchorsReport(
            project: peer.node.project.description,
            peer: peer.node.id.description,
            anchors: lines
        )
        try await tell(report)
    }
}

/// A peer whose word counts in the jobs of a project.
struct AnchorLine: Codable, Sendable, Equatable {
    let peer: String
    let since: Date
    let until: Date
    let isOver: Bool

    init(_ anchor: Anchor, at hour: UInt64) {
        peer = anchor.peer.description
        since = Moment.begin(ofEpoch: anchor.epoch)
        until = Moment.end(ofEpoch: anchor.until)
        isOver = anchor.until < hour
    }

    var text: String {
        "peer \(Printable.short(peer)) is an anchor of this project's jobs \(Moment.until(until))"
    }
}

/// The peers whose word counts in the jobs of this peer's project, whatever these say.
struct AnchorsReport: Codable, Sendable {
    let project: String
    /// This peer: an anchor of whatever it submits.
    let peer: String
    let anchors: [AnchorLine]

    var text: String {
        let own =
            "peer \(Printable.short(peer)), this one, is an anchor of each job that it submits"
        guard !anchors.isEmpty else { return "\(own); the project has named no other" }
        var table = TextTable("PEER", "SINCE", "UNTIL", "")
        for line in anchors {
            table.add(
                Printable.short(line.peer),
                Moment.text(line.since),
                Moment.text(line.until),
                line.isOver ? "over" : ""
            )
        }
        return table.text + "\n" + own
    }
}
