import PeerNode
import Primitives
import Testing

struct JoinAddressTests {
    private static let peer = String(repeating: "ab", count: 32)
    private static let curve = String(repeating: "0f", count: 32)
    private static let good = "starling://127.0.0.1:4711/\(peer)?curve=\(curve)"

    @Test(arguments: [good, "starling://[::1]:1/\(peer)?curve=\(curve)"])
    func addressSurvivesItsTextForm(text: String) throws {
        let address = try #require(JoinAddress(text))
        #expect(address.description == text)
        #expect(JoinAddress(address.description) == address)
    }

    @Test func partsAreReadFromTheirPlaces() throws {
        let address = try #require(JoinAddress(Self.good))
        #expect(address.endpoint == "tcp://127.0.0.1:4711")
        #expect("\(address.peer)" == Self.peer)
        #expect("\(address.curveKey)" == Self.curve)
    }

    @Test(arguments: [
        "", "starling://", "starling:///\(peer)?curve=\(curve)",
        "http://h:1/\(peer)?curve=\(curve)",
        "starling://h:1", "starling://h:1/", "starling://h:1/\(peer)",
        "starling://h:1/\(peer)?curve=",
        "starling://h:1/\(peer)?key=\(curve)", "starling://h:1/\(peer)?curve=\(curve)0",
        "starling://h:1/\(peer)?curve=\(curve)?",
        "starling://h:1/\(peer)?curve=\(curve)?curve=\(curve)",
        "starling://h:1/\(peer.dropLast())?curve=\(curve)",
        "starling://h:1/\(peer)/?curve=\(curve)",
        "starling://h:1/\(peer.dropLast())\u{e9}?curve=\(curve)", " \(good)", "\(good)\n",
        "\(good)\0",
    ])
    func otherTextIsNoAddress(text: String) { #expect(JoinAddress(text) == nil) }

    @Test(arguments: [
        "h", "h:", ":1", "h:0", "h:65536", "h:-1", "a b:1", "a;b:1", "*:1", "h:1:2", "\u{0}:1",
    ])
    func addressWithoutAnEndpointIsNoAddress(endpoint: String) {
        #expect(JoinAddress("starling://\(endpoint)/\(Self.peer)?curve=\(Self.curve)") == nil)
    }
}
