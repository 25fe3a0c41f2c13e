import CLinux
import Glibc
import Kernels
import Primitives

/// One child process from its start to its end, on one thread.
///
/// Nothing that the child does makes it last longer than the deadline, or hold more than the caps.
struct Conversation: ~Copyable {
    /// Why there is nothing more to be said; the process may still live.
    enum Close: Hashable {
        /// The child has closed its output.
        case ended
        case stopped
        case broken(UnitFailure)
    }

    private var child: ChildProcess
    private let execution: Execution
    private let wake: Descriptor
    private let deadlineNanoseconds: UInt64
    /// Reports of progress that the child may still make.
    private var progressLeft: UInt64
    /// What the child is still to be told.
    private var unsent: ArraySlice<Bytes>
    /// Bytes of the first part that it has been told.
    private var sentByteCount = 0
    private var reader: FrameReader
    private(set) var greeting: ChildFrame.Greeting?
    /// The last frame: a result or a refusal.
    private var answer: ChildFrame?
    private var log: Bytes = []
    private var peakMemoryByteCount: UInt64 = 0

    /// Starts the program at `path`, which is to be told `parts`.
    init(
        _ path: String,
        parts: [Bytes],
        caps: UnitCaps,
        as execution: Execution
    ) throws(UnitFailure) {
        let number = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard number >= 0 else { throw .system("make an event", errno) }
        let event = Descriptor(owning: number)
        let byteCount = parts.reduce(0) { $0 + $1.count }
        let confinement = caps.confinement(parent: getpid(), reading: byteCount)
        var process = try ChildProcess(path: path, arguments: confinement.arguments)
        execution.begin(process.number, wake: event)
        if byteCount == 0 { process.input = nil }
        child = process
        wake = event
        self.execution = execution
        deadlineNanoseconds = caps.deadline.wholeNanoseconds
        progressLeft = SandboxLimits.progressCountMax(seconds: caps.deadlineSeconds)
        unsent = parts.filter { !$0.isEmpty }[...]
        reader = FrameReader(resultByteCount: caps.resultByteCountMax)
    }

    /// Talks until there is nothing more to be said.
    mutating func hold() -> Close {
        while true {
            guard !execution.isStopped else { return .stopped }
            let remaining = execution.remaining(of: deadlineNanoseconds)
            guard remaining != 0 else { return .broken(.deadline) }
            do throws(UnitFailure) {
                if try exchange(waiting: remaining) { return .ended }
            } catch {
                return .broken(error)
            }
        }
    }

    /// Ends the process in any case, and says what became of the unit.
    consuming func end(_ close: Close) -> UnitReport {
        execution.end()
        let isWhole = reader.isAtFrameStart
        let (answer, log, peak) = (answer, log, peakMemoryByteCount)
        let isStopped = execution.isStopped
        let (end, time) = child.collect()
        let usage = UnitUsage(processorNanoseconds: time, peakMemoryByteCount: peak)
        let ending: UnitEnding
        switch close {
        case _ where isStopped: ending = .stopped
        case .stopped: ending = .stopped
        case .broken(let failure): ending = .failed(failure)
        case .ended: ending = Self.ending(end, isWhole: isWhole, answer, log)
        }
        return UnitReport(ending: ending, usage: usage)
    }

    private static func ending(
        _ end: ChildProcess.End,
        isWhole: Bool,
        _ answer: ChildFrame?,
        _ log: Bytes
    ) -> UnitEnding {
        let line = printableLine(log)
        switch end {
        case .unknown: return .failed(.uncollected)
        case .signalled(SIGXCPU): return .failed(.deadline)
        case .signalled(let signal):
            // The words of Swift's runtime, which then aborts.
            let isHungry = line.hasPrefix("Fatal error: failed to allocate")
            return .failed(isHungry ? .outOfMemory : .trapped(signal: signal, log: line))
        case .exited(0):
            guard isWhole else { return .failed(.wrongOutput("it ends within a frame")) }
            switch answer {
            case .result(let output): return .finished(output)
            case .refusal(let reason): return .failed(.refused(reason))
            default: return .failed(.noResult)
            }
        case .exited(let status): return .failed(.exited(status: status, log: line))
        }
    }

    // MARK: - Reading and writing

    /// Waits at most so long, or for ever, and moves what can be moved.
    ///
    /// Returns whether the child has closed its output.
    private mutating func exchange(waiting nanoseconds: UInt64?) throws(UnitFailure) -> Bool {
        var waits = [
            pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.output.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.errors?.number ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.input?.number ?? -1, events: 0, revents: 0),
        ]
        if !unsent.isEmpty { waits[3].events = Int16(POLLOUT) }
        let milliseconds = nanoseconds.map { Int32(clamping: $0 / 1_000_000 + 1) } ?? -1
        guard poll(&waits, nfds_t(waits.count), milliseconds) >= 0 || errno == EINTR else {
            throw .system("wait for the executor", errno)
        }
        if waits[0].revents != 0 {
            var count: UInt64 = 0
            eventfd_read(wake.number, &count)
        }
        if waits[3].revents != 0 { try write() }
        if waits[2].revents != 0 { try readLog() }
        guard waits[1].revents != 0, try read() else { return false }
        // Its last words are in the pipe, even when the pipe's other end is somebody's still.
        try readLog()
        return true
    }

    private mutating func write() throws(UnitFailure) {
        guard let part = unsent.first else {
            // Nothing waits to be written, so the child has closed its input.
            child.input = nil
            return
        }
        let count = SandboxLimits.transferByteCount
        switch child.input?.write(part, from: sentByteCount, upTo: count) {
        case .moved(let count):
            sentByteCount += count
            guard sentByteCount == part.count else { return }
            unsent.removeFirst()
            sentByteCount = 0
        case .failed(EPIPE):
            // It may have read enough to refuse the rest.
            unsent = []
            child.input = nil
        case .failed(let error): throw .system("write to the executor", error)
        case .wouldWait, nil: break
        }
    }

    /// Reads what the child said on its standard error, as far as there is something.
    private mutating func readLog() throws(UnitFailure) {
        while true {
            let count = SandboxLimits.transferByteCount
            switch child.errors?.read(upTo: count, into: &log) {
            case .moved(0): child.errors = nil
            case .moved:
                guard log.count <= SandboxLimits.logByteCountMax else {
                    throw .wrongOutput("it says too much on standard error: \(printableLine(log))")
                }
            case .failed(let error): throw .system("read from the executor", error)
            case .wouldWait, nil: return
            }
        }
    }

    /// Returns whether the output is at its end.
    private mutating func read() throws(UnitFailure) -> Bool {
        var part: Bytes = []
        switch child.output.read(upTo: SandboxLimits.transferByteCount, into: &part) {
        case .moved(0): return true
        case .moved: reader.append(part)
        case .wouldWait: return false
        case .failed(let error): throw .system("read from the executor", error)
        }
        while let frame = try reader.next() { try take(frame) }
        return false
    }

    private mutating func take(_ frame: ChildFrame) throws(UnitFailure) {
        guard answer == nil else { throw .wrongOutput("it goes on after its end") }
        if case .ready(let greeting) = frame {
            guard self.greeting == nil else { throw .wrongOutput("it begins twice") }
            self.greeting = greeting
            guard greeting.version == ExecutorProtocol.version else {
                throw .wrongOutput("its version is \(greeting.version)")
            }
            return
        }
        guard greeting != nil else { throw .wrongOutput("it does not begin with a greeting") }
        peakMemoryByteCount = child.peakMemoryByteCount ?? peakMemoryByteCount
        switch frame {
        case .progress(let progress):
            guard progressLeft > 0 else { throw .wrongOutput("its progress never ends") }
            progressLeft -= 1
            execution.advance(to: progress)
        default:
            answer = frame
            // The child waits for this.
            unsent = []
            child.input = nil
        }
    }
}
