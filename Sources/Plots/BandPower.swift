/// Power over time by frequency, as far as a picture's columns can show it.
struct BandPower {
    /// The largest and the middle mean power of the channels of each column.
    let largest: [Double], middle: [Double]
    /// The middle of `middle`.
    let median: Double

    /// Channels that are read at once, if a column has fewer.
    private static let blockCount = 16_384

    /// Reads all samples once; at most `columnMax` columns, frequencies ascending if `isMirrored`
    /// says whether they descend in the file.
    init(_ samples: Samples, columnMax: Int, isMirrored: Bool) throws {
        let columnCount = min(samples.channelCount, columnMax)
        func edge(_ column: Int) -> Int { column * samples.channelCount / columnCount }
        var (largest, middle): ([Double], [Double]) = ([], [])
        var column = 0
        while column < columnCount {
            var end = column + 1
            while end < columnCount, edge(end) - edge(column) < Self.blockCount { end += 1 }
            let means = try Self.means(samples, edge(column)..<edge(end))
            for each in column..<end {
                let part = means[(edge(each) - edge(column))..<(edge(each + 1) - edge(column))]
                    .sorted()
                largest.append(part[part.count - 1])
                middle.append(part[part.count / 2])
            }
            column = end
        }
        median = middle.sorted()[middle.count / 2]
        self.largest = isMirrored ? largest.reversed() : largest
        self.middle = isMirrored ? middle.reversed() : middle
    }

    private static func means(_ samples: Samples, _ channels: Range<Int>) throws -> [Double] {
        var sums = [Double](repeating: 0, count: channels.count)
        for step in 0..<samples.stepCount {
            for (index, sample) in try samples.read(step: step, channels).enumerated() {
                sums[index] += Double(sample)
            }
        }
        return sums.map { $0 / Double(samples.stepCount) }
    }
}
