/// What a submitter chooses for a drift search.
package struct DriftSettings: Hashable, Sendable {
    /// Largest drift rate to search for, either way, hertz per second.
    package var maxDrift: Double
    /// Smallest signal-to-noise ratio of a hit.
    package var threshold: Float
    /// Coarse channels of the file; their count divides its channels.
    package var coarseChannelCount: Int
    /// Columns of a tile; nil for a width that suits the file.
    package var tileWidth: Int?

    /// Settings with turboSETI's habits where nothing is given.
    package init(
        maxDrift: Double = 4,
        threshold: Float = 10,
        coarseChannelCount: Int = 1,
        tileWidth: Int? = nil
    ) {
        self.maxDrift = maxDrift
        self.threshold = threshold
        self.coarseChannelCount = coarseChannelCount
        self.tileWidth = tileWidth
    }
}
