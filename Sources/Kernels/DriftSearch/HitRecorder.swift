/// The strongest hit of each column so far, and how many hits there were in all.
struct HitRecorder {
    private let median: Float
    private let deviation: Float
    /// The largest sum that is no hit.
    let rawThreshold: Float
    private let grid: DriftGrid
    private(set) var hitCount: UInt64 = 0
    /// The strongest ratio of each column; zero where there is no hit.
    private(set) var ratios: [Float]
    private(set) var drifts: [Float]

    init(_ channel: CoarseChannel, threshold: Float, _ grid: DriftGrid, width: Int) {
        median = channel.median
        deviation = channel.deviation
        rawThreshold = Kernels.rawThreshold(channel, threshold: threshold)
        self.grid = grid
        ratios = [Float](repeating: 0, count: width)
        drifts = [Float](repeating: 0, count: width)
    }

    /// Continues from a checkpoint.
    mutating func restore(hitCount: UInt64) { self.hitCount = hitCount }

    /// Continues from a checkpoint.
    mutating func restore(column: Int, ratio: Float, drift: Float) {
        ratios[column] = ratio
        drifts[column] = drift
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
        let ratio = (sum - median) / deviation
        hitCount += 1
        if ratio > ratios[column] {
            ratios[column] = ratio
            drifts[column] = drift
        }
    }
}
