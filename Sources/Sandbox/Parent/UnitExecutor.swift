import Glibc
import Kernels

/// Runs units, each in a child process of its own.
///
/// It is a value that any thread may use; each call occupies the calling thread until its unit has
/// ended and its process is gone.
package struct UnitExecutor: Sendable {
    /// Where the program of the children is.
    package let path: String
    /// The limits that a child puts on itself, and which of them this system grants.
    package let confinement: [ConfinementOutcome]

    /// The executor at `path`, which must run all of `workloads`; starts it once, to find out.
    package init(path: String, workloads: [String]) throws(ExecutorError) {
        self.path = path
        guard access(path, X_OK) == 0 else {
            throw ExecutorError(path, errno == ENOENT ? .missing : .notExecutable)
        }
        let greeting = try Self.greeting(of: path)
        guard greeting.version == ExecutorProtocol.version else {
            throw ExecutorError(path, .otherVersion("\(greeting.version)"))
        }
        for workload in workloads where !greeting.workloads.contains(workload) {
            throw ExecutorError(path, .lacksWorkload(workload))
        }
        confinement = greeting.steps
    }

    /// Computes a unit, and returns when it has ended and nothing is left of its process.
    package func run(
        _ request: UnitRequest,
        within caps: UnitCaps,
        as execution: Execution
    ) -> UnitReport {
        guard !execution.isStopped else { return UnitReport(ending: .stopped, usage: .zero) }
        guard request.unit.bytes.count <= SandboxLimits.inputByteCountMax else {
            let reason = "a unit of \(request.unit.bytes.count) bytes is beyond every workload"
            return UnitReport(ending: .failed(.refused(reason)), usage: .zero)
        }
        return BrokenPipe.silenced {
            do throws(UnitFailure) {
                var conversation = try Conversation(
                    path,
                    parts: request.parts(resultByteCount: caps.resultByteCount),
                    caps: caps,
                    as: execution
                )
                let close = conversation.hold()
                return conversation.end(close)
            } catch {
                return UnitReport(ending: .failed(error), usage: .zero)
            }
        }
    }

    /// Starts a child that gets no unit, and listens to what it says first.
    private static func greeting(of path: String) throws(ExecutorError) -> ChildFrame.Greeting {
        do throws(UnitFailure) {
            var conversation = try Conversation(
                path,
                parts: [],
                caps: UnitCaps(
                    deadline: SandboxLimits.probeDeadline,
                    memoryByteCount: 0,
                    resultByteCount: 0
                ),
                as: Execution()
            )
            let close = conversation.hold()
            let greeting = conversation.greeting
            let ending = conversation.end(close).ending
            if let greeting, greeting.version != ExecutorProtocol.version { return greeting }
            guard case .failed(let failure) = ending else { throw .uncollected }
            guard let greeting, failure == .noResult else { throw failure }
            return greeting
        } catch {
            throw ExecutorError(path, .broken(error))
        }
    }
}

/// Why no unit can be computed on this machine; the text says what to do.
package struct ExecutorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package enum Fault: Hashable, Sendable {
        case missing
        case notExecutable
        case otherVersion(String)
        case lacksWorkload(String)
        case broken(UnitFailure)
    }

    /// Where it was looked for.
    package let path: String
    /// What is wrong.
    package let fault: Fault

    init(_ path: String, _ fault: Fault) {
        self.path = path
        self.fault = fault
    }

    package var description: String {
        switch fault {
        case .missing:
            "there is no executor at \(path), and it computes the units; install "
                + "\(ExecutorLocation.name) there, or name its path in "
                + ExecutorLocation.environmentName
        case .notExecutable:
            "the executor at \(path) may not be run; make it executable for this user"
        case .otherVersion(let version):
            "the executor at \(path) speaks version \(version), and this program version "
                + "\(ExecutorProtocol.version); install both from one build"
        case .lacksWorkload(let workload):
            "the executor at \(path) does not run the workload '\(workload)'; install it and "
                + "this program from one build"
        case .broken(let failure):
            "the executor at \(path) does not work: \(failure); install it again, from the "
                + "build of this program"
        }
    }
}
