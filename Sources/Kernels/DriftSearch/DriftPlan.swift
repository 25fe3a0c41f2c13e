extension DriftGeometry {
    /// The units of a dataset: in each searched coarse channel the full tiles, then the last one.
    func plan() throws(ManifestError) -> UnitPlan {
        var runs: [UnitRun] = []
        var unit = 0
        var byte: UInt64 = 0
        let rest = columnCount % tileWidth
        for _ in searchedChannels {
            for (width, count) in [(tileWidth, columnCount / tileWidth), (rest, rest > 0 ? 1 : 0)]
            where count > 0 {
                let run = UnitRun(
                    firstUnit: unit,
                    unitCount: count,
                    firstByte: byte,
                    byteCountEach: UInt64(unitByteCount(width: width)),
                    operationsEach: grid.operations(width: width)
                )
                runs.append(run)
                unit += count
                byte += UInt64(count) * run.byteCountEach
                guard byte <= KernelLimits.datasetByteCountMax else {
                    throw .outOfBounds(
                        "the dataset is beyond \(KernelLimits.datasetByteCountMax) bytes"
                    )
                }
            }
        }
        return UnitPlan(runs: runs)
    }
}

extension UnitPlan {
    /// Bytes of all units.
    package var byteCount: UInt64 {
        runs.last.map { $0.firstByte + UInt64($0.unitCount) * $0.byteCountEach } ?? 0
    }
}
