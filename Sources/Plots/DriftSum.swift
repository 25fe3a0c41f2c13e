/// The mean power along lines that are parallel to a hit's, by their distance from it.
struct DriftSum {
    /// Channels on both sides of the hit.
    let reach: Int
    private var sums: [Double]
    private var counts: [Int]

    init(reach: Int) {
        self.reach = reach
        sums = Array(repeating: 0, count: 2 * reach + 1)
        counts = Array(repeating: 0, count: 2 * reach + 1)
    }

    /// Takes in the samples of `channels` at one step, in which the hit is at `channel`.
    mutating func add(_ samples: [Float], _ channels: Range<Int>, hitChannel channel: Double) {
        guard channel.magnitude < 1e15 else { return }
        let first = Int(channel.rounded(.down)) - reach
        for index in sums.indices where channels.contains(first + index) {
            sums[index] += Double(samples[first + index - channels.lowerBound])
            counts[index] += 1
        }
    }

    /// Means by distance from −`reach` to `reach`, from their median, in deviations of a mean of
    /// noise.
    ///
    /// Lines that lie outside the band at all steps are nil.
    func deviations(_ noise: Spread) -> [Double?] {
        let means = zip(sums, counts).map { sum, count in
            count > 0 ? sum / Double(count) : nil
        }
        let known = means.compactMap(\.self).sorted()
        guard let median = known.isEmpty ? nil : known[known.count / 2] else { return means }
        return zip(means, counts).map { mean, count in
            mean.map { ($0 - median) / noise.deviation * Double(count).squareRoot() }
        }
    }
}
