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
    /// A single result is taken on its worker's word, and the one of this half is a lie.
    @Test func halvesThatContradictEachOtherComeToTheTruth() async throws {
        let liar = 2
        let (lying, honest) = ([Self.steward, liar], [0, 3, 4])
        let grid = try await RelayedGrid(cores: [1, 0, 1, 1, 1], units: 4, liars: [liar])
        try grid.gate.shut()
        let job = try await grid.submit(
            policy: "single",
            anchor: Self.steward,
            pausing: Self.workers
        ) { stewards in stewards.contains { honest.contains($0) } }
        try await grid.setWorking(true, [liar])
        try await grid.wait(for: "running", of: job, at: liar)

        grid.network.part(lying, from: honest)
        for index in lying { try await grid.waitForLinks(1, at: index) }
        for index in honest { try await grid.waitForLinks(2, at: index) }
        grid.gate.open()
        try await grid.setWorking(true, [3, 4])
        try await grid.expectComplete(job)
        while try await grid.certified(job, at: Self.steward) == 0 {}

        grid.network.heal()
        try await grid.waitForLinks()
        try await grid.setWorking(true, [0])
        try await grid.wait(for: job, at: 0) { $0.isEmpty }
        let board = try await grid.settledBoard()
        let names = await grid.names
        #expect((board[names[liar]]?.won ?? 0) == 0 && (board[names[liar]]?.lost ?? 0) > 0)
        #expect((board[names[3]]?.won ?? 0) + (board[names[4]]?.won ?? 0) >= grid.search.units)
        var contradicted = 0
        for unit in 0..<grid.search.units {
            let outcome = try await grid.unit(unit, of: job)
            #expect(outcome.stage == "final")
            let lost = outcome.certificates.flatMap(\.votes).filter { $0.didWin == false }
            #expect(lost.allSatisfy { $0.peer == names[liar] })
            if !lost.isEmpty { contradicted += 1 }
        }
        #expect(contradicted > 0, "both halves have certified a unit")
        try await grid.expectComplete(job)
        try await grid.end()
    }
}
