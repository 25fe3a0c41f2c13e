package import Primitives

extension DriftSearch {
    /// The checkpoint: the unit's digest, the place in the work, and what was found so far.
    ///
    /// Encoding, little-endian: 32 bytes digest, u8 boxcar index, u8 mirrored, u8 stage, u32
    /// stripe, u32 block or turn, 8 × u32 evidence lanes, u64 hits, u32 columns, for each: u32
    /// column, f32 ratio, f32 drift, u8 boxcar index.
    package var state: Bytes {
        var bytes = unitDigest.bytes
        bytes.append(UInt8(recorder.boxcarIndex))
        bytes.append(rows.isMirrored ? 1 : 0)
        let (kind, stripe, turn) = stageNumbers
        bytes.append(kind)
        bytes.append(littleEndian: UInt32(stripe))
        bytes.append(littleEndian: UInt32(turn))
        for lane in 0..<8 { bytes.append(littleEndian: evidence.lanes[lane]) }
        bytes.append(littleEndian: recorder.hitCount)
        let columns = recorder.ratios.indices.filter { recorder.ratios[$0] > 0 }
        bytes.append(littleEndian: UInt32(columns.count))
        for column in columns {
            bytes.append(littleEndian: UInt32(column))
            bytes.append(littleEndian: recorder.ratios[column])
            bytes.append(littleEndian: recorder.drifts[column])
            bytes.append(recorder.boxcarIndices[column])
        }
        return bytes
    }

    package init(resuming state: Bytes, _ unit: UnitInput) throws(KernelError) {
        try self.init(unit)
        guard state.starts(with: unitDigest.bytes) else { throw .badState("it is another unit's") }
        var reader = LittleEndianReader(state, at: Digest.byteCount)
        guard let boxcarIndex = reader.integer(UInt8.self), boxcarIndex < boxcarCount,
            let mirrored = reader.integer(UInt8.self), mirrored <= 1,
            let kind = reader.integer(UInt8.self),
            let stripe = reader.integer(UInt32.self), let turn = reader.integer(UInt32.self)
        else { throw .badState("its beginning is damaged") }
        restore(boxcarIndex: Int(boxcarIndex), mirrored: mirrored == 1)
        stage = try restoredStage(kind, stripe: Int(stripe), turn: Int(turn))
        try restoreFindings(&reader)
    }

    private var stageNumbers: (kind: UInt8, stripe: Int, turn: Int) {
        switch stage {
        case .search(let stripe, let turn): (0, stripe, turn)
        case .finished: (1, 0, 0)
        }
    }

    private func restoredStage(
        _ kind: UInt8,
        stripe: Int,
        turn: Int
    ) throws(KernelError) -> Stage {
        guard turn <= geometry.grid.lastBlock, stripe < stripeCount else {
            throw .badState("it is beyond the unit's end")
        }
        switch kind {
        case 0: return .search(stripe: stripe, turn: turn)
        case 1 where !rows.isMirrored && recorder.boxcarIndex == boxcarCount - 1:
            return .finished
        default: throw .badState("it is in no known stage")
        }
    }

    private mutating func restoreFindings(_ reader: inout LittleEndianReader) throws(KernelError) {
        var lanes = SIMD8<UInt32>(repeating: 0)
        for lane in 0..<8 {
            guard let word = reader.integer(UInt32.self) else {
                throw .badState("it ends too early")
            }
            lanes[lane] = word
        }
        evidence = EvidenceFold(lanes: lanes)
        guard let hitCount = reader.integer(UInt64.self), let count = reader.integer(UInt32.self)
        else { throw .badState("it ends too early") }
        recorder.restore(hitCount: hitCount)
        for _ in 0..<count {
            guard let column = reader.integer(UInt32.self), let ratio = reader.float(),
                let drift = reader.float(), let boxcarIndex = reader.integer(UInt8.self)
            else { throw .badState("it ends too early") }
            guard column < tile.columns.count, ratio > 0, boxcarIndex < boxcarCount else {
                throw .badState("a hit lies outside the tile")
            }
            recorder.restore(
                column: Int(column),
                ratio: ratio,
                drift: drift,
                boxcarIndex: Int(boxcarIndex)
            )
        }
        guard reader.remaining == 0 else { throw .badState("it ends too late") }
    }
}
