import Foundation
import Glibc
import Subprocesses
import Testing

/// Programs are started as they are described, and their ends are told.
struct SubprocessTests {
    @Test func endingsAreTold() throws {
        #expect(try Subprocess("/bin/sh", ["-c", "exit 7"]).wait().status == 7)
        let killed = try Subprocess("/bin/sh", ["-c", "kill -9 $$"]).wait()
        #expect(killed.isKilled && killed.status == SIGKILL)
    }

    @Test func programThatIsMissingIsNamed() throws {
        let failure = #expect(throws: Subprocess.Failure.self) {
            try Subprocess("/nowhere/program", [])
        }
        #expect(failure?.description.contains("/nowhere/program could not be started") == true)
    }

    /// It has three descriptors, whatever is open here, the environment and the folder it was
    /// given.
    @Test func itGetsWhatItIsGivenAndNothingElse() throws {
        let extra = try FileHandle(forReadingFrom: URL(filePath: "/dev/null"))
        defer { _ = extra.fileDescriptor }
        let script = "pwd; echo $WORD; ls /proc/self/fd | wc -l; cat"
        let run = try Subprocess.output(
            of: "/bin/sh",
            ["-c", "cd / && \(script)"],
            environment: ["WORD": "given", "PATH": "/usr/bin:/bin"]
        )
        // The listing itself has one more open.
        #expect(String(decoding: run.bytes, as: UTF8.self) == "/\ngiven\n4\n")
        #expect(run.ending.status == 0)
    }

    @Test func nobodyHearsWhatIsWrittenToNobody() throws {
        let program = try Subprocess(
            "/bin/sh",
            ["-c", "echo a; echo b >&2"],
            output: nil,
            errors: nil
        )
        #expect(program.wait().status == 0)
        #expect(throws: Subprocess.Failure.self) { try Subprocess("/bin/sh", [], output: -1) }
    }

    @Test func whoWritesTooMuchIsKilled() throws {
        let run = try Subprocess.output(of: "/usr/bin/yes", [], byteCountMax: 1 << 20)
        #expect(run.ending.isKilled)
    }

    @Test func itStartsInItsFolder() async throws {
        let folder = try Folder()
        let (end, continuation) = AsyncStream.makeStream(of: Subprocess.Ending.self)
        let program = try Subprocess("/bin/sh", ["-c", "touch here"], folder: folder.path) {
            continuation.yield($0)
            continuation.finish()
        }
        var endings: [Subprocess.Ending] = []
        for await ending in end { endings.append(ending) }
        #expect(endings == [program.wait()])
        #expect(FileManager.default.fileExists(atPath: folder.file("here")))
    }

    @Test func signalsReachItWhileItRunsOnly() throws {
        let program = try Subprocess("/bin/sh", ["-c", "exec sleep 1000"])
        #expect(program.ending == nil)
        program.send(SIGTERM)
        #expect(program.wait().isKilled)
        program.send(SIGKILL)
        #expect(program.ending?.status == SIGTERM)
    }
}
