import Primitives

/// What both sides of a conversation must agree on.
///
/// ```
/// parent                                   child
///    │ ──── starts it, limits in argv ──────▶ │ takes its limits
///    │ ◀─────────────── ready ─────────────── │
///    │ ─────────────── request ─────────────▶ │
///    │ ◀────────── progress, often ────────── │ computes
///    │ ◀────────── result or refusal ──────── │
///    │ ──────── end of the pipe ────────────▶ │ ends with status 0
/// ```
/// Numbers are little-endian. The magic and the version stand first in `ready` and in a request, at
/// the same place in all versions, so that different versions tell each other.
enum ExecutorProtocol {
    /// The first bytes of `ready` and of a request.
    static let magic = Bytes("starling".utf8)
    /// The version that this program speaks.
    static let version: UInt32 = 1
}
