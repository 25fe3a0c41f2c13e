/// The sum of `numbers` with exactly the roundings of numpy 1.26.
///
/// Numpy sums blocks of 8 192 one after the other, and each block by halves down to 128 numbers,
/// which go to eight accumulators in turn.
/// - Source: numpy 1.26, `umath/loops_utils.h.src`, `pairwise_sum`; buffer size 8 192.
func numpySum<Number: BinaryFloatingPoint & Sendable>(
    _ numbers: [Number],
    _ workers: any Workers
) -> Number {
    sumOfChunks(numbers.count, workers) { range in
        pairwiseSum(numbers, range)
    }
}

/// The same of the squares of what `numbers` are away from `mean`.
func numpySumOfSquares<Number: BinaryFloatingPoint & Sendable>(
    _ numbers: [Number],
    from mean: Number,
    _ workers: any Workers
) -> Number {
    sumOfChunks(numbers.count, workers) { range in
        let squares = numbers[range].map { ($0 - mean) * ($0 - mean) }
        return pairwiseSum(squares, 0..<squares.count)
    }
}

/// Adds the sums of chunks of 8 192 numbers, from the first one to the last.
private func sumOfChunks<Number: BinaryFloatingPoint & Sendable>(
    _ count: Int,
    _ workers: any Workers,
    _ sum: @escaping @Sendable (Range<Int>) -> Number
) -> Number {
    let (chunk, share) = (8_192, 16 * 8_192)
    let parts = workers.map((count + share - 1) / share) { part in
        let end = min((part + 1) * share, count)
        return stride(from: part * share, to: end, by: chunk).map { start in
            sum(start..<min(start + chunk, end))
        }
    }
    var total: Number = 0
    for part in parts {
        for sum in part { total += sum }
    }
    return total
}

private func pairwiseSum<Number: BinaryFloatingPoint>(
    _ numbers: [Number],
    _ range: Range<Int>
) -> Number {
    if range.count < 8 {
        return numbers[range].reduce(0, +)
    }
    guard range.count > 128 else { return blockSum(numbers, range) }
    let half = range.count / 2
    let middle = range.lowerBound + half - half % 8
    return pairwiseSum(numbers, range.lowerBound..<middle)
        + pairwiseSum(numbers, middle..<range.upperBound)
}

private func blockSum<Number: BinaryFloatingPoint>(
    _ numbers: [Number],
    _ range: Range<Int>
) -> Number {
    var lanes = (
        numbers[range.lowerBound], numbers[range.lowerBound + 1], numbers[range.lowerBound + 2],
        numbers[range.lowerBound + 3], numbers[range.lowerBound + 4],
        numbers[range.lowerBound + 5], numbers[range.lowerBound + 6],
        numbers[range.lowerBound + 7]
    )
    var index = range.lowerBound + 8
    let end = range.upperBound - range.count % 8
    while index < end {
        lanes.0 += numbers[index]
        lanes.1 += numbers[index + 1]
        lanes.2 += numbers[index + 2]
        lanes.3 += numbers[index + 3]
        lanes.4 += numbers[index + 4]
        lanes.5 += numbers[index + 5]
        lanes.6 += numbers[index + 6]
        lanes.7 += numbers[index + 7]
        index += 8
    }
    let left = (lanes.0 + lanes.1) + (lanes.2 + lanes.3)
    let right = (lanes.4 + lanes.5) + (lanes.6 + lanes.7)
    return numbers[index..<range.upperBound].reduce(left + right, +)
}
