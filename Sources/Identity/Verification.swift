package import Primitives
package import Wire

/// Ed25519 and SHA-256 of OpenSSL, for everything that comes from another peer.
package struct OpenSSLVerifier: SignatureVerifier {
    /// A verifier; it holds nothing.
    package init() {}

    package func isValid(_ signature: Signature, of message: Bytes, by key: Digest) -> Bool {
        verify(signature: signature, message: message, key: key)
    }

    package func hash(_ bytes: Bytes) -> Digest { sha256(bytes) }
}

/// Checks every signature and hash of `value`, for `network`.
package func verified<Value: Checkable>(
    _ value: Value,
    in network: NetworkID
) throws(VerificationError) -> Verified<Value> {
    try Verified(checking: value, with: OpenSSLVerifier(), in: network)
}
