import Kernels
import Primitives
import Synchronization

/// The samples of an HDF5 file in chunks: as they are, or through bitshuffle and mostly LZ4.
///
/// A shuffled chunk consists of blocks that are decoded on their own, so only those that are
/// needed are read, and little is kept:
/// ```
/// chunk: u64 bytes when decoded | u32 bytes of a block when decoded | blocks | rest
/// block: u32 bytes that follow | LZ4 block of shuffled elements       (numbers are big-endian)
/// ```
/// The last block may be shorter; the rest is less than eight elements, as they are. Without LZ4
/// there are no numbers: shuffled blocks, and the rest.
/// - Source: bitshuffle 0.5, `src/bshuf_h5filter.c`.
final class ChunkedSamples: SampleSource {
    private let file: OpenFile
    private let shape: SampleShape
    private let chunks: Hdf5Chunks
    /// Whether chunks went through bitshuffle.
    private let hasFilter: Bool
    /// Bytes of a block without LZ4; nil when there is LZ4, and each chunk says it.
    private let plainBlockByteCount: Int?
    private let tables = Mutex<[Int: BlockTable]>([:])
    private let recent = Mutex(RecentBlocks())

    init(
        _ file: OpenFile,
        _ shape: SampleShape,
        _ chunks: Hdf5Chunks,
        _ filter: Hdf5Filter?
    ) throws(InputError) {
        self.file = file
        self.shape = shape
        self.chunks = chunks
        hasFilter = filter != nil
        // Version, version, bytes of an element, elements of a block, compression.
        let settings = filter?.settings ?? []
        let compression = settings.count > 4 ? settings[4] : 0
        switch compression {
        case 0:
            let stated = settings.count > 3 ? Int(settings[3]) : 0
            let elements = stated > 0 ? stated : 8_192 / shape.sampleByteCount
            guard elements.isMultiple(of: 8) else { throw .malformed("bitshuffle's block is odd") }
            plainBlockByteCount = elements * shape.sampleByteCount
        case 2: plainBlockByteCount = nil
        default:
            throw .unsuitable(
                "the samples are compressed with bitshuffle's method \(compression); only LZ4 is "
                    + "known here, so convert the file with blimpy's h52fil"
            )
        }
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        var failure: InputError?
        let size = shape.sampleByteCount
        let byteCount = channels.count * size
        let bytes = Bytes(unsafeUninitializedCapacity: byteCount) { buffer, done in
            do throws(InputError) {
                let row = UnsafeMutableRawBufferPointer(buffer)
                for part in chunks.parts(step: step, channels: channels) {
                    let start = part.offset * size
                    let end = start + part.elements.count * size
                    try read(
                        part.chunk,
                        (part.elements.lowerBound * size)..<(part.elements.upperBound * size),
                        into: UnsafeMutableRawBufferPointer(rebasing: row[start..<end])
                    )
                }
                done = byteCount
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes[...]
    }

    private var chunkByteCount: Int {
        chunks.shape.stepCount * chunks.shape.channelCount * shape.sampleByteCount
    }

    /// Decodes `bytes` of a chunk into `row`, which has room for just that.
    private func read(
        _ chunk: Int,
        _ bytes: Range<Int>,
        into row: UnsafeMutableRawBufferPointer
    ) throws(InputError) {
        let place = chunks.places[chunk]
        guard hasFilter, place.skippedFilters & 1 == 0 else {
            guard place.byteCount == chunkByteCount else { throw Self.isDamaged }
            return try file.read(at: place.offset + bytes.lowerBound, into: row)
        }
        let table = try table(of: chunk, at: place)
        let blocks = table.blocks(holding: bytes)
        if blocks.isEmpty {
            return try copyRest(of: table, bytes, into: row)
        }
        let stored = table.stored(blocks)
        let input = try file.bytes(at: stored.lowerBound, count: stored.count)
        for block in blocks {
            let range = table.decoded(block)
            let wanted = range.clamped(to: bytes)
            let target = UnsafeMutableRawBufferPointer(
                rebasing: row[
                    (wanted.lowerBound - bytes.lowerBound)..<(wanted.upperBound - bytes.lowerBound)
                ]
            )
            let from = table.stored(block).lowerBound - stored.lowerBound
            let part = input[from..<(from + table.stored(block).count)]
            if wanted == range {
                try decode(part, into: target, table)
            } else {
                let whole = try whole(block, of: chunk, part, table)
                whole.withUnsafeBytes { whole in
                    let start = wanted.lowerBound - range.lowerBound
                    let source = whole[start..<(start + wanted.count)]
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source))
                }
            }
        }
        try copyRest(of: table, bytes, into: row)
    }

    /// Copies what of `bytes` lies behind the last block.
    private func copyRest(
        of table: BlockTable,
        _ bytes: Range<Int>,
        into row: UnsafeMutableRawBufferPointer
    ) throws(InputError) {
        let rest = table.rest.clamped(to: bytes)
        guard !rest.isEmpty else { return }
        try file.read(
            at: table.restOffset + rest.lowerBound - table.rest.lowerBound,
            into: UnsafeMutableRawBufferPointer(
                rebasing: row[(rest.lowerBound - bytes.lowerBound)...]
            )
        )
    }

    /// All of a block of which only a part is wanted: its neighbour will want the other.
    private func whole(
        _ block: Int,
        of chunk: Int,
        _ input: ArraySlice<UInt8>,
        _ table: BlockTable
    ) throws(InputError) -> Bytes {
        if let known = recent.withLock({ $0.block(block, of: chunk) }) { return known }
        var failure: InputError?
        let byteCount = table.decoded(block).count
        let bytes = Bytes(unsafeUninitializedCapacity: byteCount) { buffer, done in
            do throws(InputError) {
                try decode(input, into: UnsafeMutableRawBufferPointer(buffer), table)
                done = byteCount
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        recent.withLock { $0.keep(bytes, block, of: chunk) }
        return bytes
    }

    private func decode(
        _ input: ArraySlice<UInt8>,
        into output: UnsafeMutableRawBufferPointer,
        _ table: BlockTable
    ) throws(InputError) {
        let size = shape.sampleByteCount
        let isGood = input.withUnsafeBytes { input in
            guard table.isCompressed else {
                Bitshuffle.restore(input, into: output, elementByteCount: size)
                return true
            }
            return withUnsafeTemporaryAllocation(byteCount: output.count, alignment: 8) { rows in
                guard LZ4Block.decode(input, into: rows) else { return false }
                Bitshuffle.restore(
                    UnsafeRawBufferPointer(rows),
                    into: output,
                    elementByteCount: size
                )
                return true
            }
        }
        guard isGood else { throw Self.isDamaged }
    }

    private func table(
        of chunk: Int,
        at place: Hdf5Chunks.Place
    ) throws(InputError) -> BlockTable {
        if let known = tables.withLock({ $0[chunk] }) { return known }
        let table = try BlockTable(
            file,
            place,
            chunkByteCount: chunkByteCount,
            elementByteCount: shape.sampleByteCount,
            plainBlockByteCount: plainBlockByteCount
        )
        tables.withLock { $0[chunk] = table }
        return table
    }

    static let isDamaged = InputError.malformed(
        "a chunk of the HDF5 file is damaged; fetch the file again"
    )
}
