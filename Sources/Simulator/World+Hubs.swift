import Membership
import PeerCore
import Primitives
import Wire

extension World {
    /// In which way the tables of hubs are wrong: everybody who is here counts as a hub with
    /// everybody, and nobody does who is gone.
    ///
    /// A key that two machines have is here as long as one of them is. To a machine whose clock was
    /// a day ahead, the records of others have expired.
    var hubsDisagreement: String? {
        guard options.behaviour != .stolenKey, options.clockJump == .never else { return nil }
        let here = honestPeers.map(\.id)
        let gone = peers.filter { !isByzantine($0.index) }
            .flatMap { $0.identities.flatMap(\.keys) }.filter { !here.contains($0) }
        for peer in honestPeers {
            guard let hubs = peer.core?.peer.hubs else { return "peer \(peer.index) is down" }
            for other in here where !hubs.contains(other) {
                return "peer \(peer.index) misses \(other.short): \(describe(other, in: hubs))"
            }
            for other in gone where hubs.contains(other) {
                let others = honestPeers.compactMap { each in
                    each.core.map { "peer \(each.index): \(describe(other, in: $0.peer.hubs))" }
                }
                return "peer \(peer.index) counts \(other.short), which is gone; "
                    + others.joined(separator: ", ")
            }
        }
        return nil
    }

    private func describe(_ peer: PeerID, in hubs: HubTable) -> String {
        let incarnation = hubs.record(of: peer).map { "incarnation \($0.body.incarnation)" }
        let end = hubs.end(of: peer).map { end in
            switch end {
            case .evicted: "evicted"
            case .left: "left"
            case .expired: "expired"
            }
        }
        return [incarnation, end].compactMap { $0 }.joined(separator: " ")
    }
}
