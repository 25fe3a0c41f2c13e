/// SHA-256 in plain Swift, for the pure core.
///
/// Drivers hash bulk data with OpenSSL; this one serves identifiers, commitments and the simulator.
/// - Source: FIPS 180-4 §6.2.
package struct SHA256: Sendable {
    private var state = Compression()
    private var block: Bytes = []
    private var byteCount: UInt64 = 0

    /// A hash of nothing yet.
    package init() { block.reserveCapacity(Compression.blockByteCount) }

    /// SHA-256 of `bytes` in one step.
    package static func hash(_ bytes: Bytes) -> Digest {
        var state = Compression()
        let offset = state.takeBlocks(of: bytes, from: 0)
        return state.finish(bytes[offset...], byteCount: UInt64(bytes.count))
    }

    /// Takes in further bytes.
    package mutating func update(_ bytes: Bytes) {
        byteCount &+= UInt64(bytes.count)
        var offset = 0
        if !block.isEmpty {
            offset = min(Compression.blockByteCount - block.count, bytes.count)
            block.append(contentsOf: bytes[0..<offset])
            guard block.count == Compression.blockByteCount else { return }
            _ = state.takeBlocks(of: block, from: 0)
            block.removeAll(keepingCapacity: true)
        }
        offset = state.takeBlocks(of: bytes, from: offset)
        block.append(contentsOf: bytes[offset...])
    }

    /// The digest of everything taken in.
    package consuming func finish() -> Digest { state.finish(block[...], byteCount: byteCount) }
}

/// The state between two blocks.
private struct Compression {
    /// Bytes of a block.
    static let blockByteCount = 64

    typealias Schedule = InlineArray<16, UInt32>

    private var state: InlineArray<8, UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// Takes in every whole block of `bytes` from `start` on; returns where the rest begins.
    mutating func takeBlocks(of bytes: Bytes, from start: Int) -> Int {
        var offset = start
        while bytes.count - offset >= Self.blockByteCount {
            var schedule = Schedule(repeating: 0)
            unsafe bytes.withUnsafeBytes { memory in
                for index in 0..<16 {
                    schedule[index] = UInt32(
                        bigEndian: unsafe memory.loadUnaligned(
                            fromByteOffset: offset + index * 4,
                            as: UInt32.self
                        )
                    )
                }
            }
            compress(&schedule)
            offset += Self.blockByteCount
        }
        return offset
    }

    /// The digest of `byteCount` bytes, whose `rest` makes no whole block.
    mutating func finish(_ rest: ArraySlice<UInt8>, byteCount: UInt64) -> Digest {
        var schedule = Schedule(repeating: 0)
        var place = 0
        func put(_ byte: UInt8) {
            schedule[place / 4] |= UInt32(byte) << UInt32(24 - place % 4 * 8)
            place += 1
        }
        for byte in rest { put(byte) }
        put(0x80)
        if place > Self.blockByteCount - 8 {
            compress(&schedule)
            schedule = Schedule(repeating: 0)
        }
        let bitCount = byteCount &* 8
        schedule[14] = UInt32(truncatingIfNeeded: bitCount >> 32)
        schedule[15] = UInt32(truncatingIfNeeded: bitCount)
        compress(&schedule)
        return Digest(
            UInt64(state[0]) << 32 | UInt64(state[1]),
            UInt64(state[2]) << 32 | UInt64(state[3]),
            UInt64(state[4]) << 32 | UInt64(state[5]),
            UInt64(state[6]) << 32 | UInt64(state[7])
        )
    }

    /// Takes in one block; of the message schedule only the last 16 words are kept.
    private mutating func compress(_ schedule: inout Schedule) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for start in stride(from: 0, to: 64, by: 8) {
            // Eight rounds: then every word stands in its place again.
            mix(a, b, c, &d, e, f, g, &h, word(start, &schedule))
            mix(h, a, b, &c, d, e, f, &g, word(start + 1, &schedule))
            mix(g, h, a, &b, c, d, e, &f, word(start + 2, &schedule))
            mix(f, g, h, &a, b, c, d, &e, word(start + 3, &schedule))
            mix(e, f, g, &h, a, b, c, &d, word(start + 4, &schedule))
            mix(d, e, f, &g, h, a, b, &c, word(start + 5, &schedule))
            mix(c, d, e, &f, g, h, a, &b, word(start + 6, &schedule))
            mix(b, c, d, &e, f, g, h, &a, word(start + 7, &schedule))
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
    }

    /// The word of round `index` with its constant; from the sixteenth on it is made of earlier
    /// ones.
    @inline(__always)
    private func word(_ index: Int, _ schedule: inout Schedule) -> UInt32 {
        if index >= 16 {
            let w15 = schedule[(index &- 15) & 15]
            let w2 = schedule[(index &- 2) & 15]
            let s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >> 3)
            let s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >> 10)
            schedule[index & 15] &+= s0 &+ schedule[(index &- 7) & 15] &+ s1
        }
        return roundConstants[index] &+ schedule[index & 15]
    }

    @inline(__always)
    private func mix(
        _ a: UInt32,
        _ b: UInt32,
        _ c: UInt32,
        _ d: inout UInt32,
        _ e: UInt32,
        _ f: UInt32,
        _ g: UInt32,
        _ h: inout UInt32,
        _ word: UInt32
    ) {
        let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ word
        let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        d &+= t1
        h = t1 &+ s0 &+ ((a & b) ^ (a & c) ^ (b & c))
    }
}

@inline(__always)
private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
private let roundConstants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
]
