import Primitives

/// Events in the order of their time, and of their arrival where times are equal.
///
/// Time is cut into slots. What happens in the present slot stands in a heap, what happens in the
/// next slots in a list for each, and what is further off in another heap: most events are
/// messages, which come soon, and cost the same however many there are.
struct EventQueue<Event> {
    /// An event that waits, and the place of another that waits for the same slot.
    private struct Place {
        var entry: EventHeap.Entry
        var next: Int32
        var event: Event?
    }

    private var places: [Place] = []
    private var freePlaces: [Int32] = []
    private var present = EventHeap()
    /// The first place of each of the next slots; −1 for none.
    private var near: [Int32]
    /// A bit for each slot of `near` that holds something.
    private var occupied: [UInt64]
    private var far = EventHeap()
    /// The present slot, counted from the beginning of time.
    private var slot: UInt64 = 0
    private var nextOrder: UInt64 = 0

    /// Nanoseconds of a slot: 2¹⁴, so that `near` reaches 67 ms ahead.
    private static var slotBits: UInt64 { 14 }
    private static var slotCount: Int { 4_096 }

    /// An empty queue.
    init() {
        near = Array(repeating: -1, count: Self.slotCount)
        occupied = Array(repeating: 0, count: Self.slotCount / 64)
    }

    /// Adds `event` at `instant`.
    mutating func push(_ event: Event, at instant: Instant) {
        let free = freePlaces.popLast()
        let place = free ?? Int32(places.count)
        let entry = EventHeap.Entry(
            nanoseconds: instant.nanoseconds,
            order: nextOrder,
            place: place
        )
        nextOrder += 1
        var next: Int32 = -1
        let target = entry.nanoseconds >> Self.slotBits
        if target <= slot {
            present.push(entry)
        } else if target - slot < UInt64(Self.slotCount) {
            let index = Int(target % UInt64(Self.slotCount))
            next = near[index]
            near[index] = place
            occupied[index / 64] |= 1 << UInt64(index % 64)
        } else {
            far.push(entry)
        }
        let content = Place(entry: entry, next: next, event: event)
        if free == nil { places.append(content) } else { places[Int(place)] = content }
    }

    /// When the first event comes.
    var next: Instant? {
        let slots = [nextNear, far.first.map { $0.nanoseconds >> Self.slotBits }]
        if let first = present.first { return Instant(nanoseconds: first.nanoseconds) }
        return slots.compactMap { $0 }.min().map { Instant(nanoseconds: $0 << Self.slotBits) }
    }

    /// Takes out the first event.
    mutating func pop() -> (at: Instant, event: Event)? {
        if present.isEmpty { advance() }
        guard let entry = present.pop() else { return nil }
        guard let event = places[Int(entry.place)].event.take() else {
            preconditionFailure("every entry has its event")
        }
        freePlaces.append(entry.place)
        return (Instant(nanoseconds: entry.nanoseconds), event)
    }

    /// Goes on to the next slot that holds something.
    private mutating func advance() {
        let nextNear = self.nextNear
        let nextFar = far.first.map { $0.nanoseconds >> Self.slotBits }
        guard let next = [nextNear, nextFar].compactMap({ $0 }).min() else { return }
        if next == nextNear {
            let index = Int(next % UInt64(Self.slotCount))
            var place = near[index]
            while place >= 0 {
                present.push(places[Int(place)].entry)
                place = places[Int(place)].next
            }
            near[index] = -1
            occupied[index / 64] &= ~(1 << UInt64(index % 64))
        }
        slot = next
        while let entry = far.first, entry.nanoseconds >> Self.slotBits <= slot {
            _ = far.pop()
            present.push(entry)
        }
    }

    /// The first of the next slots that holds something.
    private var nextNear: UInt64? {
        let start = Int((slot + 1) % UInt64(Self.slotCount))
        let words = occupied.count
        // The word of the start comes twice: its upper bits first, its lower ones in the end.
        for step in 0...words {
            let index = (start / 64 + step) % words
            var word = occupied[index]
            if step == 0 { word &= .max << UInt64(start % 64) }
            guard word != 0 else { continue }
            let found = index * 64 + word.trailingZeroBitCount
            let distance = (found - start + Self.slotCount) % Self.slotCount
            return slot + 1 + UInt64(distance)
        }
        return nil
    }
}

/// A binary heap of times, each with the place of what happens then.
struct EventHeap {
    struct Entry {
        let nanoseconds: UInt64
        let order: UInt64
        let place: Int32

        func isBefore(_ other: Entry) -> Bool {
            nanoseconds != other.nanoseconds
                ? nanoseconds < other.nanoseconds : order < other.order
        }
    }

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }
    var first: Entry? { entries.first }

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            entries[child] = entries[parent]
            child = parent
        }
        entries[child] = entry
    }

    mutating func pop() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty { sink(last, from: 0) }
        return first
    }

    /// Puts `entry` at `start`, or below it where that is due.
    private mutating func sink(_ entry: Entry, from start: Int) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) {
                child += 1
            }
            guard entries[child].isBefore(entry) else { break }
            entries[parent] = entries[child]
            parent = child
        }
        entries[parent] = entry
    }
}
