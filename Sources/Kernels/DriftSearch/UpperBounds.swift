/// The window maxima of a tile in one direction, laid out so that the upper bounds of eight windows
/// are sums of whole vectors.
///
/// Row i's maximum of `cellCount(row: i)` cells from cell u on is in plane `u mod 4` of the row,
/// at `u / 4`: windows, which are four cells apart, are neighbours. `EvidenceFold` has the
/// definition.
struct UpperBounds {
    private let windowCount: Int
    private let treeSteps: Int
    private let planeLength: Int
    private var planes: [Float]

    init(_ rows: TileRows, _ grid: DriftGrid) {
        windowCount = Kernels.windowCount(width: rows.width)
        treeSteps = grid.treeSteps
        planeLength = windowCount + (grid.lastBlock * (treeSteps - 1)) / 16 + 1
        planes = [Float](repeating: 0, count: treeSteps * 4 * planeLength)
        for row in 0..<treeSteps {
            let maxima = Self.maxima(rows, row: row, count: 4 * planeLength)
            let start = row * 4 * planeLength
            for index in 0..<planeLength {
                for plane in 0..<4 {
                    planes[start + plane * planeLength + index] = maxima[4 * index + plane]
                }
            }
        }
    }

    /// Folds the bounds of all windows in `block` into `evidence`.
    func fold(block: Int, into evidence: inout EvidenceFold) {
        let starts = (0..<treeSteps).map { row in
            let cell = block * row / 4
            return (4 * row + cell % 4) * planeLength + cell / 4
        }
        var fold = evidence
        unsafe planes.withUnsafeBufferPointer { planes in
            unsafe starts.withUnsafeBufferPointer { starts in
                guard let base = planes.baseAddress else { return }
                for window in stride(from: 0, to: windowCount, by: 8) {
                    unsafe fold.add(treeSum(base + window, starts[...]))
                }
            }
        }
        evidence = fold
    }

    /// For each of `count` cells the largest of the cells that a window there touches.
    private static func maxima(_ rows: TileRows, row: Int, count: Int) -> [Float] {
        let span = cellCount(row: row)
        var cells = [Float](repeating: 0, count: count + span)
        var wider = cells
        let start = row * rows.stride + rows.halo
        let known = min(cells.count, (rows.stride - rows.halo) / 4)
        unsafe rows.numbers.withUnsafeBufferPointer { samples in
            unsafe cells.withUnsafeMutableBufferPointer { cells in
                for cell in 0..<known {
                    let first = start &+ 4 &* cell
                    let left = unsafe larger(samples[first], samples[first &+ 1])
                    let right = unsafe larger(samples[first &+ 2], samples[first &+ 3])
                    unsafe cells[cell] = larger(left, right)
                }
            }
        }
        var reach = 1
        while reach < span {
            let shift = min(reach, span - reach)
            widen(cells, by: shift, into: &wider)
            swap(&cells, &wider)
            reach += shift
        }
        return cells
    }

    /// Makes each cell the larger of itself and the one `shift` cells further on.
    ///
    /// From one array to another: in place, the compiler could not make vectors of it.
    private static func widen(_ cells: [Float], by shift: Int, into wider: inout [Float]) {
        unsafe cells.withUnsafeBufferPointer { cells in
            unsafe wider.withUnsafeMutableBufferPointer { wider in
                for cell in 0..<(cells.count - shift) {
                    unsafe wider[cell] = larger(cells[cell], cells[cell &+ shift])
                }
            }
        }
    }
}

@inline(__always)
private func larger(_ left: Float, _ right: Float) -> Float { left > right ? left : right }

/// The sum of the vectors at `starts`, by halves.
private func treeSum(
    _ base: UnsafePointer<Float>,
    _ starts: Slice<UnsafeBufferPointer<Int>>
) -> SIMD8<Float> {
    let first = unsafe starts.startIndex
    if unsafe starts.count == 2 {
        return unsafe vector(base, starts[first]) + vector(base, starts[first + 1])
    }
    if unsafe starts.count == 4 {
        let left = unsafe vector(base, starts[first]) + vector(base, starts[first + 1])
        let right = unsafe vector(base, starts[first + 2]) + vector(base, starts[first + 3])
        return left + right
    }
    let middle = unsafe first + starts.count / 2
    return unsafe treeSum(base, starts[first..<middle])
        + treeSum(base, starts[middle..<starts.endIndex])
}

/// Eight numbers from `start` on.
@inline(__always)
func vector(_ base: UnsafePointer<Float>, _ start: Int) -> SIMD8<Float> {
    unsafe UnsafeRawPointer(base + start).loadUnaligned(as: SIMD8<Float>.self)
}
