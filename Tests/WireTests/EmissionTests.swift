import FoundationEssentials
import Primitives
import Testing
import Wire

/// The way back: random values of this implementation, for Vectors/check.py to judge.
@Suite struct EmissionTests {
    private static let path = ProcessInfo.processInfo.environment["STARLING_EMIT"]

    @Test(.enabled(if: path != nil))
    func randomValuesAreWrittenForTheOtherImplementation() throws {
        var generator = PRNG(seed: 1)
        var emission = Emission()
        for _ in 0..<40 {
            emission.add(generator.record(), &generator)
            emission.add(generator.manifest(), &generator)
            emission.add(generator.cancel(), &generator)
            emission.add(generator.ruling(), &generator)
            emission.add(generator.commit(), &generator)
            emission.add(generator.commitSet(), &generator)
            let units = generator.units()
            emission.add(generator.result(units: units), &generator)
            emission.add(generator.certificate(), &generator)
            emission.add(generator.hold(), &generator)
            emission.add(generator.device(), &generator)
            emission.add(generator.revoke(), &generator)
            emission.add(generator.anchor(), &generator)
            emission.add(generator.alert(), &generator)
            emission.add(generator.bye(), &generator)
            for index in 0..<PRNG.messageCount {
                emission.messages.append(hexadecimal(generator.message(index).frame))
            }
            for index in 0..<PRNG.itemCount {
                emission.items.append(hexadecimal(encoded(generator.item(index))))
            }
            emission.hellos.append(hexadecimal(generator.hello().frame))
            emission.beacons.append(hexadecimal(generator.beacon().datagram))
        }
        let file = URL(filePath: try #require(Self.path))
        try JSONEncoder().encode(emission).write(to: file)
    }
}

private struct Emission: Encodable {
    struct Statement: Encodable {
        let kind: String
        let envelope: String
        let payload: String
        let id: String
        let signer: String
        let slots: [String]
        /// The set's hash or the result's commitment.
        let hash: String?
    }

    var statements: [Statement] = []
    var messages: [String] = []
    var items: [String] = []
    var hellos: [String] = []
    var beacons: [String] = []

    mutating func add(_ body: some StatementBody, _ generator: inout PRNG) {
        let signed = generator.signed(body)
        let hash = (body as? CommitSet)?.hash ?? (body as? ResultStatement)?.commitment
        statements.append(
            Statement(
                kind: String(type(of: body).kind.tag.split(separator: "/")[2]),
                envelope: hexadecimal(signed.envelope),
                payload: hexadecimal(body.payload),
                id: signed.id.description,
                signer: body.signer.description,
                slots: body.slots.map(\.key.description),
                hash: hash?.description
            )
        )
    }
}
