import Glibc
import Kernels
package import Primitives
import Sandbox
import Synchronization

/// An order that is being computed.
final class RunningOrder: Sendable {
    /// Its units' processes.
    let execution = Execution()
    private let manifest: ManifestID
    private let unit = Mutex<UInt32?>(nil)

    /// An order of units of `manifest`, none of which has begun.
    init(_ manifest: ManifestID) { self.manifest = manifest }

    /// Its next unit begins.
    func begin(_ index: UInt32) { unit.withLock { $0 = index } }

    /// What is to be seen of it.
    func progress(_ number: UInt64) -> OrderProgress {
        let reached = execution.progress
        let total = max(1, reached?.operationsTotal ?? 1)
        return OrderProgress(
            number: number,
            manifest: manifest,
            unit: unit.withLock(\.self),
            fraction: Double(reached?.operationsDone ?? 0) / Double(total),
            runningTime: execution.runningTime
        )
    }
}

/// How far an order is.
package struct OrderProgress: Hashable, Sendable {
    /// The order's number.
    package let number: UInt64
    /// Its job.
    package let manifest: ManifestID
    /// The unit that runs; nil before the first one.
    package let unit: UInt32?
    /// The part of that unit that is done, 0 to 1, as its kernel counts operations.
    package let fraction: Double
    /// For how long that unit has run, pauses apart.
    package let runningTime: Duration
}

/// An order that failed, and why.
package struct OrderFailure: Hashable, Sendable {
    /// Its job.
    package let manifest: ManifestID
    /// The reason, for people.
    package let reason: String
}

/// Threads that may wait for as long as they like.
///
/// Not Dispatch's, of which there are as many as processors: one that only waits for a child keeps
/// its place from others. Besides, a child ends when the thread that started it ends.
enum WorkThread {
    /// Runs `body` on a thread of its own; returns false when the system starts none.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Box(body: body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            box.toOpaque()
        )
        guard failure == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
