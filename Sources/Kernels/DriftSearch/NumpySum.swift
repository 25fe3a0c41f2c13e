/// The sum of `numbers` with exactly the roundings of numpy 1.26.
///
/// Numpy sums blocks of 8 192 one after the other, and each block by halves down to 128 numbers,
/// which go to eight accumulators in turn.
/// - Source: numpy 1.26, `umath/loops_utils.h.src`, `pairwise_sum`; buffer size 8 192.
func numpySum<Number: BinaryFloatingPoint>(_ numbers: [Number]) -> Number {
    var total: Number = 0
    for start in stride(from: 0, to: numbers.count, by: 8_192) {
        total += pairwiseSum(numbers, start..<min(start + 8_192, numbers.count))
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
