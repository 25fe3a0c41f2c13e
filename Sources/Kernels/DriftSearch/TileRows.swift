import CKernels
import Primitives

/// A unit's samples as 32-bit floats, with halo, padding steps and the DC column settled.
///
/// Power, shape [T][stride]. Entries 0..<(width + 2·halo) of a row are columns
/// tile.lower − halo up to tile.upper + halo, or the same in reverse when `isMirrored`, so that a
/// search to the right is a search for negative drifts. All entries behind them are zero, so that
/// vectors may read past the end. No entry is −0, so that the maximum of two is one bit pattern.
struct TileRows {
    /// Columns of the tile.
    let width: Int
    let halo: Int
    let stride: Int
    private(set) var isMirrored = false
    private(set) var numbers: [Float]
    /// Those that copy and turn rows; nil for plain loops.
    private let instructions: CInt?

    /// Zeros behind the columns: what the widest vector loop may read past them.
    private static let slack = 256

    static func stride(width: Int, halo: Int) -> Int {
        (width + 2 * halo + slack + 15) / 16 * 16
    }

    init(
        _ bytes: Bytes,
        _ geometry: DriftGeometry,
        _ tile: Tile,
        _ variant: Variant
    ) throws(KernelError) {
        instructions = variant.instructions
        width = tile.columns.count
        halo = geometry.grid.halo
        stride = Self.stride(width: width, halo: halo)
        numbers = [Float](repeating: 0, count: geometry.grid.treeSteps * stride)
        let stored = geometry.storedColumns(tile.columns)
        let size = stored.count * geometry.sampleByteCount
        let filler = DirectCurrent(geometry, stored)
        let isWhole = stored.count == geometry.columnCount
        var first = 0
        if isWhole {
            let start = (tile.columns.lowerBound - halo) % geometry.columnCount
            first = start < 0 ? start + geometry.columnCount : start
        }
        var row = [Float](repeating: 0, count: stored.count)
        for step in 0..<geometry.stepCount {
            let slice = bytes[(step * size)..<((step + 1) * size)]
            if let instructions, !isWhole, geometry.sampleByteCount == 4,
                copy(slice, at: step * stride, filler, instructions)
            {
                continue
            }
            if let bad = Self.decode(slice, bits: 8 * geometry.sampleByteCount, into: &row) {
                throw .badSample(column: stored.lowerBound + bad, step: step)
            }
            unsafe row.withUnsafeMutableBufferPointer { unsafe filler.fill($0) }
            place(row, from: first, at: step * stride)
        }
    }

    /// Turns the order of the columns around.
    mutating func mirror() {
        let count = width + 2 * halo
        for start in Swift.stride(from: 0, to: numbers.count, by: stride) {
            guard let instructions else {
                numbers[start..<(start + count)].reverse()
                continue
            }
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                guard let first = numbers.baseAddress else { return }
                unsafe drift_reverse(instructions, first + start, Int32(count))
            }
        }
        isMirrored.toggle()
    }

    /// Takes in a row of 32-bit samples that is stored as it is searched; false when one is not
    /// good, which is to be named then.
    private mutating func copy(
        _ slice: ArraySlice<UInt8>,
        at start: Int,
        _ filler: DirectCurrent,
        _ instructions: CInt
    ) -> Bool {
        let count = width + 2 * halo
        return unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            let row = unsafe UnsafeMutableBufferPointer(rebasing: numbers[start..<(start + count)])
            let isGood = unsafe slice.withUnsafeBufferPointer { samples in
                unsafe drift_copy(
                    instructions,
                    samples.baseAddress,
                    Int32(count),
                    KernelLimits.sampleMagnitudeMax,
                    row.baseAddress
                ) != 0
            }
            guard isGood else { return false }
            unsafe filler.fill(row)
            return true
        }
    }

    private static func decode(_ slice: ArraySlice<UInt8>, bits: Int, into row: inout [Float])
        -> Int?
    {
        unsafe row.withUnsafeMutableBufferPointer { numbers in
            guard let start = numbers.baseAddress else { return nil }
            return unsafe decodeSamples(slice, bits: bits, into: start)
        }
    }

    /// Copies `row`, circularly from `first` on, until all columns are filled.
    private mutating func place(_ row: [Float], from first: Int, at start: Int) {
        let count = width + 2 * halo
        unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe row.withUnsafeBufferPointer { row in
                var (source, target) = (first, start)
                while target < start + count {
                    let length = min(row.count - source, start + count - target)
                    for index in 0..<length {
                        unsafe numbers[target &+ index] = row[source &+ index] + 0
                    }
                    target += length
                    source = 0
                }
            }
        }
    }
}

/// The middle column of a coarse channel, whose spike comes from the receiver: it gets the mean of
/// its neighbours.
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
        } else if geometry.sampleByteCount == 4 {
            arithmetic = .single
        } else {
            arithmetic = .wrapping(mask: geometry.sampleByteCount == 1 ? 0xff : 0xffff)
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
