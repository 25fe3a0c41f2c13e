import Identity
import Primitives
import Testing

/// One test vector of RFC 8032 §7.1.
struct Vector: Sendable {
    let secret: String
    let publicKey: String
    let message: String
    let signature: String
}

private let vectors = [
    Vector(
        secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        message: "",
        signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882159"
            + "0a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    Vector(
        secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        message: "72",
        signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43"
            + "e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
    Vector(
        secret: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        message: "af82",
        signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538"
            + "d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
]

@Test(arguments: vectors)
func signaturesMatchTheStandard(vector: Vector) throws {
    let key = SigningKey(seed: try #require(Digest(hexadecimal: vector.secret)))
    let message = try #require(bytes(hexadecimal: vector.message))
    #expect(key.publicKey.description == vector.publicKey)
    let signature = key.sign(message)
    #expect(hexadecimal(signature.bytes) == vector.signature)
    #expect(verify(signature: signature, message: message, key: key.publicKey))
}

@Test func changedMessageSignatureOrKeyIsNotValid() throws {
    let key = SigningKey.generate()
    let message = Bytes("a unit of work".utf8)
    let signature = key.sign(message)
    #expect(!verify(signature: signature, message: message + [0], key: key.publicKey))
    #expect(
        !verify(signature: signature, message: message, key: SigningKey.generate().publicKey)
    )
    for index in 0..<Signature.byteCount {
        var bytes = signature.bytes
        bytes[index] ^= 1
        let changed = try #require(Signature(bytes))
        #expect(!verify(signature: changed, message: message, key: key.publicKey))
    }
}

@Test func bytesThatAreNoPointOnTheCurveVerifyNothing() throws {
    let signature = SigningKey.generate().sign([1])
    let noPoint = try #require(Digest(Bytes(repeating: 0xff, count: Digest.byteCount)))
    #expect(!verify(signature: signature, message: [1], key: noPoint))
}

@Test func curvePublicKeyMatchesTheStandard() throws {
    // RFC 7748 §6.1, the key pair called Alice.
    let secret = try #require(
        Digest(hexadecimal: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    )
    #expect(
        curvePublicKey(secret: secret).description
            == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
}

@Test func openSSLAndPlainSwiftHashAlike() {
    var random = PRNG(seed: 0x5EED)
    for _ in 0..<200 {
        let count = Int(random.below(300))
        let input = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(sha256(input) == SHA256.hash(input))
    }
}

@Test func randomBytesDoNotRepeat() {
    let first = randomBytes(count: 32)
    #expect(first.count == 32)
    #expect(first != randomBytes(count: 32))
    #expect(randomBytes(count: 0).isEmpty)
}
