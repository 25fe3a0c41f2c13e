/// Self-checks: what stays in memory for long has a sum or a copy, and what is handed in is made
/// again.
extension DriftSearch {
    /// What is not as it was left; nil when everything is.
    ///
    /// One pass over the unit's memory.
    func check() -> CheckedPart? {
        if let damage { return damage }
        if let part = quickCheck() { return part }
        guard rows.areIntact() else { return .samples }
        return vectorTree?.check() ?? recorder.check()
    }

    /// What is seen at once not to be as it was left, before it leads astray.
    func quickCheck() -> CheckedPart? {
        guard place.isIntact, rows.boxcar == 1 << min(recorder.boxcarIndex, 16) else {
            return .place
        }
        guard evidence.isIntact else { return .evidence }
        return rows.isIntact ? vectorTree?.damage : .samples
    }

    /// Whether the strongest hit of each column under the present boxcar has the ratio that it is
    /// said to have, when its samples are added again one by one; the rows are not mirrored then.
    ///
    /// Unfinished columns are left out: their sums are no sums along a path.
    func sumsAreTheSame() -> Bool {
        precondition(!rows.isMirrored, "a boxcar ends in the file's direction")
        let columns = recorder.columns
        guard !columns.isEmpty, geometry.grid.tellsDriftsApart else { return true }
        let layouts = [false, true].map { StripeLayout(geometry, tile, mirrored: $0) }
        var samples = [Float](repeating: 0, count: geometry.grid.treeSteps)
        for column in columns where Int(recorder.boxcarIndices[column]) == recorder.boxcarIndex {
            let drift = recorder.drifts[column]
            guard let path = geometry.grid.path(of: drift) else { return false }
            let position = path.isMirrored ? rows.width - 1 - column : column
            if layouts[path.isMirrored ? 1 : 0].isUnfinished(position) { continue }
            let sum = rows.sum(along: path, from: column, &samples)
            guard recorder.hasRatio(of: sum, at: column) else { return false }
        }
        return true
    }
}

/// One way through the rows: path `path` of drift block `block`.
private struct DriftPath: Hashable {
    let block: Int
    let path: Int
    /// Whether it goes towards lower columns.
    let isMirrored: Bool
}

extension DriftGrid {
    /// Whether each path has a drift rate of its own in 32 bits.
    ///
    /// It has in every search of sense: paths of millions of columns share some, and so do rates
    /// that are next to nothing.
    fileprivate var tellsDriftsApart: Bool {
        let columns = (lastBlock + 1) * (treeSteps - 1)
        return columns < 1 << 22 && resolution > 1e-30 && resolution * Double(columns) < 1e30
    }

    /// The path whose drift rate this is; nil when there is none.
    fileprivate func path(of drift: Float) -> DriftPath? {
        let length = (Double(drift.magnitude) / resolution).rounded()
        let reach = treeSteps - 1
        guard length <= Double((lastBlock + 1) * reach), let columns = Int(exactly: length) else {
            return nil
        }
        let block = min(columns / reach, lastBlock)
        let path = DriftPath(
            block: block,
            path: columns - block * reach,
            isMirrored: drift != 0 && self.columns(drift: drift) < 0
        )
        let same = self.drift(block: block, path: path.path, mirrored: path.isMirrored)
        return same == drift ? path : nil
    }
}

extension TileRows {
    /// The sum along `path` from `column` of the tile on, in the order of the tree; `samples` has
    /// room for one number of each row.
    fileprivate func sum(
        along path: DriftPath,
        from column: Int,
        _ samples: inout [Float]
    ) -> Float {
        let steps = samples.count
        for row in 0..<steps {
            let moved = path.block * row + move(row: row, path: path.path, steps: steps)
            samples[row] =
                numbers[row * stride + halo + column + (path.isMirrored ? -moved : moved)]
        }
        var count = steps
        while count > 1 {
            count /= 2
            for index in 0..<count { samples[index] = samples[2 * index] + samples[2 * index + 1] }
        }
        return samples[0]
    }
}
