package import Kernels
import Primitives

/// A unit for a child process.
///
/// Layout, nothing between the fields:
/// ```
/// 8 magic | u32 version | u8 variant | u8 length of the name | u32 length of the parameters
/// u64 length of the input | u64 index | u64 largest result | name | parameters | input
/// ```
package struct UnitRequest: Sendable {
    /// Name and version of the workload, as manifests state them.
    package let workload: String
    /// The unit with its input.
    package let unit: UnitInput

    /// A unit of `workload`; the name has at most 255 bytes.
    package init(workload: String, unit: UnitInput) {
        precondition(workload.utf8.count <= SandboxLimits.nameByteCountMax, "a name that is a name")
        self.workload = workload
        self.unit = unit
    }

    /// Bytes of the fixed part.
    static let headerByteCount = 8 + 4 + 1 + 1 + 4 + 8 + 8 + 8

    /// The request in the parts in which it is sent, so that a large input is not copied.
    func parts(resultByteCount: UInt64) -> [Bytes] {
        var head = ExecutorProtocol.magic
        head.append(littleEndian: ExecutorProtocol.version)
        head.append(UInt8(Variant.allCases.firstIndex(of: unit.variant) ?? 0))
        head.append(UInt8(workload.utf8.count))
        head.append(littleEndian: UInt32(unit.parameters.bytes.count))
        head.append(littleEndian: UInt64(unit.bytes.count))
        head.append(littleEndian: UInt64(unit.index))
        head.append(littleEndian: resultByteCount)
        head += Bytes(workload.utf8)
        head += unit.parameters.bytes
        return [head, unit.bytes]
    }
}

/// The fixed part of a request, as a child reads it: every length is within its bound.
struct RequestHeader {
    let variant: Variant
    let nameByteCount: Int
    let parametersByteCount: Int
    let inputByteCount: Int
    let index: Int
    let resultByteCount: Int

    init(_ bytes: Bytes) throws(Refusal) {
        var reader = LittleEndianReader(bytes)
        guard let magic = reader.slice(ExecutorProtocol.magic.count),
            let version = reader.integer(UInt32.self),
            let variant = reader.integer(UInt8.self),
            let name = reader.integer(UInt8.self),
            let parameters = reader.integer(UInt32.self),
            let input = reader.integer(UInt64.self),
            let index = reader.integer(UInt64.self),
            let result = reader.integer(UInt64.self)
        else { throw Refusal("the request is too short") }
        guard Bytes(magic) == ExecutorProtocol.magic else {
            throw Refusal("the request does not begin like one")
        }
        guard version == ExecutorProtocol.version else {
            throw Refusal(
                "the request is of version \(version), and this executor of version "
                    + "\(ExecutorProtocol.version); install both programs from one build"
            )
        }
        guard Int(variant) < Variant.allCases.count else {
            throw Refusal("the request asks for variant \(variant), which there is not")
        }
        self.variant = Variant.allCases[Int(variant)]
        guard Variant.supported.contains(self.variant) else {
            throw Refusal("this processor has no \(self.variant)")
        }
        nameByteCount = Int(name)
        parametersByteCount = try Self.checked(
            UInt64(parameters),
            upTo: SandboxLimits.parametersByteCountMax,
            "parameters"
        )
        inputByteCount = try Self.checked(
            input,
            upTo: SandboxLimits.inputByteCountMax,
            "input"
        )
        guard index <= UInt64(KernelLimits.unitCountMax) else {
            throw Refusal("no job has a unit \(index)")
        }
        self.index = Int(index)
        resultByteCount = Int(min(result, UInt64(SandboxLimits.resultByteCountMax)))
    }

    private static func checked(
        _ count: UInt64,
        upTo limit: Int,
        _ what: String
    ) throws(Refusal) -> Int {
        guard count <= UInt64(limit) else {
            throw Refusal("the request has \(count) bytes of \(what), and \(limit) are allowed")
        }
        return Int(count)
    }
}

/// Why a child does not compute a unit.
struct Refusal: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
