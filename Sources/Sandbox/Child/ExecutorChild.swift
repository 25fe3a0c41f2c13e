import Glibc
import Kernels
import Primitives

/// What runs in the child process: one unit, from standard input to standard output.
package enum ExecutorChild {
    /// The whole life of the process; returns its status.
    ///
    /// The limits come first, before a byte is read that somebody else may have chosen.
    package static func run(_ arguments: [String]) -> Int32 {
        guard let confinement = Confinement(arguments: arguments.dropFirst()) else {
            return usage()
        }
        let steps = confinement.steps
        let outcomes = steps.map { step in
            ConfinementOutcome(name: step.name, errorNumber: step.take())
        }
        let greeting = ChildFrame.Greeting(
            version: ExecutorProtocol.version,
            steps: outcomes,
            workloads: BuiltInKernels.names
        )
        send(.ready(greeting))
        do throws(Refusal) {
            for (step, outcome) in zip(steps, outcomes) where step.isRequired && !outcome.didTake {
                let reason = String(cString: strerror(outcome.errorNumber))
                throw Refusal("this system does not grant the limit '\(step.name)': \(reason)")
            }
            guard let request = try receive() else { return EXIT_SUCCESS }
            send(.result(try compute(request)))
            waitForParent()
        } catch {
            send(.refusal(error.description))
        }
        return EXIT_SUCCESS
    }

    private static func compute(_ request: ReceivedRequest) throws(Refusal) -> UnitOutput {
        var reportedAt = monotonicNanoseconds()
        let output = try BuiltInKernels.compute(request.workload, request.unit) { progress in
            let now = monotonicNanoseconds()
            guard now - reportedAt >= SandboxLimits.progressIntervalNanoseconds else { return }
            reportedAt = now
            send(.progress(progress))
        }
        guard output.result.count <= request.resultByteCount else {
            throw Refusal(
                "a result of \(output.result.count) bytes is beyond the manifest's cap of "
                    + "\(request.resultByteCount)"
            )
        }
        return output
    }

    private static func usage() -> Int32 {
        let text = """
            starling-executor computes one unit for a peer and ends. It is started by
            `starling peer`, which needs it beside itself; it is of no use by hand.

            """
        write(Bytes(text.utf8), to: STDERR_FILENO)
        return EX_USAGE
    }

    // MARK: - Standard input and output

    private struct ReceivedRequest {
        let workload: String
        let unit: UnitInput
        let resultByteCount: Int
    }

    /// The request; nil when the parent has none.
    private static func receive() throws(Refusal) -> ReceivedRequest? {
        let head = try read(UnitRequest.headerByteCount, orNothing: true)
        guard !head.isEmpty else { return nil }
        let header = try RequestHeader(head)
        let name = String(decoding: try read(header.nameByteCount), as: UTF8.self)
        let parameters = Parameters(bytes: try read(header.parametersByteCount))
        let unit = UnitInput(
            parameters: parameters,
            index: header.index,
            bytes: try read(header.inputByteCount),
            variant: header.variant
        )
        return ReceivedRequest(
            workload: name,
            unit: unit,
            resultByteCount: header.resultByteCount
        )
    }

    /// Reads exactly `count` bytes, or, if so allowed, none.
    private static func read(
        _ count: Int,
        orNothing mayEnd: Bool = false
    ) throws(Refusal) -> Bytes {
        var failure: Int32 = 0
        let bytes = Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = buffer.baseAddress?.advanced(by: filled)
                let got = Glibc.read(STDIN_FILENO, start, count - filled)
                if got < 0 && errno == EINTR { continue }
                failure = got < 0 ? errno : 0
                if got <= 0 { break }
                filled += got
            }
        }
        guard failure == 0 else {
            throw Refusal("the request cannot be read: \(String(cString: strerror(failure)))")
        }
        guard bytes.count == count || bytes.isEmpty && mayEnd else {
            throw Refusal("the request ends too early")
        }
        return bytes
    }

    private static func send(_ frame: ChildFrame) {
        for part in frame.parts { write(part, to: STDOUT_FILENO) }
    }

    /// Writes all of `bytes`, or ends the process: nobody is left to be told.
    private static func write(_ bytes: Bytes, to number: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { exit(EX_IOERR) }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits until the parent ends the conversation: it looks at this process before that.
    private static func waitForParent() {
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            guard count > 0 || count < 0 && errno == EINTR else { return }
        }
    }
}
