import Kernels
import Primitives

/// A filter that chunks went through when they were written.
struct Hdf5Filter: Sendable {
    /// Its registered number.
    let number: CInt
    /// What it was told.
    let settings: [CUnsignedInt]

    /// The registered number of bitshuffle.
    static let bitshuffle: CInt = 32_008
}

/// The shape of a dataset's chunks, which have one polarisation.
struct ChunkShape: Sendable {
    let stepCount: Int
    let channelCount: Int

    /// Chunks that follow each other in time.
    func rowCount(_ shape: SampleShape) -> Int { (shape.stepCount + stepCount - 1) / stepCount }

    /// Chunks that stand side by side.
    func countPerRow(_ shape: SampleShape) -> Int {
        (shape.channelCount + channelCount - 1) / channelCount
    }
}

/// Where the chunks of a dataset are in its file, in the order of rows.
struct Hdf5Chunks: Sendable {
    /// The shape of each; at the edges a part of it lies outside the dataset.
    let shape: ChunkShape
    /// How many chunks stand side by side in a row.
    let countPerRow: Int
    /// Each chunk's place.
    let places: [Place]

    /// A chunk's bytes in the file.
    struct Place: Sendable {
        let offset: Int
        let byteCount: Int
        /// False when this chunk was stored without the filter.
        let isFiltered: Bool
    }

    /// Chunks of a dataset: 24 bytes of memory each.
    static let countMax = 1 << 22
}

/// The dataset `data` of an open HDF5 file; used inside `Hdf5Library.locked`, and closed there.
struct Hdf5Dataset: Sendable {
    /// The library's handle of the file.
    let file: Hdf5Library.Handle
    /// The library's handle of the dataset.
    let handle: Hdf5Library.Handle

    /// Bytes of chunks that the library may keep decompressed: 512 MiB.
    private static let cacheByteCountMax = 512 << 20
    /// Places for chunks in that memory, a prime number.
    private static let cacheSlotCount = 12_421

    init(_ open: OpenFile, _ library: Hdf5Library) throws(InputError) {
        // The path names the very file that is open here, whatever stands in its place by now.
        let path = "/proc/self/fd/\(open.descriptor)"
        let access = library.makeProperties(library.names.fileAccess)
        defer { _ = library.closeProperties(access) }
        // Files in folders that are read-only, or on a network, cannot be locked.
        _ = library.setFileLocking?(access, false, true)
        file = library.openFile(path, 0, access)
        guard file >= 0 else {
            throw .malformed("this HDF5 file cannot be opened: it was cut off, or is damaged")
        }
        guard library.linkExists(file, "data", 0) > 0 else {
            _ = library.closeFile(file)
            throw .malformed("the HDF5 file has no dataset called data; this is no filterbank")
        }
        let cache = library.makeProperties(library.names.datasetAccess)
        defer { _ = library.closeProperties(cache) }
        _ = library.setChunkCache(cache, Self.cacheSlotCount, Self.cacheByteCountMax, 1)
        handle = library.openDataset(file, "data", cache)
        guard handle >= 0 else {
            _ = library.closeFile(file)
            throw .malformed("the dataset called data cannot be opened; the file is damaged")
        }
    }

    /// Closes the dataset and its file.
    func close(_ library: Hdf5Library) {
        _ = library.closeDataset(handle)
        _ = library.closeFile(file)
    }

    /// The three dimensions.
    func shape(_ library: Hdf5Library) throws(InputError) -> [UInt64] {
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
    func sampleBits(_ library: Hdf5Library) throws(InputError) -> Int {
        let names = library.names
        if try isType(names.unsigned8, library) { return 8 }
        for type in [names.unsigned16, names.unsigned16Big] where try isType(type, library) {
            return 16
        }
        for type in [names.float32, names.float32Big] where try isType(type, library) { return 32 }
        throw .unsuitable(
            "the samples' type is another than unsigned numbers of 8 or 16 bits, or 32-bit floats"
        )
    }

    /// Whether the samples stand in the file as they are needed.
    func isLittleEndian(_ library: Hdf5Library) throws(InputError) -> Bool {
        for type in [library.names.unsigned16Big, library.names.float32Big]
        where try isType(type, library) {
            return false
        }
        return true
    }

    private func isType(
        _ other: Hdf5Library.Handle,
        _ library: Hdf5Library
    ) throws(InputError) -> Bool {
        let type = library.datasetType(handle)
        guard type >= 0 else { throw Self.isDamaged }
        defer { _ = library.closeType(type) }
        return library.areTypesEqual(type, other) > 0
    }

    static let isDamaged = InputError.malformed("the dataset called data is damaged")
}

extension Hdf5Dataset {
    /// Calls `body` with the properties that the dataset was made with.
    private func properties<Answer>(
        _ library: Hdf5Library,
        _ body: (Hdf5Library.Handle) throws(InputError) -> Answer
    ) throws(InputError) -> Answer {
        let properties = library.datasetProperties(handle)
        guard properties >= 0 else { throw Self.isDamaged }
        defer { _ = library.closeProperties(properties) }
        return try body(properties)
    }

    /// Refuses a dataset of which a part was never written: it would be read as zeros.
    func checkIsComplete(
        _ shape: SampleShape,
        _ library: Hdf5Library
    ) throws(InputError) {
        let isComplete = try chunkShape(library).map { (chunk) throws(InputError) in
            let space = library.datasetSpace(handle)
            defer { _ = library.closeSpace(space) }
            var count: UInt64 = 0
            guard library.chunkCount(handle, space, &count) >= 0 else { throw Self.isDamaged }
            return count == UInt64(chunk.rowCount(shape) * chunk.countPerRow(shape))
        }
        var status: CInt = -1
        guard library.spaceStatus(handle, &status) >= 0 else { throw Self.isDamaged }
        // H5D_SPACE_STATUS_ALLOCATED, which is not said of compressed chunks.
        guard isComplete ?? (status == 2) else {
            throw .malformed("a part of the samples was never written; make the file again")
        }
    }

    /// The shape of the chunks; nil when the samples are in one piece.
    private func chunkShape(_ library: Hdf5Library) throws(InputError) -> ChunkShape? {
        try properties(library) { (properties) throws(InputError) in
            // H5D_CHUNKED.
            guard library.layout(properties) == 2 else { return nil }
            var size: [UInt64] = [0, 0, 0]
            guard library.chunkShape(properties, 3, &size) == 3, size[1] == 1,
                let steps = Int(exactly: size[0]), steps > 0, steps < 1 << 32,
                let channels = Int(exactly: size[2]), channels > 0, channels < 1 << 32
            else { throw Self.isDamaged }
            return ChunkShape(stepCount: steps, channelCount: channels)
        }
    }

    /// The filters of the chunks, in the order of writing.
    func filters(_ library: Hdf5Library) throws(InputError) -> [Hdf5Filter] {
        try properties(library) { (properties) throws(InputError) in
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

    /// Refuses what the library itself cannot undo.
    func check(_ filters: [Hdf5Filter], _ library: Hdf5Library) throws(InputError) {
        for filter in filters where library.isFilterAvailable(filter.number) <= 0 {
            throw .unsuitable(
                "the samples went through HDF5 filter \(filter.number), which is not known here; "
                    + "convert the file with blimpy's h52fil"
            )
        }
    }

    /// Where the samples begin that stand in one piece; nil where they stand elsewhere.
    func offset(
        _ shape: SampleShape,
        _ file: OpenFile,
        _ library: Hdf5Library
    ) throws(InputError) -> Int? {
        try checkUserBlock(library)
        guard let offset = Int(exactly: library.datasetOffset(handle)) else { return nil }
        guard Double(offset) + shape.byteCount <= Double(file.byteCount) else {
            throw .malformed("the samples end behind the file's end: it was cut off, or is damaged")
        }
        return offset
    }

    /// Where the chunks of a dataset of `shape` are; nil when it has none.
    func chunks(
        _ shape: SampleShape,
        isFiltered: Bool,
        _ library: Hdf5Library
    ) throws(InputError) -> Hdf5Chunks? {
        guard let chunk = try chunkShape(library) else { return nil }
        try checkUserBlock(library)
        let (rows, perRow) = (chunk.rowCount(shape), chunk.countPerRow(shape))
        guard rows * perRow <= Hdf5Chunks.countMax else {
            throw .unsuitable(
                "the dataset has \(rows * perRow) chunks, above \(Hdf5Chunks.countMax); write it "
                    + "with larger ones"
            )
        }
        var places: [Hdf5Chunks.Place] = []
        places.reserveCapacity(rows * perRow)
        for row in 0..<rows {
            for column in 0..<perRow {
                let start = [UInt64(row * chunk.stepCount), 0, UInt64(column * chunk.channelCount)]
                places.append(try place(start, isFiltered: isFiltered, library))
            }
        }
        return Hdf5Chunks(shape: chunk, countPerRow: perRow, places: places)
    }

    private func place(
        _ start: [UInt64],
        isFiltered: Bool,
        _ library: Hdf5Library
    ) throws(InputError) -> Hdf5Chunks.Place {
        var skipped: CUnsignedInt = 0
        var offset = UInt64.max
        var count: UInt64 = 0
        guard library.chunkPlace(handle, start, &skipped, &offset, &count) >= 0,
            let offset = Int(exactly: offset), let count = Int(exactly: count), count > 0
        else { throw Self.isDamaged }
        return Hdf5Chunks.Place(
            offset: offset,
            byteCount: count,
            isFiltered: isFiltered && skipped & 1 == 0
        )
    }

    /// Refuses a file whose places are counted from elsewhere than its beginning.
    private func checkUserBlock(_ library: Hdf5Library) throws(InputError) {
        let properties = library.fileProperties(file)
        defer { _ = library.closeProperties(properties) }
        var byteCount: UInt64 = 0
        guard library.userBlock(properties, &byteCount) >= 0, byteCount == 0 else {
            throw .unsuitable("the HDF5 file has a user block; remove it with h5unjam")
        }
    }
}
