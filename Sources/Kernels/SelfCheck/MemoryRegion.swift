/// A region of a unit's working memory, for those who measure what self-checks notice.
package enum MemoryRegion: String, Hashable, Sendable, CaseIterable {
    /// The samples, or their sums under a boxcar.
    case samples
    /// The largest samples that windows can touch.
    case maxima
    /// What maxima are made in, which is idle between blocks.
    case scratch
    /// The windows that bounds have left, which is idle between blocks.
    case survivors
    /// Hits on their way from the inner loops, which is idle between blocks.
    case hitBuffer
    /// The strongest ratio of each column.
    case ratios
    /// The drift rate of the strongest hit of each column.
    case drifts
    /// The boxcar of the strongest hit of each column.
    case boxcars
    /// How many hits there were.
    case hitCount
    /// The lanes that become the evidence.
    case evidence
    /// The largest sums that are no hits.
    case thresholds
    /// Median and deviation, for each boxcar.
    case noise
    /// How far paths reach.
    case reach
    /// Stripe and drift block.
    case place
}
