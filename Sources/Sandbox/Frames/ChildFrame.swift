import Kernels
import Primitives

/// What a child tells its parent.
///
/// Layout: `u8 kind | u32 length of the body | body`.
/// ```
/// 1 ready     8 magic | u32 version | u8 count of steps, each: u8 length, name, i32 error number
///             u8 count of workloads, each: u8 length, name
/// 2 progress  u64 operations done | u64 operations in all
/// 3 result    u64 operations | 32 evidence | result
/// 4 refusal   reason, printable ASCII
/// ```
enum ChildFrame: Hashable {
    case ready(Greeting)
    case progress(Progress)
    case result(UnitOutput)
    case refusal(String)

    enum Kind: UInt8 {
        case ready = 1
        case progress, result, refusal

        /// Bytes that a body of this kind has at most, when a result has `resultByteCount`.
        func byteCountMax(resultByteCount: Int) -> Int {
            switch self {
            case .ready: SandboxLimits.readyByteCountMax
            case .progress: 16
            case .result: ChildFrame.resultHeaderByteCount + resultByteCount
            case .refusal: SandboxLimits.refusalByteCountMax
            }
        }
    }

    /// What a child says first.
    struct Greeting: Hashable {
        let version: UInt32
        let steps: [ConfinementOutcome]
        let workloads: [String]
    }

    static let headerByteCount = 5
    static let resultHeaderByteCount = 8 + Digest.byteCount

    /// The frame in the parts in which it is sent, so that a large result is not copied.
    var parts: [Bytes] {
        switch self {
        case .ready(let greeting): return [Self.head(.ready, greeting.body.count), greeting.body]
        case .progress(let progress):
            var body: Bytes = []
            body.append(littleEndian: progress.operationsDone)
            body.append(littleEndian: progress.operationsTotal)
            return [Self.head(.progress, body.count), body]
        case .result(let output):
            var head = Self.head(.result, Self.resultHeaderByteCount + output.result.count)
            head.append(littleEndian: output.operations)
            output.evidence.append(to: &head)
            return [head, output.result]
        case .refusal(let reason):
            let body = Bytes(reason.utf8.prefix(SandboxLimits.refusalByteCountMax))
            return [Self.head(.refusal, body.count), body]
        }
    }

    private static func head(_ kind: Kind, _ byteCount: Int) -> Bytes {
        var head: Bytes = [kind.rawValue]
        head.append(littleEndian: UInt32(byteCount))
        return head
    }

    /// Decodes a body, whose length is within the bound of its kind.
    init(_ kind: Kind, body: Bytes) throws(UnitFailure) {
        var reader = LittleEndianReader(body)
        switch kind {
        case .ready:
            self = .ready(try Greeting(&reader))
        case .progress:
            guard let done = reader.integer(UInt64.self), let total = reader.integer(UInt64.self),
                done <= total
            else { throw .wrongOutput("its progress makes no sense") }
            self = .progress(
                Progress(operationsDone: done, operationsTotal: total, isFinished: false)
            )
        case .result:
            guard let operations = reader.integer(UInt64.self),
                let evidence = reader.slice(Digest.byteCount).flatMap({ Digest($0) }),
                let result = reader.slice(reader.remaining)
            else { throw .wrongOutput("its result is too short") }
            self = .result(
                UnitOutput(result: Bytes(result), operations: operations, evidence: evidence)
            )
        case .refusal:
            self = .refusal(printableLine(body))
            return
        }
        guard reader.remaining == 0 else { throw .wrongOutput("a frame ends too late") }
    }
}

extension ChildFrame.Greeting {
    var body: Bytes {
        var body = ExecutorProtocol.magic
        body.append(littleEndian: version)
        body.append(UInt8(steps.count))
        for step in steps {
            Self.append(step.name, to: &body)
            body.append(littleEndian: step.errorNumber)
        }
        body.append(UInt8(workloads.count))
        for name in workloads { Self.append(name, to: &body) }
        return body
    }

    /// Reads no further than the version when that is another one.
    init(_ reader: inout LittleEndianReader) throws(UnitFailure) {
        guard reader.slice(ExecutorProtocol.magic.count).map(Bytes.init) == ExecutorProtocol.magic,
            let version = reader.integer(UInt32.self)
        else { throw .wrongOutput("it does not begin like one of an executor's") }
        self.version = version
        guard version == ExecutorProtocol.version else {
            steps = []
            workloads = []
            _ = reader.slice(reader.remaining)
            return
        }
        var steps: [ConfinementOutcome] = []
        for _ in 0..<(reader.integer(UInt8.self) ?? 0) {
            guard let name = Self.name(&reader), let error = reader.integer(Int32.self) else {
                throw .wrongOutput("its greeting is too short")
            }
            steps.append(ConfinementOutcome(name: name, errorNumber: error))
        }
        guard let count = reader.integer(UInt8.self) else {
            throw .wrongOutput("its greeting is too short")
        }
        var workloads: [String] = []
        for _ in 0..<count {
            guard let name = Self.name(&reader) else {
                throw .wrongOutput("its greeting is too short")
            }
            workloads.append(name)
        }
        self.steps = steps
        self.workloads = workloads
    }

    private static func append(_ name: String, to body: inout Bytes) {
        let name = Bytes(name.utf8.prefix(SandboxLimits.nameByteCountMax))
        body.append(UInt8(name.count))
        body += name
    }

    private static func name(_ reader: inout LittleEndianReader) -> String? {
        guard let count = reader.integer(UInt8.self), let name = reader.slice(Int(count)) else {
            return nil
        }
        return printableLine(name)
    }
}
