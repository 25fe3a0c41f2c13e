/// What pictures say of the file whose samples they show.
package struct Observation: Sendable {
    /// The file's name, and that of what was observed.
    package let file: String, source: String
    /// The centre of channel 0, megahertz.
    package let firstChannelMegahertz: Double
    /// From one channel to the next, megahertz; negative when frequencies descend.
    package let channelMegahertz: Double
    /// From one step to the next, seconds.
    package let stepSeconds: Double

    /// An observation whose channels and steps are apart: neither distance is zero.
    package init(
        file: String,
        source: String,
        firstChannelMegahertz: Double,
        channelMegahertz: Double,
        stepSeconds: Double
    ) {
        self.file = file
        self.source = source
        self.firstChannelMegahertz = firstChannelMegahertz
        self.channelMegahertz = channelMegahertz
        self.stepSeconds = stepSeconds
    }

    var channelHertz: Double { channelMegahertz * 1e6 }

    /// The frequency of the middle of `channel`.
    func megahertz(_ channel: Double) -> Double {
        firstChannelMegahertz + channel * channelMegahertz
    }
}

/// The samples of a file, read where a picture needs them.
package struct Samples {
    /// Steps and channels, at least one of each.
    package let stepCount: Int, channelCount: Int
    private let readPart: (_ step: Int, _ channels: Range<Int>) throws -> [Float]

    /// Samples that `read` brings: one for each of its channels, ascending, at its step.
    package init(
        stepCount: Int,
        channelCount: Int,
        read: @escaping (_ step: Int, _ channels: Range<Int>) throws -> [Float]
    ) {
        precondition(stepCount > 0 && channelCount > 0, "a file has samples")
        self.stepCount = stepCount
        self.channelCount = channelCount
        readPart = read
    }

    /// The samples of `channels` at `step`; those that are no numbers are zero.
    func read(step: Int, _ channels: Range<Int>) throws -> [Float] {
        let part = try readPart(step, channels)
        guard part.count == channels.count else {
            throw PlotError.samples(wanted: channels.count, given: part.count)
        }
        return part.map { $0.isFinite ? $0 : 0 }
    }
}

/// A row of the table as pictures show it.
package struct PlottedHit: Hashable, Sendable {
    /// Its number in the table.
    package let number: Int
    /// Its channel at the first step, counted from the file's first.
    package let channel: Int
    /// Its frequency as the table tells it.
    package let megahertz: Double
    /// Its drift rate, hertz per second; positive when the frequency rises.
    package let drift: Double
    /// Its signal-to-noise ratio.
    package let snr: Double

    /// A row with these numbers.
    package init(number: Int, channel: Int, megahertz: Double, drift: Double, snr: Double) {
        self.number = number
        self.channel = channel
        self.megahertz = megahertz
        self.drift = drift.isFinite ? drift : 0
        self.snr = snr.isFinite ? snr : 0
    }
}

/// Median and spread of some numbers.
struct Spread {
    let median: Double
    /// Half of the distance between the 16th and the 84th percentile, or else the standard
    /// deviation; one when all numbers are equal.
    let deviation: Double

    init(_ numbers: [Float]) {
        let sorted = numbers.sorted()
        median = Double(percentile(50, of: sorted))
        let half = Double(percentile(84, of: sorted) - percentile(16, of: sorted)) / 2
        let middle = median
        let squares = sorted.reduce(0.0) { $0 + (Double($1) - middle) * (Double($1) - middle) }
        let standard = (squares / Double(max(1, sorted.count))).squareRoot()
        deviation = [half, standard].first { $0 > 0 && $0.isFinite } ?? 1
    }
}

/// The number below which `percent` of `sorted` lie; zero when there are none.
func percentile(_ percent: Int, of sorted: [Float]) -> Float {
    sorted.isEmpty ? 0 : sorted[(sorted.count - 1) * percent / 100]
}
