import Kernels
import Primitives

/// Where the blocks of one bitshuffled chunk are.
struct BlockTable: Sendable {
    /// Whether blocks went through LZ4.
    let isCompressed: Bool
    private let blockByteCount: Int
    /// Bytes in all blocks when they are decoded; behind them is the rest.
    private let blocksByteCount: Int
    private let chunkByteCount: Int
    /// Where the chunk is in the file.
    private let start: Int
    /// From there on, where each stored block begins, its number apart, and where the rest does.
    private let offsets: [UInt32]

    /// Bytes of a block: real ones have 8 KiB.
    private static let blockByteCountMax = 16 << 20
    /// Bytes of a chunk, as it is stored: HDF5 itself has no larger ones.
    private static let storedByteCountMax = Int(UInt32.max)

    /// Reads the table of the chunk at `place`; every number in it may be a lie.
    init(
        _ file: OpenFile,
        _ place: Hdf5Chunks.Place,
        chunkByteCount: Int,
        elementByteCount: Int,
        plainBlockByteCount: Int?
    ) throws(InputError) {
        guard place.byteCount <= Self.storedByteCountMax,
            place.offset <= file.byteCount - place.byteCount
        else { throw ChunkedSamples.isDamaged }
        var window = FileWindow(file, place.offset..<(place.offset + place.byteCount))
        start = place.offset
        self.chunkByteCount = chunkByteCount
        isCompressed = plainBlockByteCount == nil
        if let plainBlockByteCount {
            blockByteCount = plainBlockByteCount
        } else {
            guard try window.number(at: 0, byteCount: 8) == UInt64(chunkByteCount),
                let stated = try window.number(at: 8, byteCount: 4)
            else { throw ChunkedSamples.isDamaged }
            blockByteCount = Int(stated)
        }
        let eight = 8 * elementByteCount
        guard blockByteCount > 0, blockByteCount <= Self.blockByteCountMax,
            blockByteCount.isMultiple(of: eight)
        else { throw ChunkedSamples.isDamaged }
        blocksByteCount = chunkByteCount / eight * eight
        let count = (blocksByteCount + blockByteCount - 1) / blockByteCount
        offsets =
            try isCompressed
            ? Self.compressed(&window, count, place.byteCount)
            : Self.plain(count, blockByteCount, blocksByteCount, place.byteCount)
        let restByteCount = chunkByteCount - blocksByteCount
        guard Int(offsets[count]) + restByteCount == place.byteCount else {
            throw ChunkedSamples.isDamaged
        }
    }

    private static func compressed(
        _ window: inout FileWindow,
        _ count: Int,
        _ storedByteCount: Int
    ) throws(InputError) -> [UInt32] {
        var offsets: [UInt32] = []
        var offset = 12
        for _ in 0..<count {
            guard let stored = try window.number(at: offset, byteCount: 4),
                stored <= UInt64(storedByteCount)
            else { throw ChunkedSamples.isDamaged }
            offsets.append(UInt32(offset))
            offset += 4 + Int(stored)
            guard offset <= storedByteCount else { throw ChunkedSamples.isDamaged }
        }
        offsets.append(UInt32(offset))
        return offsets
    }

    private static func plain(
        _ count: Int,
        _ blockByteCount: Int,
        _ blocksByteCount: Int,
        _ storedByteCount: Int
    ) throws(InputError) -> [UInt32] {
        guard blocksByteCount <= storedByteCount else { throw ChunkedSamples.isDamaged }
        return (0...count).map { UInt32(min($0 * blockByteCount, blocksByteCount)) }
    }

    /// The blocks that hold any of `bytes`, which are counted in the decoded chunk.
    func blocks(holding bytes: Range<Int>) -> Range<Int> {
        let wanted = bytes.clamped(to: 0..<blocksByteCount)
        guard !wanted.isEmpty else { return 0..<0 }
        return
            (wanted.lowerBound / blockByteCount)..<((wanted.upperBound + blockByteCount - 1)
            / blockByteCount)
    }

    /// The bytes of the decoded chunk that `block` holds.
    func decoded(_ block: Int) -> Range<Int> {
        (block * blockByteCount)..<min((block + 1) * blockByteCount, blocksByteCount)
    }

    /// The bytes of the file from which `block` is decoded.
    func stored(_ block: Int) -> Range<Int> {
        let lead = isCompressed ? 4 : 0
        return (start + Int(offsets[block]) + lead)..<(start + Int(offsets[block + 1]))
    }

    /// The bytes of the file that hold all of `blocks`, which are not empty.
    func stored(_ blocks: Range<Int>) -> Range<Int> {
        stored(blocks.lowerBound).lowerBound..<stored(blocks.upperBound - 1).upperBound
    }

    /// The bytes of the decoded chunk that are in no block.
    var rest: Range<Int> { blocksByteCount..<chunkByteCount }

    /// Where the rest is in the file.
    var restOffset: Int { start + Int(offsets[offsets.count - 1]) }
}

/// Big-endian numbers in a part of a file, which is read a good deal at a time.
private struct FileWindow {
    private let file: OpenFile
    private let range: Range<Int>
    private var bytes: Bytes = []
    private var first = 0

    private static let byteCount = 256 << 10

    init(_ file: OpenFile, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// The number at `offset` of the part; nil where that ends before it.
    mutating func number(at offset: Int, byteCount: Int) throws(InputError) -> UInt64? {
        guard offset + byteCount <= range.count else { return nil }
        if offset < first || offset + byteCount > first + bytes.count {
            first = offset
            bytes = try file.bytes(
                at: range.lowerBound + offset,
                count: min(Self.byteCount, range.count - offset)
            )
        }
        return bytes[(offset - first)..<(offset - first + byteCount)].reduce(0) {
            $0 << 8 | UInt64($1)
        }
    }
}

/// Blocks that were decoded a moment ago, for the threads that want their other parts.
struct RecentBlocks {
    private struct Entry {
        let chunk: Int
        let block: Int
        let bytes: Bytes
    }

    /// Blocks that are kept, each in the place that its numbers give: 4 MiB of real ones.
    private static let countMax = 512
    /// Blocks that are larger are not kept.
    private static let byteCountMax = 64 << 10
    private var entries = [Entry?](repeating: nil, count: countMax)

    private func place(_ block: Int, _ chunk: Int) -> Int {
        (block &+ chunk &* 31) & (Self.countMax - 1)
    }

    /// The decoded block, if it is still there.
    func block(_ block: Int, of chunk: Int) -> Bytes? {
        guard let entry = entries[place(block, chunk)], entry.block == block, entry.chunk == chunk
        else { return nil }
        return entry.bytes
    }

    /// Keeps a decoded block in the place of another.
    mutating func keep(_ bytes: Bytes, _ block: Int, of chunk: Int) {
        guard bytes.count <= Self.byteCountMax else { return }
        entries[place(block, chunk)] = Entry(chunk: chunk, block: block, bytes: bytes)
    }
}
