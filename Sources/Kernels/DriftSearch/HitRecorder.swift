import CKernels

/// The strongest hit of each column so far, and how many hits there were in all.
///
/// Each of its arrays has a sum that goes along with every change: old bits are taken out as they
/// are found, new ones put in. A bit that changes by itself is noticed at the end, also when a
/// stronger hit has taken its place by then.
struct HitRecorder {
    private var noise: [ColumnNoise]
    private var rawThresholds: [Float]
    /// Of noise and thresholds, as they were made.
    private let rulesSum: UInt32
    private let method: SearchMethod
    private let grid: DriftGrid
    /// Which boxcar the sums are under, the first one being 0.
    var boxcarIndex = 0
    private var hits = Twin<UInt64>(0)
    /// The strongest ratio of each column; zero where there is no hit.
    private(set) var ratios: [Float]
    private(set) var drifts: [Float]
    /// Under which boxcar the strongest ratio of each column was found; filled up to whole words.
    private(set) var boxcarIndices: [UInt8]
    /// The sums of the words of `ratios`, `drifts` and `boxcarIndices`.
    private var sums = SIMD3<UInt32>()
    /// Those that add words; nil for plain loops.
    private let instructions: CInt?

    init(
        _ parameters: DriftParameters,
        channel: Int,
        _ grid: DriftGrid,
        width: Int,
        _ variant: Variant
    ) {
        noise = parameters.coarseChannels[channel].noise
        method = parameters.method
        rawThresholds = noise.map {
            Kernels.rawThreshold($0, threshold: parameters.threshold, parameters.method)
        }
        self.grid = grid
        ratios = [Float](repeating: 0, count: width)
        drifts = [Float](repeating: 0, count: width)
        boxcarIndices = [UInt8](repeating: 0, count: (width + 3) / 4 * 4)
        instructions = variant.instructions
        rulesSum = Self.sum(noise, rawThresholds)
    }

    var hitCount: UInt64 { hits.value }

    /// The largest sum that is no hit.
    var rawThreshold: Float { rawThresholds[boxcarIndex] }

    /// Continues from a checkpoint.
    mutating func restore(hitCount: UInt64) { hits.set(hitCount) }

    /// Continues from a checkpoint.
    mutating func restore(column: Int, ratio: Float, drift: Float, boxcarIndex: Int) {
        keep(ratio, drift, UInt8(boxcarIndex), column)
    }

    /// The columns that have hits, ascending.
    var columns: [Int] {
        var columns: [Int] = []
        unsafe ratios.withUnsafeBufferPointer { ratios in
            guard let first = ratios.baseAddress else { return }
            let even = ratios.count / 8 * 8
            for start in stride(from: 0, to: even, by: 8)
            where unsafe any(vector(first, start) .> 0) {
                for column in start..<(start + 8) where unsafe ratios[column] > 0 {
                    columns.append(column)
                }
            }
            for column in even..<ratios.count where unsafe ratios[column] > 0 {
                columns.append(column)
            }
        }
        return columns
    }

    /// The paths of `block` in the order of turboSETI's search, with their drift rates.
    ///
    /// From the most negative drift to the most positive one: the first of equal ratios stays.
    func paths(block: Int, mirrored: Bool) -> [(path: Int, drift: Float)] {
        var paths: [(path: Int, drift: Float)] = []
        for turn in 0..<grid.treeSteps {
            let path = mirrored ? grid.treeSteps - 1 - turn : turn
            if let drift = grid.drift(block: block, path: path, mirrored: mirrored) {
                paths.append((path, drift))
            }
        }
        return paths
    }

    /// The drift rate of each path of `block`; nil outside the search.
    func drifts(block: Int, mirrored: Bool) -> [Float?] {
        (0..<grid.treeSteps).map { grid.drift(block: block, path: $0, mirrored: mirrored) }
    }

    /// Takes in a sum above the raw threshold; `column` counts from the tile's first one.
    mutating func record(column: Int, sum: Float, drift: Float) {
        let ratio = noise[boxcarIndex].ratio(of: sum, method)
        hits.update { $0 &+= 1 }
        if ratio > ratios[column] { keep(ratio, drift, UInt8(boxcarIndex), column) }
    }

    private mutating func keep(_ ratio: Float, _ drift: Float, _ boxcar: UInt8, _ column: Int) {
        let shift = UInt32(8 * (column & 3))
        sums[0] &+= ratio.bitPattern &- ratios[column].bitPattern
        sums[1] &+= drift.bitPattern &- drifts[column].bitPattern
        sums[2] &+= (UInt32(boxcar) &- UInt32(boxcarIndices[column])) &<< shift
        ratios[column] = ratio
        drifts[column] = drift
        boxcarIndices[column] = boxcar
    }
}

// MARK: - Self-checks

extension HitRecorder {
    /// What is not as it was left; nil when everything is.
    func check() -> CheckedPart? {
        guard Self.sum(noise, rawThresholds) == rulesSum else { return .constants }
        let words = unsafe boxcarIndices.withUnsafeBytes { unsafe wordSum($0, instructions) }
        let found = SIMD3(wordSum(ratios, instructions), wordSum(drifts, instructions), words)
        return hits.isIntact && found == sums ? nil : .hits
    }

    /// Whether `sum` has the ratio that is kept for `column`.
    func hasRatio(of sum: Float, at column: Int) -> Bool {
        noise[boxcarIndex].ratio(of: sum, method) == ratios[column]
    }

    private static func sum(_ noise: [ColumnNoise], _ rawThresholds: [Float]) -> UInt32 {
        var sum: UInt32 = 0
        for one in noise { sum &+= one.median.bitPattern &+ one.deviation.bitPattern }
        for one in rawThresholds { sum &+= one.bitPattern }
        return sum
    }

    /// Lets `body` damage `region`, as a fault of the memory would.
    mutating func withMemory(
        of region: MemoryRegion,
        _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        switch region {
        case .ratios: unsafe ratios.withUnsafeMutableBytes { unsafe body($0) }
        case .drifts: unsafe drifts.withUnsafeMutableBytes { unsafe body($0) }
        case .boxcars: unsafe boxcarIndices.withUnsafeMutableBytes { unsafe body($0) }
        case .thresholds: unsafe rawThresholds.withUnsafeMutableBytes { unsafe body($0) }
        case .noise: unsafe noise.withUnsafeMutableBytes { unsafe body($0) }
        case .hitCount:
            hits.damage { count in unsafe withUnsafeMutableBytes(of: &count) { unsafe body($0) } }
        default: break
        }
    }
}
