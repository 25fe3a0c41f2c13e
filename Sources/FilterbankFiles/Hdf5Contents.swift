import Kernels
import Primitives

/// What a filterbank in HDF5 consists of, as the process that asks libhdf5 tells it.
///
/// That process reads what strangers wrote, so nothing in its answer is trusted either. Numbers are
/// little-endian:
/// ```
/// answer:   u8 0 | SIGPROC header | f64 channels of a coarse one, 0 for silence | u64 steps
///           | u8 whether samples are big-endian | storage
/// storage:  u8 0 | u64 where the samples begin
///         | u8 1 | u32 steps of a chunk | u32 channels of it | u8 filters | filters | places
/// filter:   u32 its number | u8 settings | u32 each
/// place:    u64 where the chunk is | u32 its bytes | u32 a bit for each filter that it skips
/// refusal:  u8 1 malformed, 2 unsuitable, 3 unreadable | the reason in UTF-8
/// ```
struct Hdf5Contents: Hashable, Sendable {
    let header: FilterbankHeader
    let stepCount: Int
    let isBigEndian: Bool
    let storage: Storage

    /// Where the samples are.
    enum Storage: Hashable, Sendable {
        /// In one piece, from this byte on.
        case plain(start: Int)
        /// In chunks, which went through these filters one after the other.
        case chunked(Hdf5Chunks, [Hdf5Filter])
    }

    /// How many samples there are, and how wide each is.
    var shape: SampleShape { SampleShape(header, stepCount: stepCount) }

    /// Bytes of the longest answer: all places of chunks, and less than this for the rest.
    static let answerByteCountMax = Hdf5Chunks.countMax * 16 + (1 << 20)
}

extension Hdf5Contents {
    /// The answer that tells these contents, or why there are none.
    static func answer(_ contents: Result<Hdf5Contents, InputError>) -> Bytes {
        switch contents {
        case .success(let contents): [0] + contents.encoded()
        case .failure(.malformed(let reason)): [1] + Bytes(reason.utf8)
        case .failure(.unsuitable(let reason)): [2] + Bytes(reason.utf8)
        case .failure(.unreadable(let reason)), .failure(.setting(let reason)):
            [3] + Bytes(reason.utf8)
        }
    }

    private func encoded() -> Bytes {
        var bytes = header.encoded()
        bytes.append(littleEndian: (header.coarseChannelWidth ?? 0).bitPattern)
        bytes.append(littleEndian: UInt64(stepCount))
        bytes.append(isBigEndian ? 1 : 0)
        switch storage {
        case .plain(let start):
            bytes.append(0)
            bytes.append(littleEndian: UInt64(start))
        case .chunked(let chunks, let filters):
            bytes.append(1)
            bytes.append(littleEndian: UInt32(chunks.shape.stepCount))
            bytes.append(littleEndian: UInt32(chunks.shape.channelCount))
            bytes.append(UInt8(filters.count))
            for filter in filters {
                bytes.append(littleEndian: UInt32(filter.number))
                bytes.append(UInt8(filter.settings.count))
                for setting in filter.settings { bytes.append(littleEndian: setting) }
            }
            for place in chunks.places {
                bytes.append(littleEndian: UInt64(place.offset))
                bytes.append(littleEndian: UInt32(place.byteCount))
                bytes.append(littleEndian: place.skippedFilters)
            }
        }
        return bytes
    }
}

extension Hdf5Contents {
    /// The contents that `answer` tells; throws the reason that it tells instead.
    init(answer: Bytes) throws(InputError) {
        let text = String(decoding: answer.dropFirst().prefix(4_096), as: UTF8.self)
        switch answer.first {
        case 0: break
        case 1: throw .malformed(text)
        case 2: throw .unsuitable(text)
        case 3: throw .unreadable(text)
        default: throw Self.isNoAnswer
        }
        var (header, offset) = try FilterbankHeader.read(Bytes(answer.dropFirst()))
        var reader = LittleEndianReader(answer, at: offset + 1)
        guard let width = reader.integer(UInt64.self).map(Double.init(bitPattern:)),
            let steps = reader.integer(UInt64.self).flatMap(Int.init(exactly:)),
            let endian = reader.integer(UInt8.self), let kind = reader.integer(UInt8.self)
        else { throw Self.isNoAnswer }
        header.coarseChannelWidth = width == 0 ? nil : width
        self.header = header
        stepCount = steps
        isBigEndian = endian != 0
        let shape = SampleShape(header, stepCount: steps)
        if kind == 0, let start = reader.integer(UInt64.self).flatMap(Int.init(exactly:)) {
            storage = .plain(start: start)
        } else if kind == 1 {
            let (chunkShape, filters) = try Self.chunks(&reader)
            let count = try chunkShape.count(in: shape)
            let places = try Self.places(count, &reader)
            storage = .chunked(Hdf5Chunks(shape: chunkShape, of: shape, places: places), filters)
        } else {
            throw Self.isNoAnswer
        }
        guard reader.remaining == 0 else { throw Self.isNoAnswer }
    }

    private static func chunks(
        _ reader: inout LittleEndianReader
    ) throws(InputError) -> (ChunkShape, [Hdf5Filter]) {
        guard let steps = reader.integer(UInt32.self), steps > 0,
            let channels = reader.integer(UInt32.self), channels > 0,
            let filterCount = reader.integer(UInt8.self)
        else { throw isNoAnswer }
        var filters: [Hdf5Filter] = []
        for _ in 0..<filterCount {
            guard let number = reader.integer(UInt32.self).flatMap(CInt.init(exactly:)),
                let settingCount = reader.integer(UInt8.self)
            else { throw isNoAnswer }
            var settings: [CUnsignedInt] = []
            for _ in 0..<settingCount {
                guard let setting = reader.integer(UInt32.self) else { throw isNoAnswer }
                settings.append(setting)
            }
            filters.append(Hdf5Filter(number: number, settings: settings))
        }
        return (ChunkShape(stepCount: Int(steps), channelCount: Int(channels)), filters)
    }

    private static func places(
        _ count: Int,
        _ reader: inout LittleEndianReader
    ) throws(InputError) -> [Hdf5Chunks.Place] {
        guard reader.remaining == 16 * count else { throw isNoAnswer }
        var places: [Hdf5Chunks.Place] = []
        places.reserveCapacity(count)
        for _ in 0..<count {
            guard let offset = reader.integer(UInt64.self).flatMap(Int.init(exactly:)),
                let byteCount = reader.integer(UInt32.self),
                let skipped = reader.integer(UInt32.self)
            else { throw isNoAnswer }
            places.append(
                Hdf5Chunks.Place(
                    offset: offset,
                    byteCount: Int(byteCount),
                    skippedFilters: skipped
                )
            )
        }
        return places
    }

    private static let isNoAnswer = InputError.unreadable(
        "the process that reads HDF5 gave no answer that makes sense; the file is damaged"
    )
}
