import CKernels

/// Searches stripes with the vectors of the processor; never the tail of a channel.
///
/// For each drift block and half of the paths it makes the upper bound of every window, which is
/// evidence of the work, and searches those windows alone whose bound is above the threshold. Where
/// they are many it searches all of them at once, which is faster then. Where nobody asks for
/// evidence it makes no bounds either for some stripes after such a one.
///
/// Sums are made out of place, so that nothing is lost at the end of a stripe, and in the order of
/// turboSETI's tree: path k of m rows is path ⌊k/2⌋ of the first half plus path ⌊k/2⌋ of the second
/// half, moved by ⌈k/2⌉ columns.
struct VectorTree {
    private let instructions: CInt
    private let steps: Int
    private let grid: DriftGrid
    private var reach: [Int32]
    /// The sum of `reach` as it was made.
    private let reachSum: Int32
    private var maxima: [Float] = []
    /// The sum of the bit patterns in `maxima`: what goes is taken out as it is found, and what
    /// comes is put in.
    private var maximaSum: UInt32 = 0
    private var scratch: [Float] = []
    private var survivors: [[UInt32]] = [[], []]
    private var hits = [drift_hit](repeating: drift_hit(), count: Self.hitCount)
    /// Whether so many windows were left in the block before that they need not be listed in the
    /// next one: listing them takes longer than counting.
    private var isCrowded = false
    private let isProven: Bool
    /// How many stripes are still to be searched without bounds.
    private var unboundedStripes = 0
    private var levels: LevelTree?
    /// Whose maxima these are.
    private var place: Place?
    /// What was found not to be as it was left.
    private(set) var damage: CheckedPart?

    private struct Place: Equatable {
        let start: Int
        let isMirrored: Bool
        let boxcar: Int
        let firstBlock: Int
    }

    /// Hits that are handed over at once.
    private static let hitCount = 1_024
    /// Of the windows, in 100, above which all columns are searched at once.
    private static let survivorsMax = 40
    /// Stripes without bounds after one in which they spared nothing.
    private static let unboundedStripesMax = 7

    /// Drift blocks that share maxima: as many as move the last row by twice a stripe at most.
    private var blocksAtOnce: Int { max(1, 2 * StripeLayout.width / (steps - 1)) }

    init(_ grid: DriftGrid, instructions: CInt, isProven: Bool) {
        self.grid = grid
        self.isProven = isProven
        self.instructions = instructions
        let steps = grid.treeSteps
        self.steps = steps
        var reach: [Int32] = []
        for half in 0..<2 {
            for row in 0..<steps {
                reach.append(Int32(move(row: row, path: half * steps / 2, steps: steps)))
                let last = (half + 1) * steps / 2 - 1
                reach.append(Int32(move(row: row, path: last, steps: steps)))
            }
        }
        self.reach = reach
        reachSum = reach.reduce(0, &+)
        if steps != 16 { levels = LevelTree(steps: steps) }
    }

    /// Makes the bounds of `stripe` in drift block `block`, and records every hit.
    mutating func search(
        _ stripe: Stripe,
        block: Int,
        _ rows: TileRows,
        _ evidence: inout EvidenceFold,
        _ recorder: inout HitRecorder
    ) {
        let span = StripeSpan(
            start: stripe.start,
            columnCount: stripe.columns.count,
            block: block,
            isMirrored: rows.isMirrored,
            tileWidth: rows.width
        )
        unsafe rows.numbers.withUnsafeBufferPointer { numbers in
            guard let samples = numbers.baseAddress else { return }
            let firstBlock = block / blocksAtOnce * blocksAtOnce
            var strip = unsafe drift_strip(
                samples: samples + rows.halo + stripe.start,
                stride: rows.stride,
                steps: Int32(steps),
                first_block: Int32(firstBlock),
                last_block: Int32(min(firstBlock + blocksAtOnce - 1, grid.lastBlock)),
                windows: Int32(stripe.windowCount),
                columns: Int32(stripe.columns.count)
            )
            let place = Place(
                start: stripe.start,
                isMirrored: rows.isMirrored,
                boxcar: rows.boxcar,
                firstBlock: firstBlock
            )
            if !isProven, skipsBounds(place) {
                guard !stripe.columns.isEmpty else { return }
                return levels == nil
                    ? unsafe searchAll(&strip, span, &recorder)
                    : unsafe levels?.search(strip, span, &recorder) ?? ()
            }
            guard unsafe prepare(&strip, place) else { return }
            let raw = recorder.rawThreshold
            let first = unsafe bound(&strip, block, span.firstHalf, raw, &evidence)
            let second = unsafe bound(&strip, block, 1 - span.firstHalf, raw, &evidence)
            guard first + second > 0, !stripe.columns.isEmpty else { return }
            let share = 100 * Int(first + second) / (2 * stripe.windowCount)
            let areListed = !isCrowded
            isCrowded = share > Self.survivorsMax
            if levels != nil {
                unsafe levels?.search(strip, span, &recorder)
            } else if isCrowded || !areListed {
                unsafe searchAll(&strip, span, &recorder)
            } else {
                unsafe search(&strip, half: span.firstHalf, count: first, span, &recorder)
                unsafe search(&strip, half: 1 - span.firstHalf, count: second, span, &recorder)
            }
        }
    }

    /// Whether bounds have spared nothing lately, so that this place is searched without.
    private mutating func skipsBounds(_ next: Place) -> Bool {
        guard next != place else { return unboundedStripes > 0 }
        if unboundedStripes > 0 {
            unboundedStripes -= 1
        } else if isCrowded {
            unboundedStripes = Self.unboundedStripesMax
        }
        guard unboundedStripes > 0 else { return false }
        place = next
        isCrowded = false
        return true
    }

    /// Makes the maxima of the stripe, unless they are there; false when nobody knows any more how
    /// far paths reach, and where they would lead.
    private mutating func prepare(
        _ strip: inout drift_strip,
        _ wanted: Place
    ) -> Bool {
        guard place != wanted else { return true }
        guard reach.reduce(0, &+) == reachSum else {
            damage = .constants
            return false
        }
        place = wanted
        let count = unsafe drift_maxima_count(&strip)
        let scratchCount = unsafe drift_scratch_count(&strip)
        if maxima.count < count {
            if let part = check() { damage = part }
            maxima = [Float](repeating: 0, count: count)
            maximaSum = 0
        }
        if scratch.count < scratchCount { scratch = [Float](repeating: 0, count: scratchCount) }
        for half in 0..<2 where survivors[half].count < Int(unsafe strip.windows) {
            survivors[half] = [UInt32](repeating: 0, count: Int(unsafe strip.windows))
        }
        unsafe maxima.withUnsafeMutableBufferPointer { maxima in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                maximaSum &+= unsafe drift_maxima(
                    instructions,
                    &strip,
                    reach,
                    scratch.baseAddress,
                    maxima.baseAddress
                )
            }
        }
        return true
    }

    /// Folds the bounds of one half into the evidence; returns how many are above `raw`, and lists
    /// them unless they were too many in the block before.
    private mutating func bound(
        _ strip: inout drift_strip,
        _ block: Int,
        _ half: Int,
        _ raw: Float,
        _ evidence: inout EvidenceFold
    ) -> Int32 {
        unsafe evidence.withLanes { lanes in
            unsafe survivors[half].withUnsafeMutableBufferPointer { survivors in
                unsafe drift_bounds(
                    instructions,
                    &strip,
                    maxima,
                    Int32(block),
                    Int32(half),
                    raw,
                    lanes,
                    isCrowded ? nil : survivors.baseAddress
                )
            }
        }
    }

    /// Searches the windows of one half that the bounds have left.
    private mutating func search(
        _ strip: inout drift_strip,
        half: Int,
        count: Int32,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        var next: Int32 = 0
        while next < count {
            let found = unsafe hits.withUnsafeMutableBufferPointer { hits in
                var search = unsafe span.search(hits, raw: recorder.rawThreshold)
                return unsafe drift_windows(
                    instructions,
                    &strip,
                    &search,
                    Int32(half),
                    survivors[half],
                    count,
                    &next
                )
            }
            record(found, span, &recorder)
        }
    }

    /// Searches every column on every path.
    private mutating func searchAll(
        _ strip: inout drift_strip,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let end = unsafe strip.columns
        var next: Int32 = 0
        while next < end {
            let found = unsafe hits.withUnsafeMutableBufferPointer { hits in
                var search = unsafe span.search(hits, raw: recorder.rawThreshold)
                return unsafe drift_columns(instructions, &strip, &search, &next)
            }
            record(found, span, &recorder)
        }
    }

    private func record(_ count: Int32, _ span: StripeSpan, _ recorder: inout HitRecorder) {
        guard count > 0 else { return }
        let drifts = recorder.drifts(block: span.block, mirrored: span.isMirrored)
        for hit in hits.prefix(Int(count)) {
            guard let drift = drifts[Int(hit.path)] else { continue }
            recorder.record(column: span.column(Int(hit.column)), sum: hit.sum, drift: drift)
        }
    }
}

// MARK: - Self-checks

extension VectorTree {
    /// What is not as it was left; nil when everything is.
    func check() -> CheckedPart? {
        if let damage { return damage }
        guard reach.reduce(0, &+) == reachSum else { return .constants }
        return wordSum(maxima, instructions) == maximaSum ? nil : .maxima
    }

    /// Lets `body` damage `region`, as a fault of the memory would.
    mutating func withMemory(
        of region: MemoryRegion,
        _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        switch region {
        case .maxima: unsafe maxima.withUnsafeMutableBytes { unsafe body($0) }
        case .scratch: unsafe scratch.withUnsafeMutableBytes { unsafe body($0) }
        case .survivors: unsafe survivors[0].withUnsafeMutableBytes { unsafe body($0) }
        case .hitBuffer: unsafe hits.withUnsafeMutableBytes { unsafe body($0) }
        case .reach: unsafe reach.withUnsafeMutableBytes { unsafe body($0) }
        default: break
        }
    }
}

/// Which columns and drifts a search stands for.
struct StripeSpan {
    /// The stripe's first column, in the direction of the search.
    let start: Int
    /// Columns that are searched.
    let columnCount: Int
    let block: Int
    let isMirrored: Bool
    let tileWidth: Int

    /// The half of the paths that is searched first.
    var firstHalf: Int { isMirrored ? 1 : 0 }

    /// What the inner loops must know of it.
    func search(_ hits: UnsafeMutableBufferPointer<drift_hit>, raw: Float) -> drift_search {
        unsafe drift_search(
            block: Int32(block),
            raw: raw,
            descends: isMirrored ? 1 : 0,
            hits: hits.baseAddress,
            capacity: Int32(hits.count)
        )
    }

    /// The tile's column of the stripe's column `index`.
    func column(_ index: Int) -> Int {
        isMirrored ? tileWidth - 1 - (start + index) : start + index
    }
}

extension HitRecorder {
    /// Records the numbers of `sums` above the raw threshold; `index` is the first one's place in
    /// the stripe, and numbers beyond the stripe are not its business.
    mutating func record(_ sums: SIMD8<Float>, at index: Int, _ span: StripeSpan, drift: Float) {
        for lane in 0..<min(8, span.columnCount - index) where sums[lane] > rawThreshold {
            record(column: span.column(index + lane), sum: sums[lane], drift: drift)
        }
    }
}

/// Eight numbers from `start` on.
@inline(__always)
func vector(_ base: UnsafePointer<Float>, _ start: Int) -> SIMD8<Float> {
    unsafe UnsafeRawPointer(base + start).loadUnaligned(as: SIMD8<Float>.self)
}

/// Writes eight numbers from `start` on.
@inline(__always)
func store(_ numbers: SIMD8<Float>, _ base: UnsafeMutablePointer<Float>, _ start: Int) {
    unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: numbers, as: SIMD8<Float>.self)
}
