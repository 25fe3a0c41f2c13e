import Kernels
import Primitives

/// Cuts what a child writes into frames, and holds no more of it than one frame may have.
///
/// A length is checked as soon as it is read; bytes are kept as they come, so that a child that
/// only announces much makes its parent reserve nothing.
struct FrameReader {
    private let resultByteCount: Int
    private var bytes: Bytes = []

    /// A reader of a child whose result has at most `resultByteCount` bytes.
    init(resultByteCount: Int) { self.resultByteCount = resultByteCount }

    /// Whether it stands between two frames.
    var isAtFrameStart: Bool { bytes.isEmpty }

    mutating func append(_ part: Bytes) { bytes += part }

    /// The next frame; nil when it is not whole yet.
    mutating func next() throws(UnitFailure) -> ChildFrame? {
        guard bytes.count >= ChildFrame.headerByteCount else { return nil }
        var reader = LittleEndianReader(bytes)
        guard let number = reader.integer(UInt8.self), let count = reader.integer(UInt32.self),
            let kind = ChildFrame.Kind(rawValue: number)
        else { throw .wrongOutput("there is no such kind of frame") }
        let limit = kind.byteCountMax(resultByteCount: resultByteCount)
        guard count <= UInt32(limit) else {
            throw .wrongOutput("a frame of \(count) bytes is beyond its cap of \(limit)")
        }
        guard let body = reader.slice(Int(count)) else { return nil }
        let frame = try ChildFrame(kind, body: Bytes(body))
        bytes.removeFirst(ChildFrame.headerByteCount + Int(count))
        return frame
    }
}
