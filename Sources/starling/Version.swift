import Wire

/// Which program this is, and whom it can talk to.
enum Version {
    /// As in the changelog, by SemVer.
    static let program = "0.1.0-dev"

    /// The program, and the network protocol: peers of different protocols do not talk.
    static let text = "starling \(program), network protocol \(Hello.version)"
}
