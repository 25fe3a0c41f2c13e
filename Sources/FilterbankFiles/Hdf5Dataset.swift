import Kernels
import Primitives

/// The dataset `data` of an open HDF5 file; both are closed when the process ends.
struct Hdf5Dataset {
    private let library: Hdf5Library
    /// The library's handle of the file.
    let file: Hdf5Library.Handle
    /// The library's handle of the dataset.
    let handle: Hdf5Library.Handle

    /// Opens the file behind `descriptor`, and the dataset in it.
    init(descriptor: CInt, _ library: Hdf5Library) throws(InputError) {
        self.library = library
        let access = library.makeProperties(library.names.fileAccess)
        defer { _ = library.closeProperties(access) }
        // Files in folders that are read-only, or on a network, cannot be locked.
        _ = library.setFileLocking?(access, false, true)
        // The path names the very file that is open here, whatever stands in its place by now.
        file = library.openFile("/proc/self/fd/\(descriptor)", 0, access)
        guard file >= 0 else {
            throw .malformed("this HDF5 file cannot be opened: it was cut off, or is damaged")
        }
        guard library.linkExists(file, "data", 0) > 0 else {
            throw .malformed("the HDF5 file has no dataset called data; this is no filterbank")
        }
        handle = library.openDataset(file, "data", 0)
        guard handle >= 0 else {
            throw .malformed("the dataset called data cannot be opened; the file is damaged")
        }
    }

    /// The three dimensions.
    func shape() throws(InputError) -> [UInt64] {
        let space = library.datasetSpace(handle)
        defer { _ = library.closeSpace(space) }
        var dimensions: [UInt64] = [0, 0, 0]
        guard library.dimensionCount(space) == 3,
            library.dimensions(space, &dimensions, nil) == 3
        else {
            throw .malformed("the dataset has not the three dimensions step, polarisation, channel")
        }
        return dimensions
    }

    /// Bits of a sample; other types than those of filterbanks are refused.
    func sampleBits() throws(InputError) -> Int {
        let names = library.names
        if try isType(names.unsigned8) { return 8 }
        for type in [names.unsigned16, names.unsigned16Big] where try isType(type) {
            return 16
        }
        for type in [names.float32, names.float32Big] where try isType(type) { return 32 }
        throw .unsuitable(
            "the samples' type is another than unsigned numbers of 8 or 16 bits, or 32-bit floats"
        )
    }

    /// Whether the samples stand in the file as they are needed.
    func isLittleEndian() throws(InputError) -> Bool {
        for type in [library.names.unsigned16Big, library.names.float32Big]
        where try isType(type) {
            return false
        }
        return true
    }

    private func isType(_ other: Hdf5Library.Handle) throws(InputError) -> Bool {
        let type = library.datasetType(handle)
        guard type >= 0 else { throw Self.isDamaged }
        defer { _ = library.closeType(type) }
        return library.areTypesEqual(type, other) > 0
    }

    private static let isDamaged = InputError.malformed("the dataset called data is damaged")
}

extension Hdf5Dataset {
    /// Calls `body` with the properties that the dataset was made with.
    private func properties<Answer>(
        _ body: (Hdf5Library.Handle) throws(InputError) -> Answer
    ) throws(InputError) -> Answer {
        let properties = library.datasetProperties(handle)
        guard properties >= 0 else { throw Self.isDamaged }
        defer { _ = library.closeProperties(properties) }
        return try body(properties)
    }

    /// Refuses a dataset of which a part was never written: it would be read as zeros.
    func checkIsComplete(_ shape: SampleShape) throws(InputError) {
        let isComplete = try chunkShape().map { (chunk) throws(InputError) in
            let space = library.datasetSpace(handle)
            defer { _ = library.closeSpace(space) }
            var count: UInt64 = 0
            guard library.chunkCount(handle, space, &count) >= 0 else { throw Self.isDamaged }
            return count == UInt64(try chunk.count(in: shape))
        }
        var status: CInt = -1
        guard library.spaceStatus(handle, &status) >= 0 else { throw Self.isDamaged }
        // H5D_SPACE_STATUS_ALLOCATED, which is not said of compressed chunks.
        guard isComplete ?? (status == 2) else {
            throw .malformed("a part of the samples was never written; make the file again")
        }
    }

    /// The shape of the chunks; nil when the samples are in one piece.
    private func chunkShape() throws(InputError) -> ChunkShape? {
        try properties { (properties) throws(InputError) in
            let layout = library.layout(properties)
            // Of H5D_COMPACT, H5D_CONTIGUOUS, H5D_CHUNKED and H5D_VIRTUAL.
            guard (0...3).contains(layout) else { throw Self.isDamaged }
            guard layout == 2 else { return nil }
            var size: [UInt64] = [0, 0, 0]
            guard library.chunkShape(properties, 3, &size) == 3, size[1] == 1,
                let steps = Int(exactly: size[0]), steps > 0, steps < 1 << 32,
                let channels = Int(exactly: size[2]), channels > 0, channels < 1 << 32
            else { throw Self.isDamaged }
            return ChunkShape(stepCount: steps, channelCount: channels)
        }
    }

    /// The filters of the chunks, in the order of writing.
    func filters() throws(InputError) -> [Hdf5Filter] {
        try properties { (properties) throws(InputError) in
            let count = library.filterCount(properties)
            guard count >= 0 else { throw Self.isDamaged }
            var filters: [Hdf5Filter] = []
            for index in 0..<count {
                var settings = [CUnsignedInt](repeating: 0, count: Self.filterSettingCountMax)
                var settingCount = settings.count
                let number = library.filter(
                    properties,
                    CUnsignedInt(index),
                    nil,
                    &settingCount,
                    &settings,
                    0,
                    nil,
                    nil
                )
                guard number >= 0 else { throw Self.isDamaged }
                let stated = settings.prefix(max(0, settingCount))
                filters.append(Hdf5Filter(number: number, settings: Array(stated)))
            }
            return filters
        }
    }

    /// What a filter is told; bitshuffle has at most seven numbers.
    private static let filterSettingCountMax = 16

    /// Where the samples begin that stand in one piece.
    func offset() throws(InputError) -> Int {
        try checkUserBlock()
        guard let offset = Int(exactly: library.datasetOffset(handle)) else {
            throw .unsuitable(
                "the samples stand in the header, or in other files; write the file anew with "
                    + "h5repack -l data:CONTI"
            )
        }
        return offset
    }

    /// Where the chunks of a dataset of `shape` are; nil when it has none.
    func chunks(_ shape: SampleShape) throws(InputError) -> Hdf5Chunks? {
        guard let chunk = try chunkShape() else { return nil }
        try checkUserBlock()
        let most = library.eachChunk == nil ? Self.slowChunkCountMax : Hdf5Chunks.countMax
        let count = try chunk.count(in: shape, atMost: most)
        let places = try places(shape, chunk, count)
        return Hdf5Chunks(shape: chunk, of: shape, places: places)
    }

    /// Chunks where each takes the library as long as there are chunks: three seconds for all.
    private static let slowChunkCountMax = 1 << 14

    private func places(
        _ shape: SampleShape,
        _ chunk: ChunkShape,
        _ count: Int
    ) throws(InputError) -> [Hdf5Chunks.Place] {
        var places = ChunkPlaces(chunk: chunk, of: shape, count: count)
        if let eachChunk = library.eachChunk {
            let status = withUnsafeMutablePointer(to: &places) { places in
                eachChunk(handle, 0, visitChunk, UnsafeMutableRawPointer(places))
            }
            guard status >= 0, let places = places.all else { throw Self.isDamaged }
            return places
        }
        for step in stride(from: 0, to: shape.stepCount, by: chunk.stepCount) {
            for channel in stride(from: 0, to: shape.channelCount, by: chunk.channelCount) {
                let start = [UInt64(step), 0, UInt64(channel)]
                var skipped: CUnsignedInt = 0
                var (offset, byteCount): (UInt64, UInt64) = (.max, 0)
                let status = library.chunkPlace(handle, start, &skipped, &offset, &byteCount)
                guard status >= 0, places.add(start, skipped, offset, byteCount) else {
                    throw Self.isDamaged
                }
            }
        }
        guard let places = places.all else { throw Self.isDamaged }
        return places
    }

    /// Refuses a file whose places are counted from elsewhere than its beginning.
    private func checkUserBlock() throws(InputError) {
        let properties = library.fileProperties(file)
        defer { _ = library.closeProperties(properties) }
        var byteCount: UInt64 = 0
        guard library.userBlock(properties, &byteCount) >= 0, byteCount == 0 else {
            throw .unsuitable("the HDF5 file has a user block; remove it with h5unjam")
        }
    }
}

/// Where chunks are, as the library tells it of one after the other, in whatever order.
private struct ChunkPlaces {
    private let chunk: ChunkShape
    private let countPerRow: Int
    private var places: [Hdf5Chunks.Place?]

    init(chunk: ChunkShape, of shape: SampleShape, count: Int) {
        self.chunk = chunk
        places = Array(repeating: nil, count: count)
        countPerRow = count / max(1, (shape.stepCount - 1) / chunk.stepCount + 1)
    }

    /// All places in the order of rows; nil when one is missing.
    var all: [Hdf5Chunks.Place]? {
        let known = places.compactMap(\.self)
        return known.count == places.count ? known : nil
    }

    /// Takes the place of the chunk that begins at `start`; false when that makes no sense.
    mutating func add(
        _ start: [UInt64],
        _ skippedFilters: UInt32,
        _ offset: UInt64,
        _ byteCount: UInt64
    ) -> Bool {
        guard let step = Int(exactly: start[0]), let channel = Int(exactly: start[2]),
            channel / chunk.channelCount < countPerRow,
            step / chunk.stepCount < places.count / countPerRow,
            let offset = Int(exactly: offset), let byteCount = UInt32(exactly: byteCount),
            byteCount > 0
        else { return false }
        places[step / chunk.stepCount * countPerRow + channel / chunk.channelCount] =
            Hdf5Chunks.Place(
                offset: offset,
                byteCount: Int(byteCount),
                skippedFilters: skippedFilters
            )
        return true
    }
}

/// Adds a chunk to the `ChunkPlaces` behind `places`; ends the library's walk when it makes no
/// sense.
private func visitChunk(
    _ start: UnsafePointer<UInt64>,
    _ skippedFilters: CUnsignedInt,
    _ offset: UInt64,
    _ byteCount: UInt64,
    _ places: UnsafeMutableRawPointer
) -> CInt {
    let start = [start[0], start[1], start[2]]
    let places = places.assumingMemoryBound(to: ChunkPlaces.self)
    return places.pointee.add(start, skippedFilters, offset, byteCount) ? 0 : -1
}
