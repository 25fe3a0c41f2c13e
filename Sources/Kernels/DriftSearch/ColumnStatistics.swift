/// Median and deviation of the column sums of one coarse channel, with the bits of turboSETI.
///
/// TurboSETI sums and averages in the type that its arrays happen to have: 32-bit floats only when
/// the file has such samples and a power of two of steps, and 64-bit floats in all other cases,
/// because padding steps and integer sums promote the array.
struct ColumnStatistics {
    let median: Float
    let deviation: Float

    /// Statistics of sums that were made in 32 bits; `sums` is not empty.
    init(single sums: [Float]) {
        let order = OrderStatistics(sums)
        let low = Float(order.percentile(5))
        let high = Float(order.percentile(95))
        let kept = sums.filter { $0 <= high && $0 >= low }
        median = Float(order.percentile(50))
        deviation = standardDeviation(kept)
    }

    /// Statistics of sums that were made in 64 bits; `sums` is not empty.
    init(double sums: [Double]) {
        let sorted = sums.sorted()
        let low = percentile(sorted, 5)
        let high = percentile(sorted, 95)
        median = Float(percentile(sorted, 50))
        deviation = Float(standardDeviation(sums.filter { $0 <= high && $0 >= low }))
    }
}

private func standardDeviation<Number: BinaryFloatingPoint>(_ numbers: [Number]) -> Number {
    let count = Number(numbers.count)
    let mean = numpySum(numbers) / count
    let squares = numbers.map { ($0 - mean) * ($0 - mean) }
    return (numpySum(squares) / count).squareRoot()
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

/// Finds numbers by rank without sorting: a histogram of the upper 16 bits, then of the lower 16.
private struct OrderStatistics {
    private let keys: [UInt32]
    private let counts: [Int]

    init(_ numbers: [Float]) {
        keys = numbers.map(ascendingKey)
        var counts = [Int](repeating: 0, count: 1 << 16)
        for key in keys { counts[Int(key >> 16)] += 1 }
        self.counts = counts
    }

    func percentile(_ percent: Double) -> Double {
        let (index, share) = rank(percent, count: keys.count)
        let low = number(index)
        let high = number(min(index + 1, keys.count - 1))
        return interpolate(Double(low), Double(high - low), Double(high), share)
    }

    private func number(_ index: Int) -> Float {
        var below = 0
        var upper = 0
        while below + counts[upper] <= index {
            below += counts[upper]
            upper += 1
        }
        var fine = [Int](repeating: 0, count: 1 << 16)
        for key in keys where Int(key >> 16) == upper { fine[Int(key & 0xffff)] += 1 }
        var lower = 0
        while below + fine[lower] <= index {
            below += fine[lower]
            lower += 1
        }
        return floatOf(ascendingKey: UInt32(upper) << 16 | UInt32(lower))
    }
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

/// The largest sum that is no hit: (sum − median) ÷ deviation ≤ threshold, in 32-bit roundings.
///
/// Subtraction and division by a positive number are monotone, so a comparison with this number
/// decides exactly as the quotient would.
func rawThreshold(_ channel: CoarseChannel, threshold: Float) -> Float {
    var low = ascendingKey(-.greatestFiniteMagnitude)
    var high = ascendingKey(.greatestFiniteMagnitude)
    while low < high {
        let middle = low + (high - low + 1) / 2
        let sum = floatOf(ascendingKey: middle)
        if (sum - channel.median) / channel.deviation <= threshold {
            low = middle
        } else {
            high = middle - 1
        }
    }
    return floatOf(ascendingKey: low)
}
