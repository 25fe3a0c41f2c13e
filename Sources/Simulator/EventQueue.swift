import Primitives

/// Events in the order of their time, and of their arrival where times are equal.
struct EventQueue<Event> {
    private struct Entry {
        let at: Instant
        let order: UInt64
        let event: Event
    }

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    /// How many events wait.
    var count: Int { heap.count }

    /// Adds `event` at `instant`.
    mutating func push(_ event: Event, at instant: Instant) {
        heap.append(Entry(at: instant, order: nextOrder, event: event))
        nextOrder += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isBefore(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the first event.
    mutating func pop() -> (at: Instant, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, Self.isBefore(heap[child + 1], heap[child]) { child += 1 }
            guard Self.isBefore(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        (left.at, left.order) < (right.at, right.order)
    }
}
