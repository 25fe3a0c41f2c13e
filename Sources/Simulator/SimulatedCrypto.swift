package import Primitives
import Wire

/// Signatures that cost nothing: a keyed mix that only the simulator can make.
///
/// Nothing in a simulated network forges signatures, so what matters is that every byte counts: a
/// statement that was changed, or that another key signed, is refused as it would be in a peer.
package struct SimulatedCrypto: SignatureVerifier {
    /// Stateless: every value signs alike.
    package init() {}

    /// The signature of `key` over `message`.
    package func sign(_ message: Bytes, by key: Digest) -> Signature {
        let bytes = mixed(message, seed: key.prefix ^ 0x5349_474e).bytes
        guard let signature = Signature(bytes + bytes) else {
            preconditionFailure("two digests make a signature")
        }
        return signature
    }

    package func isValid(_ signature: Signature, of message: Bytes, by key: Digest) -> Bool {
        sign(message, by: key) == signature
    }

    package func hash(_ bytes: Bytes) -> Digest { mixed(bytes, seed: 0x4841_5348) }

    private func mixed(_ bytes: Bytes, seed: UInt64) -> Digest {
        var state = seed ^ UInt64(bytes.count)
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var random = PRNG(seed: state)
        return Digest(random.next(), random.next(), random.next(), random.next())
    }
}
