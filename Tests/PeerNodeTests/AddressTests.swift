import PeerNode
import Primitives
import Testing

/// Which of a machine's addresses others are told, and who can use them.
struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1", "machine"), ("127.9.9.9", "machine"), ("::1", "machine"),
        ("169.254.3.4", "link"), ("fe80::1", "link"), ("fe80::1%eth0", "link"),
        ("10.1.2.3", "localNetwork"), ("172.16.0.1", "localNetwork"),
        ("192.168.1.20", "localNetwork"), ("100.64.0.1", "localNetwork"),
        ("fd00::1", "localNetwork"), ("fc00::1", "localNetwork"),
        ("8.8.8.8", "internet"), ("172.32.0.1", "internet"), ("2001:db8::1", "internet"),
    ])
    func addressIsReachedFrom(text: String, reach: String) {
        #expect(AddressReach(host: text)?.rawValue == reach)
        let host = text.contains(":") ? "[\(text)]" : text
        #expect(AddressReach(endpoint: "tcp://\(host):4711")?.rawValue == reach)
    }

    @Test(arguments: ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "*", "", "name"])
    func addressOfNobodyIsReachedFromNowhere(text: String) {
        #expect(AddressReach(host: text) == nil)
    }

    @Test func nameIsReachedFromWhereItIsKnown() {
        #expect(AddressReach(endpoint: "tcp://localhost:1") == .machine)
        #expect(AddressReach(endpoint: "tcp://grid.example.org:1") == .internet)
        #expect(AddressReach(endpoint: "grid") == nil)
    }

    // MARK: - What others are told

    private func address(_ interface: String, _ text: String) throws -> InterfaceAddress {
        let isIPv6 = text.contains(":")
        let bytes = try #require(AddressReach.bytes(of: text))
        let mask = bytes.indices.map { UInt8($0 < bytes.count / 2 ? 0xff : 0) }
        return InterfaceAddress(
            interface: interface,
            index: 1,
            bytes: bytes,
            text: text,
            mask: mask,
            broadcast: isIPv6 ? nil : "10.0.255.255"
        )
    }

    private func told(_ addresses: [(String, String)]) throws -> [String] {
        let list = try addresses.map { try address($0.0, $0.1) }
        return LocalNetwork.endpoints(port: 7, addresses: list).map {
            String($0.dropFirst("tcp://".count).dropLast(":7".count))
        }
    }

    private let loopback = [("lo", "127.0.0.1"), ("lo", "::1")]

    @Test func everyLocalAddressIsToldBestFirst() throws {
        let list = try told(
            loopback + [
                ("docker0", "172.17.0.1"), ("eth0", "fd00::2"), ("eth0", "fe80::2"),
                ("eth0", "2001:db8::2"), ("eth0", "192.168.1.20"), ("wlan0", "192.168.1.21"),
                ("wlan0", "169.254.1.1"),
            ]
        )
        #expect(
            list == [
                "192.168.1.20", "192.168.1.21", "[fd00::2]", "169.254.1.1", "172.17.0.1",
            ]
        )
    }

    @Test func machineOnTheInternetTellsItsPublicAddress() throws {
        let list = try told(loopback + [("docker0", "172.17.0.1"), ("eth0", "198.51.101.5")])
        #expect(list == ["198.51.101.5", "172.17.0.1"])
        #expect(try told(loopback + [("eth0", "2001:db8::2")]) == ["[2001:db8::2]"])
    }

    @Test func machineWithoutANetworkTellsItsOwn() throws {
        #expect(try told(loopback) == ["127.0.0.1"])
        #expect(try told(loopback + [("eth0", "fe80::2")]) == ["127.0.0.1"])
        #expect(try told([]) == ["127.0.0.1"])
    }

    @Test func noMoreAreToldThanARecordShouldCarry() throws {
        let list = try told((1...40).map { ("eth\($0)", "10.0.0.\($0)") })
        #expect(list.count == LocalNetwork.endpointsMax)
        #expect(list.first == "10.0.0.1")
    }

    @Test func neighboursAreThoseOfTheSameNetwork() throws {
        let own = try address("eth0", "10.5.0.1")
        for (text, isNear) in [
            ("10.5.200.9", true), ("10.6.0.1", false), ("fe80::1%eth0", true), ("fd00::1", false),
            ("8.8.8.8", false), ("", false),
        ] {
            #expect(LocalNetwork.isNear(text, [own]) == isNear, "\(text)")
        }
    }
}
