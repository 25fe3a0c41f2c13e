import Primitives

/// One column with at least one hit: its strongest one.
package struct ColumnHit: Hashable, Sendable {
    /// The column's coarse channel.
    package let coarseChannel: Int
    /// The column inside its coarse channel.
    package let column: Int
    /// Signal-to-noise ratio of the strongest hit.
    package let ratio: Float
    /// Drift rate of the strongest hit, hertz per second.
    package let drift: Float
    /// How many channels were summed for the strongest hit.
    package let boxcar: Int
}

/// The result of one unit.
///
/// Encoding, little-endian: u64 hits, u32 columns, then for each column, ascending: u32 coarse
/// channel, u32 column, f32 ratio, f32 drift, u32 boxcar.
package struct HitList: Hashable, Sendable {
    /// Bytes before the first column.
    static let headerByteCount = 12
    /// Bytes of one column.
    static let hitByteCount = 20

    /// Every sum above the threshold, over all columns and drifts of the tile.
    package let hitCount: UInt64
    /// The columns with hits, ascending.
    package let hits: [ColumnHit]

    func append(to bytes: inout Bytes) {
        bytes.append(littleEndian: hitCount)
        bytes.append(littleEndian: UInt32(hits.count))
        for hit in hits {
            bytes.append(littleEndian: UInt32(hit.coarseChannel))
            bytes.append(littleEndian: UInt32(hit.column))
            bytes.append(littleEndian: hit.ratio)
            bytes.append(littleEndian: hit.drift)
            bytes.append(littleEndian: UInt32(hit.boxcar))
        }
    }

    /// Reads one list; refuses what an honest unit cannot have written.
    static func read(_ reader: inout LittleEndianReader) throws(KernelError) -> HitList {
        guard let hitCount = reader.integer(UInt64.self), let count = reader.integer(UInt32.self),
            Int(count) * hitByteCount <= reader.remaining
        else { throw .badResult("it ends too early") }
        guard hitCount >= UInt64(count), (count == 0) == (hitCount == 0) else {
            throw .badResult("\(hitCount) hits in \(count) columns")
        }
        var hits: [ColumnHit] = []
        hits.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let channel = reader.integer(UInt32.self),
                let column = reader.integer(UInt32.self),
                let ratio = reader.float(), let drift = reader.float(),
                let boxcar = reader.integer(UInt32.self)
            else { throw .badResult("it ends too early") }
            guard ratio > 0, drift.isFinite else { throw .badResult("a hit is not a number") }
            guard boxcar.nonzeroBitCount == 1, boxcar <= KernelLimits.boxcarMax else {
                throw .badResult("a boxcar of \(boxcar) channels")
            }
            let hit = ColumnHit(
                coarseChannel: Int(channel),
                column: Int(column),
                ratio: ratio,
                drift: drift,
                boxcar: Int(boxcar)
            )
            if let last = hits.last,
                last.coarseChannel != hit.coarseChannel
                    || last.column >= hit.column
            {
                throw .badResult("columns are not ascending")
            }
            hits.append(hit)
        }
        return HitList(hitCount: hitCount, hits: hits)
    }
}
