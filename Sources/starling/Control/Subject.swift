import PeerNode
import Primitives

/// What the user means by an id, which may be shortened as long as it is unique.
enum Subject: Hashable, Sendable {
    case job(ManifestID)
    case unit(ManifestID, UInt32)
    case peer(PeerID)

    /// What kinds of things a verb takes.
    enum Kind: Sendable {
        case job
        case any
    }

    /// Digits of an id.
    private static let digitCount = 2 * Digest.byteCount
    /// Matches that an error lists.
    private static let matchesMax = 10

    /// The one thing that `text` names at `node`.
    static func find(_ text: String, _ kind: Kind, at node: Node) async throws -> Subject {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, kind == .any {
            guard let unit = UInt32(parts[1]) else {
                throw CommandFailure(
                    "'\(Printable.text(text))' names no unit; write JOB/UNIT, as 3fa8/12"
                )
            }
            return .unit(try await job(String(parts[0]), at: node), unit)
        }
        let prefix = try prefix(
            text,
            shownBy: kind == .job ? "`starling jobs` shows" : "`starling jobs` and `peers` show"
        )
        var matches = await node.jobIDs.filter { $0.description.hasPrefix(prefix) }.map(Self.job)
        if kind == .any {
            matches += await node.explainablePeerIDs
                .filter { $0.description.hasPrefix(prefix) }.map(Self.peer)
        }
        guard let first = matches.first else {
            throw CommandFailure(
                kind == .job
                    ? "no job \(prefix) is known here; `starling jobs` lists those that are"
                    : "no job and no peer \(prefix) is known here; `starling jobs` and "
                        + "`starling peers` list those that are"
            )
        }
        guard matches.count > 1 else { return first }
        throw ambiguous(prefix, matches.map(\.description))
    }

    /// The one project that `text` names at `node`.
    static func project(_ text: String, at node: Node) async throws -> ProjectID {
        let prefix = try prefix(text, shownBy: "`starling leaderboard --by projects` shows")
        let matches = await node.projectIDs.filter { $0.description.hasPrefix(prefix) }
        guard let first = matches.first else {
            throw CommandFailure(
                "no project \(prefix) has a job here; `starling leaderboard --by projects` lists "
                    + "those with credit"
            )
        }
        guard matches.count > 1 else { return first }
        throw ambiguous(prefix, matches.map { "project \($0)" })
    }

    /// The beginning of an id, in lower case.
    private static func prefix(_ text: String, shownBy verbs: String) throws -> String {
        let prefix = text.lowercased()
        guard !prefix.isEmpty, prefix.utf8.count <= digitCount,
            prefix.utf8.allSatisfy({ isHexadecimal($0) })
        else {
            throw CommandFailure(
                "'\(Printable.text(text))' is no id; write its first hexadecimal digits, as "
                    + "\(verbs) them"
            )
        }
        return prefix
    }

    private static func ambiguous(_ prefix: String, _ matches: [String]) -> CommandFailure {
        let list = matches.prefix(matchesMax).map { "\n  \($0)" }.joined()
        let rest = matches.count > matchesMax ? "\n  and more" : ""
        return CommandFailure(
            "\(prefix) is the beginning of \(matches.count) ids; write more digits:\(list)\(rest)"
        )
    }

    /// The one job that `text` names at `node`.
    static func job(_ text: String, at node: Node) async throws -> ManifestID {
        guard case .job(let id) = try await find(text, .job, at: node) else {
            preconditionFailure("a search for jobs finds jobs")
        }
        return id
    }

    /// The one peer that `text` names at `node`.
    static func peer(_ text: String, at node: Node) async throws -> PeerID {
        let prefix = try prefix(text, shownBy: "`starling peers` shows")
        let matches = await node.peerIDs.filter { $0.description.hasPrefix(prefix) }
        guard let first = matches.first else {
            throw CommandFailure(
                "no peer \(prefix) is known here; `starling peers` lists those that are"
            )
        }
        guard matches.count > 1 else { return first }
        throw ambiguous(prefix, matches.map { "peer \($0)" })
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}

extension Subject: CustomStringConvertible {
    var description: String {
        switch self {
        case .job(let id): "job \(id)"
        case .unit(let id, let unit): "unit \(unit) of job \(id)"
        case .peer(let id): "peer \(id)"
        }
    }
}
