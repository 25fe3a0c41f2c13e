import Primitives
import Wire

/// Reads an export element by element, and holds no more of it than the longest element needs.
///
/// Where bytes are no element, it goes on at the next place where one can be read.
struct ExportReader {
    /// What stands at a place of the file.
    enum Piece {
        /// An element, at these bytes.
        case element(ExportElement, Range<UInt64>)
        /// Bytes that are none, and what is wrong at the first of them.
        case damage(DecodeError, Range<UInt64>)
    }

    private let file: ExportFile
    /// The part of the file that is read; `position` is in it.
    private var window: Bytes = []
    /// Where the window begins in the file.
    private var windowStart: UInt64 = 0
    private var position = 0
    /// Over every byte before the window.
    private var hash = SHA256()
    /// The hash of what stood before the hash of the last element, when that was an end.
    private(set) var hashBeforeEnd: Digest?

    private static let windowByteCount = 4 * ExportElement.byteCountMax

    /// A reader at the first byte of `file`.
    init(_ file: ExportFile) { self.file = file }

    /// Where the next piece begins.
    var offset: UInt64 { windowStart + UInt64(position) }

    /// The next piece; nil at the end of the file.
    mutating func next() throws(ExportError) -> Piece? {
        try fill()
        guard position < window.count else { return nil }
        let start = offset
        do throws(DecodeError) {
            let (element, end) = try decode()
            position = end
            if case .end = element { noteEnd() }
            return .element(element, start..<offset)
        } catch {
            try skip()
            return .damage(error, start..<offset)
        }
    }

    /// Reads on until a whole element must fit, or the file ends.
    private mutating func fill() throws(ExportError) {
        let windowEnd = windowStart + UInt64(window.count)
        guard window.count - position < ExportElement.byteCountMax, windowEnd < file.byteCount
        else { return }
        hash.update(Array(window[..<position]))
        windowStart += UInt64(position)
        window.removeSubrange(..<position)
        position = 0
        let count = min(UInt64(Self.windowByteCount), file.byteCount - windowEnd)
        window += try file.read(Int(count), at: windowEnd)
    }

    private func decode() throws(DecodeError) -> (element: ExportElement, end: Int) {
        var decoder = CBORDecoder(window, at: position)
        let element = try ExportElement(from: &decoder)
        return (element, decoder.position)
    }

    private mutating func skip() throws(ExportError) {
        repeat {
            position += 1
            try fill()
        } while position < window.count && !isAtElement
    }

    /// Whether an element begins here: each is an array of two or four.
    private var isAtElement: Bool {
        guard [0x82, 0x84].contains(window[position]) else { return false }
        return (try? decode()) != nil
    }

    private mutating func noteEnd() {
        var hash = hash
        hash.update(Array(window[..<(position - ExportElement.hashByteCount)]))
        hashBeforeEnd = hash.finish()
    }
}
