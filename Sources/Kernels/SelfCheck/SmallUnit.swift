import Primitives

/// A small unit of the drift search that is made of whole numbers alone, for self-tests and for
/// campaigns of bit flips.
///
/// Samples are noise of mean 40 and a line of drift. No file is packed, so that what packing
/// measures and chooses changes nothing.
package struct SmallUnit: Hashable, Sendable {
    /// By whose rules it is searched.
    package var method: SearchMethod
    /// Steps with samples.
    package var steps: Int
    /// Bits of a sample: 8, 16 or 32.
    package var sampleBits: Int
    /// Columns of the tile, which is the last one of two in its coarse channel.
    package var width: Int
    /// Largest drift rate, hertz per second; a column of drift is 0.156/(T − 1) Hz/s.
    package var maxDrift: Double
    /// Smallest signal-to-noise ratio of a hit.
    package var threshold: Float

    /// A unit of `width` columns.
    package init(
        _ method: SearchMethod,
        steps: Int,
        sampleBits: Int,
        width: Int,
        maxDrift: Double,
        threshold: Float
    ) {
        self.method = method
        self.steps = steps
        self.sampleBits = sampleBits
        self.width = width
        self.maxDrift = maxDrift
        self.threshold = threshold
    }

    /// The unit as a worker gets it, with samples that follow from `seed`.
    package func input(seed: UInt64, _ variant: Variant) throws(ManifestError) -> UnitInput {
        let parameters = parameters
        let geometry = try DriftGeometry(parameters)
        let tile = geometry.tile(1)
        let columns = geometry.storedColumns(tile.columns).count
        var random = PRNG(seed: seed)
        var bytes: Bytes = []
        bytes.reserveCapacity(steps * columns * sampleBits / 8)
        for step in 0..<steps {
            for column in 0..<columns {
                let isLine = column == columns / 2 + step / 2
                append(random.next(), isLine: isLine, to: &bytes)
            }
        }
        return UnitInput(
            parameters: parameters.encoded(),
            index: 1,
            bytes: bytes,
            variant: variant
        )
    }

    /// The noise that such samples have: their variance is 33, whatever their size.
    private var parameters: DriftParameters {
        var header = FilterbankHeader()
        header.sourceName = "small"
        header.firstChannelMegahertz = 1_420
        header.channelMegahertz = -2.8e-6
        header.stepSeconds = 18
        header.channelCount = 2 * width
        header.sampleBits = sampleBits
        let noise = method.boxcars.map { boxcar in
            let count = Float(steps * boxcar)
            return ColumnNoise(median: 40 * count, deviation: (33 * count).squareRoot())
        }
        return DriftParameters(
            method: method,
            maxDrift: maxDrift,
            threshold: threshold,
            tileWidth: width,
            stepCount: steps,
            header: header,
            fileName: "small.fil",
            coarseChannels: [CoarseChannel(noise: noise, isSearched: true, hasSpike: true)]
        )
    }

    /// Appends a sample between 20 and 60, the sum of four numbers, or one of the line's, which is
    /// 12 higher.
    private func append(_ word: UInt64, isLine: Bool, to bytes: inout Bytes) {
        let base = isLine ? 32 : 20
        let sum = (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + word >> 48
        let noise = 40 * Int(sum)
        switch sampleBits {
        case 8: bytes.append(UInt8(base + noise >> 18))
        case 16: bytes.append(littleEndian: UInt16(base + noise >> 18))
        default: bytes.append(littleEndian: Float(base) + Float(noise) / 0x1p18)
        }
    }
}
