import CLinux
import Glibc

/// A process that was started, with the pipes to its standard descriptors.
///
/// Whoever owns it must call `collect`, or a zombie stays behind.
struct ChildProcess: ~Copyable {
    let number: pid_t
    /// Where the child reads from; nil once the parent has said all.
    var input: Descriptor?
    let output: Descriptor
    /// The child's standard error; nil once the child has closed it.
    var errors: Descriptor?

    /// Starts the program at `path`, in a process group of its own, without environment, with three
    /// descriptors, and with no signal blocked or ignored.
    init(path: String, arguments: [String]) throws(UnitFailure) {
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let standard = [input.exit.number, output.entrance.number, errors.entrance.number]
        number = try Self.spawn(path, [path] + arguments, standard)
        self.input = input.keepEntrance()
        self.output = output.keepExit()
        self.errors = errors.keepExit()
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ standard: [Int32]
    ) throws(UnitFailure) -> pid_t {
        var texts = arguments.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process = pid_t()
        let error = starling_spawn(&process, path, &texts, &environment, nil, standard)
        guard error == 0 else { throw .system("start \(path)", error) }
        return process
    }

    /// How a process ended.
    enum End: Hashable {
        case exited(Int32)
        case signalled(Int32)
        /// Another part of the program collected it, or SIGCHLD is ignored.
        case unknown
    }

    /// Kills what is left of the child and of all that it has started, waits for its end, and says
    /// how it came, with the processor time in nanoseconds.
    ///
    /// A child that has begun to end keeps its own end: the signal comes too late for it.
    consuming func collect() -> (end: End, processorNanoseconds: UInt64) {
        kill(-number, SIGKILL)
        var status: Int32 = 0
        var usage = rusage()
        var result: pid_t
        repeat { result = wait4(number, &status, 0, &usage) } while result < 0 && errno == EINTR
        guard result == number else { return (.unknown, 0) }
        let time = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
        let signal = status & 0x7f
        return (signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal), time)
    }

    /// The most memory that the child has had, in bytes; nil when it has ended.
    ///
    /// Not from `wait4`, whose figure begins with the memory of the parent: until its `exec` the
    /// child borrows that.
    var peakMemoryByteCount: UInt64? {
        let file = open("/proc/\(number)/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        var text: [UInt8] = []
        _ = Descriptor(owning: file).read(upTo: 4_096, into: &text)
        let name = "VmHWM:"
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let line = String(decoding: line, as: UTF8.self)
            guard line.hasPrefix(name) else { continue }
            let digits = line.filter(\.isNumber)
            return UInt64(digits).map { $0 << 10 }
        }
        return nil
    }
}

private func nanoseconds(_ time: timeval) -> UInt64 {
    UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_usec) * 1_000
}
