import Foundation
import PeerNode

/// How a peer without a link looks for others.
struct SearchLine: Codable, Sendable, Equatable {
    /// An address of `--join`.
    struct Join: Codable, Sendable, Equatable {
        let endpoint: String
        /// Why the last attempt failed; missing while none has.
        let dialFailure: String?
        let dialFailureDate: Date?
    }

    /// What it does on the local network.
    enum Beacons: String, Codable, Sendable {
        case off, failed, sent
    }

    let joins: [Join]
    let rememberedPeers: Int
    let beacons: Beacons
    /// Why it sends none, where that is not as it should be.
    let beaconFailure: String?
    let beaconPort: UInt16?
    /// Peers whose beacons it hears.
    let neighbours: Int
    /// What its owner can do.
    let advice: String

    init(_ search: PeerSearch) {
        joins = search.joins.map { join in
            Join(
                endpoint: String(join.endpoint.dropFirst("tcp://".count)),
                dialFailure: join.failure.map { Printable.text($0.reason) },
                dialFailureDate: join.failure?.date
            )
        }
        rememberedPeers = search.rememberedCount
        switch search.beacons {
        case .off:
            (beacons, beaconFailure, beaconPort, neighbours) = (.off, nil, nil, 0)
        case .failed(let reason):
            (beacons, beaconFailure, beaconPort, neighbours) = (.failed, reason, nil, 0)
        case .sent(let port, let count):
            (beacons, beaconFailure, beaconPort, neighbours) = (.sent, nil, port, count)
        }
        advice =
            neighbours > 0
            ? "peers are heard and cannot be dialled: open their TCP ports in their firewalls"
            : "start a peer on another machine of the local network, or start this one with --join "
                + "ADDRESS, as `starling invite` prints it where a peer runs"
    }

    /// What people are told, one below the other.
    var sentences: [String] {
        var tries = joins.map { join in
            "it dials \(join.endpoint)" + (join.dialFailure.map { ": \($0)" } ?? "")
        }
        if rememberedPeers > 0 {
            tries.append("it dials \(Printable.count(rememberedPeers, "peer")) that it met before")
        }
        switch beacons {
        case .off: tries.append("it sends no beacons on the local network")
        case .failed:
            tries.append("it sends no beacons on the local network: \(beaconFailure ?? "")")
        case .sent:
            let heard = neighbours == 0 ? "nobody is heard" : "\(neighbours) heard"
            tries.append(
                "it sends beacons on the local network, UDP port \(beaconPort ?? 0): \(heard)"
            )
        }
        return ["no other peer found yet; it goes on trying"] + tries + ["to help: \(advice)"]
    }
}
