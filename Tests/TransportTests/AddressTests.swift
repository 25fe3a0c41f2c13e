import Primitives
import Testing
import Transport

@Suite struct AddressTests {
    @Test func aNumericAddressIsRead() {
        let four = NetworkPrefix(address: [203, 0, 113, 7])
        #expect(NetworkPrefix(text: "203.0.113.200") == four)
        #expect(NetworkPrefix(text: "::ffff:203.0.113.9") == four)
        let six = NetworkPrefix(
            address: [0x20, 0x01, 0x0d, 0xb8, 0, 5] + Bytes(repeating: 0, count: 10)
        )
        #expect(NetworkPrefix(text: "2001:db8:5:9::1") == six)
    }

    @Test(arguments: ["", "localhost", "203.0.113", "127.0.0.1", "::1", "fe80::1%eth0"])
    func whatTellsNothingIsNone(_ text: String) {
        #expect(NetworkPrefix(text: text) == nil)
    }
}
