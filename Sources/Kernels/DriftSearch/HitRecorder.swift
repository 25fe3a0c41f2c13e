/// The strongest hit of each column so far, and how many hits there were in all.
struct HitRecorder {
    private let noise: [ColumnNoise]
    private let rawThresholds: [Float]
    private let method: SearchMethod
    private let grid: DriftGrid
    /// Which boxcar the sums are under, the first one being 0.
    var boxcarIndex = 0
    private(set) var hitCount: UInt64 = 0
    /// The strongest ratio of each column; zero where there is no hit.
    private(set) var ratios: [Float]
    private(set) var drifts: [Float]
    /// Under which boxcar the strongest ratio of each column was found.
    private(set) var boxcarIndices: [UInt8]

    init(_ parameters: DriftParameters, channel: Int, _ grid: DriftGrid, width: Int) {
        noise = parameters.coarseChannels[channel].noise
        method = parameters.method
        rawThresholds = noise.map {
            Kernels.rawThreshold($0, threshold: parameters.threshold, parameters.method)
        }
        self.grid = grid
        ratios = [Float](repeating: 0, count: width)
        drifts = [Float](repeating: 0, count: width)
        boxcarIndices = [UInt8](repeating: 0, count: width)
    }

    /// The largest sum that is no hit.
    var rawThreshold: Float { rawThresholds[boxcarIndex] }

    /// Continues from a checkpoint.
    mutating func restore(hitCount: UInt64) { self.hitCount = hitCount }

    /// Continues from a checkpoint.
    mutating func restore(column: Int, ratio: Float, drift: Float, boxcarIndex: Int) {
        ratios[column] = ratio
        drifts[column] = drift
        boxcarIndices[column] = UInt8(boxcarIndex)
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
        hitCount += 1
        if ratio > ratios[column] {
            ratios[column] = ratio
            drifts[column] = drift
            boxcarIndices[column] = UInt8(boxcarIndex)
        }
    }
}
