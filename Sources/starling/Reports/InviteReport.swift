import PeerNode

/// The addresses by which others join a peer.
struct InviteReport: Codable, Sendable {
    /// One of them, and from where it can be dialled.
    struct Invitation: Codable, Sendable {
        enum Reach: String, Codable, Sendable {
            case machine, link, localNetwork, internet
        }

        let address: String
        let reach: Reach
    }

    /// Best first.
    let invitations: [Invitation]
    /// Whether peers of the local network find it without an address.
    let sendsBeacons: Bool

    init(_ addresses: [JoinAddress], sendsBeacons: Bool) {
        invitations = addresses.map { address in
            let reach: Invitation.Reach =
                switch AddressReach(endpoint: address.endpoint) {
                case .machine, nil: .machine
                case .link: .link
                case .localNetwork: .localNetwork
                case .internet: .internet
                }
            return Invitation(address: address.description, reach: reach)
        }
        self.sendsBeacons = sendsBeacons
    }

    var text: String {
        let lines = invitations.flatMap { invitation in
            [invitation.address, "  \(invitation.reach.sentence)"]
        }
        let widest = Set(invitations.map(\.reach))
        var notes: [String] = []
        if sendsBeacons { notes.append("peers on the local network find it without an address") }
        if widest == [.machine] {
            notes.append(
                "nobody on another machine can join: start the peer without --listen, or with an "
                    + "address of this machine's network"
            )
        } else if !widest.contains(.internet) {
            notes.append(
                "for somebody elsewhere, have the router pass a port on to this machine, and start "
                    + "the peer with --listen '*:PORT' --advertise HOST:PORT"
            )
        }
        return (lines + notes).joined(separator: "\n")
    }
}

extension InviteReport.Invitation.Reach {
    /// Who can use the address.
    fileprivate var sentence: String {
        switch self {
        case .machine: "WARNING: works on this machine only; others cannot reach it"
        case .link: "works on the same cable or radio, without a router between"
        case .localNetwork: "works on the same local network, not from the internet"
        case .internet: "works from everywhere, where no router or firewall forbids it"
        }
    }
}
