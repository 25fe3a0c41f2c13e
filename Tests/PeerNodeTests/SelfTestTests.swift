import Kernels
import PeerNode
import Primitives
import Store
import Testing

/// A peer whose implementation computes something else takes no work.
@Suite(.timeLimit(.minutes(10)))
struct SelfTestTests {
    @Test func peerThatFailsItsSelfTestTakesNoWork() async throws {
        let node = try peer { SelfTest.digest($0) == .zero }
        #expect(node.selfTest.variant == nil)
        #expect(node.selfTest.failed == Variant.supported.reversed())
        #expect(await node.status().places == 0)
        await node.stop()
    }

    @Test func slowerImplementationTakesItsPlace() async throws {
        let node = try peer { $0 == .scalar }
        #expect(node.selfTest.variant == .scalar)
        #expect(node.selfTest.notice != nil)
        #expect(await node.status().places == 1)
        await node.stop()
    }

    @Test func soundPeerSaysNothing() async throws {
        let node = try peer { SelfTest.passes($0) }
        #expect(node.selfTest == SelfTest.Choice(variant: .fastest, failed: []))
        #expect(node.selfTest.notice == nil)
        await node.stop()
    }

    private func peer(_ selfTest: @escaping @Sendable (Variant) -> Bool) throws -> Node {
        let folder = try TestFolder()
        defer { withExtendedLifetime(folder) {} }
        var configuration = NodeConfiguration(folder: folder.path)
        configuration.network = testNetworkName
        configuration.selfTest = selfTest
        return try Node(configuration, storage: MemoryStorage())
    }
}
