import Glibc
import Kernels
import Synchronization

/// Runs all units of a dataset on this machine's threads, and joins them in unit order.
struct LocalSearch {
    /// More threads than any machine has cores.
    static let threadCountMax = 1_024

    /// Cores that are switched on.
    static var coreCount: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), threadCountMax) }

    let threadCount: Int
    let variant: Variant

    func run(_ dataset: Dataset, _ progress: ProgressLine) async throws -> Aggregate {
        let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        progress.start(operations: plan.operations)
        let queue = UnitQueue(count: plan.unitCount)
        let outputs = try await withThrowingTaskGroup(of: [(Int, UnitOutput)].self) { group in
            for _ in 0..<min(threadCount, plan.unitCount) {
                group.addTask { @concurrent in
                    var outputs: [(Int, UnitOutput)] = []
                    while let index = queue.next() {
                        outputs.append((index, try run(index, plan, dataset, progress)))
                    }
                    return outputs
                }
            }
            var all: [(Int, UnitOutput)] = []
            for try await part in group { all += part }
            return all.sorted { $0.0 < $1.0 }
        }
        var aggregate = Aggregate.empty
        for (index, output) in outputs {
            aggregate = try DriftSearch.reduce(aggregate, output, index: index)
        }
        return aggregate
    }

    private func run(
        _ index: Int,
        _ plan: UnitPlan,
        _ dataset: Dataset,
        _ progress: ProgressLine
    ) throws -> UnitOutput {
        let range = plan[index].bytes
        let input = UnitInput(
            parameters: dataset.parameters,
            index: index,
            bytes: Array(dataset.bytes[Int(range.lowerBound)..<Int(range.upperBound)]),
            variant: variant
        )
        var unit = try DriftSearch(input)
        var done: UInt64 = 0
        while true {
            let step = try unit.step()
            progress.add(step.operationsDone - done)
            done = step.operationsDone
            if step.isFinished { return unit.finish() }
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
