import Dispatch
import Glibc
import Kernels
import Synchronization

/// Runs all units of a file on this machine's threads, and joins them in unit order.
struct LocalSearch {
    /// More threads than any machine has cores.
    static let threadCountMax = 1_024

    /// Cores that are switched on.
    static var coreCount: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), threadCountMax) }

    let threadCount: Int
    let variant: Variant

    /// The output of each unit, in unit order.
    func run(_ pack: DriftPack, _ progress: ProgressLine) async throws -> [UnitOutput] {
        progress.start(operations: pack.plan.operations)
        let queue = UnitQueue(count: pack.plan.unitCount)
        return try await withThrowingTaskGroup(of: [(Int, UnitOutput)].self) { group in
            for _ in 0..<min(threadCount, pack.plan.unitCount) {
                group.addTask { @concurrent in
                    var outputs: [(Int, UnitOutput)] = []
                    while let index = queue.next() {
                        outputs.append((index, try run(index, pack, progress)))
                    }
                    return outputs
                }
            }
            var all: [(Int, UnitOutput)] = []
            for try await part in group { all += part }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func run(
        _ index: Int,
        _ pack: DriftPack,
        _ progress: ProgressLine
    ) throws -> UnitOutput {
        let input = UnitInput(
            parameters: pack.parameters,
            index: index,
            bytes: try pack.unit(index),
            variant: variant,
            isProven: false
        )
        var unit = try DriftSearch(input)
        var done: UInt64 = 0
        while true {
            let step = try unit.step()
            progress.add(step.operationsDone - done)
            done = step.operationsDone
            if step.isFinished { return try unit.finish() }
        }
    }
}

extension LocalSearch {
    /// Threads that share a kernel's work.
    struct Threads: Workers {
        let count: Int

        func map<Value: Sendable>(
            _ count: Int,
            _ body: @escaping @Sendable (Int) -> Value
        ) -> [Value] {
            guard self.count > 1, count > 1 else { return (0..<count).map(body) }
            let queue = UnitQueue(count: count)
            let values = Mutex([(Int, Value)]())
            DispatchQueue.concurrentPerform(iterations: min(self.count, count)) { _ in
                while let index = queue.next() {
                    let value = body(index)
                    values.withLock { $0.append((index, value)) }
                }
            }
            return values.withLock { $0.sorted { $0.0 < $1.0 }.map(\.1) }
        }
    }
}

extension Aggregate {
    /// All of `outputs`, which are in unit order.
    init(_ outputs: [UnitOutput]) throws {
        self = .empty
        for (index, output) in outputs.enumerated() {
            self = try DriftSearch.reduce(self, output, index: index)
        }
    }
}

/// Hands out the indices of a plan's units, each to one thread.
private final class UnitQueue: Sendable {
    private let count: Int
    private let upcoming = Mutex(0)

    init(count: Int) { self.count = count }

    func next() -> Int? {
        upcoming.withLock { upcoming in
            guard upcoming < count else { return nil }
            defer { upcoming += 1 }
            return upcoming
        }
    }
}
