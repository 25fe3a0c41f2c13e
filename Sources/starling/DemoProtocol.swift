/// What a parent process tells a peer on its standard input, one JSON object a line.
struct DemoRequest: Codable, Sendable {
    enum Verb: String, Codable, Sendable {
        /// Submit the file.
        case submit
        /// Tell the board and the audit.
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
    /// Every unit is final, and the table is written.
    case finished(JobOutcome)
    /// The board and the audit.
    case report([BoardLine], AuditLine)
    /// The ledger is written.
    case exported
    /// Something went wrong.
    case failed(String)
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
        let unit: Int
        let kind: String
        let winners: [String]
        let losers: [String]
        let resultHash: String
    }

    let votes: [Vote]
    let hits: [SearchReport.Row]
    let board: [BoardLine]
}
