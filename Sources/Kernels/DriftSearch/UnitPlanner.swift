import Primitives

/// Chooses how many columns a unit searches.
///
/// A unit repeats the halo of its neighbours, and whoever computes it must fetch all of it first.
/// So wide tiles are worth their bytes more than narrow ones, and deep searches, over many drift
/// rates and boxcars, more than shallow ones.
struct UnitPlanner {
    private let grid: DriftGrid
    private let settings: DriftSettings
    private let columnCount: Int
    /// Bytes of one column of a unit, all steps.
    private let columnByteCount: Int

    init(
        _ filterbank: Filterbank,
        _ settings: DriftSettings,
        _ codebook: Codebook
    ) throws(InputError) {
        do {
            grid = try DriftGrid(
                filterbank.header,
                stepCount: filterbank.stepCount,
                maxDrift: settings.maxDrift,
                method: settings.method
            )
        } catch {
            throw .setting(error.description)
        }
        self.settings = settings
        columnCount = filterbank.header.channelCount / settings.coarseChannelCount
        let sampleByteCount = codebook.isEmpty ? filterbank.header.sampleByteCount : 1
        columnByteCount = filterbank.stepCount * sampleByteCount
    }

    /// The chosen width, or the smallest power of two that is at least 8 192, 16 units of a file of
    /// 2¹⁷ channels, and four halos, so that a unit repeats at most half of its bytes.
    ///
    /// It is less where many steps leave no memory for it, and more where each mebibyte is to be
    /// worth more operations.
    func tileWidth() throws(InputError) -> Int {
        if let width = settings.tileWidth { return min(width, columnCount) }
        var widest = DriftGrid.powerOfTwo(notBelow: min(columnCount, KernelLimits.tileWidthMax))
        while widest > 1, grid.workingByteCount(width: widest) > KernelLimits.workingByteCountMax {
            widest /= 2
        }
        widest = min(widest, columnCount, KernelLimits.tileWidthMax)
        var width = DriftGrid.powerOfTwo(notBelow: max(8_192, 4 * grid.halo))
        guard let wanted = settings.operationsPerMebibyte else { return min(width, widest) }
        while width < widest, operationsPerMebibyte(width) < wanted { width *= 2 }
        width = min(width, widest)
        let most = operationsPerMebibyte(width)
        guard most >= wanted else {
            throw .setting(
                "a unit of this search is worth at most \(most) operations for each MiB, not "
                    + "\(wanted); search a larger drift or wider boxcars, or ask for less"
            )
        }
        return width
    }

    /// What a unit of `width` columns is worth, rounded down.
    private func operationsPerMebibyte(_ width: Int) -> UInt64 {
        let wide = width + 2 * grid.halo
        let count = settings.method == .turboSETI ? min(wide, columnCount) : wide
        let byteCount = UInt64(count * columnByteCount)
        return saturatingProduct(grid.operations(width: width), 1 << 20) / byteCount
    }
}
