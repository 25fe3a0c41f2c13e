import Primitives
import Testing
import Wire

/// Whatever a peer sends, a decoder answers with an error or with a value of these very bytes.
@Suite struct HostileInputTests {
    @Test(arguments: Format.all)
    func everyTruncationIsRefused(_ format: Format) {
        var generator = PRNG(seed: 1)
        let bytes = format.example(&generator)
        let accepted = bytes.indices.filter { (try? format.recode(Bytes(bytes[..<$0]))) != nil }
        #expect(accepted.isEmpty)
        #expect(throws: DecodeError.self) { try format.recode(bytes + [0]) }
    }

    @Test(arguments: Format.all)
    func noByteIsIgnored(_ format: Format) {
        var generator = PRNG(seed: 2)
        var violations: [String] = []
        for _ in 0..<2 {
            let bytes = format.example(&generator)
            let stride = max(1, bytes.count / 150)
            for index in Swift.stride(from: 0, to: bytes.count, by: stride) {
                for value in [bytes[index] ^ 1, bytes[index] ^ 0x20, generator.bytes(1)[0]] {
                    var mutant = bytes
                    mutant[index] = value
                    if let text = violation(format, mutant) { violations.append(text) }
                }
            }
        }
        #expect(violations.isEmpty)
    }

    @Test(arguments: Format.all)
    func randomBytesNeverTrap(_ format: Format) {
        var generator = PRNG(seed: 3)
        var violations: [String] = []
        for _ in 0..<200 {
            let length = generator.count(0...80)
            let bytes = generator.bytes(length)
            if let text = violation(format, bytes) { violations.append(text) }
            // Random bytes behind an honest beginning get further in.
            let example = format.example(&generator)
            let kept = generator.count(0...example.count)
            let mixed = Bytes(example[..<kept]) + generator.bytes(length)
            if let text = violation(format, mixed) { violations.append(text) }
        }
        #expect(violations.isEmpty)
    }

    @Test(arguments: Format.all)
    func brokenStructureIsRefusedOrKept(_ format: Format) {
        var generator = PRNG(seed: 4)
        var violations: [String] = []
        for _ in 0..<8 {
            let bytes = format.example(&generator)
            let spans = CBORSpan(bytes).all
            for _ in 0..<100 {
                let span = spans[Int(generator.below(UInt64(spans.count)))]
                let mutation = Mutation.allCases[generator.count(0...Mutation.allCases.count - 1)]
                guard let mutant = mutation.applied(to: bytes, at: span, &generator) else {
                    continue
                }
                if let text = violation(format, mutant) { violations.append(text) }
            }
        }
        #expect(violations.isEmpty)
    }

    @Test(arguments: Format.all)
    func otherSpellingsAreRefused(_ format: Format) {
        var generator = PRNG(seed: 5)
        let bytes = format.example(&generator)
        var accepted: [String] = []
        for span in CBORSpan(bytes).all {
            for mutation in [Mutation.longerHead, .indefinite, .wrapInTag, .hugeCount] {
                guard let mutant = mutation.applied(to: bytes, at: span, &generator) else {
                    continue
                }
                if (try? format.recode(mutant)) != nil {
                    accepted.append("\(mutation) at \(span.start)")
                }
            }
        }
        #expect(accepted.isEmpty)
    }

    @Test(arguments: Format.all.filter { $0.name.hasSuffix("payload") })
    func keysOfAPayloadAreAllThereAndInOrder(_ format: Format) {
        var generator = PRNG(seed: 6)
        let bytes = format.example(&generator)
        let map = CBORSpan(bytes)
        var accepted: [String] = []
        for mutation in [Mutation.swapChildren, .repeatChild, .extraChild, .dropChild] {
            for _ in 0..<60 {
                guard let mutant = mutation.applied(to: bytes, at: map, &generator) else {
                    continue
                }
                if (try? format.recode(mutant)) != nil { accepted.append("\(mutation)") }
            }
        }
        #expect(accepted.isEmpty)
    }

    @Test func onlyTheFixedCOSEHeadersAreAccepted() {
        var generator = PRNG(seed: 7)
        let signed = generator.signed(generator.cancel())
        func envelope(tag: UInt64, header: Bytes, unprotected: Bytes) -> Bytes {
            var encoder = CBOREncoder()
            encoder.tag(tag)
            encoder.array(4)
            encoder.byteString(header)
            let start = encoder.bytes
            var rest = CBOREncoder()
            rest.byteString(signed.body.payload)
            rest.signature(signed.signature)
            return start + unprotected + rest.bytes
        }
        func isAccepted(_ bytes: Bytes) -> Bool { (try? Signed<Cancel>(envelope: bytes)) != nil }
        let header: Bytes = [0xa1, 0x01, 0x27]
        #expect(isAccepted(envelope(tag: 18, header: header, unprotected: [0xa0])))
        #expect(!isAccepted(envelope(tag: 98, header: header, unprotected: [0xa0])))
        for other in [[], [0xa0], [0xa1, 0x01, 0x26], [0xa1, 0x01, 0x38, 0x07]] as [Bytes]
            + [[0xa2, 0x01, 0x27, 0x04, 0x41, 0x00]]
        {
            #expect(!isAccepted(envelope(tag: 18, header: other, unprotected: [0xa0])))
        }
        let keyed: Bytes = [0xa1, 0x04, 0x41, 0x00]
        #expect(!isAccepted(envelope(tag: 18, header: header, unprotected: keyed)))
        #expect(!isAccepted(Bytes(signed.envelope.dropFirst())))
    }

    @Test func unknownKindsAreRefused() {
        for kind in [0, 1, 2, 27, 255, UInt64.max] {
            var encoder = CBOREncoder()
            encoder.array(2)
            encoder.unsigned(kind)
            encoder.null()
            #expect(throws: DecodeError.unknownKind(kind)) { try Message(frame: encoder.bytes) }
        }
        for kind in [0, 11, UInt64.max] {
            var encoder = CBOREncoder()
            encoder.array(2)
            encoder.unsigned(kind)
            encoder.null()
            var decoder = CBORDecoder(encoder.bytes)
            #expect(throws: DecodeError.unknownKind(kind)) { try Item(from: &decoder) }
        }
    }

    /// What is wrong with the answer to `bytes`; nil for a refusal and for a faithful value.
    private func violation(_ format: Format, _ bytes: Bytes) -> String? {
        guard let again = try? format.recode(bytes), again != bytes else { return nil }
        return hexadecimal(bytes)
    }
}
