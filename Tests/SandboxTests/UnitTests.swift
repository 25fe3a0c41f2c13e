import Foundation
import Kernels
import Primitives
import Sandbox
import Testing

extension SandboxTests {
    /// Units in the real executor.
    @Suite(.serialized) struct UnitTests {
        let executor: UnitExecutor

        init() throws { executor = try realExecutor() }

        @Test(arguments: Variant.supported)
        func childGivesTheBytesOfTheKernel(variant: Variant) throws {
            let search = try TestSearch.small()
            #expect(search.plan.unitCount > 1)
            for index in 0..<search.plan.unitCount {
                let report = executor.run(
                    search.request(index, variant),
                    within: .ample,
                    as: Execution()
                )
                var unit = try DriftSearch(search.unit(index, variant))
                while try !unit.step().isFinished {}
                #expect(report.ending == .finished(unit.finish()))
                #expect(report.usage.peakMemoryByteCount > 1 << 20)
                #expect(report.usage.processorNanoseconds > 0)
            }
        }

        @Test func kernelsReasonIsTold() throws {
            let search = try TestSearch.small()
            let unit = UnitInput(parameters: search.dataset.parameters, index: 0, bytes: [1, 2, 3])
            let expected = try #require(throws: KernelError.self) { try DriftSearch(unit) }
            #expect(ending(of: unit) == .failed(.refused(expected.description)))
        }

        @Test func damagedParametersAreRefused() throws {
            let search = try TestSearch.small()
            var bytes = search.dataset.parameters.bytes
            bytes.removeLast()
            let unit = UnitInput(parameters: Parameters(bytes: bytes), index: 0, bytes: [])
            #expect(
                ending(of: unit)
                    == .failed(.refused("parameters are malformed: they end too early"))
            )
        }

        @Test func unknownWorkloadIsRefused() throws {
            let request = UnitRequest(
                workload: "drift-search/999",
                unit: try TestSearch.small().unit(0)
            )
            let report = executor.run(request, within: .ample, as: Execution())
            #expect(
                report.ending
                    == .failed(
                        .refused("this executor does not run the workload 'drift-search/999'")
                    )
            )
        }

        @Test func resultBeyondItsCapIsRefused() throws {
            var caps = UnitCaps.ample
            caps.resultByteCount = 1
            let request = try TestSearch.small().request()
            let report = executor.run(request, within: caps, as: Execution())
            guard case .failed(.refused(let reason)) = report.ending else {
                Issue.record("it ended as \(report.ending)")
                return
            }
            #expect(reason.hasPrefix("a result of "))
            #expect(reason.hasSuffix(" bytes is beyond the manifest's cap of 1"))
        }

        @Test func unitThatGrowsBeyondItsCapIsOutOfMemory() throws {
            // Its samples take four times as much memory as its input has bytes, 128 MiB.
            let search = try TestSearch.wide()
            var caps = UnitCaps.ample
            caps.memoryByteCount = 16 << 20
            let report = executor.run(search, within: caps, as: Execution())
            #expect(report.ending == .failed(.outOfMemory))
        }

        @Test func unitThatIsKilledFromOutsideFailsWithItsSignal() async throws {
            for signal in [SIGKILL, SIGSEGV, SIGXFSZ] {
                let unit = RunningUnit(executor, try TestSearch.endless().request())
                kill(try await unit.process(), signal)
                guard case .failed(.trapped(signal, _)) = try await unit.ending() else {
                    Issue.record("signal \(signal) is not told")
                    return
                }
            }
        }

        @Test func processorTimeBeyondItsCapIsTheDeadline() async throws {
            let unit = RunningUnit(executor, try TestSearch.endless().request())
            kill(try await unit.process(), SIGXCPU)
            #expect(try await unit.ending() == .failed(.deadline))
        }

        @Test func deadlineEndsAUnit() throws {
            var caps = UnitCaps.ample
            caps.deadline = .milliseconds(50)
            let report = executor.run(
                try TestSearch.endless().request(),
                within: caps,
                as: Execution()
            )
            #expect(report.ending == .failed(.deadline))
        }

        @Test func stoppedUnitEndsAtOnce() async throws {
            let unit = RunningUnit(executor, try TestSearch.endless().request())
            let process = try await unit.process()
            unit.execution.stop()
            #expect(try await unit.ending() == .stopped)
            #expect(ProcessView(process).state == nil)
            #expect(unit.execution.process == nil)
        }

        @Test func stoppedExecutionStartsNothing() throws {
            let execution = Execution()
            execution.stop()
            let report = executor.run(
                try TestSearch.small().request(),
                within: .ample,
                as: execution
            )
            #expect(report == UnitReport(ending: .stopped, usage: .zero))
        }

        @Test func pausedUnitStandsStillAndGoesOn() async throws {
            let unit = RunningUnit(executor, try TestSearch.endless().request())
            let process = ProcessView(try await unit.process())
            unit.execution.pause()
            try await eventually { process.state == "T" }
            let before = unit.execution.runningTime
            // Its process is looked at for a while, in which it could have run.
            for _ in 0..<100 { #expect(process.state == "T") }
            #expect(unit.execution.runningTime == before)
            unit.execution.resume()
            try await eventually { process.state == "R" }
            try await eventually { unit.execution.runningTime > before }
        }

        @Test func unitOfAPausedExecutionWaits() async throws {
            let execution = Execution()
            execution.pause()
            var caps = UnitCaps.ample
            caps.deadline = .seconds(60)
            let request = try TestSearch.small().request()
            let report = AsyncStream.makeStream(of: UnitReport.self)
            Thread { [executor, caps] in
                report.continuation.yield(executor.run(request, within: caps, as: execution))
                report.continuation.finish()
            }.start()
            try await eventually { execution.process != nil }
            let process = ProcessView(try #require(execution.process))
            try await eventually { process.state == "T" }
            #expect(execution.runningTime == .zero)
            execution.resume()
            for await report in report.stream {
                guard case .finished = report.ending else {
                    Issue.record("it ended as \(report.ending)")
                    return
                }
            }
        }

        @Test func pausedUnitCanBeStopped() async throws {
            let unit = RunningUnit(executor, try TestSearch.endless().request())
            _ = try await unit.process()
            unit.execution.pause()
            unit.execution.stop()
            #expect(try await unit.ending() == .stopped)
        }

        private func ending(of unit: UnitInput) -> UnitEnding {
            let request = UnitRequest(workload: DriftSearch.id.description, unit: unit)
            return executor.run(request, within: .ample, as: Execution()).ending
        }
    }
}

extension TestSearch {
    /// A unit of 32 MiB input, of 8 bits, whose samples take 128 MiB.
    static func wide() throws -> UnitRequest {
        let small = SyntheticFilterbank(
            channelCount: 4_096,
            stepCount: 32,
            sampleBits: 8,
            toneCount: 1
        )
        let settings = DriftSettings(method: .turboSETI, tileWidth: 4_096)
        let search = try TestSearch(small.make().file, settings)
        let narrow = try DriftParameters(search.dataset.parameters)
        var header = narrow.header
        header.channelCount = 1 << 20
        let parameters = DriftParameters(
            method: narrow.method,
            maxDrift: narrow.maxDrift,
            threshold: narrow.threshold,
            tileWidth: 1 << 19,
            stepCount: narrow.stepCount,
            header: header,
            fileName: narrow.fileName,
            coarseChannels: narrow.coarseChannels
        ).encoded()
        let width = (1 << 19) + 2 * (try DriftGeometry(DriftParameters(parameters)).grid.halo)
        let unit = UnitInput(
            parameters: parameters,
            index: 0,
            bytes: Bytes(repeating: 1, count: 32 * width)
        )
        return UnitRequest(workload: DriftSearch.id.description, unit: unit)
    }
}
