import CZeroMQ
package import Primitives

/// The key pair that encrypts this peer's links; not the key that names the peer.
package struct CurveKeyPair: Sendable {
    /// What others must know before they dial.
    package let publicKey: CurveKey
    /// What never leaves this machine.
    package let secretKey: Digest

    /// The pair with these halves, which belong together.
    package init(publicKey: CurveKey, secretKey: Digest) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// A new pair from the system's randomness.
    package static func generate() -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: Z85.textCount + 1)
        var secretText = publicText
        precondition(
            zmq_curve_keypair(&publicText, &secretText) == 0,
            "libzmq is built without CURVE; install Debian's libzmq5"
        )
        guard let publicKey = Z85.decode(publicText), let secretKey = Z85.decode(secretText) else {
            preconditionFailure("libzmq writes keys as Z85")
        }
        return CurveKeyPair(publicKey: CurveKey(publicKey), secretKey: secretKey)
    }
}

extension CurveKey {
    /// The key as 40 printable characters, as ZeroMQ's tools write it.
    /// - Source: ZeroMQ RFC 32/Z85.
    package var z85: String { Z85.encode(digest) }

    /// The key that 40 characters of Z85 spell; nil for anything else.
    package init?(z85 text: String) {
        guard let digest = Z85.decode(text.utf8.map(CChar.init(bitPattern:)) + [0]) else {
            return nil
        }
        self.init(digest)
    }
}

/// Thirty-two bytes as forty printable characters.
enum Z85 {
    static let textCount = 40

    static func encode(_ digest: Digest) -> String {
        var text = [CChar](repeating: 0, count: textCount + 1)
        zmq_z85_encode(&text, digest.bytes, Digest.byteCount)
        return String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The bytes of `text`, which ends with a zero.
    static func decode(_ text: [CChar]) -> Digest? {
        guard text.count == textCount + 1, text.firstIndex(of: 0) == textCount else { return nil }
        var bytes = Bytes(repeating: 0, count: Digest.byteCount)
        // libzmq 4.3.4 reads outside its table for characters below the space or above 127.
        guard text.dropLast().allSatisfy({ (33...126).contains($0) }),
            zmq_z85_decode(&bytes, text) != nil
        else { return nil }
        return Digest(bytes)
    }
}
