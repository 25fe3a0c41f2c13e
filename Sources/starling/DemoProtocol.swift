/// What a parent process tells a peer on its standard input, one JSON object a line.
struct DemoRequest: Codable, Sendable {
    enum Verb: String, Codable, Sendable {
        /// Submit the file.
        case submit
        /// Tell the board, the audit, where `peers` stand, and what became of `job`.
        case report
        /// Write the ledger to the output.
        case export
        /// End.
        case quit
    }

    let verb: Verb
    var file: String?
    var maxDrift: Double?
    var snr: Float?
    var coarseChannels: Int?
    var output: String?
    /// Whether the job is `adaptive`; it is `strict` when this is missing.
    var isAdaptive: Bool?
    var peers: [String]?
    var job: String?
}

/// What a peer tells its parent process on its standard output, one JSON object a line.
enum DemoEvent: Codable, Sendable {
    /// The peer listens.
    case ready(peer: String, address: String)
    /// So many peers are linked.
    case links(Int)
    /// The file is packed and submitted.
    case submitted(manifest: String, units: Int)
    /// How far the job is.
    case progress(units: Int, certified: Int, final: Int, held: Int)
    /// Every unit has a certificate; the board as it is now.
    case certified([BoardLine])
    /// Every unit was final, and every result was there.
    case finished
    /// What it was asked to tell.
    case report(PeerFindings)
    /// The ledger is written.
    case exported
    /// Something went wrong.
    case failed(String)
}

/// What a peer holds, as it tells its parent.
struct PeerFindings: Codable, Sendable {
    let board: [BoardLine]
    let audit: AuditLine
    /// Where those peers stand that were asked for, in their order.
    let standings: [StandingReport]
    /// What the job has come to, whose table is written by then; missing while a unit is not final.
    let outcome: JobOutcome?
}

/// What an audit found.
struct AuditLine: Codable, Sendable, Equatable {
    let certificates: Int
    let valid: Int
    let findings: Int
    let ledger: String
}

/// What a finished job came to.
struct JobOutcome: Codable, Sendable {
    /// One unit's vote.
    struct Vote: Codable, Sendable {
        /// One worker's part.
        struct Voter: Codable, Sendable {
            let peer: String
            let didWin: Bool
            /// The hash of what it said; missing when nobody has opened that.
            let core: String?
        }

        let unit: Int
        let kind: String
        /// Every vote that the unit had, in their turn.
        let kinds: [String]
        let voters: [Voter]
        /// Empty while it is open.
        let resultHash: String

        var winners: [String] { voters.filter(\.didWin).map(\.peer) }
        var losers: [String] { voters.filter { !$0.didWin }.map(\.peer) }
    }

    let votes: [Vote]
    let hits: [SearchReport.Row]
}
