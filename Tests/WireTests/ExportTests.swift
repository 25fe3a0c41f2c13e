import Primitives
import Testing
import Wire

/// Exports, and the statements that items hold.
@Suite struct ExportTests {
    @Test func theLongestItemIsTheLongestElement() {
        var encoder = CBOREncoder()
        encoder.array(2)
        encoder.unsigned(10)
        encoder.map(3)
        encoder.unsigned(1)
        encoder.unsigned(8)
        for key in UInt64(2)...3 {
            encoder.unsigned(key)
            encoder.byteString(Bytes(repeating: 0, count: Limits.statementByteCount))
        }
        #expect(encoder.bytes.count == ExportElement.byteCountMax)
    }

    @Test func theHashIsTheLastBytesOfTheEnd() {
        let hash = Digest(1, 2, 3, 4)
        let head: Bytes = [0x58, 0x20]
        let last = ExportElement.end(hash).bytes.suffix(ExportElement.hashByteCount)
        #expect(Array(last) == head + hash.bytes)
    }

    @Test func elementsAreReadFromTheMiddleOfASequence() throws {
        var generator = PRNG(seed: 1)
        let elements: [ExportElement] =
            (0..<5).map { .item(generator.item($0)) } + [.end(generator.digest())]
        var decoder = CBORDecoder([0xff, 0xff] + elements.flatMap(\.bytes), at: 2)
        for element in elements { #expect(try ExportElement(from: &decoder) == element) }
        try decoder.finish()
    }

    @Test func anItemListsEveryStatementThatIsSignedInIt() {
        var generator = PRNG(seed: 2)
        for _ in 0..<20 {
            let signed = generator.signed(generator.certificate())
            let body = signed.body
            let statements = Item.certificate(signed).statements
            #expect(statements.first == AnyStatement(signed))
            let counts = [StatementKind.commitSet, .result, .ruling].map { kind in
                statements.count { $0.kind == kind }
            }
            let signedSets = body.sets.count { $0.signature != nil }
            #expect(counts == [signedSets, body.entries.count, body.rulings.count])
            #expect(statements.count == 1 + counts.reduce(0, +))
        }
        for _ in 0..<20 {
            let fault = generator.fault()
            let statements = Item.fault(fault).statements.filter { $0.kind == fault.kind }
            #expect(statements.count == 2 && statements[0].id < statements[1].id)
        }
        for index in 0..<5 {
            let item = generator.item(index)
            #expect(item.statements.isEmpty == (item.name == "opening"))
            #expect(item.statements.first.map { $0.id == item.id } != false)
        }
    }
}
