import Foundation
import PeerNode
import Primitives
import Synchronization
import Testing

/// Listeners hear of changes, and come and go as they like.
@Suite(.timeLimit(.minutes(1)))
struct ChangeSignalTests {
    /// A task that is cancelled holds its own lock while its stream ends, and a ring wakes it.
    @Test func listenersMayLeaveWhileItRings() async {
        let signal = ChangeSignal()
        let isOver = Atomic(false)
        let (end, continuation) = AsyncStream.makeStream(of: Void.self)
        Thread {
            while !isOver.load(ordering: .relaxed) { signal.ring(echoAfter: .zero) }
            continuation.finish()
        }.start()
        for _ in 0..<3_000 {
            let listeners = (0..<8).map { _ in Task { for await _ in signal.listen() {} } }
            await Task.yield()
            for listener in listeners { listener.cancel() }
            for listener in listeners { await listener.value }
        }
        isOver.store(true, ordering: .relaxed)
        for await _ in end {}
    }

    @Test func itRingsOnceMoreWhenTheSpanHasPassed() async {
        let signal = ChangeSignal()
        var rings = signal.listen().makeAsyncIterator()
        await rings.next()
        signal.ring(echoAfter: .milliseconds(50))
        await rings.next()
        await rings.next()
    }

    @Test func whoListensAfterTheEndHearsOneChange() async {
        let signal = ChangeSignal()
        signal.finish()
        var count = 0
        for await _ in signal.listen() { count += 1 }
        #expect(count == 1)
    }
}
