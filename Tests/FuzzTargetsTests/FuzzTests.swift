import Foundation
import FuzzTargets
import Primitives
import Testing

/// What the fuzzer runs, without the fuzzer.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.allCases)
    func seedsBreakNoRule(_ target: FuzzTarget) {
        let seeds = target.seeds
        #expect(seeds.count > 5)
        for seed in seeds {
            #expect(target.violations(of: seed).isEmpty, "\(hexadecimal(seed))")
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func whatWasFoundBreaksNoRule(_ target: FuzzTarget) throws {
        for file in try found(target) {
            let input = Bytes(try Data(contentsOf: file))
            #expect(target.violations(of: input).isEmpty, "\(file.lastPathComponent)")
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func anyBeginningAndAnyEndBreakNoRule(_ target: FuzzTarget) {
        var random = PRNG(seed: 1)
        let seeds = target.seeds
        for _ in 0..<20 {
            let seed = seeds[Int(random.below(UInt64(seeds.count)))]
            let kept = Int(random.below(UInt64(seed.count) + 1))
            let end = (0..<random.below(40)).map { _ in UInt8(random.below(256)) }
            let input = Bytes(seed.prefix(kept)) + end
            #expect(target.violations(of: input).isEmpty, "\(hexadecimal(input))")
        }
    }

    /// Most changes make a certificate worthless, and some leave one that passes: both are fuzzed.
    @Test func certificatesOfTheSeedsPassOrFail() {
        let tallies = FuzzTarget.certificates.seeds.map { CertificateFuzz.tally(of: $0) }
        let (made, passed) = (tallies.map(\.made).reduce(0, +), tallies.map(\.passed).reduce(0, +))
        #expect(passed > 100)
        #expect(made - passed > 100)
    }

    /// Claims, leases, promises, sets, results and items: the peer is steward and worker.
    @Test func livesOfTheSeedsTakeAVoteToItsEnd() {
        let kinds = FuzzTarget.core.seeds.map { CoreFuzz.sentKinds(of: $0) }
            .reduce(into: Set<UInt8>()) { $0.formUnion($1) }
        #expect(kinds.isSuperset(of: [3, 4, 5, 7, 8, 9, 10, 11]))
    }

    private func found(_ target: FuzzTarget) throws -> [URL] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Found/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        )
    }
}
