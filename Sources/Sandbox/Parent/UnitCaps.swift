/// What a unit may take.
package struct UnitCaps: Hashable, Sendable {
    /// How long it may run, pauses apart.
    package var deadline: Duration
    /// Bytes of memory, beside what the runtime and the input take.
    package var memoryByteCount: UInt64
    /// Bytes of its result; never more than 16 MiB.
    package var resultByteCount: UInt64

    /// Caps of so much each.
    package init(deadline: Duration, memoryByteCount: UInt64, resultByteCount: UInt64) {
        self.deadline = deadline
        self.memoryByteCount = memoryByteCount
        self.resultByteCount = resultByteCount
    }

    /// The deadline in seconds, rounded up.
    var deadlineSeconds: UInt64 {
        let nanoseconds = deadline.wholeNanoseconds
        return nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1)
    }

    /// Bytes of a result that a parent takes.
    var resultByteCountMax: Int {
        Int(min(resultByteCount, UInt64(SandboxLimits.resultByteCountMax)))
    }

    /// The confinement of a child of this process that is to read `byteCount` bytes.
    func confinement(parent: Int32, reading byteCount: Int) -> Confinement {
        let own = SandboxLimits.runtimeByteCount + UInt64(byteCount)
        let (data, isOver) = memoryByteCount.addingReportingOverflow(own)
        return Confinement(
            parent: parent,
            // The parent's clock comes first; this one holds when the parent is halted.
            processorSeconds: deadlineSeconds + 1,
            dataByteCount: isOver ? .max : data
        )
    }
}
