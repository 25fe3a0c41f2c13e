import Primitives

/// The few values that all samples of a file have, so that a sample travels as one byte.
///
/// Files of 16 or 32 bits are often made from 8-bit data. Where they are, each sample is shipped as
/// the place of its value, and who computes has the very same samples, and so the same hits.
package struct Codebook: Hashable, Sendable {
    /// The values, ascending, at most `countMax`; none when samples are shipped as they are.
    package let values: [Float]

    /// As many as a byte tells apart.
    package static let countMax = 256

    /// Samples are shipped as they are.
    package static let none = Codebook(ascending: [])

    /// A codebook of values that ascend.
    init(ascending values: [Float]) { self.values = values }

    /// Whether samples are shipped as they are.
    var isEmpty: Bool { values.isEmpty }

    /// The codebook of all samples of `filterbank`; none where one would not shorten them.
    init(_ filterbank: Filterbank) throws(InputError) {
        var table = ValueTable()
        let channelCount = filterbank.header.channelCount
        guard filterbank.header.sampleBits > 8 else {
            values = []
            return
        }
        for step in 0..<filterbank.stepCount {
            for first in stride(from: 0, to: channelCount, by: Self.columnsAtOnce) {
                let channels = first..<min(first + Self.columnsAtOnce, channelCount)
                for sample in try filterbank.numbers(step: step, channels: channels)
                where table.place(of: sample, isNew: true) == nil {
                    values = []
                    return
                }
            }
        }
        values = table.values.sorted()
    }

    private static let columnsAtOnce = 1 << 14

    /// The bytes that stand for samples, each of which is in the book.
    func encoder() -> Encoder { Encoder(values) }

    /// Turns samples into bytes.
    struct Encoder {
        private var table = ValueTable()

        init(_ values: [Float]) {
            for value in values { _ = table.place(of: value, isNew: true) }
        }

        /// Appends the byte of each sample; false when one is not in the book.
        mutating func append(_ samples: [Float], to bytes: inout Bytes) -> Bool {
            for sample in samples {
                guard let place = table.place(of: sample, isNew: false) else { return false }
                bytes.append(UInt8(place))
            }
            return true
        }
    }

    /// Turns bytes into samples; returns the index of the first byte that no value stands for.
    func decode(_ bytes: ArraySlice<UInt8>, into samples: inout [Float]) -> Int? {
        for (index, byte) in bytes.enumerated() {
            guard byte < values.count else { return index }
            samples[index] = values[Int(byte)]
        }
        return nil
    }
}

/// The places of at most 256 values, found by the bits of the value.
private struct ValueTable {
    private(set) var values: [Float] = []
    /// Four slots for each value, each the place of a value and one more; 0 is free.
    private var slots = [UInt16](repeating: 0, count: 4 * Codebook.countMax)

    /// The place of a value, in the order in which values came; nil when it is not there, or when
    /// it is new and there are 256 others.
    mutating func place(of value: Float, isNew: Bool) -> Int? {
        // 0 and −0 are one value, and one pattern behind this sum.
        let bits = (value + 0).bitPattern
        var slot = Int(truncatingIfNeeded: (bits &* 0x9e37_79b1) >> 22)
        while slots[slot] > 0 {
            let place = Int(slots[slot]) - 1
            if values[place].bitPattern == bits { return place }
            slot = (slot + 1) % slots.count
        }
        guard isNew, values.count < Codebook.countMax else { return nil }
        values.append(Float(bitPattern: bits))
        slots[slot] = UInt16(values.count)
        return values.count - 1
    }
}
