/// A value that is kept twice, so that a bit that changes in one of the two is noticed.
struct Twin<Value: Hashable & Sendable>: Hashable, Sendable {
    private var first: Value
    private var second: Value

    init(_ value: Value) {
        first = value
        second = value
    }

    /// The value, if it is intact.
    var value: Value { first }

    /// Whether both are equal.
    var isIntact: Bool { first == second }

    /// Puts another value in the place of both.
    mutating func set(_ value: Value) {
        first = value
        second = value
    }

    /// Changes both alike, so that what differs goes on to differ.
    mutating func update(_ body: (inout Value) -> Void) {
        body(&first)
        body(&second)
    }

    /// Changes one of the two, as a fault of the memory would.
    mutating func damage(_ body: (inout Value) -> Void) { body(&first) }
}
