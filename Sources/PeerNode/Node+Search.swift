import Membership
import PeerCore
import Primitives
import Wire

/// How a peer that has no link looks for others.
package struct PeerSearch: Hashable, Sendable {
    /// An address that it was given to join.
    package struct Join: Hashable, Sendable {
        /// Where it is, as `tcp://host:port`.
        package let endpoint: String
        /// Why the last attempt failed; nil while none has.
        package let failure: DialFailure?
    }

    /// What it does on the local network.
    package enum Beacons: Hashable, Sendable {
        /// Nothing: it was told not to, or listens on this machine alone.
        case off
        /// Nothing, for this reason.
        case failed(reason: String)
        /// It sends beacons, and hears those of so many peers.
        case sent(port: UInt16, neighbourCount: Int)
    }

    /// The addresses that it was given.
    package let joins: [Join]
    /// Peers that it has met before, which it dials.
    package let rememberedCount: Int
    /// What it does on the local network.
    package let beacons: Beacons
}

extension Node {
    /// How it looks for others; nil once it has a link.
    var search: PeerSearch? {
        guard linkedCount == 0 else { return nil }
        let known = Set(peer.hubs.records.map(\.body.peer)).union(oldAcquaintances.map(\.peer))
        return PeerSearch(
            joins: joined.map { address in
                PeerSearch.Join(
                    endpoint: address.endpoint,
                    failure: dialFailures[address.endpoint]
                )
            },
            rememberedCount: known.subtracting([id]).count,
            beacons: beaconState
        )
    }

    private var beaconState: PeerSearch.Beacons {
        switch beaconSocket {
        case nil: return .off
        case .failure(let failure): return .failed(reason: failure.reason)
        case .success:
            guard isBeaconSent else {
                return .failed(reason: "no network of this machine takes one")
            }
            return .sent(
                port: configuration.beaconPort ?? 0,
                neighbourCount: beacons.neighbourCount
            )
        }
    }
}
