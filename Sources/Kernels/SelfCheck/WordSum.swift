import CKernels

/// The sum of the 32-bit words of `memory`, modulo 2³², whose size is a multiple of four bytes.
///
/// The order does not matter, and a single bit that changes always changes it: by ±2ᵏ.
func wordSum(_ memory: UnsafeRawBufferPointer, _ instructions: CInt?) -> UInt32 {
    unsafe memory.withMemoryRebound(to: UInt32.self) { words in
        guard let start = words.baseAddress else { return 0 }
        if let instructions { return unsafe drift_sum(instructions, start, words.count) }
        var sum: UInt32 = 0
        for index in 0..<words.count { unsafe sum &+= words[index] }
        return sum
    }
}

/// The sum of the bit patterns of `numbers`, modulo 2³².
func wordSum(_ numbers: [Float], _ instructions: CInt?) -> UInt32 {
    unsafe numbers.withUnsafeBytes { unsafe wordSum($0, instructions) }
}
