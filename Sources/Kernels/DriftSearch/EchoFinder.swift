/// Tells signals from their echoes, among the strongest hits of each column.
///
/// A strong signal is found on many paths: on neighbouring columns, and on every path that crosses
/// its own, where it lends its power for as long as the two are together. A hit is such an echo
/// when the stronger signals explain at least half of its ratio; any other hit is a signal. Signals
/// beside each other, however dense, and weak ones that cross strong ones are told apart by this,
/// and how far an echo reaches does not depend on the largest drift rate.
///
/// What a signal of ratio R lends to a path that is with it during a share φ of the time is R·φ,
/// and one step's worth at least. To a path that stays d columns away from it, it lends R/(10·d²),
/// which bounds the side lobes of a tone between two channels, 1/(π·d)².
struct EchoFinder {
    private let geometry: DriftGeometry
    /// Columns of a shelf: as far as any path and its side lobes reach.
    private let shelfWidth: Int
    /// The signals so far, strongest first, on the shelf of the column where each starts.
    private var shelves: [[Track]]

    /// Columns beyond which a side lobe is nobody's.
    private static let reach = 128

    init(_ geometry: DriftGeometry) {
        self.geometry = geometry
        shelfWidth = geometry.grid.halo + Self.reach
        let count = geometry.channelCount / shelfWidth + 1
        shelves = [[Track]](repeating: [], count: count)
    }

    /// The signals among `hits`, which are in the order of their columns; so are these.
    mutating func signals(_ hits: [ColumnHit]) -> [ColumnHit] {
        // Of equal ratios the first column's comes first.
        let order = hits.indices.sorted { first, second in
            hits[first].ratio != hits[second].ratio
                ? hits[first].ratio > hits[second].ratio : first < second
        }
        var isSignal = [Bool](repeating: false, count: hits.count)
        for index in order {
            let track = Track(hits[index], geometry)
            let shelf = Int(track.start) / shelfWidth
            guard !isEcho(track, near: shelf) else { continue }
            isSignal[index] = true
            shelves[shelf].append(track)
        }
        return hits.indices.filter { isSignal[$0] }.map { hits[$0] }
    }

    private func isEcho(_ track: Track, near shelf: Int) -> Bool {
        var lent = 0.0
        for shelf in max(0, shelf - 2)...min(shelf + 2, shelves.count - 1) {
            for signal in shelves[shelf] {
                lent += signal.lends(to: track)
                if 2 * lent >= track.ratio { return true }
            }
        }
        return false
    }
}

/// The path of one hit through the file.
struct Track {
    /// The column of the file at the first step.
    let start: Double
    /// The column at the last step.
    let end: Double
    private let stepCount: Double
    private let boxcar: Double
    fileprivate let ratio: Double

    init(_ hit: ColumnHit, _ geometry: DriftGeometry) {
        start = Double(hit.coarseChannel * geometry.columnCount + hit.column)
        stepCount = Double(geometry.stepCount)
        let share = (stepCount - 1) / Double(geometry.grid.treeSteps - 1)
        end = start + geometry.grid.columns(drift: hit.drift) * share
        boxcar = Double(hit.boxcar)
        ratio = Double(hit.ratio)
    }

    /// How many columns the signal crosses in a step, or fills at least.
    private var breadth: Double { max(boxcar, (end - start).magnitude / (stepCount - 1)) }

    /// How much of this signal's ratio a search of `other` finds.
    fileprivate func lends(to other: Track) -> Double {
        let nearness = (breadth + other.breadth) / 2 + 1
        let (first, last) = (other.start - start, other.end - end)
        let share = shareOfTime(from: first, to: last, within: nearness)
        if share > 0 { return ratio * min(1, share + 1 / stepCount) }
        let distance = min(first.magnitude, last.magnitude) - nearness + 1
        return ratio / (10 * distance * distance)
    }
}

/// The share of the time in which a distance that goes evenly from `first` to `last` is at most
/// `limit`, either way.
private func shareOfTime(from first: Double, to last: Double, within limit: Double) -> Double {
    let (low, high) = (min(first, last), max(first, last))
    guard low <= limit, high >= -limit else { return 0 }
    guard high > low else { return 1 }
    return (min(high, limit) - max(low, -limit)) / (high - low)
}
