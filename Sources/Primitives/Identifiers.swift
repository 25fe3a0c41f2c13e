/// A name that is 32 bytes long: a public key or a SHA-256 digest.
///
/// Each kind is a type of its own, so that a peer is never taken for a project.
public protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    var digest: Digest { get }
    /// Names what these bytes name.
    init(_ digest: Digest)
}

extension Identifier {
    /// The order of the bytes.
    public static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }

    /// All 64 hexadecimal digits.
    public var description: String { digest.description }

    /// The first eight hexadecimal digits, for people.
    public var short: String { String(digest.description.prefix(8)) }
}

/// A peer: its Ed25519 public key.
public struct PeerID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// A project: the Ed25519 public key that signs its manifests.
public struct ProjectID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// An owner of one or more peers or projects: an Ed25519 public key.
public struct OwnerID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// A network: peers of different networks never accept each other's statements.
public struct NetworkID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// A job: SHA-256 of its manifest's encoded payload.
public struct ManifestID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// Any statement of the ledger: SHA-256 of its encoded payload.
public struct ItemID: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// A CURVE (X25519) public key, as libzmq uses it on a link.
public struct CurveKey: Identifier {
    /// The 32 bytes.
    public let digest: Digest
    /// Names what these bytes name.
    public init(_ digest: Digest) { self.digest = digest }
}

/// An Ed25519 signature, 64 bytes.
package struct Signature: Hashable, Sendable {
    /// Bytes in a signature.
    package static let byteCount = 64

    private let left: Digest
    private let right: Digest

    /// A signature from exactly 64 bytes; nil for any other count.
    package init?(_ bytes: Bytes) { self.init(bytes[...]) }

    /// A signature from exactly 64 bytes; nil for any other count.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount,
            let left = Digest(bytes.prefix(Digest.byteCount)),
            let right = Digest(bytes.suffix(Digest.byteCount))
        else { return nil }
        self.left = left
        self.right = right
    }

    /// The 64 bytes.
    package var bytes: Bytes { left.bytes + right.bytes }
}
