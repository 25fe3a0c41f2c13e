/// By whose rules a search is made.
package enum SearchMethod: Hashable, Sendable {
    /// TurboSETI 2.3.2's, row for row, with its quirks.
    case turboSETI
    /// Ours: sums of 1, 2, 4 … `boxcarMax` neighbouring channels against smearing, zero drift, the
    /// whole range of drift rates, true band edges, and signals told from their own echoes.
    case native(boxcarMax: Int)

    /// Ours, with all boxcars.
    package static let native = SearchMethod.native(boxcarMax: KernelLimits.boxcarMax)

    /// The channels that are summed, ascending powers of two.
    package var boxcars: [Int] {
        var boxcars = [1]
        guard case .native(let boxcarMax) = self else { return boxcars }
        while let last = boxcars.last, 2 * last <= boxcarMax { boxcars.append(2 * last) }
        return boxcars
    }
}

/// What a submitter chooses for a drift search.
package struct DriftSettings: Hashable, Sendable {
    /// By whose rules.
    package var method: SearchMethod
    /// Largest drift rate to search for, either way, hertz per second.
    package var maxDrift: Double
    /// Smallest signal-to-noise ratio of a hit.
    package var threshold: Float
    /// Coarse channels of the file; their count divides its channels.
    package var coarseChannelCount: Int
    /// Columns of a tile; nil for a width that suits the file.
    package var tileWidth: Int?
    /// Operations that a unit is worth for each mebibyte of it, at least; nil for what suits the
    /// file.
    package var operationsPerMebibyte: UInt64?

    /// Settings with turboSETI's figures where nothing is given.
    package init(
        method: SearchMethod = .native,
        maxDrift: Double = 4,
        threshold: Float = 10,
        coarseChannelCount: Int = 1,
        tileWidth: Int? = nil,
        operationsPerMebibyte: UInt64? = nil
    ) {
        self.method = method
        self.maxDrift = maxDrift
        self.threshold = threshold
        self.coarseChannelCount = coarseChannelCount
        self.tileWidth = tileWidth
        self.operationsPerMebibyte = operationsPerMebibyte
    }
}
