import Foundation
import Kernels
import Primitives
import Sandbox
import Testing

/// Everything here starts processes, so its suites take turns.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SandboxTests {}

/// A folder of a test's own; gone with the object.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory
        let folder = base.appending(path: "starling-sandbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// The built executor.
func realExecutor() throws -> UnitExecutor {
    try UnitExecutor(path: ExecutorLocation.path, workloads: [DriftSearch.id.description])
}

extension UnitCaps {
    /// Caps that no unit of these tests reaches, not even on a busy machine.
    static let ample = UnitCaps(
        deadline: .seconds(120),
        memoryByteCount: 256 << 20,
        resultByteCount: 1 << 20
    )
}

/// Units of a drift search.
struct TestSearch {
    let dataset: Dataset
    let plan: UnitPlan

    init(_ file: Bytes, _ settings: DriftSettings) throws {
        dataset = try DriftSearch.pack(InputFile(name: "test.fil", bytes: file), settings)
        plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
    }

    /// A search that takes milliseconds.
    static func small() throws -> TestSearch {
        let made = SyntheticFilterbank(seed: 1, channelCount: 1_024, toneCount: 2).make()
        return try TestSearch(made.file, DriftSettings(tileWidth: 256))
    }

    /// A search of one unit that takes far longer than any test: it has tens of thousands of drift
    /// blocks.
    static func endless() throws -> TestSearch {
        let made = SyntheticFilterbank(seed: 1, channelCount: 4_096, toneCount: 1).make()
        return try TestSearch(made.file, DriftSettings(maxDrift: 5_000))
    }

    func unit(_ index: Int, _ variant: Variant = .fastest) -> UnitInput {
        let range = plan[index].bytes
        return UnitInput(
            parameters: dataset.parameters,
            index: index,
            bytes: Bytes(dataset.bytes[Int(range.lowerBound)..<Int(range.upperBound)]),
            variant: variant
        )
    }

    func request(_ index: Int = 0, _ variant: Variant = .fastest) -> UnitRequest {
        UnitRequest(workload: DriftSearch.id.description, unit: unit(index, variant))
    }
}

/// A unit that runs on a thread of its own.
final class RunningUnit: Sendable {
    let execution = Execution()
    private let end = AsyncStream.makeStream(of: UnitReport.self)

    init(_ executor: UnitExecutor, _ request: UnitRequest, within caps: UnitCaps = .ample) {
        let (execution, continuation) = (execution, end.continuation)
        let thread = Thread {
            continuation.yield(executor.run(request, within: caps, as: execution))
            continuation.finish()
        }
        thread.start()
    }

    deinit { execution.stop() }

    /// Waits for the unit's end.
    func ending() async throws -> UnitEnding {
        for await report in end.stream { return report.ending }
        throw CancellationError()
    }

    /// Waits for the unit's process.
    func process() async throws -> Int32 {
        try await eventually { execution.process != nil }
        return try #require(execution.process)
    }
}

/// Waits until `isTrue`; the suite's time limit bounds it.
///
/// Processes tell nobody what they do, so they are looked at again and again.
func eventually(_ isTrue: () throws -> Bool) async throws {
    while try !isTrue() { try await Task.sleep(for: .milliseconds(2)) }
}

/// What the system says of a process.
struct ProcessView {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    /// A file of its folder in /proc; nil when there is no such process.
    func file(_ name: String) -> String? {
        let data = FileManager.default.contents(atPath: "/proc/\(number)/\(name)")
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A line of its status.
    func status(_ name: String) -> String? {
        let lines = file("status")?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("\(name):") }
        return line?.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
    }

    /// The first letter of its state: R, S, T, Z; nil when it is gone.
    var state: Character? { status("State")?.first }

    /// Whether it is gone, or waits to be collected by whoever has taken it over.
    var isDead: Bool { state == nil || state == "Z" || state == "X" }

    /// Soft and hard limit of `name`, as the system spells it.
    func limit(_ name: String) -> [String] {
        let lines = file("limits")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix(name) }) else { return [] }
        return line.dropFirst(name.count).split(separator: " ").prefix(2).map(String.init)
    }

    /// Processes whose parent is this one, with their states.
    static func children() -> [(number: Int32, state: Character)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).compactMap { number in
            let view = ProcessView(number)
            guard view.status("PPid") == "\(getpid())", let state = view.state else { return nil }
            return (number, state)
        }
    }
}
