/// Settles in a row what the file does not tell: the spike that a receiver leaves in the middle of
/// a coarse channel gets the mean of its neighbours, and what lies beside the band is as loud as
/// the median, so that it adds nothing to a signal and takes nothing from it.
struct RowMending {
    private enum Kind {
        case turboSETI(DirectCurrent)
        case native(spikes: [Int], band: Range<Int>, level: Float)
    }

    private let kind: Kind

    init(_ parameters: DriftParameters, _ geometry: DriftGeometry, _ tile: Tile) {
        let stored = geometry.storedColumns(tile.columns)
        guard parameters.method != .turboSETI else {
            kind = .turboSETI(DirectCurrent(geometry, stored))
            return
        }
        // Channels of the file that the row's first and last columns are, which may not exist.
        let first = tile.coarseChannel * geometry.columnCount + stored.lowerBound
        let band = max(0, -first)..<min(stored.count, geometry.channelCount - first)
        let spikes = parameters.coarseChannels.indices.compactMap { channel -> Int? in
            guard parameters.coarseChannels[channel].hasSpike else { return nil }
            let place = channel * geometry.columnCount + geometry.columnCount / 2 - first
            return place > band.lowerBound && place < band.upperBound - 1 ? place : nil
        }
        let median = Double(parameters.coarseChannels[tile.coarseChannel].noise[0].median)
        let level = Float(median / Double(geometry.stepCount))
        kind = .native(spikes: spikes, band: band, level: level)
    }

    /// Settles one step of the columns that the unit stores.
    func mend(_ row: UnsafeMutableBufferPointer<Float>) {
        switch kind {
        case .turboSETI(let current): unsafe current.fill(row)
        case .native(let spikes, let band, let level):
            for spike in spikes { unsafe row[spike] = (row[spike - 1] + row[spike + 1]) / 2 }
            for column in 0..<band.lowerBound { unsafe row[column] = level }
            for column in band.upperBound..<row.count { unsafe row[column] = level }
        }
    }
}

/// TurboSETI's treatment of the middle column of a coarse channel.
///
/// TurboSETI computes in the type that its array happens to have. Integer samples without padding
/// steps stay integers there: their sum wraps around, and the half is cut off.
private struct DirectCurrent {
    private enum Arithmetic {
        case single
        case double
        case wrapping(mask: UInt32)
    }

    private let arithmetic: Arithmetic
    private let offset: Int?

    init(_ geometry: DriftGeometry, _ stored: Range<Int>) {
        let distance = geometry.columnCount / 2 - stored.lowerBound
        let position =
            (distance % geometry.columnCount + geometry.columnCount)
            % geometry.columnCount
        offset = position > 0 && position < stored.count - 1 ? position : nil
        if geometry.stepCount < geometry.grid.treeSteps {
            arithmetic = .double
        } else if geometry.sampleBits == 32 {
            arithmetic = .single
        } else {
            arithmetic = .wrapping(mask: geometry.sampleBits == 8 ? 0xff : 0xffff)
        }
    }

    func fill(_ row: UnsafeMutableBufferPointer<Float>) {
        guard let offset else { return }
        let (left, right) = unsafe (row[offset - 1], row[offset + 1])
        let mean =
            switch arithmetic {
            case .single: (left + right) / 2
            case .double: Float((Double(left) + Double(right)) / 2)
            case .wrapping(let mask): Float(((UInt32(left) + UInt32(right)) & mask) >> 1)
            }
        unsafe row[offset] = mean
    }
}
