import Identity
package import Kernels
package import Primitives
package import Sandbox
package import Store
import Synchronization
package import Wire

/// Computes orders on threads of its own, each unit in a child process of its own.
///
/// A unit that traps, hangs or grows beyond its manifest's caps costs the order that it belongs to,
/// and nothing else.
package final class WorkRunner: Sendable {
    /// What becomes of an order.
    package enum Outcome: Sendable {
        case finished([Core])
        case failed(String)
        case stopped
    }

    private struct State {
        /// Orders that are being computed, by number.
        var orders: [UInt64: RunningOrder] = [:]
        var isPaused = false
        var usage = UnitUsage.zero
        /// The newest failures, oldest first.
        var failures: [OrderFailure] = []
    }

    private let state = Mutex(State())
    private let plans = Mutex<[ManifestID: UnitPlan]>([:])
    private let storage: any Storage
    /// The results that orders have kept.
    let results: FreshResults
    private let workloads: [Workload]
    private let executor: UnitExecutor
    private let tamper: (@Sendable (UnitOutput) -> UnitOutput)?

    /// Plans that are kept; each is small, whatever its job's size.
    private static let plansMax = 256
    /// Failures that are remembered.
    private static let failuresMax = 100

    /// A runner of `workloads`, all of which the executor at `path` must run.
    ///
    /// `tamper` changes each result before it is kept.
    package init(
        storage: any Storage,
        workloads: [Workload],
        executor path: String,
        tamper: (@Sendable (UnitOutput) -> UnitOutput)?
    ) throws(ExecutorError) {
        self.storage = storage
        results = FreshResults(storage: storage)
        self.workloads = workloads
        executor = try UnitExecutor(path: path, workloads: workloads.map(\.name))
        self.tamper = tamper
    }

    /// The chunks that hold the input of `units`, ascending.
    package func chunks(of units: [UInt32], id: ManifestID, manifest: Manifest) throws -> [UInt32] {
        let plan = try plan(id, manifest)
        var chunks = Set<UInt32>()
        for unit in units {
            for chunk in DataTree.chunks(of: try bytes(of: unit, in: plan)) {
                chunks.insert(UInt32(chunk))
            }
        }
        return chunks.sorted()
    }

    /// Computes `order` and calls `done`, on a thread of the runner's.
    package func start(
        _ order: WorkOrder,
        manifest: Manifest,
        done: @escaping @Sendable (Outcome) -> Void
    ) {
        let running = RunningOrder(order.manifest)
        state.withLock { state in
            state.orders[order.number] = running
            if state.isPaused { running.execution.pause() }
        }
        let isStarted = WorkThread.start { [self] in
            var cores: [Core] = []
            let outcome: Outcome
            do {
                outcome = try compute(order, manifest, running, into: &cores)
            } catch {
                outcome = .failed("\(error)")
            }
            if case .finished = outcome {} else { results.heard(cores.map(\.resultHash)) }
            end(order, outcome, done)
        }
        if !isStarted { end(order, .failed("the system starts no further thread"), done) }
    }

    private func end(_ order: WorkOrder, _ outcome: Outcome, _ done: (Outcome) -> Void) {
        state.withLock { $0.orders[order.number] = nil }
        if case .failed(let reason) = outcome {
            note(OrderFailure(manifest: order.manifest, reason: reason))
        }
        done(outcome)
    }

    /// Remembers why an order failed, for people.
    func note(_ failure: OrderFailure) {
        state.withLock { state in
            if state.failures.count >= Self.failuresMax { state.failures.removeFirst() }
            state.failures.append(failure)
        }
    }

    private func compute(
        _ order: WorkOrder,
        _ manifest: Manifest,
        _ running: RunningOrder,
        into cores: inout [Core]
    ) throws -> Outcome {
        let plan = try plan(order.manifest, manifest)
        let workload = try workload(manifest.workload)
        var reference = order.wantsReference ? workload.reference : nil
        for unit in order.units {
            running.begin(unit)
            let bytes = try input(bytes(of: unit, in: plan), manifest)
            func run(_ variant: Variant, _ caps: UnitCaps) -> UnitEnding {
                let input = UnitInput(
                    parameters: Parameters(bytes: manifest.parameters),
                    index: Int(unit),
                    bytes: bytes,
                    variant: variant
                )
                let request = UnitRequest(workload: workload.name, unit: input)
                let report = executor.run(request, within: caps, as: running.execution)
                state.withLock { $0.usage.add(report.usage) }
                return report.ending
            }
            var ending: UnitEnding?
            if let variant = reference {
                ending = run(variant, manifest.referenceCaps)
                // There is no time for it: the usual way is better than none.
                if case .failed = ending { (ending, reference) = (nil, nil) }
            }
            switch ending ?? run(workload.variant, manifest.caps) {
            case .finished(let output): cores.append(try keep(output, manifest))
            case .stopped: return .stopped
            case .failed(let failure): return .failed("\(failure)")
            }
        }
        return .finished(cores)
    }

    private func keep(_ computed: UnitOutput, _ manifest: Manifest) throws -> Core {
        let output = tamper?(computed) ?? computed
        guard UInt64(output.result.count) <= manifest.resultByteCount else {
            throw NodeError.resultTooLarge(UInt64(output.result.count))
        }
        let hash = sha256(output.result)
        try results.keep(output.result, hash: hash)
        return Core(resultHash: hash, operations: output.operations, evidence: output.evidence)
    }

    /// The bytes of `range` of the dataset, from its chunks.
    private func input(_ range: Range<UInt64>, _ manifest: Manifest) throws -> Bytes {
        var bytes: Bytes = []
        bytes.reserveCapacity(range.count)
        for index in DataTree.chunks(of: range) {
            let want = ChunkWant(root: manifest.datasetRoot, index: UInt32(index))
            guard let chunk = try storage.chunk(want) else {
                throw NodeError.missingChunk(UInt32(index))
            }
            // A root stands for one length; a manifest that states another must not be computed.
            guard chunk.datasetByteCount == manifest.datasetByteCount else {
                throw NodeError.manifestContradictsItself(
                    "its dataset has \(chunk.datasetByteCount) bytes, and it states "
                        + "\(manifest.datasetByteCount)"
                )
            }
            let start = UInt64(index) * UInt64(Limits.chunkByteCount)
            let low = max(range.lowerBound, start) - start
            let high = min(range.upperBound - start, UInt64(chunk.bytes.count))
            bytes += chunk.bytes[Int(low)..<Int(high)]
        }
        return bytes
    }

    private func bytes(of unit: UInt32, in plan: UnitPlan) throws -> Range<UInt64> {
        guard Int(unit) < plan.unitCount else { throw NodeError.noSuchUnit(unit) }
        return plan[Int(unit)].bytes
    }

    private func plan(_ id: ManifestID, _ manifest: Manifest) throws -> UnitPlan {
        if let known = plans.withLock({ $0[id] }) { return known }
        let plan = try workload(manifest.workload).plan(manifest)
        plans.withLock { plans in
            if plans.count >= Self.plansMax { plans.removeAll() }
            plans[id] = plan
        }
        return plan
    }

    private func workload(_ name: String) throws -> Workload {
        guard let workload = workloads.first(where: { $0.name == name }) else {
            throw NodeError.unknownWorkload(name)
        }
        return workload
    }
}

extension WorkRunner {
    /// Ends an order at once; does nothing for one that has ended.
    package func stop(_ number: UInt64) {
        state.withLock { $0.orders[number] }?.execution.stop()
    }

    /// Ends all orders at once.
    package func stopAll() {
        for order in state.withLock({ Array($0.orders.values) }) { order.execution.stop() }
    }

    /// Halts all orders, and those that begin from now on; their deadlines wait with them.
    package func pause() {
        state.withLock { state in
            state.isPaused = true
            for order in state.orders.values { order.execution.pause() }
        }
    }

    /// Lets all orders go on.
    package func resume() {
        state.withLock { state in
            state.isPaused = false
            for order in state.orders.values { order.execution.resume() }
        }
    }

    /// The orders that are being computed, ascending by number.
    package var progress: [OrderProgress] {
        let orders = state.withLock { state in state.orders.sorted { $0.key < $1.key } }
        return orders.map { number, order in order.progress(number) }
    }

    /// What all units so far took of the machine.
    package var usage: UnitUsage { state.withLock(\.usage) }

    /// Orders that failed, oldest first; only the newest hundred.
    package var failures: [OrderFailure] { state.withLock(\.failures) }
}

extension Manifest {
    /// What each unit of the job may take.
    package var caps: UnitCaps { caps(within: .seconds(secondsPerUnit)) }

    /// What it may take of the plainest implementation, so that part of the lease is left to
    /// compute it the usual way.
    package var referenceCaps: UnitCaps { caps(within: .seconds(secondsPerUnit) / 2) }

    private func caps(within deadline: Duration) -> UnitCaps {
        UnitCaps(
            deadline: deadline,
            memoryByteCount: memoryByteCount,
            resultByteCount: resultByteCount
        )
    }
}
