import Primitives

/// The noise of one coarse channel as one boxcar sees it, over all columns.
package struct ColumnNoise: Hashable, Sendable {
    /// Median of the column sums.
    package let median: Float
    /// Standard deviation of the column sums between the 5th and the 95th percentile.
    package let deviation: Float

    /// Noise as measured or decoded.
    package init(median: Float, deviation: Float) {
        self.median = median
        self.deviation = deviation
    }
}

/// What is known of one coarse channel.
package struct CoarseChannel: Hashable, Sendable {
    /// The noise, for each boxcar.
    package let noise: [ColumnNoise]
    /// False when no sum in it can reach the threshold, so that it has no units.
    package let isSearched: Bool
    /// Whether the receiver left a spike in the middle column; always assumed in turboSETI's
    /// search.
    package let hasSpike: Bool

    /// A coarse channel as measured or decoded.
    package init(noise: [ColumnNoise], isSearched: Bool, hasSpike: Bool) {
        self.noise = noise
        self.isSearched = isSearched
        self.hasSpike = hasSpike
    }
}

/// What all units of a drift search have in common.
///
/// Encoding, little-endian, nothing between the fields and nothing behind them:
/// ```
/// u32 encoding = 1 | u8 widest boxcar, 0 for turboSETI's search | f64 maxDrift | f32 threshold
/// u32 tileWidth | u32 stepCount | u32 channelCount | u32 sampleBits | f64 fch1 | f64 foff
/// f64 tsamp | f64 tstart | f64 src_raj | f64 src_dej | u8 length, file name | u8 length, source name
/// u16 values of the codebook, for each: f32 value | u32 coarseChannelCount | for each: u8 isSearched + 2·hasSpike, for each boxcar: f32 median,
/// f32 deviation
/// ```
/// The raw threshold is not in it, because it follows from the other numbers.
package struct DriftParameters: Hashable, Sendable {
    /// By whose rules the search is made.
    package let method: SearchMethod
    /// Largest drift rate, either way, hertz per second.
    package let maxDrift: Double
    /// Smallest signal-to-noise ratio of a hit.
    package let threshold: Float
    /// Columns of a tile, halo apart.
    package let tileWidth: Int
    /// Steps in the file.
    package let stepCount: Int
    /// The file's header.
    package let header: FilterbankHeader
    /// The file's name.
    package let fileName: String
    /// How samples are shipped.
    package let codebook: Codebook
    /// Each coarse channel's statistics.
    package let coarseChannels: [CoarseChannel]

    /// Parameters as `pack` settles them.
    package init(
        method: SearchMethod,
        maxDrift: Double,
        threshold: Float,
        tileWidth: Int,
        stepCount: Int,
        header: FilterbankHeader,
        fileName: String,
        codebook: Codebook = .none,
        coarseChannels: [CoarseChannel]
    ) {
        self.method = method
        self.maxDrift = maxDrift
        self.threshold = threshold
        self.tileWidth = tileWidth
        self.stepCount = stepCount
        self.header = header
        self.fileName = fileName
        self.codebook = codebook
        self.coarseChannels = coarseChannels
    }

    /// Columns of one coarse channel.
    package var columnCount: Int { header.channelCount / coarseChannels.count }

    /// The frequency of `column`, megahertz, counted from the middle of its coarse channel.
    package func frequency(column: Int, coarseChannel: Int) -> Double {
        let edges = [coarseChannel, coarseChannel + 1].map { channel in
            header.firstChannelMegahertz + Double(channel) * header.channelMegahertz
                * Double(header.channelCount) / Double(coarseChannels.count)
        }
        let (low, high) = (min(edges[0], edges[1]), max(edges[0], edges[1]))
        let centre = (high - low).magnitude / 2 + low
        return centre + (Double(column) - Double(columnCount) / 2) * header.channelMegahertz
    }
}

extension DriftParameters {
    /// The canonical encoding.
    package func encoded() -> Parameters {
        var bytes: Bytes = []
        bytes.append(littleEndian: Self.encodingVersion)
        bytes.append(method == .turboSETI ? 0 : UInt8(method.boxcars.last ?? 1))
        bytes.append(littleEndian: maxDrift)
        bytes.append(littleEndian: threshold)
        for count in [tileWidth, stepCount, header.channelCount, header.sampleBits] {
            bytes.append(littleEndian: UInt32(count))
        }
        for number in [
            header.firstChannelMegahertz, header.channelMegahertz, header.stepSeconds,
            header.startDay, header.rightAscension, header.declination,
        ] {
            bytes.append(littleEndian: number)
        }
        for text in [fileName, header.sourceName] {
            bytes.append(UInt8(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(littleEndian: UInt16(codebook.values.count))
        for value in codebook.values { bytes.append(littleEndian: value) }
        bytes.append(littleEndian: UInt32(coarseChannels.count))
        for channel in coarseChannels {
            bytes.append((channel.isSearched ? 1 : 0) + (channel.hasSpike ? 2 : 0))
            for noise in channel.noise {
                bytes.append(littleEndian: noise.median)
                bytes.append(littleEndian: noise.deviation)
            }
        }
        return Parameters(bytes: bytes)
    }

    /// Decodes what a stranger wrote; numbers outside the limits are refused.
    package init(_ parameters: Parameters) throws(ManifestError) {
        guard parameters.bytes.count <= KernelLimits.parametersByteCountMax else {
            throw .outOfBounds("\(parameters.bytes.count) bytes")
        }
        var reader = LittleEndianReader(parameters.bytes)
        guard reader.integer(UInt32.self) == Self.encodingVersion else {
            throw .malformed("unknown encoding")
        }
        guard let decoded = Self.decode(&reader) else { throw .malformed("they end too early") }
        guard reader.remaining == 0 else { throw .malformed("they end too late") }
        self = decoded
        guard encoded() == parameters else { throw .malformed("not in canonical form") }
        try check()
    }

    private static let encodingVersion: UInt32 = 1

    private static func decode(_ reader: inout LittleEndianReader) -> DriftParameters? {
        guard let method = decodeMethod(&reader),
            let maxDrift = reader.double(),
            let threshold = reader.float(),
            let tileWidth = reader.integer(UInt32.self),
            let stepCount = reader.integer(UInt32.self),
            var header = decodeHeader(&reader),
            let fileName = decodeText(&reader),
            let sourceName = decodeText(&reader),
            let codebook = decodeCodebook(&reader),
            let channels = decodeChannels(&reader, boxcarCount: method.boxcars.count)
        else { return nil }
        header.sourceName = sourceName
        return DriftParameters(
            method: method,
            maxDrift: maxDrift,
            threshold: threshold,
            tileWidth: Int(tileWidth),
            stepCount: Int(stepCount),
            header: header,
            fileName: fileName,
            codebook: codebook,
            coarseChannels: channels
        )
    }

    private static func decodeHeader(_ reader: inout LittleEndianReader) -> FilterbankHeader? {
        guard let channelCount = reader.integer(UInt32.self),
            let sampleBits = reader.integer(UInt32.self),
            let firstChannelMegahertz = reader.double(),
            let channelMegahertz = reader.double(),
            let stepSeconds = reader.double(),
            let startDay = reader.double(),
            let rightAscension = reader.double(),
            let declination = reader.double()
        else { return nil }
        var header = FilterbankHeader()
        header.channelCount = Int(channelCount)
        header.sampleBits = Int(sampleBits)
        header.firstChannelMegahertz = firstChannelMegahertz
        header.channelMegahertz = channelMegahertz
        header.stepSeconds = stepSeconds
        header.startDay = startDay
        header.rightAscension = rightAscension
        header.declination = declination
        return header
    }

    /// Printable ASCII only, so that a name can never add a line to a table.
    private static func decodeText(_ reader: inout LittleEndianReader) -> String? {
        guard let count = reader.integer(UInt8.self), let bytes = reader.slice(Int(count)),
            bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decodeCodebook(_ reader: inout LittleEndianReader) -> Codebook? {
        guard let count = reader.integer(UInt16.self), count <= Codebook.countMax else {
            return nil
        }
        var values: [Float] = []
        for _ in 0..<count {
            guard let value = reader.float() else { return nil }
            values.append(value)
        }
        return Codebook(ascending: values)
    }

    private static func decodeMethod(_ reader: inout LittleEndianReader) -> SearchMethod? {
        guard let widest = reader.integer(UInt8.self), widest <= KernelLimits.boxcarMax else {
            return nil
        }
        return widest == 0 ? .turboSETI : .native(boxcarMax: Int(widest))
    }

    private static func decodeChannels(
        _ reader: inout LittleEndianReader,
        boxcarCount: Int
    ) -> [CoarseChannel]? {
        guard let count = reader.integer(UInt32.self),
            count <= KernelLimits.coarseChannelCountMax
        else { return nil }
        var channels: [CoarseChannel] = []
        for _ in 0..<count {
            guard let flags = reader.integer(UInt8.self) else { return nil }
            var noise: [ColumnNoise] = []
            for _ in 0..<boxcarCount {
                guard let median = reader.float(), let deviation = reader.float() else {
                    return nil
                }
                noise.append(ColumnNoise(median: median, deviation: deviation))
            }
            channels.append(
                CoarseChannel(noise: noise, isSearched: flags & 1 != 0, hasSpike: flags & 2 != 0)
            )
        }
        return channels
    }

    private func check() throws(ManifestError) {
        do { try header.checkNumbers() } catch { throw .outOfBounds(error.description) }
        let numbers = [
            maxDrift, header.firstChannelMegahertz, header.channelMegahertz, header.stepSeconds,
            header.startDay, header.rightAscension, header.declination,
        ]
        guard numbers.allSatisfy(\.isFinite) else { throw .outOfBounds("a number is not finite") }
        guard maxDrift > 0 else { throw .outOfBounds("max drift \(maxDrift) is not above zero") }
        guard threshold > 0, threshold.isFinite else {
            throw .outOfBounds("threshold \(threshold) is not a finite number above zero")
        }
        guard stepCount >= 2, stepCount <= KernelLimits.stepCountMax else {
            throw .outOfBounds("\(stepCount) steps")
        }
        guard !coarseChannels.isEmpty, header.channelCount.isMultiple(of: coarseChannels.count)
        else {
            throw .outOfBounds("\(coarseChannels.count) coarse channels do not divide the band")
        }
        guard tileWidth >= 1, tileWidth <= KernelLimits.tileWidthMax else {
            throw .outOfBounds("tiles of \(tileWidth) columns")
        }
        let values = codebook.values
        guard zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }),
            values.allSatisfy({ $0.magnitude <= KernelLimits.sampleMagnitudeMax })
        else { throw .outOfBounds("a codebook whose values do not ascend") }
        for channel in coarseChannels {
            for noise in channel.noise {
                guard noise.median.magnitude <= .greatestFiniteMagnitude,
                    noise.deviation <= .greatestFiniteMagnitude, noise.deviation >= 0,
                    noise.deviation > 0 || !channel.isSearched
                else { throw .outOfBounds("statistics that no samples have") }
            }
        }
    }
}
