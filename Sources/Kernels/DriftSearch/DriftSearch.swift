import Primitives

/// Narrowband signals whose frequency drifts, found by our own rules or as turboSETI 2.3.2 finds
/// them.
///
/// A unit is searched stripe by stripe, and each stripe drift block by drift block, first in the
/// mirrored direction and then in the other one: of two equal ratios the first, which is that of
/// the more negative drift, stays in the table. All of that is done for each boxcar, the narrowest
/// first.
/// - Source: Enriquez et al. 2017, ApJ 849:104; Taylor 1974, A&AS 15:367.
package struct DriftSearch: Kernel {
    package static let id = KernelID(name: "drift-search", version: 1)

    enum Stage: Hashable {
        case search(stripe: Int, turn: Int)
        case finished
    }

    let unitDigest: Digest
    private let isProven: Bool
    let geometry: DriftGeometry
    let tile: Tile
    let variant: Variant
    var rows: TileRows
    var recorder: HitRecorder
    var place = Twin(Stage.search(stripe: 0, turn: 0))
    var evidence = EvidenceFold()
    /// What was found not to be as it was left; nothing is handed in then.
    var damage: CheckedPart?
    var vectorTree: VectorTree?
    private let boxcars: [Int]
    private var layout: StripeLayout
    private var tree: InPlaceTree

    package init(_ unit: UnitInput) throws(KernelError) {
        let parameters: DriftParameters
        do {
            parameters = try DriftParameters(unit.parameters)
            geometry = try DriftGeometry(parameters)
            _ = try geometry.plan()
        } catch {
            throw .parameters(error)
        }
        guard unit.index >= 0, unit.index < geometry.unitCount else {
            throw .noSuchUnit(index: unit.index, unitCount: geometry.unitCount)
        }
        tile = geometry.tile(unit.index)
        let byteCount = geometry.unitByteCount(width: tile.columns.count)
        guard unit.bytes.count == byteCount else {
            throw .wrongUnitSize(expected: byteCount, given: unit.bytes.count)
        }
        variant = unit.variant
        isProven = unit.isProven
        rows = try TileRows(unit.bytes, parameters, geometry, tile, variant)
        rows.mirror()
        boxcars = parameters.method.boxcars
        recorder = HitRecorder(
            parameters,
            channel: tile.coarseChannel,
            geometry.grid,
            width: tile.columns.count,
            variant
        )
        layout = StripeLayout(geometry, tile, mirrored: true)
        tree = InPlaceTree(steps: geometry.grid.treeSteps)
        vectorTree = nil
        if let instructions = variant.instructions {
            vectorTree = VectorTree(
                geometry.grid,
                instructions: instructions,
                isProven: unit.isProven
            )
        }
        var name = unit.parameters.bytes
        name.append(littleEndian: UInt32(unit.index))
        unitDigest = SHA256.hash(name)
    }

    package mutating func step() throws(KernelError) -> Progress {
        try step(sums: KernelLimits.sumsPerStep)
    }

    /// Works until about `sums` sums are made, one drift block of one stripe at least.
    package mutating func step(sums: Int) throws(KernelError) -> Progress {
        advance(sums: sums)
        if let damage { throw .selfCheck(damage) }
        return progress
    }

    /// Works as `step` does, and goes on where a self-check has failed.
    mutating func advance(sums: Int) {
        var budget = sums
        repeat {
            if let part = quickCheck() { damage = part }
            guard place.isIntact, recorder.boxcarIndex < boxcarCount else {
                place.set(.finished)
                return
            }
            switch stage {
            case .search(let stripe, let turn): budget -= search(stripe, from: turn, sums: budget)
            case .finished: return
            }
        } while budget > 0
    }

    package consuming func finish() throws(KernelError) -> UnitOutput {
        precondition(stage == .finished, "a unit is finished before its result is taken")
        if let part = check() { throw .selfCheck(part) }
        return output
    }

    /// What is handed in, if the unit is finished and intact.
    var output: UnitOutput {
        var result: Bytes = []
        hitList.append(to: &result)
        return UnitOutput(
            result: result,
            operations: geometry.grid.operations(width: tile.columns.count),
            evidence: isProven ? evidence.digest : .zero
        )
    }

    var stage: Stage { place.value }

    /// Continues under the boxcar of `index`, not before the present one, with the columns in the
    /// order that `stage` needs.
    mutating func restore(boxcarIndex index: Int, mirrored: Bool) {
        if recorder.boxcarIndex < index, rows.isMirrored { rows.mirror() }
        while recorder.boxcarIndex < index {
            rows.widen()
            recorder.boxcarIndex += 1
        }
        if rows.isMirrored != mirrored { rows.mirror() }
        layout = StripeLayout(geometry, tile, mirrored: mirrored)
    }

    /// How many boxcars there are.
    var boxcarCount: Int { boxcars.count }

    var stripeCount: Int { layout.count }
}

extension DriftSearch {
    private var hitList: HitList {
        var hits: [ColumnHit] = []
        for index in recorder.columns {
            let hit = ColumnHit(
                coarseChannel: tile.coarseChannel,
                column: tile.columns.lowerBound + index,
                ratio: recorder.ratios[index],
                drift: recorder.drifts[index],
                boxcar: Int(UInt32(1) << recorder.boxcarIndices[index])
            )
            hits.append(hit)
        }
        return HitList(hitCount: recorder.hitCount, hits: hits)
    }

    private var progress: Progress {
        let grid = geometry.grid
        let total = grid.operations(width: tile.columns.count)
        let each = grid.operationsPerBoxcar(width: tile.columns.count)
        var done = UInt64(recorder.boxcarIndex) * each + (rows.isMirrored ? 0 : each / 2)
        switch stage {
        case .finished: done = total
        case .search(let stripe, let turn):
            let columns = layout[stripe].columns
            let blocks = UInt64(grid.lastBlock + 1)
            done += blocks * grid.operationsPerBlock(width: columns.lowerBound)
            done += UInt64(turn) * grid.operationsPerBlock(width: columns.count)
        }
        return Progress(
            operationsDone: done,
            operationsTotal: total,
            isFinished: stage == .finished
        )
    }

    /// Searches `stripe` in as many drift blocks as `sums` allow; returns the sums made.
    private mutating func search(_ index: Int, from turn: Int, sums: Int) -> Int {
        let stripe = layout[index]
        let lastBlock = geometry.grid.lastBlock
        let each = max(1, stripe.columns.count * geometry.grid.treeSteps)
        let end = min(lastBlock + 1, turn + max(1, sums / each))
        for turn in turn..<end {
            search(stripe, block: rows.isMirrored ? lastBlock - turn : turn)
        }
        if end <= lastBlock {
            place.set(.search(stripe: index, turn: end))
        } else if index + 1 < layout.count {
            // The last time that rows are searched they are not turned or widened any more.
            if !rows.isMirrored, recorder.boxcarIndex + 1 == boxcarCount {
                rows.settle(before: stripe.columns.upperBound)
            }
            place.set(.search(stripe: index + 1, turn: 0))
        } else if rows.isMirrored {
            restore(boxcarIndex: recorder.boxcarIndex, mirrored: false)
            place.set(.search(stripe: 0, turn: 0))
        } else {
            endBoxcar()
        }
        return (end - turn) * each
    }

    /// Makes the sums of what was found again, and goes on to the next boxcar if there is one.
    private mutating func endBoxcar() {
        if !sumsAreTheSame() { damage = .sums }
        if recorder.boxcarIndex + 1 < boxcarCount {
            restore(boxcarIndex: recorder.boxcarIndex + 1, mirrored: true)
            place.set(.search(stripe: 0, turn: 0))
        } else {
            place.set(.finished)
        }
    }

    private mutating func search(_ stripe: Stripe, block: Int) {
        if stripe.isTail { return tree.search(stripe, block: block, rows, &recorder) }
        if vectorTree != nil {
            vectorTree?.search(stripe, block: block, rows, &evidence, &recorder)
            return
        }
        for half in rows.isMirrored ? [1, 0] : [0, 1] {
            evidence.add(
                scalarBounds(stripe, block: block, half: half, rows, geometry.grid)
            )
        }
        tree.search(stripe, block: block, rows, &recorder)
    }
}
