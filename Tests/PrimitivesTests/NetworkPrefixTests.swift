import Primitives
import Testing

@Suite struct NetworkPrefixTests {
    @Test func the24FirstBitsOfAnIPv4AddressCount() {
        let one = NetworkPrefix(address: [203, 0, 113, 7])
        #expect(one != nil)
        #expect(one == NetworkPrefix(address: [203, 0, 113, 255]))
        #expect(one != NetworkPrefix(address: [203, 0, 112, 7]))
    }

    @Test func the48FirstBitsOfAnIPv6AddressCount() {
        let start: Bytes = [0x20, 0x01, 0x0d, 0xb8, 0, 5]
        let one = NetworkPrefix(address: start + Bytes(repeating: 1, count: 10))
        #expect(one != nil)
        #expect(one == NetworkPrefix(address: start + Bytes(repeating: 2, count: 10)))
        #expect(
            one
                != NetworkPrefix(
                    address: [0x20, 0x01, 0x0d, 0xb8, 0, 6] + Bytes(repeating: 1, count: 10)
                )
        )
    }

    @Test func anIPv4AddressWithinAnIPv6OneIsTheSame() {
        let mapped = Bytes(repeating: 0, count: 10) + [0xff, 0xff, 203, 0, 113, 9]
        #expect(NetworkPrefix(address: mapped) == NetworkPrefix(address: [203, 0, 113, 1]))
        let local = Bytes(repeating: 0, count: 10) + [0xff, 0xff, 192, 168, 0, 9]
        #expect(NetworkPrefix(address: local) == nil)
    }

    @Test(
        arguments: [
            [0, 1, 2, 3], [10, 0, 0, 1], [127, 0, 0, 1], [100, 64, 0, 1], [100, 127, 255, 1],
            [169, 254, 1, 1], [172, 16, 0, 1], [172, 31, 0, 1], [192, 168, 7, 1], [224, 0, 0, 1],
            [255, 255, 255, 255], [], [1, 2, 3],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xfd, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        ] as [Bytes]
    )
    func anAddressOfNoPublicNetworkTellsNothing(_ address: Bytes) {
        #expect(NetworkPrefix(address: address) == nil)
    }

    @Test(
        arguments: [
            [100, 63, 0, 1], [100, 128, 0, 1], [172, 15, 0, 1], [172, 32, 0, 1], [192, 167, 0, 1],
            [223, 255, 255, 1], [1, 1, 1, 1],
        ] as [Bytes]
    )
    func itsNeighboursArePublic(_ address: Bytes) {
        #expect(NetworkPrefix(address: address) != nil)
    }
}
