import Primitives

/// Thirty-two bytes that follow from every upper bound of a unit, in a fixed order.
///
/// Who skips a window, a drift block or a direction has other bytes. The definition, for a tile of
/// `w` columns, T tree steps, and rows `x[i][j]` where j counts from the tile's first column in the
/// direction of the search (mirrored: from the last one backwards), after spikes are settled and,
/// under a boxcar, columns are summed:
///
/// 1. A *window* `q` is the columns 8q … 8q+7. Windows go in groups of 16; there are `⌈w/128⌉`
///    groups. Columns beyond the tile and its halo count as 0. There is no −0: it counts as 0.
/// 2. A *half* is the paths 0 … T/2−1, or the others. On the paths of half h, row i is moved by
///    `least[h][i]` to `most[h][i]` columns.
/// 3. `m[i]` is the largest sample of row i that the paths of half h in drift block B can touch
///    from window q: columns 8q + B·i + least[h][i] … 8q + 7 + B·i + most[h][i].
/// 4. The *upper bound* is the sum of `m[0] … m[T−1]` in the order of the tree:
///    ((m[0]+m[1]) + (m[2]+m[3])) + …, each sum rounded to 32 bits. Rounding is monotone, so no sum
///    that starts in the window is larger.
/// 5. Eight 32-bit lanes start at 0. In order of boxcar (the narrowest first), direction (mirrored
///    first), strip (the first one first; 4 096 columns each), drift block (mirrored: the last one
///    first), half (mirrored: the second one first) and eight windows, lane l takes the bits b of
///    the bound of the l-th of them: `lane ← rotateLeft(lane xor b, 13)·5 + 0xe6546b64`, modulo
///    2³².
/// 6. The evidence is SHA-256 of the eight lanes, little-endian.
struct EvidenceFold: Hashable {
    private(set) var lanes = SIMD8<UInt32>(repeating: 0)

    init() {}

    /// Continues from a checkpoint.
    init(lanes: SIMD8<UInt32>) { self.lanes = lanes }

    /// Takes in the upper bounds of eight windows.
    private mutating func add(_ bounds: SIMD8<Float>) {
        let bits = unsafe unsafeBitCast(bounds, to: SIMD8<UInt32>.self)
        var word = lanes ^ bits
        word = word &<< 13 | word &>> 19
        lanes = word &+ word &<< 2 &+ 0xe654_6b64
    }

    /// Takes in upper bounds by groups of eight; their count is a multiple of eight.
    mutating func add(_ bounds: [Float]) {
        for start in stride(from: 0, to: bounds.count, by: 8) {
            var group = SIMD8<Float>()
            for lane in 0..<8 { group[lane] = bounds[start + lane] }
            add(group)
        }
    }

    /// Lets `body` fold bounds into the lanes, which are eight.
    mutating func withLanes<Answer>(_ body: (UnsafeMutablePointer<UInt32>) -> Answer) -> Answer {
        unsafe withUnsafeMutableBytes(of: &lanes) { bytes in
            unsafe bytes.withMemoryRebound(to: UInt32.self) { words in
                guard let start = words.baseAddress else { preconditionFailure("eight lanes") }
                return unsafe body(start)
            }
        }
    }

    var digest: Digest {
        var bytes: Bytes = []
        for lane in 0..<8 { bytes.append(littleEndian: lanes[lane]) }
        return SHA256.hash(bytes)
    }
}

/// How many windows `columns` of a tile have: groups of 16.
func windowCount(_ columns: Int) -> Int { (columns + 127) / 128 * 16 }

/// By how many columns path `path` of a tree of `steps` moves row `row`.
func move(row: Int, path: Int, steps: Int) -> Int {
    var (row, path, size, columns) = (row, path, steps, 0)
    while size > 1 {
        let half = size / 2
        if row >= half {
            row -= half
            columns += (path + 1) / 2
        }
        path /= 2
        size = half
    }
    return columns
}

/// The upper bounds of the windows of a strip in one drift block and half, from the definition.
func scalarBounds(
    _ strip: Stripe,
    block: Int,
    half: Int,
    _ rows: TileRows,
    _ grid: DriftGrid
) -> [Float] {
    let steps = grid.treeSteps
    return (0..<strip.windowCount).map { window in
        var maxima: [Float] = []
        for row in 0..<steps {
            let first = strip.start + 8 * window + block * row
            let least = first + move(row: row, path: half * steps / 2, steps: steps)
            let most = first + 7 + move(row: row, path: (half + 1) * steps / 2 - 1, steps: steps)
            let start = row * rows.stride + rows.halo
            var largest: Float = most >= rows.width + rows.halo ? 0 : -.infinity
            for column in least..<min(most + 1, max(least, rows.width + rows.halo)) {
                largest = max(largest, rows.numbers[start + column])
            }
            maxima.append(largest)
        }
        while maxima.count > 1 {
            maxima = stride(from: 0, to: maxima.count, by: 2).map { maxima[$0] + maxima[$0 + 1] }
        }
        return maxima[0]
    }
}
