import Primitives
import Testing

@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func answersTheStandardsExamples(text: String, expected: String) {
        #expect(SHA256.hash(Array(text.utf8)).description == expected)
    }

    @Test func aMillionLettersHashAsTheStandardSays() {
        var hasher = SHA256()
        let thousand = Bytes(repeating: UInt8(ascii: "a"), count: 1_000)
        for _ in 0..<1_000 { hasher.update(thousand) }
        #expect(
            hasher.finish().description
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    @Test func anySplitGivesTheSameDigest() {
        let whole = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for length in [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 300] {
            let expected = SHA256.hash(Array(whole.prefix(length)))
            for cut in stride(from: 0, through: length, by: 13) {
                var hasher = SHA256()
                hasher.update(Array(whole[0..<cut]))
                hasher.update(Array(whole[cut..<length]))
                #expect(hasher.finish() == expected)
            }
        }
    }
}
