/// Median and deviation of the column sums of one coarse channel, with the bits of turboSETI or
/// with our own.
///
/// TurboSETI sums and averages in the type that its arrays happen to have: 32-bit floats only when
/// the file has such samples and a power of two of steps, and 64-bit floats in all other cases,
/// because padding steps and integer sums promote the array.
struct ColumnStatistics {
    let median: Float
    let deviation: Float

    /// The same as noise.
    var noise: ColumnNoise { ColumnNoise(median: median, deviation: deviation) }

    /// Statistics of sums that were made in 32 bits; `sums` is not empty.
    init(single sums: [Float], _ workers: any Workers) {
        let shares = percentiles(sums, [5, 50, 95], workers)
        let (low, high) = (Float(shares[0]), Float(shares[2]))
        let kept = sums.filter { $0 <= high && $0 >= low }
        median = Float(shares[1])
        deviation = standardDeviation(kept, workers)
    }

    /// Statistics of sums that were made in 64 bits; `sums` is not empty.
    init(double sums: [Double], _ workers: any Workers) {
        let sorted = sums.sorted()
        let low = percentile(sorted, 5)
        let high = percentile(sorted, 95)
        median = Float(percentile(sorted, 50))
        deviation = Float(standardDeviation(sums.filter { $0 <= high && $0 >= low }, workers))
    }

    /// Statistics of our own search: what is kept is squared and summed in 64 bits, in 8 lanes.
    init(native sums: [Float]) {
        let shares = percentiles(sums, [5, 50, 95], OneWorker())
        let kept = sums.filter { Double($0) >= shares[0] && Double($0) <= shares[2] }
        median = Float(shares[1])
        let mean = laneSum(kept) { $0 } / Double(kept.count)
        let squares = laneSum(kept) { ($0 - mean) * ($0 - mean) }
        deviation = Float((squares / Double(kept.count)).squareRoot())
    }
}

/// The sum of `term` over `numbers` in 64 bits: number i goes to lane i mod 8, and the lanes are
/// added from the first to the last.
private func laneSum(
    _ numbers: [Float],
    _ term: (SIMD8<Double>) -> SIMD8<Double>
) -> Double {
    var lanes = SIMD8<Double>(repeating: 0)
    let even = numbers.count / 8 * 8
    for start in stride(from: 0, to: even, by: 8) {
        var group = SIMD8<Float>()
        for lane in 0..<8 { group[lane] = numbers[start + lane] }
        lanes += term(SIMD8<Double>(group))
    }
    var sum = 0.0
    for lane in 0..<8 { sum += lanes[lane] }
    for number in numbers[even...] { sum += term(SIMD8(repeating: Double(number)))[0] }
    return sum
}

private func standardDeviation<Number: BinaryFloatingPoint & Sendable>(
    _ numbers: [Number],
    _ workers: any Workers
) -> Number {
    let count = Number(numbers.count)
    let mean = numpySum(numbers, workers) / count
    return (numpySumOfSquares(numbers, from: mean, workers) / count).squareRoot()
}

/// numpy's linear percentile between the two neighbours in rank.
private func interpolate(_ low: Double, _ step: Double, _ high: Double, _ share: Double) -> Double {
    share >= 0.5 ? high - step * (1 - share) : low + step * share
}

private func rank(_ percent: Double, count: Int) -> (index: Int, share: Double) {
    let position = percent / 100 * Double(count - 1)
    let index = Int(position.rounded(.down))
    return (index, position - Double(index))
}

private func percentile(_ sorted: [Double], _ percent: Double) -> Double {
    let (index, share) = rank(percent, count: sorted.count)
    let low = sorted[index]
    let high = sorted[min(index + 1, sorted.count - 1)]
    return interpolate(low, high - low, high, share)
}

/// The percentiles of `numbers`, without sorting where they are many: a histogram of the upper 16
/// bits finds where each rank lies, and one of the lower 16 bits which number it is.
private func percentiles(
    _ numbers: [Float],
    _ percents: [Double],
    _ workers: any Workers
) -> [Double] {
    let places = percents.map { rank($0, count: numbers.count) }
    guard numbers.count > 1 << 13 else {
        // So few that sorting them takes less than the histograms.
        let sorted = numbers.map(ascendingKey).sorted().map(floatOf)
        return places.map { place in
            let (low, high) = (sorted[place.index], sorted[min(place.index + 1, sorted.count - 1)])
            return interpolate(Double(low), Double(high - low), Double(high), place.share)
        }
    }
    let ranks = places.flatMap { [$0.index, min($0.index + 1, numbers.count - 1)] }
    let counts = tally(numbers.count, buckets: 1 << 16, workers) { range, counts in
        for number in numbers[range] { counts[Int(ascendingKey(number) >> 16)] += 1 }
    }
    let buckets = ranks.map { bucket(of: $0, counts[...]) }
    // Ranks that lie together share a histogram, whose place is in the table; −1 is nobody's.
    var table = [Int](repeating: -1, count: 1 << 16)
    var length = 0
    for (upper, _) in buckets where table[upper] < 0 {
        table[upper] = length
        length += 1 << 16
    }
    let starts = table
    let fine = tally(numbers.count, buckets: length, workers) { range, counts in
        for number in numbers[range] {
            let key = ascendingKey(number)
            let start = starts[Int(key >> 16)]
            if start >= 0 { counts[start + Int(key & 0xffff)] += 1 }
        }
    }
    let found = zip(ranks, buckets).map { rank, place -> Double in
        let start = starts[place.upper]
        let (lower, _) = bucket(of: rank - place.below, fine[start..<(start + (1 << 16))])
        return Double(floatOf(ascendingKey: UInt32(place.upper) << 16 | UInt32(lower)))
    }
    return places.indices.map { index in
        let (low, high) = (found[2 * index], found[2 * index + 1])
        return interpolate(low, Double(Float(high) - Float(low)), high, places[index].share)
    }
}

/// The bucket that holds the number of rank `rank`, and how many numbers lie in those before it.
private func bucket(of rank: Int, _ counts: ArraySlice<UInt32>) -> (upper: Int, below: Int) {
    var (upper, below) = (0, 0)
    while below + Int(counts[counts.startIndex + upper]) <= rank {
        below += Int(counts[counts.startIndex + upper])
        upper += 1
    }
    return (upper, below)
}

/// What `count` adds to as many buckets, over parts of `total` numbers.
private func tally(
    _ total: Int,
    buckets: Int,
    _ workers: any Workers,
    _ count: @escaping @Sendable (Range<Int>, inout [UInt32]) -> Void
) -> [UInt32] {
    let parts = min(max(1, total >> 18), 8)
    let counts = workers.map(parts) { part in
        var counts = [UInt32](repeating: 0, count: buckets)
        count((total * part / parts)..<(total * (part + 1) / parts), &counts)
        return counts
    }
    var sum = counts[0]
    for part in counts.dropFirst() {
        for bucket in 0..<buckets { sum[bucket] += part[bucket] }
    }
    return sum
}

/// A number that is ordered as the float is.
func ascendingKey(_ number: Float) -> UInt32 {
    let bits = number.bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 1 << 31
}

/// The float whose ascending key is `key`.
func floatOf(ascendingKey key: UInt32) -> Float {
    Float(bitPattern: key >> 31 == 1 ? key & 0x7fff_ffff : ~key)
}

extension ColumnNoise {
    /// The signal-to-noise ratio of `sum`: (sum − median) ÷ deviation, in 32-bit roundings as
    /// turboSETI makes them, or in 64 bits.
    func ratio(of sum: Float, _ method: SearchMethod) -> Float {
        switch method {
        case .turboSETI: (sum - median) / deviation
        case .native: Float((Double(sum) - Double(median)) / Double(deviation))
        }
    }
}

/// The largest sum that is no hit: its ratio is not above the threshold.
///
/// Subtraction and division by a positive number are monotone, so a comparison with this number
/// decides exactly as the ratio would.
func rawThreshold(_ noise: ColumnNoise, threshold: Float, _ method: SearchMethod) -> Float {
    var low = ascendingKey(-.greatestFiniteMagnitude)
    var high = ascendingKey(.greatestFiniteMagnitude)
    while low < high {
        let middle = low + (high - low + 1) / 2
        if noise.ratio(of: floatOf(ascendingKey: middle), method) <= threshold {
            low = middle
        } else {
            high = middle - 1
        }
    }
    return floatOf(ascendingKey: low)
}
