/// All counts and widths of a search, derived from checked parameters.
///
/// Columns are counted inside a coarse channel. A unit holds the columns of its tile and `halo`
/// more on either side:
/// ```
///  tile.lower − halo        tile.lower            tile.upper        tile.upper + halo
///  │◀──────── halo ────────▶│◀────── tile ───────▶│◀──────── halo ────────▶│
/// ```
/// In turboSETI's search the halo is circular, because each row is rolled inside the coarse
/// channel. In ours it goes on into the neighbouring coarse channels, and past the band's ends it
/// is zeros, which nobody reads.
package struct DriftGeometry: Hashable, Sendable {
    /// By whose rules the search is made.
    package let method: SearchMethod
    /// The drift rates.
    package let grid: DriftGrid
    /// Columns of the band.
    package let channelCount: Int
    /// Columns of a coarse channel.
    package let columnCount: Int
    /// Steps in the file.
    package let stepCount: Int
    /// Columns of a tile; the last one of a coarse channel may have fewer.
    package let tileWidth: Int
    /// Tiles of a coarse channel.
    package let tilesPerChannel: Int
    /// The coarse channels that have units, ascending.
    package let searchedChannels: [Int]
    /// Bits of one sample of the file.
    package let sampleBits: Int
    /// Bytes of one sample as it is shipped.
    package let sampleByteCount: Int

    /// Derives the geometry, and refuses what is beyond the limits.
    package init(_ parameters: DriftParameters) throws(ManifestError) {
        grid = try DriftGrid(
            parameters.header,
            stepCount: parameters.stepCount,
            maxDrift: parameters.maxDrift,
            method: parameters.method
        )
        method = parameters.method
        channelCount = parameters.header.channelCount
        columnCount = parameters.columnCount
        stepCount = parameters.stepCount
        tileWidth = min(parameters.tileWidth, columnCount)
        guard method != .turboSETI || columnCount >= 2 * grid.treeSteps else {
            throw .outOfBounds(
                "\(columnCount) channels are too few for \(stepCount) steps; at least "
                    + "\(2 * grid.treeSteps) are needed"
            )
        }
        tilesPerChannel = (columnCount + tileWidth - 1) / tileWidth
        searchedChannels = parameters.coarseChannels.indices.filter {
            parameters.coarseChannels[$0].isSearched
        }
        sampleBits = parameters.header.sampleBits
        sampleByteCount = parameters.codebook.isEmpty ? parameters.header.sampleByteCount : 1
        try checkLimits()
    }

    private func checkLimits() throws(ManifestError) {
        guard unitCount <= KernelLimits.unitCountMax else {
            throw .outOfBounds(
                "\(unitCount) units, above \(KernelLimits.unitCountMax); choose wider tiles"
            )
        }
        let working = grid.workingByteCount(width: tileWidth)
        guard working <= KernelLimits.workingByteCountMax else {
            throw .outOfBounds(
                "a unit needs \(working) bytes of memory; choose narrower tiles or less drift"
            )
        }
    }
}

/// One unit's tile.
package struct Tile: Hashable, Sendable {
    /// The tile's coarse channel.
    package let coarseChannel: Int
    /// The tile's columns, halo apart.
    package let columns: Range<Int>
}

extension DriftGeometry {
    /// How many units there are.
    package var unitCount: Int { searchedChannels.count * tilesPerChannel }

    /// The tile of the unit at `index`, which is below `unitCount`.
    package func tile(_ index: Int) -> Tile {
        let (channel, tile) = index.quotientAndRemainder(dividingBy: tilesPerChannel)
        let start = tile * tileWidth
        return Tile(
            coarseChannel: searchedChannels[channel],
            columns: start..<min(start + tileWidth, columnCount)
        )
    }

    /// The columns that the unit of a tile of `columns` stores.
    ///
    /// They are the tile with its halo; in turboSETI's search the whole channel once, when the halo
    /// would meet itself. Negative ones lie before the wrap, or before the coarse channel.
    func storedColumns(_ columns: Range<Int>) -> Range<Int> {
        let wide = (columns.lowerBound - grid.halo)..<(columns.upperBound + grid.halo)
        return wide.count < columnCount || method != .turboSETI ? wide : 0..<columnCount
    }

    /// Bytes of a unit whose tile has `width` columns.
    func unitByteCount(width: Int) -> Int {
        let wide = width + 2 * grid.halo
        let count = method == .turboSETI ? min(wide, columnCount) : wide
        return stepCount * count * sampleByteCount
    }
}
