import Kernels
import Primitives
import Synchronization

/// The samples of an HDF5 file in chunks that went through filters of HDF5 itself, and are decoded
/// as a whole.
///
/// What was decoded last is kept, for the next row is mostly in the same chunks.
final class WholeChunks: SampleSource {
    private let file: OpenFile
    private let chunks: Hdf5Chunks
    private let filters: [ChunkFilter]
    private let sampleByteCount: Int
    private let byteCount: Int
    private let recent = Mutex(RecentChunks())

    /// Samples of `shape` in `chunks` that went through `filters` in that order.
    init(
        _ file: OpenFile,
        _ shape: SampleShape,
        _ chunks: Hdf5Chunks,
        _ filters: [Hdf5Filter]
    ) throws(InputError) {
        self.file = file
        self.chunks = chunks
        self.filters = try filters.map { (filter) throws(InputError) in try ChunkFilter(filter) }
        sampleByteCount = shape.sampleByteCount
        byteCount = chunks.shape.stepCount * chunks.shape.channelCount * sampleByteCount
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        var row: Bytes = []
        row.reserveCapacity(channels.count * sampleByteCount)
        for part in chunks.parts(step: step, channels: channels) {
            let chunk = try chunk(part.chunk)
            let start = part.elements.lowerBound * sampleByteCount
            row += chunk[start..<(start + part.elements.count * sampleByteCount)]
        }
        return row[...]
    }

    private func chunk(_ number: Int) throws(InputError) -> Bytes {
        if let known = recent.withLock({ $0.chunk(number) }) { return known }
        let chunk = try decoded(chunks.places[number])
        recent.withLock { $0.keep(chunk, number) }
        return chunk
    }

    private func decoded(_ place: Hdf5Chunks.Place) throws(InputError) -> Bytes {
        // Before memory is taken for what no filter can have made of so little.
        guard byteCount <= place.byteCount * Hdf5Filterbank.compressionMax else {
            throw ChunkedSamples.isDamaged
        }
        var bytes = try file.bytes(at: place.offset, count: place.byteCount)
        for (index, filter) in filters.enumerated().reversed()
        where place.skippedFilters >> UInt32(index) & 1 == 0 {
            guard
                let before = filter.restore(
                    bytes,
                    upTo: byteCount + ChunkFilter.extraByteCountMax,
                    elementByteCount: sampleByteCount
                )
            else { throw ChunkedSamples.isDamaged }
            bytes = before
        }
        guard bytes.count == byteCount else { throw ChunkedSamples.isDamaged }
        return bytes
    }
}

/// The chunks that were decoded last, as far as there is room.
private struct RecentChunks: Sendable {
    private var entries: [Int: (bytes: Bytes, use: Int)] = [:]
    private var byteCount = 0
    private var useCount = 0

    /// Bytes that are kept: a coarse channel of 2²⁰ channels and 16 steps four times over.
    private static let byteCountMax = 256 << 20

    mutating func chunk(_ number: Int) -> Bytes? {
        useCount += 1
        entries[number]?.use = useCount
        return entries[number]?.bytes
    }

    /// Keeps a chunk, and forgets those that were not used for longest where room is needed.
    mutating func keep(_ bytes: Bytes, _ number: Int) {
        guard bytes.count <= Self.byteCountMax, entries[number] == nil else { return }
        while byteCount + bytes.count > Self.byteCountMax,
            let oldest = entries.min(by: { $0.value.use < $1.value.use })
        {
            byteCount -= oldest.value.bytes.count
            entries[oldest.key] = nil
        }
        useCount += 1
        entries[number] = (bytes, useCount)
        byteCount += bytes.count
    }
}
