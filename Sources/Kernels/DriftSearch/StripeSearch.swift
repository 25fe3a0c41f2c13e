/// Some columns of a tile and where they lie, so that a search of them stays in cache.
struct Stripe {
    /// The first column, in the direction of the search, from the tile's first one.
    let start: Int
    /// Columns that are searched, in the same direction.
    let columns: Range<Int>
    /// Windows with upper bounds; none of the tail's, which are those of the other stripes.
    let windowCount: Int
    /// Columns from the tile's first one to the end of the coarse channel.
    let channelEnd: Int
    /// Whether these are columns whose sums turboSETI leaves unfinished.
    let isTail: Bool
}

/// The stripes of one tile in one direction: even ones, then the unfinished tail if it has one.
///
/// TurboSETI's tree updates a channel's columns in place, except the last T. So the last 2T columns
/// of a channel (the first ones for negative drift) mix samples and sums. Our own search has no
/// tail.
struct StripeLayout {
    /// Columns of a stripe, whose maxima stay near the processor; the last one may have fewer.
    static let width = 4_096

    private let tileWidth: Int
    private let tailStart: Int
    private let channelEnd: Int

    init(_ geometry: DriftGeometry, _ tile: Tile, mirrored: Bool) {
        let count = geometry.columnCount
        let start = mirrored ? count - tile.columns.upperBound : tile.columns.lowerBound
        tileWidth = tile.columns.count
        guard geometry.method == .turboSETI else {
            tailStart = tileWidth
            channelEnd = .max
            return
        }
        channelEnd = count - start
        tailStart = max(0, min(tileWidth, channelEnd - 2 * geometry.grid.treeSteps))
    }

    /// Stripes without the tail.
    private var evenCount: Int { (tileWidth + Self.width - 1) / Self.width }

    /// Whether the sums of the column at `position`, in this direction, stay unfinished.
    func isUnfinished(_ position: Int) -> Bool { position >= tailStart }

    var count: Int { evenCount + (tailStart < tileWidth ? 1 : 0) }

    subscript(index: Int) -> Stripe {
        guard index < evenCount else {
            return Stripe(
                start: tailStart,
                columns: tailStart..<tileWidth,
                windowCount: 0,
                channelEnd: channelEnd,
                isTail: true
            )
        }
        let start = index * Self.width
        let end = min(start + Self.width, tileWidth)
        return Stripe(
            start: start,
            columns: min(start, tailStart)..<min(end, tailStart),
            windowCount: Kernels.windowCount(end - start),
            channelEnd: channelEnd,
            isTail: false
        )
    }
}

/// One stripe searched in one drift block, by turboSETI's own algorithm: rows are rolled, summed in
/// place, and read in bit-reversed order.
///
/// Away from a channel's end it is the plain tree. It is the reference of every other variant, and
/// the only one for the tail.
struct InPlaceTree {
    private let steps: Int
    private var buffer: [Float] = []

    init(steps: Int) { self.steps = steps }

    mutating func search(
        _ stripe: Stripe,
        block: Int,
        _ rows: TileRows,
        _ recorder: inout HitRecorder
    ) {
        let columns = stripe.columns
        guard !columns.isEmpty else { return }
        let end = min(columns.upperBound + 2 * steps, stripe.channelEnd)
        let width = end - columns.lowerBound
        load(rows, from: columns.lowerBound, width: width, block: block)
        sum(width: width, updated: max(0, width - steps))
        let depth = steps.trailingZeroBitCount
        for (path, drift) in recorder.paths(block: block, mirrored: rows.isMirrored) {
            let row = bitReversed(path, bits: depth) * width
            for index in 0..<columns.count where buffer[row + index] > recorder.rawThreshold {
                let position = columns.lowerBound + index
                recorder.record(
                    column: rows.isMirrored ? rows.width - 1 - position : position,
                    sum: buffer[row + index],
                    drift: drift
                )
            }
        }
    }

    private mutating func load(_ rows: TileRows, from column: Int, width: Int, block: Int) {
        buffer.removeAll(keepingCapacity: true)
        for step in 0..<steps {
            let start = step * rows.stride + rows.halo + column + block * step
            buffer.append(contentsOf: rows.numbers[start..<(start + width)])
        }
    }

    private mutating func sum(width: Int, updated: Int) {
        var level = 0
        while 1 << level < steps {
            level += 1
            for group in 0..<(steps >> level) {
                let base = group << level
                for pair in 0..<(1 << (level - 1)) {
                    add(
                        upper: (base + bitReversed(2 * pair, bits: level)) * width,
                        lower: (base + bitReversed(2 * pair + 1, bits: level)) * width,
                        shift: pair,
                        count: updated
                    )
                }
            }
        }
    }

    private mutating func add(upper: Int, lower: Int, shift: Int, count: Int) {
        for index in 0..<count {
            let sum = buffer[upper + index] + buffer[lower + index + shift]
            buffer[lower + index] = buffer[upper + index] + buffer[lower + index + shift + 1]
            buffer[upper + index] = sum
        }
    }
}

/// The lowest `bits` bits of `number`, in reverse order.
func bitReversed(_ number: Int, bits: Int) -> Int {
    var reversed = 0
    for bit in 0..<bits where number >> bit & 1 == 1 { reversed |= 1 << (bits - 1 - bit) }
    return reversed
}
