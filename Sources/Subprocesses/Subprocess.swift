import CLinux
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

    /// Starts the program at `path`.
    ///
    /// `input`, `output` and `errors` are descriptors that it gets as its own, and stay the
    /// caller's; without them it reads nothing, and writes where this process writes. `onEnd` is
    /// called once, on a thread of its own, when the process has ended.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: String? = nil,
        input: Int32? = nil,
        output: Int32 = STDOUT_FILENO,
        errors: Int32 = STDERR_FILENO,
        onEnd: @escaping @Sendable (Ending) -> Void = { _ in }
    ) throws(Failure) {
        let nothing = input == nil ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1
        defer { if nothing >= 0 { close(nothing) } }
        let lines = environment.map { "\($0)=\($1)" }.sorted()
        number = try Self.spawn(
            path,
            [path] + arguments,
            lines,
            folder,
            [input ?? nothing, output, errors]
        )
        Thread { [self] in onEnd(collect()) }.start()
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
            usleep(1_000)
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
    package static func output(
        of path: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        withErrors: Bool = false
    ) throws -> (ending: Ending, bytes: Data) {
        let pipe = Pipe()
        let writing = pipe.fileHandleForWriting
        let program = try Subprocess(
            path,
            arguments,
            environment: environment,
            output: writing.fileDescriptor,
            errors: withErrors ? writing.fileDescriptor : STDERR_FILENO
        )
        try writing.close()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return (program.wait(), bytes)
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ folder: String?,
        _ standard: [Int32]
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }
        for (target, source) in standard.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        var words = arguments.map { strdup($0) } + [nil]
        var lines = environment.map { strdup($0) } + [nil]
        defer { for text in words + lines { free(text) } }
        var process = pid_t()
        let error = posix_spawn(&process, path, &actions, &attributes, &words, &lines)
        guard error == 0 else { throw Failure(path: path, number: error) }
        return process
    }
}
