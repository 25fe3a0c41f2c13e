/// A part of a unit's working memory that self-checks watch.
package enum CheckedPart: String, Hashable, Sendable, CaseIterable {
    /// The samples, or their sums under a boxcar.
    case samples
    /// The largest samples that windows can touch.
    case maxima
    /// The strongest hit of each column, and how many hits there were.
    case hits
    /// A hit whose sum, made again along its path, is another one.
    case sums
    /// The eight lanes that become the evidence.
    case evidence
    /// Thresholds, noise, and how far paths reach.
    case constants
    /// The place in the work.
    case place
}
