import ArgumentParser

/// How large the simulated network is.
struct PeerCount: ParsableArguments {
    @Option(help: "Peers of the network, 2 to 64; by default the seed decides.")
    var peers: Int?

    func validate() throws {
        if let peers, !(2...64).contains(peers) {
            throw ValidationError("--peers takes a number from 2 to 64.")
        }
    }
}
