import Identity
import PeerNode
import Primitives
import Store
import Testing
import Transport
import Wire

/// Who does not get a link, and what he is told.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AdmissionTests {
    @Test func frameOfAnotherNetworkIsRefused() async throws {
        let stranger = Stranger()
        let other = NetworkID(Digest(1, 2, 3, 4))
        let hello = Hello(isWelcome: false, network: other, record: stranger.record()).frame
        try await expectRefusal(stranger, hello, "the peer belongs to another network")
    }

    @Test func copiedHelloIsRefused() async throws {
        let (victim, thief) = (Stranger(), Stranger())
        let reason = "the record names another CURVE key than the link's"
        try await expectRefusal(thief, victim.hello, reason)
    }

    @Test func recordThatClaimsAnothersCurveKeyIsRefused() async throws {
        let (victim, thief) = (Stranger(), Stranger())
        // The victim's name with the thief's CURVE key: the victim has signed no such binding.
        let signed = victim.record(curveKey: thief.curve.publicKey)
        let forged = Signed(signed.body, signature: thief.peer.sign([1]))
        let hello = Hello(isWelcome: false, network: testNetwork, record: forged).frame
        try await expectRefusal(thief, hello, "the record does not verify: badSignature")
    }

    @Test func bindingOfAnotherKeyIsRefused() async throws {
        let stranger = Stranger()
        let foreign = Stranger().record()
        let own = stranger.record().body
        let body = Record(
            peer: own.peer,
            incarnation: own.incarnation,
            curveKey: own.curveKey,
            binding: foreign.body.binding,
            controlEndpoints: [],
            bulkEndpoints: [],
            role: own.role,
            owner: own.owner,
            cores: 0,
            memoryByteCount: 0,
            kernels: [],
            engines: [],
            successorHash: .zero,
            epoch: own.epoch,
            expiry: own.expiry
        )
        let record = stranger.sign(body, with: stranger.peer)
        let hello = Hello(isWelcome: false, network: testNetwork, record: record).frame
        try await expectRefusal(stranger, hello, "the record does not verify: badBinding")
    }

    @Test func welcomeInPlaceOfHelloIsRefused() async throws {
        let stranger = Stranger()
        let hello = Hello(isWelcome: true, network: testNetwork, record: stranger.record()).frame
        try await expectRefusal(stranger, hello, "HELLO and WELCOME are mixed up")
    }

    @Test func garbageIsRefused() async throws {
        let stranger = Stranger()
        let reason = "not a HELLO of this version"
        for garbage in [[], [0xff], Bytes(repeating: 0x9f, count: 4_096), stranger.hello + [0]] {
            try await expectRefusal(stranger, garbage, reason)
        }
        try await expectRefusal(stranger, Bytes(stranger.hello.dropLast()), reason)
    }

    @Test func peerThatHasNoRecordYetRefusesEverybody() async throws {
        let folder = try TestFolder()
        var configuration = NodeConfiguration(folder: folder.path)
        configuration.network = testNetworkName
        // It listens, and nobody has told it to run.
        let node = try Node(configuration, storage: MemoryStorage())
        let client = try Stranger().dial(node.address)
        #expect(
            try await client.dialFailure() == "refused us: the peer is starting; try again"
        )
        client.close()
        await node.stop()
    }

    @Test func honestHelloIsAdmitted() async throws {
        let member = try TestNode(places: 0)
        let client = try Stranger().dial(member.node.address)
        try await client.linked()
        client.close()
        try await member.end()
    }

    private func expectRefusal(
        _ stranger: Stranger,
        _ hello: Bytes,
        _ reason: String,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let member = try TestNode(places: 0)
        try await member.node.until { await $0.isReady }
        let client = try stranger.dial(member.node.address, hello: hello)
        let failure = try await client.dialFailure()
        #expect(failure.hasPrefix("refused us: \(reason)"), "\(failure)", sourceLocation: location)
        #expect(await member.node.linkedCount == 0, sourceLocation: location)
        client.close()
        try await member.end()
    }
}
