package import Primitives

extension DriftSearch {
    /// Orders the samples of `file` by tile, and takes the statistics of each coarse channel.
    package static func pack(
        _ file: InputFile,
        _ settings: DriftSettings
    ) throws(InputError) -> Dataset {
        try DriftPack(file, settings, isShipped: true).dataset()
    }

    package static func plan(
        _ parameters: Parameters,
        _ shape: InputShape
    ) throws(ManifestError) -> UnitPlan {
        let plan = try DriftGeometry(DriftParameters(parameters)).plan()
        guard plan.byteCount == shape.byteCount else {
            throw .wrongDatasetSize(expected: plan.byteCount, stated: shape.byteCount)
        }
        return plan
    }

    package static func reduce(
        _ partial: consuming Aggregate,
        _ next: UnitOutput,
        index: Int
    ) throws(KernelError) -> Aggregate {
        guard index == partial.unitCount else {
            throw .outOfOrder(expected: partial.unitCount, given: index)
        }
        guard next.result.count <= KernelLimits.resultByteCountMax else {
            throw .badResult("\(next.result.count) bytes")
        }
        var reader = LittleEndianReader(next.result)
        _ = try HitList.read(&reader)
        guard reader.remaining == 0 else { throw .badResult("it ends too late") }
        partial.unitCount += 1
        partial.bytes.append(contentsOf: next.result)
        return partial
    }

    /// The output of a unit in which nothing was found.
    ///
    /// In a report of a part it stands for units that are missing.
    package static var outputWithoutHits: UnitOutput {
        var bytes: Bytes = []
        HitList(hitCount: 0, hits: []).append(to: &bytes)
        return UnitOutput(result: bytes, operations: 0, evidence: .zero)
    }

    /// Every column with a hit in a unit's output.
    package static func hits(of output: UnitOutput) throws(KernelError) -> [ColumnHit] {
        var reader = LittleEndianReader(output.result)
        return try HitList.read(&reader).hits
    }

    /// The table of top hits, in the layout of turboSETI's `.dat` files.
    package static func report(
        _ aggregate: Aggregate,
        _ parameters: Parameters
    ) throws(KernelError) -> Bytes {
        let (decoded, hits) = try topHits(aggregate, parameters)
        return DriftTable(decoded).text(hits)
    }

    /// The rows of the table: of all columns with hits those that are the strongest around, or no
    /// echoes of stronger ones.
    package static func topHits(
        _ aggregate: Aggregate,
        _ parameters: Parameters
    ) throws(KernelError) -> (parameters: DriftParameters, hits: [TopHit]) {
        let decoded: DriftParameters
        let geometry: DriftGeometry
        do {
            decoded = try DriftParameters(parameters)
            geometry = try DriftGeometry(decoded)
        } catch {
            throw .parameters(error)
        }
        guard aggregate.unitCount == geometry.unitCount else {
            throw .outOfOrder(expected: geometry.unitCount, given: aggregate.unitCount)
        }
        var reader = LittleEndianReader(aggregate.bytes)
        var top: [TopHit] = []
        var all: [ColumnHit] = []
        var hitCounts = [UInt64](repeating: 0, count: decoded.coarseChannels.count)
        for channel in geometry.searchedChannels.indices {
            let first = channel * geometry.tilesPerChannel
            var hits: [ColumnHit] = []
            var hitCount: UInt64 = 0
            for index in first..<(first + geometry.tilesPerChannel) {
                let list = try HitList.read(&reader)
                try check(list, geometry.tile(index), decoded)
                hits += list.hits
                hitCount = saturatingSum(hitCount, list.hitCount)
            }
            if decoded.method == .turboSETI {
                top += strongest(hits, hitCount: hitCount, geometry)
            } else {
                all += hits
                hitCounts[geometry.searchedChannels[channel]] = hitCount
            }
        }
        var finder = EchoFinder(geometry)
        top += finder.signals(all).map { hit in
            TopHit(
                hit: hit,
                window: columns(of: hit, geometry),
                hitCount: hitCounts[hit.coarseChannel]
            )
        }
        guard reader.remaining == 0 else { throw .badResult("the aggregate ends too late") }
        return (decoded, top)
    }

    /// The columns that a hit's path crosses inside the band, counted as its own column is.
    private static func columns(of hit: ColumnHit, _ geometry: DriftGeometry) -> Range<Int> {
        let track = Track(hit, geometry)
        let low = max(0, Int(min(track.start, track.end).rounded(.down)))
        let high = min(geometry.channelCount - 1, Int(max(track.start, track.end).rounded(.up)))
        let first = hit.coarseChannel * geometry.columnCount
        return (low - first)..<(high + 1 - first)
    }

    private static func check(
        _ list: HitList,
        _ tile: Tile,
        _ parameters: DriftParameters
    ) throws(KernelError) {
        for hit in list.hits
        where hit.coarseChannel != tile.coarseChannel || !tile.columns.contains(hit.column) {
            throw .badResult("column \(hit.column) lies outside the unit's tile")
        }
        for hit in list.hits
        where hit.drift.magnitude > Float(parameters.maxDrift)
            || !parameters.method.boxcars.contains(hit.boxcar)
        {
            throw .badResult("a drift rate or boxcar that is not searched")
        }
    }

    /// The hits of one coarse channel without a stronger one in the window around them.
    ///
    /// TurboSETI overlooks a stronger hit that stands in the window's very first column, because it
    /// asks whether any *index* of a stronger hit is not zero; so does this.
    private static func strongest(
        _ hits: [ColumnHit],
        hitCount: UInt64,
        _ geometry: DriftGeometry
    ) -> [TopHit] {
        let window = geometry.grid.window
        var top: [TopHit] = []
        var maxima = SlidingMaximum(hits)
        for hit in hits {
            let first = max(0, hit.column - window)
            let end = min(geometry.columnCount, hit.column + window)
            guard maxima.largest(in: (first + 1)..<max(first + 1, end)) <= hit.ratio else {
                continue
            }
            top.append(TopHit(hit: hit, window: first..<end, hitCount: hitCount))
        }
        return top
    }
}

/// One row of the table.
package struct TopHit: Hashable, Sendable {
    /// The column and its strongest hit.
    package let hit: ColumnHit
    /// The columns in which no hit is stronger; in our own search those that the path crosses.
    package let window: Range<Int>
    /// Hits of the whole coarse channel.
    package let hitCount: UInt64
}

/// The largest ratio in a window whose ends only move to the right; O(1) amortised.
private struct SlidingMaximum {
    private let hits: [ColumnHit]
    private var next = 0
    private var candidates: [ColumnHit] = []
    private var head = 0

    init(_ hits: [ColumnHit]) { self.hits = hits }

    mutating func largest(in columns: Range<Int>) -> Float {
        while next < hits.count, hits[next].column < columns.upperBound {
            while candidates.count > head, let last = candidates.last,
                last.ratio <= hits[next].ratio
            {
                candidates.removeLast()
            }
            candidates.append(hits[next])
            next += 1
        }
        while head < candidates.count, candidates[head].column < columns.lowerBound { head += 1 }
        return head < candidates.count ? candidates[head].ratio : 0
    }
}
