import Membership
import PeerCore
import Primitives
import Transport
import Wire

/// A hub of the table that the transport dials until it answers.
struct DialledHub: Sendable {
    /// Endpoints of one hub that are dialled; the others are for those who cannot reach these.
    static let endpointsMax = 4

    let endpoints: [String]
    let curveKey: CurveKey
    /// Higher for what was dialled later.
    let order: UInt64
    /// Whether an attempt has failed since.
    var hasFailed = false

    /// The hub that `record` is about.
    init(_ record: Record, order: UInt64) {
        endpoints = Array(record.controlEndpoints.prefix(Self.endpointsMax))
        curveKey = record.curveKey
        self.order = order
    }

    /// Whether `endpoint` with `curveKey` is one of those that are dialled.
    func isAt(_ endpoint: String, _ curveKey: CurveKey) -> Bool {
        self.curveKey == curveKey && endpoints.contains(endpoint)
    }
}

/// Dialling the hubs of the table, also when they are more than can be dialled at a time.
extension Node {
    /// Dials a hub as soon as there is room; the transport redials by itself until its record
    /// changes, or until it gives way to another.
    func connect(_ record: Record) {
        if let earlier = dialled[record.peer] {
            let hub = DialledHub(record, order: earlier.order)
            guard earlier.endpoints != hub.endpoints || earlier.curveKey != hub.curveKey else {
                return
            }
            dialled[record.peer] = nil
            for endpoint in earlier.endpoints where !hub.isAt(endpoint, earlier.curveKey) {
                hangUp(endpoint, earlier.curveKey)
            }
        }
        if !undialled.contains(record.peer) { undialled.append(record.peer) }
        dialUndialled()
    }

    /// Notes that an attempt failed: where others wait for room, its hub may give way to them.
    func hubDialFailed(_ endpoint: String) {
        for (peer, hub) in dialled where hub.endpoints.contains(endpoint) {
            dialled[peer]?.hasFailed = true
        }
        dialUndialled()
    }

    /// Stops dialling an endpoint, unless there is another reason to go on.
    func hangUp(_ endpoint: String, _ curveKey: CurveKey) {
        let isJoined = joined.contains { $0.endpoint == endpoint && $0.curveKey == curveKey }
        let isHub = dialled.values.contains { $0.isAt(endpoint, curveKey) }
        let isRemembered = oldAcquaintances.contains { record in
            record.curveKey == curveKey && record.controlEndpoints.contains(endpoint)
        }
        guard !isJoined, !isHub, !isRemembered else { return }
        transport.hangUp(endpoint: endpoint, curveKey: curveKey)
    }

    /// Stops dialling a hub with which the core wants no link any more.
    func giveUp(_ peer: PeerID) {
        undialled.removeAll { $0 == peer }
        guard let hub = dialled.removeValue(forKey: peer) else { return }
        for endpoint in hub.endpoints { hangUp(endpoint, hub.curveKey) }
    }

    /// Dials the hubs that wait, first come first, as far as there is room; then makes some.
    private func dialUndialled() {
        while let next = undialled.first {
            if let record = peer.hubs.record(of: next)?.body, !peer.hubs.isLinked(next) {
                let hub = DialledHub(record, order: dialCount)
                var isDialled = false
                for endpoint in hub.endpoints where dial(endpoint, hub.curveKey) {
                    isDialled = true
                }
                guard isDialled else { return giveUpLongestDial() }
                dialCount += 1
                dialled[next] = hub
            }
            undialled.removeFirst()
        }
    }

    /// Whether there was room for another endpoint.
    private func dial(_ endpoint: String, _ curveKey: CurveKey) -> Bool {
        do {
            try transport.dial(endpoint: endpoint, curveKey: curveKey)
        } catch TransportError.tooManyDials {
            return false
        } catch {
            // Another try would end alike.
        }
        return true
    }

    /// Gives up the hub that has been dialled in vain for longest; the core asks for it again.
    private func giveUpLongestDial() {
        let vain = dialled.filter { $0.value.hasFailed && !peer.hubs.isLinked($0.key) }
        guard let longest = vain.min(by: { $0.value.order < $1.value.order }) else { return }
        giveUp(longest.key)
    }
}
