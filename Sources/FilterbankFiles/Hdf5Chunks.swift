import Kernels

/// A filter that chunks went through when they were written.
struct Hdf5Filter: Hashable, Sendable {
    /// Its registered number.
    let number: CInt
    /// What it was told.
    let settings: [CUnsignedInt]

    /// The registered number of bitshuffle.
    static let bitshuffle: CInt = 32_008
}

/// The shape of a dataset's chunks, which have one polarisation.
struct ChunkShape: Hashable, Sendable {
    /// Steps of a chunk, 1 to 2³² − 1.
    let stepCount: Int
    /// Channels of a chunk, 1 to 2³² − 1.
    let channelCount: Int

    /// How many chunks hold a dataset of `shape`; refuses more than `most`, and chunks that HDF5
    /// does not have.
    func count(
        in shape: SampleShape,
        atMost most: Int = Hdf5Chunks.countMax
    ) throws(InputError) -> Int {
        guard stepCount.multipliedFullWidth(by: channelCount).high == 0,
            Double(stepCount) * Double(channelCount) * Double(shape.sampleByteCount)
                <= Double(UInt32.max)
        else { throw .malformed("a chunk of the dataset has more than 4 GiB; the file is damaged") }
        let rows = Self.quotient(shape.stepCount, stepCount)
        let perRow = Self.quotient(shape.channelCount, channelCount)
        let (count, isTooLarge) = rows.multipliedReportingOverflow(by: perRow)
        guard !isTooLarge, count <= most else {
            throw .unsuitable(
                "the dataset has \(rows) times \(perRow) chunks, above \(most) in all; write it "
                    + "with larger ones, with h5repack -l data:CHUNK=1x1x65536"
            )
        }
        return count
    }

    /// How many parts of size `part` hold `whole`; neither is negative.
    fileprivate static func quotient(_ whole: Int, _ part: Int) -> Int {
        whole / part + (whole % part > 0 ? 1 : 0)
    }
}

/// Where the chunks of a dataset are in its file, in the order of rows.
struct Hdf5Chunks: Hashable, Sendable {
    /// The shape of each; at the edges a part of it lies outside the dataset.
    let shape: ChunkShape
    /// How many chunks stand side by side in a row.
    let countPerRow: Int
    /// Each chunk's place.
    let places: [Place]

    /// A chunk's bytes in the file.
    struct Place: Hashable, Sendable {
        let offset: Int
        let byteCount: Int
        /// A bit for each filter that this chunk did not go through, the first filter's lowest.
        let skippedFilters: UInt32
    }

    /// Chunks of a dataset: 24 bytes of memory each.
    static let countMax = 1 << 21

    /// `places` are as many as `shape` has in a dataset of `samples`.
    init(shape: ChunkShape, of samples: SampleShape, places: [Place]) {
        self.shape = shape
        countPerRow = ChunkShape.quotient(samples.channelCount, shape.channelCount)
        self.places = places
    }

    /// What of one chunk belongs to a row of samples.
    struct Part {
        /// The chunk's number.
        let chunk: Int
        /// Elements of the chunk.
        let elements: Range<Int>
        /// Where they stand in the row, in elements.
        let offset: Int
    }

    /// The parts of chunks that are the samples of `channels` at `step`.
    func parts(step: Int, channels: Range<Int>) -> [Part] {
        let (row, line) = step.quotientAndRemainder(dividingBy: shape.stepCount)
        let width = shape.channelCount
        var parts: [Part] = []
        var channel = channels.lowerBound
        while channel < channels.upperBound {
            let (column, first) = channel.quotientAndRemainder(dividingBy: width)
            let end = min(channels.upperBound - column * width, width)
            let start = line * width
            parts.append(
                Part(
                    chunk: row * countPerRow + column,
                    elements: (start + first)..<(start + end),
                    offset: channel - channels.lowerBound
                )
            )
            channel = column * width + end
        }
        return parts
    }
}
