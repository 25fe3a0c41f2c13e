import COpenSSL
package import Primitives

/// SHA-256 through OpenSSL, for bulk data; equal to `Primitives.SHA256.hash`, many times faster.
package func sha256(_ bytes: Bytes) -> Digest {
    var digest = Bytes(repeating: 0, count: Digest.byteCount)
    let isHashed = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    guard isHashed == 1, let result = Digest(digest) else {
        preconditionFailure("libcrypto has no SHA-256; install an unmodified OpenSSL 3")
    }
    return result
}

/// `count` unpredictable bytes that other users of the machine do not learn.
package func randomBytes(count: Int) -> Bytes {
    precondition((0...randomBytesMax).contains(count), "ask for less at once")
    var bytes = Bytes(repeating: 0, count: count)
    precondition(
        RAND_priv_bytes(&bytes, CInt(count)) == 1,
        "libcrypto has no source of randomness; check that getrandom is allowed"
    )
    return bytes
}

/// Bytes that one call of `randomBytes` gives at most; secrets are far shorter.
private let randomBytesMax = 1 << 20
