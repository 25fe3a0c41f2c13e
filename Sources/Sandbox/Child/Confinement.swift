import CLinux
import Glibc

/// What a child process must do without, in numbers.
///
/// The parent hands them over as the child's arguments, because they are taken before anything is
/// read.
struct Confinement: Hashable, Sendable {
    /// The process that started the child, and without which it must not live.
    var parent: Int32
    /// Seconds of processor time.
    var processorSeconds: UInt64
    /// Bytes of memory that can be written: the heap, and what is mapped.
    var dataByteCount: UInt64
    /// Descriptors that may be open at once.
    var openFileCount: UInt64
    /// Processes and threads that may be started.
    var processCount: UInt64

    init(
        parent: Int32,
        processorSeconds: UInt64,
        dataByteCount: UInt64,
        openFileCount: UInt64 = SandboxLimits.openFileCountMax,
        processCount: UInt64 = SandboxLimits.processCountMax
    ) {
        self.parent = parent
        self.processorSeconds = processorSeconds
        self.dataByteCount = dataByteCount
        self.openFileCount = openFileCount
        self.processCount = processCount
    }

    /// The numbers as arguments of a program, its name apart.
    var arguments: [String] {
        ["\(parent)", "\(processorSeconds)", "\(dataByteCount)"]
            + ["\(openFileCount)", "\(processCount)"]
    }

    /// Reads what `arguments` wrote; nil for anything else.
    init?(arguments: some Collection<String>) {
        let texts = Array(arguments)
        guard texts.count == 5, let parent = Int32(texts[0]), parent > 0 else { return nil }
        let numbers = texts.dropFirst().compactMap { UInt64($0) }
        guard numbers.count == 4 else { return nil }
        self.init(
            parent: parent,
            processorSeconds: numbers[0],
            dataByteCount: numbers[1],
            openFileCount: numbers[2],
            processCount: numbers[3]
        )
    }
}

/// Whether a step of the confinement took.
package struct ConfinementOutcome: Hashable, Sendable {
    /// What was to be limited.
    package let name: String
    /// The number of the system's error; zero when the step took.
    package let errorNumber: Int32

    /// Whether the limit holds.
    package var didTake: Bool { errorNumber == 0 }
}

/// One limit that a child puts on itself.
struct ConfinementStep {
    /// What is limited, in a few words.
    let name: String
    /// Whether a child without this limit must not compute anything.
    let isRequired: Bool
    /// Puts the limit in place; returns the number of the system's error, or zero.
    let take: () -> Int32
}

extension Confinement {
    /// All steps, in the order in which they are taken.
    ///
    /// Whatever else is to confine a child belongs here.
    var steps: [ConfinementStep] {
        [
            required("end with the parent") { endWithParent() },
            required("no new privileges") { setProperty(PR_SET_NO_NEW_PRIVS, 1) },
            // What belongs to a process that cannot be dumped is not its own to write any more.
            ConfinementStep(name: "first to go when memory is short", isRequired: false) {
                writeFile("/proc/self/oom_score_adj", "1000")
            },
            required("not dumpable") { setProperty(PR_SET_DUMPABLE, 0) },
            required("no core files") { setLimit(RLIMIT_CORE, 0) },
            required("no files written") { setLimit(RLIMIT_FSIZE, 0) },
            required("processor seconds") {
                // The soft limit sends SIGXCPU, which tells itself from other signals.
                setLimit(RLIMIT_CPU, processorSeconds, hard: processorSeconds.addingOne)
            },
            required("memory") { setLimit(RLIMIT_DATA, dataByteCount) },
            required("open files") { setLimit(RLIMIT_NOFILE, openFileCount) },
            required("processes") { setLimit(__RLIMIT_NPROC, processCount) },
        ]
    }

    private func required(_ name: String, _ take: @escaping () -> Int32) -> ConfinementStep {
        ConfinementStep(name: name, isRequired: true, take: take)
    }

    /// Asks to be killed with the parent, which comes too late for one that is gone already.
    private func endWithParent() -> Int32 {
        let error = setProperty(PR_SET_PDEATHSIG, UInt(SIGKILL))
        guard error == 0 else { return error }
        return getppid() == parent ? 0 : ESRCH
    }
}

private func setProperty(_ property: Int32, _ value: UInt) -> Int32 {
    starling_prctl(property, value) == 0 ? 0 : errno
}

/// Lowers a limit; one that is lower already stays as it is.
private func setLimit(_ kind: __rlimit_resource, _ soft: UInt64, hard: UInt64? = nil) -> Int32 {
    let kind = __rlimit_resource_t(kind.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { return errno }
    limit.rlim_max = min(limit.rlim_max, rlim_t(hard ?? soft))
    limit.rlim_cur = min(limit.rlim_max, rlim_t(soft))
    return setrlimit(kind, &limit) == 0 ? 0 : errno
}

private func writeFile(_ path: String, _ text: String) -> Int32 {
    let number = open(path, O_WRONLY | O_CLOEXEC)
    guard number >= 0 else { return errno }
    let file = Descriptor(owning: number)
    guard case .failed(let error) = file.write(Array(text.utf8), from: 0, upTo: .max) else {
        return 0
    }
    return error
}

extension UInt64 {
    fileprivate var addingOne: UInt64 { self == .max ? .max : self + 1 }
}
