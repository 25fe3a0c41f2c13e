import Membership
import Primitives
import Wire

/// Hubs by the thousand: the very `Overlay` of each, virtual time, and links across the world.
///
/// Ledgers, work and leaves are not part of it. The hubs begin with one table and with the links
/// that they want; from then on everything is up to them.
package final class HubNetwork {
    enum Event {
        case message(Message, from: Int32, to: Int32)
        case tick(Int32)
        case link(Int32, Int32)
        case wake(Int32)
        case compare(Int32)
    }

    /// A hub, with what its driver keeps for it.
    final class Hub {
        var overlay: Overlay
        var record: Signed<Record>
        // tidy-allow-hash-table: asked for members only
        var links: Set<Int32> = []
        // tidy-allow-hash-table: asked for members only
        var dialling: Set<Int32> = []
        var waiting: [Int32: [Message]] = [:]  // tidy-allow-hash-table: looked up, never walked
        var isUp = true
        var asleepUntil = Instant.zero
        var tickAt: Instant?
        /// Hubs whose return it has heard of.
        // tidy-allow-hash-table: asked for members only
        private var returned: Set<PeerID> = []

        /// Whether it is the first time that it hears of a hub's return.
        func learn(_ peer: PeerID) -> Bool { returned.insert(peer).inserted }

        init(_ overlay: Overlay, _ record: Signed<Record>) {
            self.overlay = overlay
            self.record = record
        }
    }

    let hubs: [Hub]
    private(set) var present = Instant(nanoseconds: 1_000_000_000)
    var dice: PRNG
    private var queue = EventQueue<Event>()
    private let crypto = SimulatedCrypto()
    private let network = NetworkID(Digest(0, 0, 0, 1))
    // tidy-allow-hash-table: looked up, never walked
    private var indices: [PeerID: Int] = [:]
    /// Told of each message that comes to a hub, with what it made of it.
    var watch: ((_ message: Message, _ from: Int, _ to: Int) -> Void)?
    /// Messages and their bytes.
    private(set) var messageCount: UInt64 = 0
    private(set) var byteCount: UInt64 = 0
    private(set) var events: UInt64 = 0

    /// UTC hours since 1970 at the start.
    static let epoch: UInt64 = 500_000
    /// Round trips from dialling to a link that both ends know.
    private static let dialTrips = 5
    /// Bytes that encryption, framing, TCP and IP, and its acknowledgement add to a message.
    static let overheadByteCount: UInt64 = 140

    /// `count` hubs that know each other, and have had their links for some time.
    package init(count: Int, seed: UInt64) {
        dice = PRNG(seed: seed)
        var records: [Signed<Record>] = []
        for index in 0..<count {
            let peer = PeerID(
                Digest(dice.next(), dice.next(), dice.next(), dice.next())
            )
            indices[peer] = index
            records.append(Self.record(of: peer, index, incarnation: 1, network, crypto))
        }
        var common = Overlay(me: records[0].body.peer)
        common.epochChanged(Self.epoch, at: present)
        for record in records { common.restore(record.verifiedHere) }
        hubs = records.map { Hub(Overlay(me: $0.body.peer, knowing: common), $0) }
        for index in hubs.indices {
            let me = hubs[index].overlay.me
            for neighbour in common.neighbours(of: me) {
                guard let other = indices[neighbour] else { continue }
                hubs[index].links.insert(Int32(other))
                hubs[index].overlay.linked(neighbour, network: nil, at: present)
            }
            hubs[index].overlay.epochChanged(Self.epoch, at: present)
            // Beats are not in step.
            let start = present.advanced(by: dice.jitter(below: BeatWatch.beatSpan))
            hubs[index].asleepUntil = start
            queue.push(.wake(Int32(index)), at: start)
            let period = hubs[index].overlay.hubs.reconciliationPeriod
            queue.push(.compare(Int32(index)), at: present.advanced(by: dice.jitter(below: period)))
        }
    }

    private static func record(
        of peer: PeerID,
        _ index: Int,
        incarnation: UInt64,
        _ network: NetworkID,
        _ crypto: SimulatedCrypto
    ) -> Signed<Record> {
        let curveKey = CurveKey(peer.digest)
        let binding = Record.bindingBytes(network: network, curveKey: curveKey)
        let body = Record(
            peer: peer,
            incarnation: incarnation,
            curveKey: curveKey,
            binding: crypto.sign(binding, by: peer.digest),
            controlEndpoints: ["tcp://198.51.100.1:47000"],
            bulkEndpoints: [],
            role: .hub,
            owner: OwnerID(peer.digest),
            cores: 4,
            memoryByteCount: 8 << 30,
            kernels: [KernelOffer(kernel: "drift-search/1", operationsPerSecond: 1 << 30)],
            engines: [],
            successorHash: .zero,
            epoch: epoch,
            expiry: epoch + 24
        )
        let bytes = COSE.signedBytes(kind: .record, network: network, payload: body.payload)
        return Signed(body, signature: crypto.sign(bytes, by: peer.digest))
    }

    /// Which hub has this key.
    func place(of peer: PeerID) -> Int? { indices[peer] }

    // MARK: - What happens

    /// Lets time pass for `span`, or until `isDone`, which is asked each 10 ms; whether it was.
    @discardableResult
    func pass(_ span: TimeSpan, until isDone: () -> Bool = { false }) -> Bool {
        let end = present.advanced(by: span)
        var nextLook = present
        while present < end {
            if present >= nextLook {
                if isDone() { return true }
                nextLook = present.advanced(by: .milliseconds(10))
            }
            let stop = min(end, nextLook)
            guard let at = queue.next, at <= stop else {
                present = stop
                continue
            }
            guard let (at, event) = queue.pop() else { break }
            present = at
            events += 1
            handle(event)
        }
        return isDone()
    }

    /// A hub vanishes without a word; its links end for nobody.
    func stop(_ index: Int) { hubs[index].isUp = false }

    /// A hub stands still: what comes meanwhile waits.
    func stall(_ index: Int, for span: TimeSpan) {
        hubs[index].asleepUntil = present.advanced(by: span)
        queue.push(.wake(Int32(index)), at: hubs[index].asleepUntil)
    }

    /// A hub says something new of itself; its incarnation.
    func renew(_ index: Int) -> UInt64 {
        let incarnation = hubs[index].record.body.incarnation + 1
        perform(index) { overlay, out in self.advertise(index, incarnation, &overlay, &out) }
        return incarnation
    }

    private func advertise(
        _ index: Int,
        _ incarnation: UInt64,
        _ overlay: inout Overlay,
        _ out: inout Outbox
    ) {
        let record = Self.record(of: overlay.me, index, incarnation: incarnation, network, crypto)
        hubs[index].record = record
        _ = overlay.learn(record.verifiedHere, from: overlay.me, at: present, into: &out)
    }

    private func handle(_ event: Event) {
        switch event {
        case .message(let message, let from, let to):
            let hub = hubs[Int(to)]
            guard hub.isUp else { return }
            guard hub.asleepUntil <= present else {
                queue.push(event, at: hub.asleepUntil)
                return
            }
            deliver(message, from: Int(from), to: Int(to))
        case .tick(let index):
            let hub = hubs[Int(index)]
            guard hub.isUp, hub.tickAt == present else { return }
            hub.tickAt = nil
            guard hub.asleepUntil <= present else { return }
            perform(Int(index)) { _ = $0.tick(at: self.present, into: &$1) }
        case .wake(let index):
            guard hubs[Int(index)].isUp else { return }
            perform(Int(index)) { _ = $0.tick(at: self.present, into: &$1) }
        case .link(let left, let right):
            link(Int(left), Int(right))
        case .compare(let index):
            compare(Int(index))
        }
    }

    /// Each period a hub compares its table with that of a neighbour, as the peer does.
    private func compare(_ index: Int) {
        let hub = hubs[index]
        guard hub.isUp else { return }
        queue.push(
            .compare(Int32(index)),
            at: present.advanced(by: hub.overlay.hubs.reconciliationPeriod)
        )
        let peers = hub.overlay.spreadPeers
        guard hub.asleepUntil <= present, !peers.isEmpty else { return }
        let peer = peers[Int(dice.below(UInt64(peers.count)))]
        perform(index) { overlay, out in overlay.greet(peer, into: &out) }
    }

    private func link(_ left: Int, _ right: Int) {
        hubs[left].dialling.remove(Int32(right))
        guard hubs[left].isUp, hubs[right].isUp else { return }
        for (index, other) in [(left, right), (right, left)]
        where hubs[index].links.insert(Int32(other)).inserted {
            perform(index) { overlay, out in
                overlay.linked(self.hubs[other].overlay.me, network: nil, at: self.present)
                overlay.greet(self.hubs[other].overlay.me, into: &out)
            }
            for message in hubs[index].waiting.removeValue(forKey: Int32(other)) ?? [] {
                send(message, from: index, to: other)
            }
        }
    }

    private func deliver(_ message: Message, from: Int, to: Int) {
        let source = hubs[from].overlay.me
        let checked = message.verifiedHere
        perform(to) { overlay, out in
            overlay.heard(source, at: self.present)
            switch message {
            case .beat(let incarnation):
                overlay.takeBeat(of: incarnation, from: source, at: self.present, into: &out)
            case .record:
                guard let record = checked.record else { return }
                _ = overlay.learn(record, from: source, at: self.present, into: &out)
            case .alert:
                guard let alert = checked.alert else { return }
                _ = overlay.take(alert, at: self.present, into: &out)
            case .evict:
                guard let eviction = checked.eviction else { return }
                _ = overlay.take(eviction, from: source, at: self.present, into: &out)
            case .bye:
                guard let bye = checked.bye else { return }
                _ = overlay.take(bye, from: source, at: self.present, into: &out)
            case .reconcile(let reconciliation):
                let step = Reconciler.answer(reconciliation, keys: overlay.hubs.itemKeys)
                if let reply = step.reply { out.send(.reconcile(reply), to: source) }
                if !step.wanted.isEmpty { out.send(.fetch(.records, step.wanted), to: source) }
                overlay.send(step.offered, to: source, into: &out)
            case .fetch(_, let keys):
                overlay.send(keys, to: source, into: &out)
            default: break
            }
        }
        watch?(message, from, to)
    }

    private func perform(_ index: Int, _ body: (inout Overlay, inout Outbox) -> Void) {
        let hub = hubs[index]
        var out = Outbox()
        body(&hub.overlay, &out)
        for statement in hub.overlay.takeUnsigned() {
            switch statement {
            case .alert(let alert):
                let bytes = COSE.signedBytes(
                    kind: .alert,
                    network: network,
                    payload: alert.payload
                )
                let signed = Signed(
                    alert,
                    signature: crypto.sign(bytes, by: hub.overlay.me.digest)
                )
                _ = hub.overlay.signed(signed, at: present, into: &out)
            case .recordAfter(let incarnation):
                advertise(index, incarnation + 1, &hub.overlay, &out)
            }
        }
        for effect in out.drain() {
            switch effect {
            case .send(let message, let to): send(message, from: index, to: to)
            case .passOn(let message, let peers, let source):
                for to in peers where to != source { send(message, from: index, to: to) }
            case .connect(let record): dial(index, record.peer)
            default: break
            }
        }
        plan(index)
    }

    private func plan(_ index: Int) {
        let hub = hubs[index]
        guard let deadline = hub.overlay.deadline else { return }
        let at = max(deadline, present.advanced(by: .milliseconds(1)))
        guard hub.tickAt.map({ at < $0 }) ?? true else { return }
        hub.tickAt = at
        queue.push(.tick(Int32(index)), at: at)
    }

    // MARK: - Links

    private func send(_ message: Message, from: Int, to peer: PeerID) {
        guard let to = indices[peer] else { return }
        guard hubs[from].links.contains(Int32(to)) else {
            // As the peer does: the message waits while a link is made.
            hubs[from].waiting[Int32(to), default: []].append(message)
            dial(from, peer)
            return
        }
        send(message, from: from, to: to)
    }

    private func send(_ message: Message, from: Int, to: Int) {
        messageCount += 1
        byteCount += UInt64(message.frame.count) + Self.overheadByteCount
        queue.push(
            .message(message, from: Int32(from), to: Int32(to)),
            at: present.advanced(by: latency())
        )
    }

    private func dial(_ from: Int, _ peer: PeerID) {
        guard let to = indices[peer], hubs[from].dialling.insert(Int32(to)).inserted else { return }
        let trips = (0..<2 * Self.dialTrips).reduce(TimeSpan.zero) { span, _ in
            TimeSpan(nanoseconds: span.nanoseconds + latency().nanoseconds)
        }
        queue.push(.link(Int32(from), Int32(to)), at: present.advanced(by: trips))
    }

    /// One way: lognormal, median 60 ms, sigma 0.5; drawn between 64 quantiles and two ends.
    private func latency() -> TimeSpan {
        let draw = dice.below(UInt64(Self.quantiles.count - 1) << 10)
        let (low, high) = (
            Self.quantiles[Int(draw >> 10)], Self.quantiles[Int(draw >> 10) + 1]
        )
        let microseconds = low + (high - low) * (draw & 1_023) / 1_024
        return TimeSpan(nanoseconds: microseconds * 1_000)
    }

    /// Microseconds.
    private static let quantiles: [UInt64] = [
        11_000,
        17_914, 22_212, 24_866, 26_946, 28_720, 30_303, 31_753, 33_108, 34_389, 35_615, 36_796,
        37_942, 39_060, 40_155, 41_233, 42_296, 43_349, 44_395, 45_435, 46_473, 47_510, 48_548,
        49_590, 50_637, 51_691, 52_754, 53_828, 54_914, 56_013, 57_129, 58_262, 59_415, 60_590,
        61_790, 63_015, 64_271, 65_558, 66_880, 68_241, 69_644, 71_094, 72_595, 74_153, 75_774,
        77_465, 79_234, 81_091, 83_046, 85_114, 87_309, 89_652, 92_166, 94_881, 97_836, 101_081,
        104_684, 108_736, 113_374, 118_801, 125_346, 133_600, 144_775, 162_075, 200_964,
        330_000,
    ]
}
