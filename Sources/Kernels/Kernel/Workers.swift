/// Those who share a piece of work that is done for each number from zero on.
///
/// Kernels have no threads of their own; who calls them may lend some.
package protocol Workers: Sendable {
    /// The values of `body` for 0, 1 … `count` − 1, in this order, made in any order.
    func map<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value]
}

/// Does everything alone, one number after the other.
package struct OneWorker: Workers {
    /// The caller itself.
    package init() {}

    package func map<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value] {
        (0..<count).map(body)
    }
}
