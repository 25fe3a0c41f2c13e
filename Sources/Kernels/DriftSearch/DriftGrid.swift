/// The drift rates of a search, and how far its paths reach.
///
/// Drift block `B` holds T paths; path `k` of it moves by B·(T−1) + k columns over the T steps.
/// Blocks run from zero to `lastBlock`, in both directions: as many as turboSETI takes, whose last
/// one ends below the largest drift rate, or as many as that rate needs.
/// - Source: turboSETI 2.3.2, `find_doppler.py`, `search_coarse_channel`.
package struct DriftGrid: Hashable, Sendable {
    /// Steps of the tree, T: the next power of two; steps without samples are zero.
    package let treeSteps: Int
    /// Drift rate of one column over the whole tree, hertz per second.
    package let resolution: Double
    /// The last drift block, either way.
    package let lastBlock: Int
    /// How often the tree is searched: once for each boxcar.
    package let boxcarCount: Int
    private let method: SearchMethod
    private let maxDrift: Double
    private let isAscending: Bool

    /// The grid of a file with `stepCount` steps, searched up to `maxDrift` hertz per second.
    package init(
        _ header: FilterbankHeader,
        stepCount: Int,
        maxDrift: Double,
        method: SearchMethod
    ) throws(ManifestError) {
        treeSteps = Self.powerOfTwo(notBelow: stepCount)
        let span = Double(treeSteps - 1) * header.stepSeconds
        resolution = 1e6 * header.channelMegahertz.magnitude / span
        let blocks =
            switch method {
            case .turboSETI: (maxDrift / (resolution * Double(treeSteps))).rounded(.down)
            case .native:
                max(0, (maxDrift / (resolution * Double(treeSteps - 1))).rounded(.up) - 1)
            }
        guard blocks <= Double(KernelLimits.driftBlockMax) else {
            throw .outOfBounds("max drift \(maxDrift) Hz/s is \(blocks) drift blocks; lower it")
        }
        lastBlock = Int(blocks)
        self.maxDrift = maxDrift
        self.method = method
        boxcarCount = method.boxcars.count
        isAscending = header.channelMegahertz > 0
    }

    /// Columns beside a tile that its paths can reach.
    ///
    /// A path ends at most lastBlock·(T−1) + T−1 columns aside, a boxcar reaches half its width
    /// further, and the emulation of a channel's last 2T columns needs all the columns behind them.
    package var halo: Int {
        let reach = lastBlock * (treeSteps - 1) + 2 * treeSteps
        return method == .turboSETI ? reach : reach + KernelLimits.boxcarMax
    }

    /// Bytes of the samples of a unit of `width` columns, as 32-bit numbers.
    func workingByteCount(width: Int) -> Int {
        treeSteps * TileRows.stride(width: width, halo: halo) * 4
    }

    /// Columns within which only the strongest hit is reported, either way.
    package var window: Int { 2 * Int((maxDrift / resolution).rounded(.up)) }

    /// The drift rate of path `path` of `block`, as the table shows it; nil outside the search.
    ///
    /// The sign turns with the order of the channels. TurboSETI does not search zero drift, and
    /// counts the hits of the path that two blocks share twice.
    func drift(block: Int, path: Int, mirrored: Bool) -> Float? {
        let columns = (treeSteps - 1) * block + path
        let rate = resolution * Double(columns)
        guard rate <= maxDrift else { return nil }
        if method == .turboSETI {
            guard rate > 1e-5 else { return nil }
        } else {
            guard columns > 0 || !mirrored, path < treeSteps - 1 || block == lastBlock else {
                return nil
            }
            if columns == 0 { return 0 }
        }
        return Float(mirrored == isAscending ? -rate : rate)
    }

    /// By how many columns a signal of `drift` moves over the tree, positive towards higher
    /// columns.
    func columns(drift: Float) -> Double {
        let columns = (Double(drift) / resolution).rounded()
        return isAscending ? columns : -columns
    }

    /// Additions and comparisons of one drift block over `width` columns, by brute force:
    /// T·(log₂ T additions + 1 comparison) for each column.
    func operationsPerBlock(width: Int) -> UInt64 {
        UInt64(width) * UInt64(treeSteps * (treeSteps.trailingZeroBitCount + 1))
    }

    /// Additions and comparisons of the search of `width` columns: all blocks, both directions,
    /// each boxcar.
    func operations(width: Int) -> UInt64 {
        UInt64(boxcarCount) * operationsPerBoxcar(width: width)
    }

    /// Additions and comparisons of one boxcar's search of `width` columns.
    func operationsPerBoxcar(width: Int) -> UInt64 {
        UInt64(2 * (lastBlock + 1)) * operationsPerBlock(width: width)
    }

    static func powerOfTwo(notBelow count: Int) -> Int {
        var power = 1
        while power < count { power *= 2 }
        return power
    }
}
