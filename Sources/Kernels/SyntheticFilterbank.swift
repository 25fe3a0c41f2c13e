package import Primitives

/// A tone that was put into a synthetic file.
package struct SyntheticTone: Hashable, Sendable {
    /// The tone's channel in the first step.
    package let channel: Int
    /// Channels that the tone moves from the first step to the last; negative to the left.
    package let channelsMoved: Int
    /// The tone's drift rate as a search reports it, hertz per second.
    package let drift: Double
    /// The tone's power in each step, in units of the mean noise.
    package let strength: Double
}

/// Makes filterbank files of noise with tones whose places are known, for demonstrations and tests.
///
/// Noise: the mean of eight squares, each of the sum of four uniform numbers, which is close to
/// chi-squared with eight degrees of freedom. Tones: all of a step's power in one channel. Only
/// integers, products and roundings, so that a seed gives the same bytes everywhere.
package struct SyntheticFilterbank: Sendable {
    /// Seed of noise and tones.
    package var seed: UInt64
    /// Channels of the file.
    package var channelCount: Int
    /// Steps of the file.
    package var stepCount: Int
    /// Bits of a sample: 8, 16 or 32.
    package var sampleBits: Int
    /// How many tones there are, evenly spread over the channels.
    package var toneCount: Int

    /// A maker of files; the defaults are a demonstration of 8 MiB that takes seconds.
    package init(
        seed: UInt64 = 1,
        channelCount: Int = 1 << 17,
        stepCount: Int = 16,
        sampleBits: Int = 32,
        toneCount: Int = 8
    ) {
        self.seed = seed
        self.channelCount = channelCount
        self.stepCount = stepCount
        self.sampleBits = sampleBits
        self.toneCount = toneCount
    }

    /// The file's bytes, and what was put in.
    package func make() -> (file: Bytes, tones: [SyntheticTone]) {
        precondition([8, 16, 32].contains(sampleBits), "samples of 8, 16 or 32 bits")
        precondition(stepCount >= 2 && channelCount >= 1 && toneCount >= 0, "a file has samples")
        var random = PRNG(seed: seed)
        let tones = makeTones(&random)
        var file = header.encoded()
        file.reserveCapacity(file.count + channelCount * stepCount * sampleBits / 8)
        for step in 0..<stepCount {
            var row = [Double](repeating: 0, count: channelCount)
            for channel in row.indices { row[channel] = noise(&random) }
            for tone in tones {
                let moved = Double(tone.channelsMoved * step) / Double(stepCount - 1)
                row[tone.channel + Int(moved.rounded())] += tone.strength
            }
            append(row, to: &file)
        }
        return (file, tones)
    }

    /// The header that the file begins with.
    package var header: FilterbankHeader {
        var header = FilterbankHeader()
        header.sourceName = "synthetic"
        header.startDay = 59_046
        header.firstChannelMegahertz = 8_421.386717353016
        header.channelMegahertz = -2.7939677238464355e-06
        header.stepSeconds = 18.253611008
        header.channelCount = channelCount
        header.sampleBits = sampleBits
        return header
    }

    /// Tones of drift rates within ±3.5 Hz/s, each in the middle of its share of the channels.
    private func makeTones(_ random: inout PRNG) -> [SyntheticTone] {
        let span = Double(stepCount - 1) * header.stepSeconds
        let resolution = -1e6 * header.channelMegahertz / span
        return (0..<toneCount).map { index in
            let channel = (2 * index + 1) * channelCount / (2 * toneCount)
            let reach = min(Int(3.5 / resolution), channelCount / (2 * toneCount + 2))
            let moved = Int(random.below(UInt64(2 * reach + 1))) - reach
            let channelsMoved = moved == 0 ? 1 : moved
            return SyntheticTone(
                channel: channel,
                channelsMoved: channelsMoved,
                drift: -resolution * Double(channelsMoved),
                strength: 5 + Double(random.below(256)) / 64
            )
        }
    }

    /// Noise of mean one.
    private func noise(_ random: inout PRNG) -> Double {
        var total: Int64 = 0
        for _ in 0..<8 {
            let word = random.next()
            let sum = (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + word >> 48
            let centred = Int64(sum) - 2 * 0xffff
            total += centred * centred
        }
        let variance = 4.0 * (65_536.0 * 65_536.0 - 1) / 12
        return Double(total) / (8 * variance)
    }

    private func append(_ row: [Double], to file: inout Bytes) {
        for power in row {
            switch sampleBits {
            case 8: file.append(UInt8(min(255, (24 * power).rounded())))
            case 16: file.append(littleEndian: UInt16(min(65_535, (1_000 * power).rounded())))
            default: file.append(littleEndian: Float(10 * power))
            }
        }
    }
}
