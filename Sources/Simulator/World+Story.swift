import PeerCore
import Primitives
import Wire
import WorkUnits

extension World {
    /// Tells somebody who listens what happens now, with the seconds since the beginning.
    func tell(_ text: @autoclosure () -> String) {
        guard let listener else { return }
        let milliseconds = now.since(Self.begin).milliseconds
        let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
        let seconds = "\(milliseconds / 1_000).\(fraction)"
        let blanks = String(repeating: " ", count: max(0, 9 - seconds.count))
        let line = "\(blanks)\(seconds)  \(text())"
        listener(line)
        act(on: line)
    }

    /// Tells of a message when it is sent first.
    func tell(_ message: Message, of peer: SimulatedPeer, to: PeerID) {
        guard listener != nil else { return }
        let sender = "peer \(peer.index)"
        switch message {
        case .lease(let lease):
            let text =
                "\(sender) leases \(words(lease.units)) to \(name(to))"
                + (isDuplicate(lease, to: to, of: peer) ? ", too" : "") + ", seat \(lease.seat) of "
                + "\(lease.seatCount) in round \(lease.round)"
            if told.insert("\(text) \(to)").inserted { tell(text) }
        case .commitSet(let signed) where told.insert("\(signed.id)").inserted:
            let members = signed.body.members.map { name($0.worker) }.joined(separator: ", ")
            tell(
                "\(sender) closes round \(signed.body.round) of \(words(signed.body.units)): "
                    + "\(members) have promised"
            )
        case .held(let list):
            tell("\(sender) asks the submitter to rule on \(words(list.units))")
        case .item(let item) where told.insert("\(item.id)").inserted:
            if let text = words(item) { tell("\(sender) publishes \(text)") }
        default:
            break
        }
    }

    private func isDuplicate(_ lease: Lease, to: PeerID, of peer: SimulatedPeer) -> Bool {
        let shard = lease.units[0] / Limits.unitsPerShard
        let desk = peer.core?.peer.steward.desks[ShardKey(manifest: lease.manifest, shard: shard)]
        let round = desk?.rounds[RoundKey(number: lease.round, firstUnit: lease.units[0])]
        return round?.duplicate?.occupant.worker == to
    }

    /// Tells what an order came to.
    func tellResult(of order: WorkOrder, by peer: SimulatedPeer) {
        let isLie = lies(peer) || behaviour(of: peer.index) == .liesTogether
        let ringers = peer.core?.peer.ringers(of: order.manifest) ?? []
        let isRinger = ringers.contains { $0.state == .unknown && order.units == [$0.unit] }
        let verb = isLie ? "lies about" : isRinger ? "finds out, for itself," : "has computed"
        tell("peer \(peer.index) \(verb) \(words(order.units))")
    }

    /// Tells who is on which side of a cut.
    func tellSides() {
        let far = peers.indices.filter { farSide.contains($0) }
        let near = peers.indices.filter { !farSide.contains($0) }
        let arrow = options.partition == .oneWay ? "do not reach" : "and"
        tell("the network falls apart: peers \(list(far)) \(arrow) peers \(list(near))")
    }

    private func list(_ numbers: [Int]) -> String {
        numbers.map { "\($0)" }.joined(separator: " ")
    }

    private func name(_ peer: PeerID) -> String {
        indices[peer].map { "peer \($0)" } ?? "stranger \(peer.short)"
    }

    /// Units in a few words: they ascend.
    private func words(_ units: [UInt32]) -> String {
        guard let first = units.first, let last = units.last, units.count > 1 else {
            return "unit \(units.first ?? 0)"
        }
        guard Int(last - first) == units.count - 1 else {
            return "units \(units.map { "\($0)" }.joined(separator: " "))"
        }
        return "units \(first) to \(last)"
    }

    /// What an item says; nil for those of which each peer has one.
    private func words(_ item: Item) -> String? {
        switch item {
        case .manifest(let signed):
            return "job \(signed.id.short) of \(signed.body.unitCount) units"
        case .certificate(let signed):
            let workers = signed.body.entries.map { name($0.worker) }.joined(separator: ", ")
            let kind = signed.body.vote == .audit ? "an audit" : "a \(signed.body.vote)"
            return "\(kind) certificate of \(words(signed.body.units)), computed by \(workers)"
        case .opening(let opening):
            return "the opening of \(words(opening.cores.map(\.unit)))"
        case .ruling(let signed): return "its ruling on unit \(signed.body.unit)"
        case .cancel: return "that the job is cancelled"
        case .hold(let signed):
            return signed.body.isHeld ? "that the job waits" : "that the job goes on"
        case .revoke(let signed): return "that it takes over from \(name(signed.body.old))"
        case .anchor(let signed): return "that \(name(signed.body.peer)) is an anchor"
        case .fault(let fault):
            return "that \(name(fault.culprit)) has signed two \(fault.kind.name)s for one slot"
        case .device: return nil
        }
    }
}
