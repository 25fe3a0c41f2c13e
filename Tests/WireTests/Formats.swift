import Primitives
import Testing
import Wire

/// One format of the wire: how to make an example, and how to read and write it again.
struct Format: Sendable, CustomTestStringConvertible {
    let name: String
    /// A random example, encoded.
    let example: @Sendable (inout PRNG) -> Bytes
    /// Decodes, and encodes what was decoded.
    let recode: @Sendable (Bytes) throws(DecodeError) -> Bytes

    var testDescription: String { name }

    /// Every format: payloads, envelopes, items, first frames, messages and elements of exports.
    static let all: [Format] = statements + items + messages + [hello, opening, beacon] + exports

    private static let statements: [Format] = [
        statement { $0.record() },
        statement { $0.manifest() },
        statement { $0.cancel() },
        statement { $0.ruling() },
        statement { $0.commit() },
        statement { $0.commitSet() },
        statement { (generator) -> ResultStatement in
            let units = generator.units()
            return generator.result(units: units)
        },
        statement { $0.certificate() },
        statement { $0.hold() },
        statement { $0.device() },
        statement { $0.revoke() },
        statement { $0.anchor() },
        statement { $0.alert() },
        statement { $0.bye() },
    ].flatMap { $0 }

    private static let hello = Format(
        name: "hello",
        example: { $0.hello().frame },
        recode: { (bytes) throws(DecodeError) in try Hello(frame: bytes).frame }
    )

    private static let beacon = Format(
        name: "beacon",
        example: { $0.beacon().datagram },
        recode: { (bytes) throws(DecodeError) in try Beacon(datagram: bytes).datagram }
    )

    private static let opening = Format(
        name: "opening",
        example: { encoded($0.opening()) },
        recode: { (bytes) throws(DecodeError) in
            var decoder = CBORDecoder(bytes)
            let opening = try Opening(from: &decoder)
            try decoder.finish()
            return encoded(opening)
        }
    )

    private static let items: [Format] = (0..<PRNG.itemCount).map { index in
        Format(
            name: "item \(index + 1)",
            example: { encoded($0.item(index)) },
            recode: { (bytes) throws(DecodeError) in
                var decoder = CBORDecoder(bytes)
                let item = try Item(from: &decoder)
                try decoder.finish()
                return encoded(item)
            }
        )
    }

    private static let exports: [Format] = [
        export("header") {
            .header(
                ExportHeader(
                    network: $0.identifier(),
                    epoch: $0.number(),
                    itemCount: $0.number()
                )
            )
        },
        export("item") { .item($0.item(Int($0.below(5)))) },
        export("line") {
            .line(
                ExportLine(
                    peer: $0.identifier(),
                    operations: $0.number(),
                    won: $0.number(),
                    lost: $0.number()
                )
            )
        },
        export("end") { .end($0.digest()) },
    ]

    private static func export(
        _ name: String,
        _ build: @escaping @Sendable (inout PRNG) -> ExportElement
    ) -> Format {
        Format(
            name: "export \(name)",
            example: { build(&$0).bytes },
            recode: { (bytes) throws(DecodeError) in
                var decoder = CBORDecoder(bytes)
                let element = try ExportElement(from: &decoder)
                try decoder.finish()
                return element.bytes
            }
        )
    }

    private static let messages: [Format] = (0..<PRNG.messageCount).map { index in
        Format(
            name: "message \(index + 3)",
            example: { $0.message(index).frame },
            recode: { (bytes) throws(DecodeError) in try Message(frame: bytes).frame }
        )
    }

    /// The payload and the envelope of a kind of statement.
    private static func statement<Body: StatementBody>(
        _ build: @escaping @Sendable (inout PRNG) -> Body
    ) -> [Format] {
        [
            Format(
                name: "\(Body.kind) payload",
                example: { build(&$0).payload },
                recode: { (bytes) throws(DecodeError) in try Body(payload: bytes).payload }
            ),
            Format(
                name: "\(Body.kind) envelope",
                example: { (generator) in
                    let body = build(&generator)
                    return generator.signed(body).envelope
                },
                recode: { (bytes) throws(DecodeError) in
                    try Signed<Body>(envelope: bytes).envelope
                }
            ),
        ]
    }
}

/// The item's encoding.
func encoded(_ item: Item) -> Bytes {
    var encoder = CBOREncoder()
    item.encode(into: &encoder)
    return encoder.bytes
}

/// The opening's encoding.
func encoded(_ opening: Opening) -> Bytes {
    var encoder = CBOREncoder()
    opening.encode(into: &encoder)
    return encoder.bytes
}

extension Signature {
    /// A signature from two halves.
    init(_ left: Digest, _ right: Digest) {
        guard let signature = Signature(left.bytes + right.bytes) else {
            preconditionFailure("twice 32 bytes are 64")
        }
        self = signature
    }
}
