/// All counts and widths of a search, derived from checked parameters.
///
/// Columns are counted inside a coarse channel. A unit holds the columns of its tile and `halo`
/// more on either side, circularly, because turboSETI rolls each row inside the coarse channel:
/// ```
///  tile.lower − halo        tile.lower            tile.upper        tile.upper + halo
///  │◀──────── halo ────────▶│◀────── tile ───────▶│◀──────── halo ────────▶│
/// ```
package struct DriftGeometry: Hashable, Sendable {
    /// The drift rates.
    package let grid: DriftGrid
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
    /// Bytes of one sample.
    package let sampleByteCount: Int

    /// Derives the geometry, and refuses what is beyond the limits.
    package init(_ parameters: DriftParameters) throws(ManifestError) {
        grid = try DriftGrid(
            parameters.header,
            stepCount: parameters.stepCount,
            maxDrift: parameters.maxDrift
        )
        columnCount = parameters.columnCount
        stepCount = parameters.stepCount
        tileWidth = min(parameters.tileWidth, columnCount)
        guard columnCount >= 2 * grid.treeSteps else {
            throw .outOfBounds(
                "\(columnCount) channels are too few for \(stepCount) steps; at least "
                    + "\(2 * grid.treeSteps) are needed"
            )
        }
        tilesPerChannel = (columnCount + tileWidth - 1) / tileWidth
        searchedChannels = parameters.coarseChannels.indices.filter {
            parameters.coarseChannels[$0].isSearched
        }
        sampleByteCount = parameters.header.sampleByteCount
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
    /// They are the tile with its halo, or the whole channel once, when the halo would meet itself.
    /// Negative ones lie before the wrap.
    func storedColumns(_ columns: Range<Int>) -> Range<Int> {
        let wide = (columns.lowerBound - grid.halo)..<(columns.upperBound + grid.halo)
        return wide.count < columnCount ? wide : 0..<columnCount
    }

    /// Bytes of a unit whose tile has `width` columns.
    func unitByteCount(width: Int) -> Int {
        stepCount * min(width + 2 * grid.halo, columnCount) * sampleByteCount
    }
}
