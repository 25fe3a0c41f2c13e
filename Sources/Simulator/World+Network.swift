import Ledger
import PeerCore
import Primitives
import Wire

extension World {
    // MARK: - Links

    /// What a pair of peers is called.
    private func linkKey(_ left: Int, _ right: Int) -> Int {
        min(left, right) * peers.count + max(left, right)
    }

    /// In which network a machine is seen.
    func network(of index: Int) -> NetworkPrefix? {
        guard options.networks > 0 else { return nil }
        return NetworkPrefix(rawValue: UInt64(index % options.networks))
    }

    /// Whether a peer's owner has named the other one to it: its driver dials that one for ever.
    func wasToldOf(_ left: Int, _ right: Int) -> Bool { (left + right) % 2 == 1 }

    func dial(from left: Int, to right: Int) {
        let delay = TimeSpan.milliseconds(5 + random.below(200))
        queue.push(.link(left, right), at: now.advanced(by: delay))
    }

    private func dialAgain(from left: Int, to right: Int) {
        let delay = TimeSpan.milliseconds(1_000 + random.below(4_000))
        queue.push(.link(left, right), at: now.advanced(by: delay))
    }

    func link(_ left: Int, _ right: Int) {
        // Drivers hear of links in their order: of the end first, and then of a new beginning.
        if let end = linkEnds[linkKey(left, right)], now < end {
            queue.push(.link(left, right), at: end)
            return
        }
        guard peers[left].isUp, peers[right].isUp, !links.contains(left, right) else {
            return
        }
        guard !isCut(left, right), !isCut(right, left), isAwake(peers[left]), isAwake(peers[right])
        else {
            // The driver tries again until it gets through.
            dialAgain(from: left, to: right)
            return
        }
        guard let leftRecord = peers[left].announced, let rightRecord = peers[right].announced
        else {
            // One of them is starting and refuses: the dialler tries again.
            dial(from: left, to: right)
            return
        }
        links.insert(left, right)
        tell("peers \(left) and \(right) are linked")
        // The first frames of a link carry the records, which both sides check.
        for (peer, other, record) in [
            (peers[left], right, rightRecord), (peers[right], left, leftRecord),
        ] {
            do throws(VerificationError) {
                let verified = try Verified(checking: record, with: crypto, in: network)
                input(.linked(verified, network: network(of: other)), to: peer)
            } catch {
                report.violations.append("a record of an honest peer is refused: \(error)")
            }
        }
    }

    func unlink(_ left: Int, _ right: Int) {
        guard links.remove(left, right) else { return }
        tell("the link of peers \(left) and \(right) ends")
        linkEnds[linkKey(left, right)] = now.advanced(by: Self.noticeMax)
        if commonOverlay == nil, wasToldOf(left, right) { dialAgain(from: left, to: right) }
        for (peer, other) in [(peers[left], peers[right]), (peers[right], peers[left])]
        where peer.isUp {
            let delay = TimeSpan.milliseconds(1 + random.below(Self.noticeMax.milliseconds - 1))
            queue.push(
                .local(.unlinked(other.id), peer: peer.index, life: peer.life),
                at: now.advanced(by: delay)
            )
        }
    }

    // MARK: - Messages

    func send(_ message: Message, from: Int, to: Int) {
        if !isByzantine(from) { report.messages[message.kindIndex] += 1 }
        convey(message, from: from, to: to)
    }

    /// Brings a message on its way, if there is a link and nothing goes wrong.
    private func convey(_ message: Message, from: Int, to: Int) {
        guard links.contains(from, to) else { return }
        if isCut(from, to) {
            report.cut += 1
            return
        }
        if strikes(.linkFailure, options.linkFailure, from: from, to: to) {
            queue.push(.unlink(from, to), at: now)
            return
        }
        if strikes(.loss, options.loss, from: from, to: to) {
            report.lost += 1
            return
        }
        if strikes(.duplication, options.duplication, from: from, to: to) {
            report.duplicated += 1
            schedule(message, from: from, to: to)
        }
        schedule(message, from: from, to: to)
    }

    private func schedule(_ message: Message, from: Int, to: Int) {
        let limit = areFaultsOn ? options.delayMax : min(options.delayMax, .milliseconds(50))
        let delay = TimeSpan(nanoseconds: 100_000).nanoseconds + random.below(limit.nanoseconds)
        let route = Route(
            from: Int32(from),
            to: Int32(to),
            keyNumber: UInt32(peers[from].keyNumber),
            life: UInt32(peers[to].life)
        )
        let at = now.advanced(by: TimeSpan(nanoseconds: delay))
        queue.push(.message(message, route), at: at)
    }

    func deliver(_ message: Message, _ route: Route) {
        let (from, to) = (Int(route.from), Int(route.to))
        let peer = peers[to]
        guard peers[from].keyNumber == Int(route.keyNumber), peer.isUp,
            peer.life == UInt64(route.life), let message = inspected(message, from: from, to: to)
        else { return }
        report.delivered += 1
        report.note(0x4d ^ UInt64(to) << 8 ^ UInt64(from) << 16 ^ now.nanoseconds)
        overhear(message.value, from: from, at: peer)
        let news = newItem(message.value, to: peer)
        var out = Outbox()
        peer.core?.peer.receive(message, from: peers[from].id, at: time(at: peer), into: &out)
        if let news, peer.core?.peer.holdsItem(news) == true {
            coverage.learned(news, by: to, into: &report)
        }
        if case .commit(let signed) = message.value {
            coverage.promised(signed.body, to: to, at: now)
        }
        note(answer: message.value, out.effects)
        perform(out, of: peer)
        // What the outbox made the driver answer at once.
        let inputs = peer.inputs
        peer.inputs = []
        for each in inputs { input(each, to: peer) }
    }

    /// What the receiving driver makes of a message: through its bytes in some worlds, and checked.
    private func inspected(_ message: Message, from: Int, to: Int) -> Verified<Message>? {
        let isStranger = isByzantine(from)
        guard options.throughBytes || isStranger else { return message.verifiedHere }
        do {
            let frame = message.frame
            let decoded = try Message(frame: frame)
            guard decoded == message, decoded.frame == frame else {
                report.violations.append("a message changes on its way through bytes")
                return nil
            }
            return try Verified(checking: decoded, with: crypto, in: network)
        } catch {
            guard isStranger else {
                report.violations.append("a message of a peer is refused: \(error)")
                return nil
            }
            // As the driver does with whoever sends what no honest peer would.
            report.forged += 1
            unlink(from, to)
            return nil
        }
    }

    // MARK: - What must happen sometimes

    /// The item that a message brings, that was offered to its receiver, and that this does not
    /// have.
    private func newItem(_ message: Message, to peer: SimulatedPeer) -> ItemID? {
        guard case .item(let item) = message else { return nil }
        let id = item.id
        guard coverage.isOffered(id, to: peer.index) else { return nil }
        return peer.core?.peer.holdsItem(id) == false ? id : nil
    }

    /// Items that answer a comparison of ledgers.
    private func note(answer message: Message, _ effects: [Effect]) {
        switch message {
        case .reconcile, .fetch: break
        default: return
        }
        for case .send(.item(let item), let to) in effects {
            if let index = indices[to] { coverage.offered(item.id, to: index) }
        }
    }

    /// What an honest peer sends, counted.
    func note(_ message: Message, of peer: SimulatedPeer, to: PeerID) {
        guard !isByzantine(peer.index) else { return }
        switch message {
        case .lease(let lease):
            coverage.leased(lease, by: peer.index, to: to, at: now, into: &report)
        case .commitSet(let signed):
            coverage.closed(signed.body, by: peer.index, into: &report)
        case .held:
            report.held += 1
        case .item(.opening(let opening)):
            let isOwn = isSteward(peer, of: opening)
            coverage.published(opening, isOwn: isOwn, into: &report)
        case .chunkWant(let want):
            coverage.wanted(want, by: peer, into: &report)
        default:
            break
        }
    }

    private func isSteward(_ peer: SimulatedPeer, of opening: Opening) -> Bool {
        guard case .certificate(let signed)? = peer.core?.peer.item(opening.certificate) else {
            return false
        }
        return signed.body.steward == peer.id
    }
}
