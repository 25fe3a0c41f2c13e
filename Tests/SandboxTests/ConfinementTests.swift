import Foundation
import Kernels
import Primitives
import Sandbox
import Subprocesses
import Testing

extension SandboxTests {
    /// What holds a real child.
    @Suite(.serialized) struct ConfinementTests {
        let executor: UnitExecutor

        init() throws { executor = try realExecutor() }

        @Test func everyStepTakes() {
            #expect(executor.confinement.count >= 10)
            for step in executor.confinement { #expect(step.didTake, "\(step)") }
        }

        @Test func limitsHold() async throws {
            var caps = UnitCaps.ample
            caps.deadline = .seconds(1_000)
            let search = try TestSearch.endless()
            let unit = RunningUnit(executor, search.request(), within: caps)
            let child = ProcessView(try await unit.process())
            // This limit is the last step.
            try await eventually { child.limit("Max processes") == ["0", "0"] }
            unit.execution.pause()
            try await eventually { child.state == "T" }
            #expect(child.limit("Max cpu time") == ["1001", "1002"])
            #expect(child.limit("Max file size") == ["0", "0"])
            #expect(child.limit("Max core file size") == ["0", "0"])
            #expect(child.limit("Max open files") == ["16", "16"])
            let data = try #require(child.limit("Max data size").first.flatMap { Int($0) })
            let input = search.dataset.bytes.count
            #expect(data >= 256 << 20 + 32 << 20 + input)
            #expect(data <= 256 << 20 + 32 << 20 + input + 4_096)
            #expect(child.status("NoNewPrivs") == "1")
            #expect(child.file("oom_score_adj") == "1000\n")
            #expect(child.status("Threads") == "1")
        }

        @Test func childEndsWithItsParent() async throws {
            // A shell is the parent. Its input is the child's, so that only its death can end the
            // child.
            let script = """
                exec 3<&0
                "$0" $$ 1000 100000000 16 0 <&3 >/dev/null 2>&1 &
                echo $!
                wait
                """
            let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
            let shell = try Subprocess(
                "/bin/sh",
                ["-c", script, executor.path],
                input: input.fileHandleForReading.fileDescriptor,
                output: output.fileHandleForWriting.fileDescriptor
            )
            let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            let number = try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
            let child = ProcessView(number)
            try await eventually { child.limit("Max processes") == ["0", "0"] }
            #expect(!child.isDead)
            shell.send(SIGKILL)
            try await eventually { child.isDead }
            shell.wait()
            try input.fileHandleForWriting.close()
        }

        @Test func childOfSomebodyElseRefusesToWork() throws {
            let run = try RawRun(["1", "1000", "100000000", "16", "0"], input: [])
            #expect(run.status == 0)
            #expect(run.text.contains("'end with the parent'"))
        }

        @Test(arguments: [[], ["1"], ["x", "1", "1", "1", "1"], ["1", "1", "1", "1", "-1"]])
        func otherArgumentsAreRefused(arguments: [String]) throws {
            let run = try RawRun(arguments, input: [])
            #expect(run.status == 64)
            #expect(run.output.isEmpty)
            #expect(run.errors.contains("starling peer"))
        }

        @Test func executorCarriesItsRuntime() throws {
            let program = try Data(contentsOf: URL(filePath: executor.path))
            for library in ["libFoundation", "libswiftCore.so", "libswift_Concurrency.so"] {
                #expect(program.range(of: Data(library.utf8)) == nil, "\(library)")
            }
        }
    }

    /// Requests that no parent writes.
    @Suite(.serialized) struct DamagedRequestTests {
        @Test func cutRequestIsRefused() throws {
            let request = try Self.request()
            for count in [1, 7, 8, 41, 42, 50, request.count - 1] {
                let run = try RawRun.unit(Bytes(request.prefix(count)))
                #expect(run.status == 0)
                #expect(run.text.contains("the request ends too early"), "\(count) bytes")
            }
        }

        @Test func changedHeadIsRefusedOrComputed() throws {
            let request = try Self.request()
            for index in 0..<42 {
                var changed = request
                changed[index] ^= 0xff
                let run = try RawRun.unit(changed)
                #expect(run.status == 0, "byte \(index)")
                #expect(run.errors.isEmpty, "byte \(index)")
                #expect(run.output.count > 0xe6 + 5, "byte \(index) got no answer")
            }
        }

        @Test func changedFieldIsNamed() throws {
            let reasons = [
                0: "the request does not begin like one",
                8: "the request is of version 254, and this executor of version 1",
                12: "the request asks for variant",
                17: "bytes of parameters, and 32768 are allowed",
                25: "bytes of input, and",
                33: "no job has a unit",
            ]
            let request = try Self.request()
            for (index, reason) in reasons {
                var changed = request
                changed[index] ^= 0xff
                #expect(try RawRun.unit(changed).text.contains(reason), "byte \(index)")
            }
        }

        /// The bytes of a good request, as a program that only writes them down has got them.
        private static func request() throws -> Bytes {
            let folder = try TestFolder()
            let file = folder.file("request")
            let path = folder.file("executor")
            try FakeExecutor.write(
                "printf '\(FakeExecutor.greeting)'; cat > \(file)",
                to: path
            )
            let executor = try UnitExecutor(path: path, workloads: [])
            let search = try TestSearch.small()
            var caps = UnitCaps.ample
            caps.deadline = .seconds(1)
            let report = executor.run(search.request(), within: caps, as: Execution())
            #expect(report.ending == .failed(.deadline))
            return Bytes(try Data(contentsOf: URL(filePath: file)))
        }
    }

    /// What stays behind.
    @Suite(.serialized) struct TracesTests {
        @Test func manyRunsLeaveNothingBehind() async throws {
            let executor = try realExecutor()
            let hanging = try FakeExecutor("sleep 1000")
            let good = try TestSearch.small().request()
            let refused = UnitRequest(workload: "none/1", unit: good.unit)
            var caps = UnitCaps.ample
            let before = try Self.descriptorCount()
            for index in 0..<200 {
                let isHanging = index % 10 == 0
                caps.deadline = isHanging ? .milliseconds(10) : .seconds(60)
                let report = (isHanging ? hanging.executor : executor).run(
                    index % 2 == 0 ? good : refused,
                    within: caps,
                    as: Execution()
                )
                #expect(report.ending != .stopped)
            }
            // Other suites of this process may have opened some meanwhile, but not hundreds.
            #expect(try Self.descriptorCount() < before + 100)
            let zombies = { ProcessView.children().filter { $0.state == "Z" } }
            try await eventually { zombies().isEmpty }
        }

        private static func descriptorCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
    }
}

/// The executor, started by hand with any arguments and any input.
struct RawRun {
    let status: Int32
    let output: Bytes
    let errors: String

    /// The output as text, to look for reasons in it.
    var text: String { String(decoding: output, as: UTF8.self) }

    init(_ arguments: [String], input: Bytes) throws {
        let folder = try TestFolder()
        try Data(input).write(to: URL(filePath: folder.file("input")))
        let request = try FileHandle(forReadingFrom: URL(filePath: folder.file("input")))
        let (output, errors) = (Foundation.Pipe(), Foundation.Pipe())
        let process = try Subprocess(
            ExecutorLocation.path,
            arguments,
            input: request.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor,
            errors: errors.fileHandleForWriting.fileDescriptor
        )
        try output.fileHandleForWriting.close()
        try errors.fileHandleForWriting.close()
        self.output = Bytes(output.fileHandleForReading.readDataToEndOfFile())
        self.errors = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        let ending = process.wait()
        status = ending.isKilled ? -1 : ending.status
    }

    /// A run with the arguments that a parent gives.
    static func unit(_ request: Bytes) throws -> RawRun {
        try RawRun(["\(getpid())", "60", "200000000", "16", "0"], input: request)
    }
}
