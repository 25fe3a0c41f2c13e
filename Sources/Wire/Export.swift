package import Primitives

/// One element of an export: a whole ledger in a file, as a CBOR sequence (RFC 8742).
///
/// The order is header, items, lines, end; who reads a sequence checks it.
package enum ExportElement: Hashable, Sendable {
    /// What it is an export of.
    case header(ExportHeader)
    /// An element of the ledger.
    case item(Item)
    /// A worker's line of the board that the writer claims.
    case line(ExportLine)
    /// SHA-256 of every byte before the hash's own byte string.
    case end(Digest)

    /// Bytes of the longest element: a fault with its heads.
    package static let byteCountMax = 2 * Limits.statementByteCount + 17

    /// The last bytes of an export, which its hash does not cover: the hash itself, with its head.
    package static let hashByteCount = Digest.byteCount + 2

    fileprivate static let headerTag = "starling/export/1"
    fileprivate static let endTag = "starling/export/end/1"

    /// The element's bytes.
    package var bytes: Bytes {
        var encoder = CBOREncoder()
        switch self {
        case .header(let header): header.encode(into: &encoder)
        case .item(let item): item.encode(into: &encoder)
        case .line(let line): line.encode(into: &encoder)
        case .end(let hash):
            encoder.array(2)
            encoder.text(Self.endTag)
            encoder.digest(hash)
        }
        return encoder.bytes
    }

    /// Reads an element; signatures are not checked here.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        let start = decoder.position
        var probe = decoder
        switch (try probe.array(upTo: 4), probe.isAtText) {
        case (4, true):
            self = .header(try ExportHeader(from: &decoder))
        case (4, false):
            self = .line(try ExportLine(from: &decoder))
        case (2, true):
            try decoder.array(exactly: 2)
            try decoder.fixedText(Self.endTag)
            self = .end(try decoder.digest())
        case (2, false):
            self = .item(try Item(from: &decoder))
        default:
            throw .outOfRange(at: start, field: "element")
        }
    }
}

/// What an export is an export of.
package struct ExportHeader: Hashable, Sendable {
    /// The network of every statement.
    package let network: NetworkID
    /// UTC hours since 1970 when it was made.
    package let epoch: UInt64
    /// Items that follow.
    package let itemCount: UInt64

    /// The header of an export of `itemCount` items.
    package init(network: NetworkID, epoch: UInt64, itemCount: UInt64) {
        self.network = network
        self.epoch = epoch
        self.itemCount = itemCount
    }

    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.array(4)
        encoder.text(ExportElement.headerTag)
        encoder.identifier(network)
        encoder.unsigned(epoch)
        encoder.unsigned(itemCount)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 4)
        try decoder.fixedText(ExportElement.headerTag)
        network = try decoder.identifier()
        epoch = try decoder.unsigned()
        itemCount = try decoder.unsigned()
    }
}

/// A worker's line of a board on which every certificate counts as final.
package struct ExportLine: Hashable, Sendable {
    /// Who computed.
    package let peer: PeerID
    /// Operations of the results that won.
    package let operations: UInt64
    /// Results that won.
    package let won: UInt64
    /// Results that lost.
    package let lost: UInt64

    /// The line of `peer`.
    package init(peer: PeerID, operations: UInt64, won: UInt64, lost: UInt64) {
        self.peer = peer
        self.operations = operations
        self.won = won
        self.lost = lost
    }

    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.array(4)
        encoder.identifier(peer)
        encoder.unsigned(operations)
        encoder.unsigned(won)
        encoder.unsigned(lost)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 4)
        peer = try decoder.identifier()
        operations = try decoder.unsigned()
        won = try decoder.unsigned()
        lost = try decoder.unsigned()
    }
}

extension CBORDecoder {
    /// Exactly the text `expected`.
    fileprivate mutating func fixedText(_ expected: String) throws(DecodeError) {
        let start = position
        guard try text(upTo: expected.utf8.count) == expected else {
            throw .outOfRange(at: start, field: expected)
        }
    }
}
