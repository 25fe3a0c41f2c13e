import Primitives

/// Thirty-two bytes that follow from every upper bound of a unit, in a fixed order.
///
/// Who skips a window, a drift block or a direction has other bytes. The definition, for a tile of
/// `w` columns, T tree steps, and rows `x[i][j]` where j counts from the tile's first column in the
/// direction of the search (mirrored: from the last one backwards), after the DC column is settled:
///
/// 1. A *cell* is the largest of four neighbours: `cell[i][u] = max(x[i][4u] … x[i][4u+3])`.
///    Columns beyond the tile and its right halo count as 0. There is no −0: it counts as 0.
/// 2. A *window* `q` is the columns 16q … 16q+15. In drift block `B`, no path out of it leaves in
///    row i the `g = (22 + i) / 4` cells (division of whole numbers) from `4q + ⌊B·i/4⌋` on. The
///    largest of these cells is `m[i]`.
/// 3. The *upper bound* of window q in block B is the sum of `m[0] … m[T−1]` in the order of the
///    tree: ((m[0]+m[1]) + (m[2]+m[3])) + …, each sum rounded to 32 bits. Rounding is monotone, so
///    no sum that starts in the window is larger.
/// 4. Eight 32-bit lanes start at 0. In order of direction (mirrored first), block (0 first) and
///    group of eight windows (`⌈w/128⌉` groups), lane l takes the bits b of the bound of window
///    8·group + l: `lane ← rotateLeft(lane xor b, 13)·5 + 0xe6546b64`, modulo 2³².
/// 5. The evidence is SHA-256 of the eight lanes, little-endian.
struct EvidenceFold: Hashable {
    private(set) var lanes = SIMD8<UInt32>(repeating: 0)

    init() {}

    /// Continues from a checkpoint.
    init(lanes: SIMD8<UInt32>) { self.lanes = lanes }

    /// Takes in the upper bounds of eight windows.
    @inline(__always)
    mutating func add(_ bounds: SIMD8<Float>) {
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

    var digest: Digest {
        var bytes: Bytes = []
        for lane in 0..<8 { bytes.append(littleEndian: lanes[lane]) }
        return SHA256.hash(bytes)
    }
}

/// How many windows of a tile have upper bounds: groups of eight.
func windowCount(width: Int) -> Int { (width + 127) / 128 * 8 }

/// How many cells of row `row` a window's paths can touch.
func cellCount(row: Int) -> Int { (22 + row) / 4 }

/// The upper bounds of all windows in one drift block, straight from the definition.
func scalarBounds(block: Int, _ rows: TileRows, _ grid: DriftGrid) -> [Float] {
    (0..<windowCount(width: rows.width)).map { window in
        var maxima: [Float] = []
        for row in 0..<grid.treeSteps {
            let first = 16 * window + block * row / 4 * 4
            let start = row * rows.stride + rows.halo
            let end = min(first + 4 * cellCount(row: row), rows.width + rows.halo)
            var largest: Float = end < first + 4 * cellCount(row: row) ? 0 : -.infinity
            for column in first..<max(first, end) {
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
