import Kernels

/// Every bound of this module, in one place.
enum SandboxLimits {
    /// Bytes of a workload's name.
    static let nameByteCountMax = 255
    /// Bytes of the parameters.
    static let parametersByteCountMax = KernelLimits.parametersByteCountMax
    /// Bytes of a unit's input; no kernel works on more.
    static let inputByteCountMax = KernelLimits.workingByteCountMax
    /// Bytes of a unit's result.
    static let resultByteCountMax = KernelLimits.resultByteCountMax

    /// Bytes of the frame by which a child says that it is ready.
    static let readyByteCountMax = 4 << 10
    /// Bytes of a reason for which a child refuses a unit.
    static let refusalByteCountMax = 1 << 10
    /// Bytes that a child may write to its standard error.
    static let logByteCountMax = 64 << 10
    /// Characters of a child's standard error that a reason repeats.
    static let logLineCharacterCountMax = 200
    /// Bytes that are read from, or written to, a child at once.
    static let transferByteCount = 64 << 10

    /// Nanoseconds between two reports of progress: ten each second.
    static let progressIntervalNanoseconds: UInt64 = 100_000_000
    /// Reports of progress that a child may make: twice as many as it should, and some more.
    static func progressCountMax(seconds: UInt64) -> UInt64 {
        let (count, isOver) = seconds.multipliedReportingOverflow(by: 20)
        return isOver ? .max : count + min(64, .max - count)
    }

    /// Bytes that a child takes beside its unit and its input; one that has done nothing has 2 MiB.
    static let runtimeByteCount: UInt64 = 32 << 20
    /// Descriptors that a child may have open: three, and some for files that the system library
    /// reads.
    static let openFileCountMax: UInt64 = 16
    /// Processes and threads that a child may start: none.
    static let processCountMax: UInt64 = 0
    /// How long a child may take to say that it is ready when a peer starts.
    static let probeDeadline = Duration.seconds(10)
}
