/// What a peer of the demo does.
enum DemoRole: String, Codable, Sendable {
    /// It submits, and is the job's steward.
    case submitter
    /// It says what it computes.
    case worker
    /// It says something else, which is its own.
    case liar
    /// It says something else, which all colluders say.
    case colluder
}

extension DemoCommand {
    /// What the peer at a place does.
    func role(of index: Int) -> DemoRole {
        switch index {
        case 0: .submitter
        case ...liars: .liar
        case ...(liars + colluders): .colluder
        default: .worker
        }
    }

    /// The places of those who lie.
    var deceivers: Range<Int> { 1..<1 + liars + colluders }
}
