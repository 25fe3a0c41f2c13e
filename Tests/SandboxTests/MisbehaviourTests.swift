import Foundation
import Kernels
import Primitives
import Sandbox
import Testing

extension SandboxTests {
    /// Programs that do not do what they should.
    @Suite(.serialized) struct MisbehaviourTests {
        /// What a program does after its greeting, and how its unit ends.
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let script: String
            let failure: UnitFailure

            init(_ name: String, _ script: String, _ failure: UnitFailure) {
                testDescription = name
                self.script = script
                self.failure = failure
            }
        }

        static let cases = [
            Case("ends early", "exit 0", .noResult),
            Case(
                "ends within a frame",
                #"printf '\003\052\000\000\000\007'"#,
                .wrongOutput("it ends within a frame")
            ),
            Case("garbage", "exec yes", .wrongOutput("there is no such kind of frame")),
            Case(
                "a result without end",
                #"printf '\003\377\377\377\377'; exec cat /dev/zero"#,
                .wrongOutput("a frame of 4294967295 bytes is beyond its cap of 1048616")
            ),
            Case(
                "a result that is too short",
                #"printf '\003\001\000\000\000x'"#,
                .wrongOutput("its result is too short")
            ),
            Case(
                "progress without end",
                "while :; do printf '\(FakeExecutor.progress)'; done",
                .wrongOutput("its progress never ends")
            ),
            Case(
                "progress beyond its end",
                #"printf '\002\020\000\000\000\003\0\0\0\0\0\0\0\002\0\0\0\0\0\0\0'"#,
                .wrongOutput("its progress makes no sense")
            ),
            Case(
                "a second greeting",
                "printf '\(FakeExecutor.greeting)'",
                .wrongOutput("it begins twice")
            ),
            Case(
                "more after the result",
                "printf '\(FakeExecutor.result)\(FakeExecutor.progress)'",
                .wrongOutput("it goes on after its end")
            ),
            Case(
                "a failure after the result",
                "printf '\(FakeExecutor.result)'; exit 9",
                .exited(status: 9, log: "")
            ),
            Case(
                "a status and words that steer a terminal",
                #"printf 'oh \033[2J no\nmore' >&2; exit 3"#,
                .exited(status: 3, log: "oh ?[2J no")
            ),
            Case(
                "words without end",
                "while :; do echo no >&2; done",
                .wrongOutput("it says too much on standard error: no")
            ),
            Case("a trap", "echo why >&2; kill -SEGV $$", .trapped(signal: SIGSEGV, log: "why")),
            Case(
                "no memory, in the words of Swift",
                "echo Fatal error: failed to allocate 9 bytes >&2; kill -ABRT $$",
                .outOfMemory
            ),
            Case(
                "a closed output, and no end",
                "exec >&-; exec sleep 1000",
                .trapped(signal: SIGKILL, log: "")
            ),
        ]

        @Test(arguments: cases)
        func misbehaviourIsNamed(misbehaviour: Case) throws {
            let ending = try FakeExecutor(misbehaviour.script).ending()
            #expect(ending == .failed(misbehaviour.failure))
        }

        @Test func programThatBehavesIsBelieved() throws {
            let fake = try FakeExecutor("printf '\(FakeExecutor.progress)\(FakeExecutor.result)'")
            guard case .finished(let output) = try fake.ending() else {
                Issue.record("it was not believed")
                return
            }
            #expect(output.result == Bytes("ok".utf8))
            #expect(output.operations == 7)
        }

        @Test(arguments: [
            "exec sleep 1000", "sleep 1000", "kill -STOP $$", "trap '' XCPU TERM; cat >/dev/null",
        ])
        func deadlineEndsWhatHangs(script: String) throws {
            var caps = UnitCaps.ample
            caps.deadline = .milliseconds(200)
            #expect(try FakeExecutor(script).ending(within: caps) == .failed(.deadline))
        }

        @Test func whatTheChildStartedEndsWithIt() async throws {
            let folder = try TestFolder()
            let file = folder.file("process")
            let fake = try FakeExecutor("sleep 1000 & echo $! > \(file); exit 0")
            var caps = UnitCaps.ample
            caps.deadline = .milliseconds(500)
            // The grandchild holds the pipe, so that the end is seen at the deadline.
            #expect(try fake.ending(within: caps) == .failed(.deadline))
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let number = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            try await eventually { ProcessView(number).isDead }
        }

        @Test func stopEndsEvenWhatHasLeftItsGroup() async throws {
            let folder = try TestFolder()
            let file = folder.file("process")
            let fake = try FakeExecutor("setsid sleep 1000 & echo $! > \(file); wait")
            let unit = RunningUnit(fake.executor, try TestSearch.small().request())
            try await eventually { FileManager.default.contents(atPath: file)?.isEmpty == false }
            unit.execution.stop()
            #expect(try await unit.ending() == .stopped)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let number = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            kill(number, SIGKILL)
        }

        @Test func parentOutlivesAChildThatReadsNothing() throws {
            // Far more than a pipe holds.
            let request = try TestSearch.wide()
            let fake = try FakeExecutor("exec <&-; exit 0")
            let report = fake.executor.run(request, within: .ample, as: Execution())
            #expect(report.ending == .failed(.noResult))
        }

        @Test func childHasNeitherEnvironmentNorDescriptors() throws {
            let number = fcntl(STDOUT_FILENO, F_DUPFD, 700)
            #expect(number >= 700)
            defer { close(number) }
            setenv("STARLING_TEST", "secret", 1)
            defer { unsetenv("STARLING_TEST") }
            let fake = try FakeExecutor(
                """
                { tr '\\0' ' ' < /proc/$$/environ; ls -x /proc/$$/fd | tr '\\n' ' '; } >&2; exit 3
                """
            )
            guard case .failed(.exited(3, let log)) = try fake.ending() else {
                Issue.record("it did not look")
                return
            }
            let descriptors = Set(log.split(separator: " ").map(String.init))
            // The shell itself holds its script and what it redirects, as 10, 11 or 255.
            #expect(descriptors.subtracting(["10", "11", "255"]) == ["0", "1", "2"])
        }
    }

    /// Programs that cannot be the executor.
    @Suite(.serialized) struct UnusableExecutorTests {
        let folder: TestFolder

        init() throws { folder = try TestFolder() }

        @Test func missingExecutorIsNamedWithItsPath() throws {
            let error = try #require(refusal(of: folder.file("none")))
            #expect(error.fault == .missing)
            #expect(error.description.contains(folder.file("none")))
            #expect(error.description.contains("STARLING_EXECUTOR"))
        }

        @Test func fileThatMayNotBeRunIsNamed() throws {
            let path = folder.file("text")
            try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: path))
            #expect(refusal(of: path)?.fault == .notExecutable)
        }

        @Test func folderIsNoExecutor() throws {
            guard case .broken(.notStarted) = refusal(of: folder.path)?.fault else {
                Issue.record("a folder was started")
                return
            }
        }

        @Test func otherProgramIsNoExecutor() throws {
            #expect(refusal(of: "/bin/true")?.fault == .broken(.noResult))
            #expect(
                refusal(of: "/bin/echo")?.fault
                    == .broken(.wrongOutput("there is no such kind of frame"))
            )
        }

        @Test func executorOfAnotherVersionIsNamed() throws {
            let path = folder.file("other")
            try FakeExecutor.write(#"printf '\001\014\0\0\0starling\002\0\0\0'"#, to: path)
            let error = try #require(refusal(of: path))
            #expect(error.fault == .otherVersion("2"))
            #expect(error.description.contains("speaks version 2, and this program version 1"))
        }

        @Test func executorWithoutAWorkloadIsNamed() throws {
            let error = #expect(throws: ExecutorError.self) {
                _ = try UnitExecutor(path: ExecutorLocation.path, workloads: ["other/1"])
            }
            #expect(error?.fault == .lacksWorkload("other/1"))
        }

        private func refusal(of path: String) -> ExecutorError? {
            do {
                _ = try UnitExecutor(path: path, workloads: [])
                Issue.record("it was accepted")
                return nil
            } catch {
                return error
            }
        }
    }
}
