import Dispatch
import Identity
package import Kernels
package import Primitives
package import Store
import Synchronization
package import Wire

/// Computes orders on threads of its own, so that the network never waits for a kernel.
package final class WorkRunner: Sendable {
    /// What becomes of an order.
    package enum Outcome: Sendable {
        case finished([Core])
        case failed(String)
        case stopped
    }

    private let queue = DispatchQueue(label: "starling.work", attributes: .concurrent)
    /// Orders that are being computed, and whether each is to end.
    private let orders = Mutex<[UInt64: Bool]>([:])
    private let plans = Mutex<[ManifestID: UnitPlan]>([:])
    private let storage: any Storage
    private let workloads: [Workload]
    private let tamper: (@Sendable (UnitOutput) -> UnitOutput)?

    /// Plans that are kept; each is small, whatever its job's size.
    private static let plansMax = 256

    /// A runner of `workloads`; `tamper` changes each result before it is kept.
    package init(
        storage: any Storage,
        workloads: [Workload],
        tamper: (@Sendable (UnitOutput) -> UnitOutput)?
    ) {
        self.storage = storage
        self.workloads = workloads
        self.tamper = tamper
    }

    /// The chunks that hold the input of `units`, ascending.
    package func chunks(of units: [UInt32], id: ManifestID, manifest: Manifest) throws -> [UInt32] {
        let plan = try plan(id, manifest)
        var chunks = Set<UInt32>()
        for unit in units {
            for chunk in DataTree.chunks(of: plan[Int(unit)].bytes) {
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
        orders.withLock { $0[order.number] = false }
        queue.async { [self] in
            let outcome: Outcome
            do {
                outcome = try compute(order, manifest)
            } catch {
                outcome = .failed("\(error)")
            }
            _ = orders.withLock { $0.removeValue(forKey: order.number) }
            done(outcome)
        }
    }

    /// Lets an order end at its next step; does nothing for one that has ended.
    package func stop(_ number: UInt64) {
        orders.withLock { orders in
            if orders[number] != nil { orders[number] = true }
        }
    }

    private func compute(_ order: WorkOrder, _ manifest: Manifest) throws -> Outcome {
        let plan = try plan(order.manifest, manifest)
        let workload = try workload(manifest.workload)
        let isStopped = { @Sendable [self] in orders.withLock { $0[order.number] == true } }
        var cores: [Core] = []
        for unit in order.units {
            let bytes = try input(plan[Int(unit)].bytes, manifest)
            guard var output = try workload.run(manifest, Int(unit), bytes, isStopped) else {
                return .stopped
            }
            if let tamper { output = tamper(output) }
            guard UInt64(output.result.count) <= manifest.resultByteCount else {
                throw NodeError.resultTooLarge(UInt64(output.result.count))
            }
            let hash = sha256(output.result)
            try storage.keep(result: output.result, hash: hash)
            cores.append(
                Core(resultHash: hash, operations: output.operations, evidence: output.evidence)
            )
        }
        return .finished(cores)
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
