import Primitives

/// Turns little-endian samples of `bits` bits into 32-bit floats, exactly.
///
/// - Returns: the index of the first sample that is not finite or too large, or nil.
func decodeSamples(
    _ bytes: ArraySlice<UInt8>,
    bits: Int,
    into numbers: UnsafeMutablePointer<Float>
) -> Int? {
    unsafe bytes.withUnsafeBytes { raw in
        switch bits {
        case 8:
            for index in 0..<raw.count { unsafe numbers[index] = Float(raw[index]) }
        case 16:
            for index in 0..<(raw.count / 2) {
                let word = unsafe raw.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                unsafe numbers[index] = Float(UInt16(littleEndian: word))
            }
        default:
            return unsafe decodeFloats(raw, into: numbers)
        }
        return nil
    }
}

private func decodeFloats(
    _ raw: UnsafeRawBufferPointer,
    into numbers: UnsafeMutablePointer<Float>
) -> Int? {
    var excess: UInt32 = 0
    let limit = KernelLimits.sampleMagnitudeMax.bitPattern
    for index in 0..<(raw.count / 4) {
        let word = unsafe raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
        let number = Float(bitPattern: UInt32(littleEndian: word))
        excess |= limit &- number.magnitude.bitPattern
        unsafe numbers[index] = number
    }
    guard excess >> 31 == 1 else { return nil }
    return (0..<(raw.count / 4)).first {
        unsafe !(numbers[$0].magnitude <= KernelLimits.sampleMagnitudeMax)
    }
}
