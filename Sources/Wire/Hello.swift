package import Primitives

/// HELLO and WELCOME: the first frame on a link, from either side.
///
/// The record binds the link's CURVE key to the peer's Ed25519 key, so a copied frame is worth
/// nothing on a link with another CURVE key.
package struct Hello: Hashable, Sendable {
    /// The protocol's version; peers of different versions do not talk.
    package static let version: UInt64 = 1

    /// Whether it answers a HELLO.
    package let isWelcome: Bool
    /// The network that the peer belongs to.
    package let network: NetworkID
    /// Who speaks.
    package let record: Signed<Record>

    /// A first frame.
    package init(isWelcome: Bool, network: NetworkID, record: Signed<Record>) {
        self.isWelcome = isWelcome
        self.network = network
        self.record = record
    }

    /// The frame: `[kind, version, network, record]`, kind 1 for HELLO and 2 for WELCOME.
    package var frame: Bytes {
        var encoder = CBOREncoder()
        encoder.array(4)
        encoder.unsigned(isWelcome ? 2 : 1)
        encoder.unsigned(Self.version)
        encoder.identifier(network)
        encoder.byteString(record.envelope)
        return encoder.bytes
    }

    /// Reads a first frame; its record is not verified yet.
    package init(frame: Bytes) throws(DecodeError) {
        guard frame.count <= Limits.helloByteCount else {
            throw .tooLong(at: 0, limit: Limits.helloByteCount)
        }
        var decoder = CBORDecoder(frame)
        try decoder.array(exactly: 4)
        switch try decoder.unsigned() {
        case 1: isWelcome = false
        case 2: isWelcome = true
        case let kind: throw .unknownKind(kind)
        }
        let start = decoder.position
        guard try decoder.unsigned() == Self.version else {
            throw .outOfRange(at: start, field: "protocol version")
        }
        network = try decoder.identifier()
        record = try decoder.signed()
        try decoder.finish()
    }
}
