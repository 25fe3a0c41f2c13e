import Primitives
import Testing
import Wire

struct BeaconTests {
    /// Takes one signature for good: the first digest is the key, the second the hash of the bytes.
    private struct PlainVerifier: SignatureVerifier {
        func isValid(_ signature: Signature, of message: Bytes, by key: Digest) -> Bool {
            signature == Signature(key, SHA256.hash(message))
        }

        func hash(_ bytes: Bytes) -> Digest { SHA256.hash(bytes) }
    }

    private let network = NetworkID(Digest(1, 2, 3, 4))
    private let peer = PeerID(Digest(5, 6, 7, 8))

    private func beacon(
        network: NetworkID? = nil,
        port: UInt16 = 4_711,
        epoch: UInt64 = 490_003
    ) -> Beacon {
        Beacon(
            network: network ?? self.network,
            peer: peer,
            curveKey: CurveKey(Digest(9, 9, 9, 9)),
            port: port,
            epoch: epoch,
            sign: { Signature(peer.digest, SHA256.hash($0)) }
        )
    }

    @Test func beaconSurvivesItsDatagram() throws {
        let beacon = beacon()
        #expect(try Beacon(datagram: beacon.datagram) == beacon)
        #expect(beacon.datagram.count == 195)
        #expect(self.beacon(port: .max, epoch: .max).datagram.count == 199)
    }

    @Test func signatureCoversEverything() throws {
        let good = beacon().datagram
        let read = try Beacon(datagram: good)
        _ = try Verified(checking: read, with: PlainVerifier(), in: network)
        for index in good.indices {
            var bad = good
            bad[index] ^= 1
            guard let changed = try? Beacon(datagram: bad) else { continue }
            #expect(throws: VerificationError.self, "byte \(index)") {
                _ = try Verified(checking: changed, with: PlainVerifier(), in: network)
            }
        }
    }

    @Test func beaconOfAnotherNetworkIsNone() throws {
        let other = beacon(network: NetworkID(Digest(4, 3, 2, 1)))
        #expect(throws: VerificationError.otherNetwork) {
            _ = try Verified(checking: other, with: PlainVerifier(), in: network)
        }
    }

    @Test func nothingElseIsABeacon() {
        let good = beacon().datagram
        // The array's head and the tag's first letter stand where garbage is noticed first.
        #expect(throws: DecodeError.trailing(count: 1)) { try Beacon(datagram: good + [0]) }
        #expect(throws: DecodeError.truncated(at: good.count - 1)) {
            try Beacon(datagram: Bytes(good.dropLast()))
        }
        var other = good
        other[2] = UInt8(ascii: "S")
        #expect(throws: DecodeError.outOfRange(at: 1, field: "tag")) {
            try Beacon(datagram: other)
        }
        let garbage = Bytes(repeating: 0, count: Limits.beaconByteCount)
        #expect(throws: DecodeError.unexpectedType(at: 0, expected: "array")) {
            try Beacon(datagram: garbage)
        }
        #expect(throws: DecodeError.tooLong(at: 0, limit: Limits.beaconByteCount)) {
            try Beacon(datagram: garbage + [0])
        }
    }

    @Test func nobodyIsDialledOnPortZero() throws {
        let signature = Signature(peer.digest, .zero)
        func datagram(port: UInt64) -> Bytes {
            var encoder = CBOREncoder()
            encoder.array(7)
            encoder.text("starling/beacon/1")
            encoder.identifier(network)
            encoder.identifier(peer)
            encoder.digest(.zero)
            let start = encoder.bytes.count
            encoder.unsigned(port)
            #expect(start == 121)
            encoder.unsigned(0)
            encoder.signature(signature)
            return encoder.bytes
        }
        for port: UInt64 in [0, 65_536, .max] {
            #expect(throws: DecodeError.outOfRange(at: 121, field: "port")) {
                try Beacon(datagram: datagram(port: port))
            }
        }
        for port: UInt64 in [1, 65_535] {
            #expect(try Beacon(datagram: datagram(port: port)).port == port)
        }
    }

    @Test(arguments: [
        (99, false), (100, true), (123, true), (124, true), (125, true), (126, false),
        (.max, false),
    ])
    func beaconCountsAsLongAsARecord(epoch: UInt64, counts: Bool) {
        #expect(beacon(epoch: epoch).counts(in: 124) == counts)
    }

    @Test func beaconCountsAtTheEndsOfTime() {
        #expect(beacon(epoch: .max).counts(in: .max))
        #expect(beacon(epoch: 0).counts(in: 0))
        #expect(!beacon(epoch: 0).counts(in: .max))
    }
}
