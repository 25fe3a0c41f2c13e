import Primitives
import Synchronization

/// Orders and messages on their way from any thread to the transport's thread, bounded.
final class Exchange: Sendable {
    /// An order for the transport's thread.
    enum Command: Sendable {
        case dial(DialTarget)
        case hangUp(DialTarget)
        case lookedUp(DialTarget, addresses: [String])
        case disconnect(PeerID)
        case banPeer(PeerID)
        case banKey(CurveKey)
    }

    /// Everything that waits, taken by the transport's thread at once.
    struct Batch {
        var commands: [Command] = []
        var messages: [(peer: PeerID, frames: [Bytes])] = []
        var isClosing = false
    }

    /// What waits for one peer, here or on the transport's thread.
    private struct Load {
        var messageCount = 0
        var byteCount = 0
        var roundTrip: TimeSpan?
    }

    private struct State {
        var batch = Batch()
        var loads: [PeerID: Load] = [:]
        var byteCount = 0
        var dials: Set<DialTarget> = []
        var isAwake = false
        var holdings = TransportHoldings()
    }

    private let state = Mutex(State())
    private let limits: TransportLimits
    private let signal: WakeSignal

    init(limits: TransportLimits, signal: WakeSignal) {
        self.limits = limits
        self.signal = signal
    }

    // MARK: Any thread

    func send(to peer: PeerID, _ frames: [Bytes]) -> SendOutcome {
        guard (1...limits.framesMax).contains(frames.count),
            frames.allSatisfy({ $0.count <= limits.frameBytesMax })
        else { return .invalid }
        let byteCount = frames.reduce(0) { $0 + $1.count }
        let (outcome, mustWake) = state.withLock { state -> (SendOutcome, Bool) in
            guard var load = state.loads[peer], !state.batch.isClosing else {
                return (.noLink, false)
            }
            load.messageCount += 1
            load.byteCount += byteCount
            guard load.messageCount <= limits.outgoingMessagesPerPeerMax,
                load.byteCount <= limits.outgoingBytesPerPeerMax,
                state.byteCount + byteCount <= limits.outgoingBytesMax
            else { return (.queueFull, false) }
            state.loads[peer] = load
            state.byteCount += byteCount
            state.batch.messages.append((peer, frames))
            return (.queued, wakes(&state))
        }
        if mustWake { signal.raise() }
        return outcome
    }

    func dial(_ target: DialTarget) throws(TransportError) {
        let error = state.withLock { state -> TransportError? in
            if state.batch.isClosing { return .closed }
            if state.dials.contains(target) { return nil }
            guard state.dials.count < limits.dialsMax,
                state.batch.commands.count < limits.commandsMax
            else { return .tooManyDials(maximum: limits.dialsMax) }
            state.dials.insert(target)
            state.batch.commands.append(.dial(target))
            return nil
        }
        if let error { throw error }
        signal.raise()
    }

    /// Takes an order; false when too many wait.
    func order(_ command: Command) -> Bool {
        let isTaken = state.withLock { state in
            guard state.batch.commands.count < limits.commandsMax else { return false }
            state.batch.commands.append(command)
            return true
        }
        signal.raise()
        return isTaken
    }

    /// Hands over what a name was looked up for; as many wait as names are looked up.
    func lookedUp(_ target: DialTarget, addresses: [String]) {
        state.withLock { $0.batch.commands.append(.lookedUp(target, addresses: addresses)) }
        signal.raise()
    }

    func close() {
        state.withLock { $0.batch.isClosing = true }
        signal.raise()
    }

    /// How long an answer of `peer` takes, if it was measured on a link that is up.
    func roundTrip(of peer: PeerID) -> TimeSpan? { state.withLock { $0.loads[peer]?.roundTrip } }

    /// What the transport holds for others.
    var holdings: TransportHoldings { state.withLock { $0.holdings } }

    // MARK: The transport's thread

    func report(_ holdings: TransportHoldings) { state.withLock { $0.holdings = holdings } }

    func collect() -> Batch {
        signal.lower()
        return state.withLock { state in
            state.isAwake = false
            let batch = state.batch
            state.batch = Batch(isClosing: batch.isClosing)
            return batch
        }
    }

    func linked(_ peer: PeerID) {
        state.withLock { $0.loads[peer] = Load() }
    }

    /// Measures the connection on which `peer` was just heard.
    func heard(_ peer: PeerID, on descriptor: CInt) {
        guard let span = Transport.roundTrip(of: descriptor) else { return }
        state.withLock { $0.loads[peer]?.roundTrip = span }
    }

    func unlinked(_ peer: PeerID) {
        state.withLock { state in
            guard let load = state.loads.removeValue(forKey: peer) else { return }
            state.byteCount -= load.byteCount
            state.batch.messages.removeAll { $0.peer == peer }
        }
    }

    /// A message for `peer` left, and makes room for another.
    func sent(to peer: PeerID, byteCount: Int) {
        state.withLock { state in
            state.loads[peer]?.messageCount -= 1
            state.loads[peer]?.byteCount -= byteCount
            state.byteCount -= byteCount
        }
    }

    func forget(_ target: DialTarget) {
        state.withLock { _ = $0.dials.remove(target) }
    }

    /// One wake-up is enough for everything that arrives before the thread looks.
    private func wakes(_ state: inout State) -> Bool {
        defer { state.isAwake = true }
        return !state.isAwake
    }
}

/// What a dial is known by: where, and who must answer there.
struct DialTarget: Hashable, Sendable {
    let endpoint: Endpoint
    let curveKey: CurveKey
}
