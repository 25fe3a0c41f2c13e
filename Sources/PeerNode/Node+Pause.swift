package import Foundation
import Membership
import PeerCore
import Primitives
import Transport
import WorkUnits

/// Why a peer takes no work for now.
package struct Pause: Hashable, Sendable {
    /// When its owner asked for it.
    package let since: Date
    /// When it ends by itself; nil when only its owner ends it.
    package let until: Date?
}

/// What the owner of a peer has asked for since its start.
struct OwnerWishes {
    /// Why no work is taken, while none is.
    var pause: Pause?
    /// Ends a timed pause.
    var alarm: Task<Void, Never>?
}

extension Node {
    /// Why this peer takes no work; nil while it does.
    package var pause: Pause? { wishes.pause }

    /// Takes no more work until `resume`, or until `span` has passed, and halts what runs at once.
    ///
    /// What was promised is kept. Leases go on meanwhile: a bundle that is halted beyond its lease
    /// is somebody else's.
    package func pause(for span: Duration?) {
        wishes.alarm?.cancel()
        wishes.alarm = nil
        let now = Date()
        let until = span.map { now.addingTimeInterval(Double($0.components.seconds)) }
        wishes.pause = Pause(since: wishes.pause?.since ?? now, until: until)
        if let span {
            let end = ContinuousClock.now.advanced(by: span)
            wishes.alarm = Task { [weak self] in
                try? await Task.sleep(until: end, clock: .continuous)
                guard !Task.isCancelled else { return }
                await self?.resume()
            }
        }
        applyWishes()
    }

    /// Takes work again.
    package func resume() {
        wishes.alarm?.cancel()
        wishes.alarm = nil
        wishes.pause = nil
        applyWishes()
    }

    /// Tells the core how much to take: the one place where a pause, or a full disk, becomes an
    /// effect.
    func applyWishes() {
        if wishes.pause == nil { runner.resume() } else { runner.pause() }
        let places = wishes.pause == nil && !isDiskFull ? configuration.places : 0
        take(.donate(places: places, speeds: speeds))
    }
}

// MARK: - Links that do not come about

/// Why another peer could not be reached.
package struct DialFailure: Hashable, Sendable {
    /// What the transport said.
    package let reason: String
    /// When it said so.
    package let date: Date
}

extension Node {
    /// Endpoints whose last failure is remembered.
    private static let dialFailuresMax = 1_000

    /// Notes why an endpoint could not be dialled, for people.
    func dialFailed(_ endpoint: String, reason: String) {
        if dialFailures.count >= Self.dialFailuresMax, dialFailures[endpoint] == nil {
            let oldest = dialFailures.min { $0.value.date < $1.value.date }
            if let oldest { dialFailures[oldest.key] = nil }
        }
        dialFailures[endpoint] = DialFailure(reason: reason, date: Date())
        hubDialFailed(endpoint)
        perform(beacons.dialFailed(endpoint, at: now))
        tendBeacons()
        changed()
    }

    /// Why the last attempt to dial an address failed; nil when none did, or it is long ago.
    package func dialFailure(at address: JoinAddress) -> DialFailure? {
        dialFailures[address.endpoint]
    }

    /// Dials a peer, as if it had been given at the start; redialled until it answers.
    package func join(_ address: JoinAddress) throws {
        guard address.peer != id, !joined.contains(address) else { return }
        try transport.dial(endpoint: address.endpoint, curveKey: address.curveKey)
        joined.append(address)
    }

    /// Wakes who listens for changes.
    func changed() { signal.ring(echoAfter: peer.hubs.settleSpan) }
}
