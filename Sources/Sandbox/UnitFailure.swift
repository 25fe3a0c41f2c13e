import Glibc

/// Why a unit did not give a result; the text is for the owner of the machine.
package enum UnitFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The child process could not be started; the text names the reason and the way out.
    case notStarted(String)
    /// The child does not take the unit, for the reason that it gives.
    case refused(String)
    /// A signal ended the child; the text is what it said last.
    case trapped(signal: Int32, log: String)
    /// The child needed more memory than it may have.
    case outOfMemory
    /// The child needed more time than it may have.
    case deadline
    /// The child broke the rules of the conversation, by the one that is named.
    case wrongOutput(String)
    /// The child ended with another status than zero; the text is what it said last.
    case exited(status: Int32, log: String)
    /// The child ended in order, and without a result.
    case noResult
    /// The system does not tell how the child ended.
    case uncollected

    package var description: String {
        switch self {
        case .notStarted(let reason): reason
        case .refused(let reason): reason
        case .trapped(let signal, let log):
            "signal \(signal) (\(Self.name(signal))) ended the unit" + Self.hint(signal)
                + Self.tail(log)
        case .outOfMemory: "the unit needed more memory than its manifest allows"
        case .deadline: "the unit needed more time than its manifest allows"
        case .wrongOutput(let rule): "the executor's output is not understood: \(rule)"
        case .exited(let status, let log):
            "the executor ended with status \(status)" + Self.tail(log)
        case .noResult: "the executor ended without a result"
        case .uncollected:
            "the system does not tell how the executor ended; start the peer without ignoring "
                + "SIGCHLD"
        }
    }

    /// The failure of a system call that should `action`, by its error number.
    static func system(_ action: String, _ error: Int32) -> UnitFailure {
        let advice =
            switch error {
            case EMFILE, ENFILE: "; allow more open files (ulimit -n)"
            case EAGAIN: "; allow more processes (ulimit -u)"
            case ENOMEM: "; free some memory"
            default: ""
            }
        return .notStarted("cannot \(action): \(String(cString: strerror(error)))\(advice)")
    }

    private static func hint(_ signal: Int32) -> String {
        guard signal == SIGKILL else { return "" }
        return "; somebody killed it, the machine ran out of memory, or it closed its output "
            + "and did not end"
    }

    private static func name(_ signal: Int32) -> String {
        guard let name = strsignal(signal) else { return "unknown" }
        return String(cString: name)
    }

    private static func tail(_ log: String) -> String { log.isEmpty ? "" : ": \(log)" }
}

/// The first line of what a stranger wrote, in printable ASCII and of bounded length.
///
/// Whatever a child says may come from a job: it must not steer the owner's terminal.
func printableLine(_ bytes: some Collection<UInt8>) -> String {
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    let characters = line.prefix(SandboxLimits.logLineCharacterCountMax).map { byte in
        (0x20..<0x7f).contains(byte) ? byte : UInt8(ascii: "?")
    }
    return String(decoding: characters, as: UTF8.self)
}
