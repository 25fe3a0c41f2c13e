import Testing

/// A grid that falls into two halves, both of which go on, and what is left when it is whole again.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct PartitionTests {
    private static let steward = 1
    private static let workers = [0, 2, 3, 4]
    /// The steward with two workers, without the submitter of the first job.
    private static let one = [1, 2, 3]
    private static let other = [0, 4]

    @Test func halvesThatBothComputeAgreeWhenTheyMeet() async throws {
        let grid = try await RelayedGrid(cores: [1, 0, 1, 1, 1], units: 4)
        try grid.gate.shut()
        let shared = try await grid.submit(anchor: Self.steward, pausing: Self.workers) {
            stewards in
            stewards.contains { Self.other.contains($0) }
        }
        try await grid.setWorking(true, [2, 3])
        for worker in [2, 3] { try await grid.wait(for: "running", of: shared, at: worker) }

        grid.network.part(Self.one, from: Self.other)
        for index in Self.one { try await grid.waitForLinks(2, at: index) }
        for index in Self.other { try await grid.waitForLinks(1, at: index) }
        grid.gate.open()
        // One half has workers that have computed units, the other one has the data.
        try await grid.setWorking(true, Self.other)
        let own = try await grid.submit(at: 2, anchor: 2)
        try await grid.expectComplete(own, at: 2)
        try await grid.expectComplete(shared)
        while try await grid.certified(shared, at: Self.steward) == 0 {}
        #expect(try await grid.certified(own, at: 0) == 0)

        grid.network.heal()
        try await grid.waitForLinks()
        try await grid.expectAgreement()
        var certifiedTwice = 0
        for unit in 0..<grid.search.units {
            let stewards = try await grid.unit(unit, of: shared).certificates.map(\.steward)
            if Set(stewards).count > 1 { certifiedTwice += 1 }
        }
        #expect(certifiedTwice > 0, "both halves have certified a unit")
        try await grid.expectComplete(shared)
        try await grid.end()
    }
}
