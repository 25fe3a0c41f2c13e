import Ledger
import Primitives
import TestSupport
import Wire

/// The decoders of all that comes from strangers.
///
/// An input is the index of a format and its bytes. Whatever decodes encodes to the same bytes, and
/// can be checked, named and dated without a trap.
enum DecoderFuzz {
    /// One format: how it is read, used and written again.
    struct Format: Sendable {
        let name: String
        let recode: @Sendable (Bytes) throws(DecodeError) -> Bytes
    }

    /// Every format; found inputs know them by their place, so new ones come last.
    static let formats: [Format] = [
        Format(name: "message") { (bytes) throws(DecodeError) in
            let message = try Message(frame: bytes)
            _ = try? message.check(with: grid.verifier, in: grid.network)
            return message.frame
        },
        Format(name: "hello") { (bytes) throws(DecodeError) in try Hello(frame: bytes).frame },
        Format(name: "item") { (bytes) throws(DecodeError) in
            var decoder = CBORDecoder(bytes)
            let item = try Item(from: &decoder)
            try decoder.finish()
            use(item)
            var encoder = CBOREncoder()
            item.encode(into: &encoder)
            return encoder.bytes
        },
        Format(name: "export") { (bytes) throws(DecodeError) in
            var decoder = CBORDecoder(bytes)
            var again: Bytes = []
            repeat {
                again += try ExportElement(from: &decoder).bytes
            } while decoder.position < bytes.count
            return again
        },
        payload(Record.self), payload(Manifest.self), payload(Cancel.self), payload(Ruling.self),
        payload(CommitStatement.self), payload(CommitSet.self), payload(ResultStatement.self),
        payload(Certificate.self), payload(Hold.self), payload(Device.self), payload(Revoke.self),
        payload(Anchor.self),
        envelope(Record.self), envelope(Manifest.self), envelope(Cancel.self),
        envelope(Ruling.self), envelope(CommitStatement.self), envelope(CommitSet.self),
        envelope(ResultStatement.self), envelope(Certificate.self), envelope(Hold.self),
        envelope(Device.self), envelope(Revoke.self), envelope(Anchor.self),
        Format(name: "beacon") { (bytes) throws(DecodeError) in
            let beacon = try Beacon(datagram: bytes)
            _ = try? beacon.check(with: grid.verifier, in: grid.network)
            _ = (beacon.counts(in: TestGrid.epoch), beacon.counts(in: .max))
            return beacon.datagram
        },
    ]

    private static let grid = TestGrid()

    static func violations(of input: Bytes) -> [String] {
        guard let first = input.first, Int(first) < formats.count else { return [] }
        let format = formats[Int(first)]
        let bytes = Bytes(input.dropFirst())
        guard let again = try? format.recode(bytes), again != bytes else { return [] }
        return ["\(format.name) \(hexadecimal(bytes)) is written as \(hexadecimal(again))"]
    }

    static var seeds: [Bytes] {
        let rounds = CertificateScene.strict
        let statements = rounds.certificates.map(\.envelope)
        let items = rounds.items.map { item in
            var encoder = CBOREncoder()
            item.encode(into: &encoder)
            return encoder.bytes
        }
        let beacon = Beacon(
            network: grid.network,
            peer: TestGrid.peer(1),
            curveKey: CurveKey(.zero),
            port: 4_711,
            epoch: TestGrid.epoch,
            sign: { _ in TestGrid.wrongSignature }
        )
        return (statements + items + [beacon.datagram]).flatMap { seeds(of: $0) }
    }

    /// An input for each format that reads `encoded`.
    static func seeds(of encoded: Bytes) -> [Bytes] {
        formats.indices.compactMap { index in
            (try? formats[index].recode(encoded)).map { _ in [UInt8(index)] + encoded }
        }
    }

    private static func payload<Body: StatementBody>(_: Body.Type) -> Format {
        Format(name: "\(Body.kind) payload") { (bytes) throws(DecodeError) in
            let body = try Body(payload: bytes)
            _ = body.slots
            return body.payload
        }
    }

    private static func envelope<Body: StatementBody>(_: Body.Type) -> Format {
        Format(name: "\(Body.kind) envelope") { (bytes) throws(DecodeError) in
            let signed = try Signed<Body>(envelope: bytes)
            _ = try? signed.check(with: grid.verifier, in: grid.network)
            return signed.envelope
        }
    }

    /// Does with a decoded item what a peer and an audit do with any.
    private static func use(_ item: Item) {
        _ = try? item.check(with: grid.verifier, in: grid.network)
        _ = (item.id, item.epoch, item.manifest, item.statements, item.name)
        guard case .certificate(let signed) = item else { return }
        let check = CertificateCheck(signed.body, manifest: grid.manifest, id: signed.body.manifest)
        _ = try? check.run(latestEpoch: TestGrid.epoch)
    }
}
