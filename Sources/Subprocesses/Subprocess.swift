import CLinux
import Dispatch
package import Foundation
import Glibc
import Synchronization

/// A program that runs in a process of its own, in a process group of its own.
///
/// Foundation's `Process` reads past the end of a buffer when it starts a program, and now and then
/// that ends the process that called it (swift-corelibs-foundation, pull request 5472).
package final class Subprocess: Sendable {
    /// How a process ended.
    package struct Ending: Hashable, Sendable {
        /// What the program returned, or the signal that killed it.
        package let status: Int32
        /// Whether a signal killed it.
        package let isKilled: Bool
    }

    /// Why a program could not be started.
    package struct Failure: Error, CustomStringConvertible {
        /// The program's path.
        package let path: String
        /// The system's number of the error.
        package let number: Int32

        package var description: String {
            "\(path) could not be started: \(String(cString: strerror(number)))"
        }
    }

    private enum State {
        case running
        case ended(Ending)
    }

    /// The system's number of the process; another process may have it after this one's end.
    package let number: Int32
    private let state = Mutex(State.running)
    /// Left when the process has been collected.
    private let life = DispatchGroup()

    /// Starts the program at `path`.
    ///
    /// `input`, `output` and `errors` are descriptors that it gets as its own, and stay the
    /// caller's; nil stands for nothing to read, or for nobody who listens. `onEnd` is called once,
    /// on a thread of its own, when the process has ended.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: String? = nil,
        input: Int32? = nil,
        output: Int32? = STDOUT_FILENO,
        errors: Int32? = STDERR_FILENO,
        onEnd: @escaping @Sendable (Ending) -> Void = { _ in }
    ) throws(Failure) {
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard nothing >= 0 else { throw Failure(path: path, number: errno) }
        defer { close(nothing) }
        let lines = environment.map { "\($0)=\($1)" }.sorted()
        number = try Self.spawn(
            path,
            [path] + arguments,
            lines,
            folder,
            [input ?? nothing, output ?? nothing, errors ?? nothing]
        )
        life.enter()
        Thread { [self] in
            let ending = collect()
            life.leave()
            onEnd(ending)
        }.start()
    }

    /// How it ended; nil while it runs.
    package var ending: Ending? {
        state.withLock { if case .ended(let ending) = $0 { ending } else { nil } }
    }

    /// Sends `signal`, unless it has ended.
    package func send(_ signal: Int32) {
        state.withLock { if case .running = $0 { _ = kill(number, signal) } }
    }

    /// Waits for its end; the thread that calls it does nothing else meanwhile.
    @discardableResult
    package func wait() -> Ending {
        while true {
            if let ending { return ending }
            life.wait()
        }
    }

    /// Waits until the process can be collected, and collects it under the lock, so that no signal
    /// goes to another one that has its number by then.
    private func collect() -> Ending {
        var information = siginfo_t()
        while waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        return state.withLock { state in
            var status: Int32 = 0
            waitpid(number, &status, WNOHANG)
            let signal = status & 0x7f
            let ending = Ending(
                status: signal == 0 ? status >> 8 & 0xff : signal,
                isKilled: signal != 0
            )
            state = .ended(ending)
            return ending
        }
    }

    /// Runs a program to its end; what it writes is returned, with its errors or without.
    ///
    /// One that writes more than `byteCountMax` bytes is killed.
    package static func output(
        of path: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        input: Int32? = nil,
        withErrors: Bool = false,
        byteCountMax: Int = 1 << 30
    ) throws -> (ending: Ending, bytes: Data) {
        let pipe = Pipe()
        let writing = pipe.fileHandleForWriting
        let program = try Subprocess(
            path,
            arguments,
            environment: environment,
            input: input,
            output: writing.fileDescriptor,
            errors: withErrors ? writing.fileDescriptor : STDERR_FILENO
        )
        try writing.close()
        var bytes = Data()
        while let part = try pipe.fileHandleForReading.read(upToCount: 1 << 16), !part.isEmpty {
            bytes += part
            if bytes.count > byteCountMax {
                program.send(SIGKILL)
                break
            }
        }
        return (program.wait(), bytes)
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ folder: String?,
        _ standard: [Int32]
    ) throws(Failure) -> pid_t {
        var words = arguments.map { strdup($0) } + [nil]
        var lines = environment.map { strdup($0) } + [nil]
        defer { for text in words + lines { free(text) } }
        var process = pid_t()
        let error = starling_spawn(&process, path, &words, &lines, folder, standard)
        guard error == 0 else { throw Failure(path: path, number: error) }
        return process
    }
}
