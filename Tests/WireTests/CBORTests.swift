import Primitives
import Testing
import Wire

@Suite struct CBORTests {
    /// Examples of RFC 8949, appendix A.
    private static let numbers: [(UInt64, String)] = [
        (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"),
        (255, "18ff"), (256, "190100"), (1_000, "1903e8"), (65_535, "19ffff"),
        (65_536, "1a00010000"), (1_000_000, "1a000f4240"), (4_294_967_295, "1affffffff"),
        (4_294_967_296, "1b0000000100000000"), (1_000_000_000_000, "1b000000e8d4a51000"),
        (.max, "1bffffffffffffffff"),
    ]

    @Test func numbersHaveTheirShortestForm() throws {
        for (number, text) in Self.numbers {
            var encoder = CBOREncoder()
            encoder.unsigned(number)
            #expect(hexadecimal(encoder.bytes) == text)
            var decoder = CBORDecoder(encoder.bytes)
            #expect(try decoder.unsigned() == number)
            try decoder.finish()
        }
        var encoder = CBOREncoder()
        encoder.negative(7)
        #expect(encoder.bytes == [0x27])
    }

    @Test func textBytesAndSimpleValuesAreAsTheStandardSays() throws {
        var encoder = CBOREncoder()
        encoder.byteString([1, 2, 3, 4])
        encoder.text("\u{6c34}")
        encoder.text("")
        encoder.bool(false)
        encoder.bool(true)
        encoder.null()
        encoder.tag(18)
        encoder.array(0)
        encoder.map(0)
        #expect(hexadecimal(encoder.bytes) == "440102030463e6b0b460f4f5f6d280a0")
        var decoder = CBORDecoder(encoder.bytes)
        #expect(try decoder.byteString(upTo: 4) == [1, 2, 3, 4])
        #expect(try decoder.text(upTo: 3) == "\u{6c34}")
        #expect(try decoder.text(upTo: 0) == "")
        #expect(try !decoder.null())
        #expect(try !decoder.bool())
        #expect(try decoder.bool())
        #expect(try decoder.null())
        try decoder.tag(18)
        try decoder.array(exactly: 0)
        try decoder.map(exactly: 0)
        try decoder.finish()
    }

    @Test(arguments: [
        "1800", "1817", "190000", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1d", "1e",
        "1f",
    ])
    func otherFormsOfANumberAreNotDeterministic(text: String) throws {
        var decoder = try decoder(text)
        #expect(throws: DecodeError.notDeterministic(at: 0)) { try decoder.unsigned() }
    }

    @Test(arguments: ["", "18", "19ff", "1a000100", "1b00000001000000"])
    func aNumberThatEndsEarlyIsTruncated(text: String) throws {
        var decoder = try decoder(text)
        #expect(throws: DecodeError.self) { try decoder.unsigned() }
    }

    @Test func lengthsBeyondTheInputReserveNothing() throws {
        for text in ["5b8000000000000000", "5bffffffffffffffff", "5a7fffffff", "58ff", "41"] {
            var bytes = try decoder(text)
            #expect(throws: DecodeError.self) { try bytes.byteString(upTo: .max) }
        }
        for text in ["9b8000000000000000", "9bffffffffffffffff", "9a7fffffff", "98ff", "81"] {
            var array = try decoder(text)
            #expect(throws: DecodeError.self) {
                try array.list(upTo: .max) { (decoder) throws(DecodeError) in
                    try decoder.unsigned()
                }
            }
        }
        var map = try decoder("bb8000000000000000")
        #expect(throws: DecodeError.tooLong(at: 0, limit: 1)) { try map.map(exactly: 1) }
    }

    @Test func everyReaderRefusesEveryOtherType() throws {
        let readers: [(UInt8, (inout CBORDecoder) throws(DecodeError) -> Void)] = [
            (0, { (decoder) throws(DecodeError) in _ = try decoder.unsigned() }),
            (2, { (decoder) throws(DecodeError) in _ = try decoder.byteString(upTo: 0) }),
            (3, { (decoder) throws(DecodeError) in _ = try decoder.text(upTo: 0) }),
            (4, { (decoder) throws(DecodeError) in try decoder.array(exactly: 0) }),
            (5, { (decoder) throws(DecodeError) in try decoder.map(exactly: 0) }),
            (6, { (decoder) throws(DecodeError) in try decoder.tag(0) }),
        ]
        for (type, read) in readers {
            for other in 0...7 as ClosedRange<UInt8> {
                var decoder = CBORDecoder([other << 5])
                if other == type {
                    try read(&decoder)
                } else {
                    #expect(throws: DecodeError.self) { try read(&decoder) }
                }
            }
        }
        for byte in 0...255 as ClosedRange<UInt8> where byte != 0xf4 && byte != 0xf5 {
            var decoder = CBORDecoder([byte])
            #expect(throws: DecodeError.self) { try decoder.bool() }
        }
    }

    @Test func invalidTextIsRefused() throws {
        for text in ["61ff", "62c080", "63eda080", "64f4908080", "61c3"] {
            var decoder = try decoder(text)
            #expect(throws: DecodeError.invalidText(at: 1)) { try decoder.text(upTo: 9) }
        }
    }

    @Test func fixedLengthsAreExact() {
        for count in [0, 31, 32, 33, 63, 64, 65] {
            var encoder = CBOREncoder()
            encoder.byteString(Bytes(repeating: 1, count: count))
            var digest = CBORDecoder(encoder.bytes)
            #expect(((try? digest.digest()) != nil) == (count == 32))
            var signature = CBORDecoder(encoder.bytes)
            #expect(((try? signature.signature()) != nil) == (count == 64))
            var nonce = CBORDecoder(encoder.bytes)
            #expect(((try? nonce.byteString(exactly: 33)) != nil) == (count == 33))
        }
    }

    @Test func whatFollowsTheLastItemIsRefused() throws {
        var decoder = try decoder("0000")
        _ = try decoder.unsigned()
        #expect(throws: DecodeError.trailing(count: 1)) { try decoder.finish() }
    }

    private func decoder(_ text: String) throws -> CBORDecoder {
        CBORDecoder(try #require(bytes(hexadecimal: text)))
    }
}
