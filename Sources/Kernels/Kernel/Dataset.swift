package import Primitives

/// A submitter's file, whole in memory.
package struct InputFile: Sendable {
    /// The file's name without its folder, for the report.
    package let name: String
    /// The file's bytes.
    package let bytes: Bytes

    /// The file called `name` that holds `bytes`.
    package init(name: String, bytes: Bytes) {
        self.name = name
        self.bytes = bytes
    }
}

/// What all units of a job have in common, as the manifest carries it: bytes that a kernel decodes.
package struct Parameters: Hashable, Sendable {
    /// The canonical little-endian encoding; a stranger may have written it.
    package let bytes: Bytes

    /// Parameters that `bytes` encode.
    package init(bytes: Bytes) { self.bytes = bytes }
}

/// The measure of a dataset, as the manifest states it.
package struct InputShape: Hashable, Sendable {
    /// Bytes of the dataset.
    package let byteCount: UInt64

    /// A dataset of `byteCount` bytes.
    package init(byteCount: UInt64) { self.byteCount = byteCount }
}

/// A packed input: parameters, and samples in the order of the units.
package struct Dataset: Sendable {
    /// What all units have in common.
    package let parameters: Parameters
    /// The units' samples, one unit after the other.
    package let bytes: Bytes

    /// A dataset of `bytes` that `parameters` explain.
    package init(parameters: Parameters, bytes: Bytes) {
        self.parameters = parameters
        self.bytes = bytes
    }

    /// The measure of this dataset.
    package var shape: InputShape { InputShape(byteCount: UInt64(bytes.count)) }
}
