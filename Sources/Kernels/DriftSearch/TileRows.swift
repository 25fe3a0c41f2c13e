import CKernels
import Primitives

/// A unit's samples as 32-bit floats, with halo, padding steps and spikes settled, or their sums
/// under a boxcar.
///
/// Power, shape [T][stride]. Entries 0..<(width + 2·halo) of a row are columns tile.lower − halo up
/// to tile.upper + halo, or the same in reverse when `isMirrored`, so that a search to the right is
/// a search for negative drifts. Under a boxcar of w columns, an entry is the sum of the columns
/// from (w − 1)/2 before it to w/2 behind it, both rounded down. All entries behind them are zero,
/// so that vectors may read past the end. No entry is −0, so that the maximum of two is one bit
/// pattern.
struct TileRows {
    /// Columns of the tile.
    let width: Int
    let halo: Int
    let stride: Int
    private(set) var isMirrored = false
    /// How many columns are summed in an entry.
    private(set) var boxcar = 1
    private(set) var numbers: [Float]
    /// Whether the sum of the bits was what it had to be whenever it was made.
    private(set) var isIntact = true
    /// The sum of the bit patterns, which mirroring leaves as it is; nil until it is made first.
    private var sum: UInt32?
    /// Entries at the beginning of each row that no path touches again, and the sum of their bits,
    /// made when the last one had.
    private var settled: (count: Int, sum: UInt32) = (0, 0)
    /// Those that copy and turn rows; nil for plain loops.
    private let instructions: CInt?

    /// Zeros behind the columns: what the widest vector loop may read past them.
    private static let slack = 256

    static func stride(width: Int, halo: Int) -> Int {
        (width + 2 * halo + slack + 15) / 16 * 16
    }

    init(
        _ bytes: Bytes,
        _ parameters: DriftParameters,
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
        let mending = RowMending(parameters, geometry, tile)
        let isWhole = stored.lowerBound == 0 && stored.count == geometry.columnCount
        var first = 0
        if isWhole {
            let start = (tile.columns.lowerBound - halo) % geometry.columnCount
            first = start < 0 ? start + geometry.columnCount : start
        }
        var row = [Float](repeating: 0, count: stored.count)
        for step in 0..<geometry.stepCount {
            let slice = bytes[(step * size)..<((step + 1) * size)]
            if let instructions, !isWhole, geometry.sampleByteCount == 4,
                copy(slice, at: step * stride, mending, instructions)
            {
                continue
            }
            let bad =
                parameters.codebook.isEmpty
                ? Self.decode(slice, bits: geometry.sampleBits, into: &row)
                : parameters.codebook.decode(slice, into: &row)
            if let bad {
                throw .badSample(column: stored.lowerBound + bad, step: step)
            }
            unsafe row.withUnsafeMutableBufferPointer { unsafe mending.mend($0) }
            place(row, from: first, at: step * stride)
        }
    }

    /// Turns the order of the columns around, and compares the sum of the bits on the way.
    mutating func mirror() {
        let count = width + 2 * halo
        var found: UInt32 = 0
        for start in Swift.stride(from: 0, to: numbers.count, by: stride) {
            guard let instructions else {
                for column in start..<(start + count) { found &+= numbers[column].bitPattern }
                numbers[start..<(start + count)].reverse()
                continue
            }
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                guard let first = numbers.baseAddress else { return }
                found &+= unsafe drift_reverse(instructions, first + start, Int32(count))
            }
        }
        compare(found)
        isMirrored.toggle()
    }

    /// Makes the sum of the bits of all columns before `column`, which no path will touch again
    /// until rows are turned or widened: they are near the processor now.
    mutating func settle(before column: Int) {
        let count = halo + column
        settled = (count, settled.sum &+ sumOfBits(settled.count..<count))
    }

    /// Whether every bit is as it was left, or was when no path was to touch it any more; what lies
    /// behind the columns is looked at, too.
    func areIntact() -> Bool {
        guard isIntact, let sum else { return isIntact }
        return settled.sum &+ sumOfBits(settled.count..<stride) == sum
    }

    /// The sum of the bit patterns of these entries of all rows.
    private func sumOfBits(_ entries: Range<Int>) -> UInt32 {
        unsafe numbers.withUnsafeBytes { numbers in
            let size = MemoryLayout<Float>.size
            var sum: UInt32 = 0
            for row in Swift.stride(from: 0, to: numbers.count, by: stride * size) {
                let bytes = (row + entries.lowerBound * size)..<(row + entries.upperBound * size)
                let part = unsafe UnsafeRawBufferPointer(rebasing: numbers[bytes])
                sum &+= unsafe wordSum(part, instructions)
            }
            return sum
        }
    }

    private mutating func compare(_ found: UInt32) {
        if let sum, sum != found { isIntact = false }
        sum = found
        settled = (0, 0)
    }

    /// Makes of sums of some columns sums of twice as many; the rows are not mirrored then.
    ///
    /// What lies beside the halo counts as 0.
    mutating func widen() {
        precondition(!isMirrored, "a boxcar is made in the file's direction")
        let count = width + 2 * halo
        let (before, behind) = (boxcar / 2, (boxcar + 1) / 2)
        var (found, widened): (UInt32, UInt32) = (0, 0)
        var padded = [Float](repeating: 0, count: before + count + behind)
        for start in Swift.stride(from: 0, to: numbers.count, by: stride) {
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                unsafe padded.withUnsafeMutableBufferPointer { padded in
                    for index in 0..<count {
                        let number = unsafe numbers[start &+ index]
                        found &+= number.bitPattern
                        unsafe padded[before &+ index] = number
                    }
                    for index in 0..<count {
                        let number = unsafe padded[index] + padded[index &+ before &+ behind]
                        widened &+= number.bitPattern
                        unsafe numbers[start &+ index] = number
                    }
                }
            }
        }
        compare(found)
        sum = widened
        boxcar *= 2
    }

    /// Lets `body` damage the samples, as a fault of the memory would.
    mutating func withMemory(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe numbers.withUnsafeMutableBytes { unsafe body($0) }
    }

    /// Takes in a row of 32-bit samples that is stored as it is searched; false when one is not
    /// good, which is to be named then.
    private mutating func copy(
        _ slice: ArraySlice<UInt8>,
        at start: Int,
        _ mending: RowMending,
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
            unsafe mending.mend(row)
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
