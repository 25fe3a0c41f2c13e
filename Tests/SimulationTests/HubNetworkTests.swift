import Simulator
import Testing

@Suite struct HubNetworkTests {
    @Test(arguments: HubClaim.allCases) func whatIsClaimedComesOut(claim: HubClaim) {
        var claims = HubClaims(hubs: 60, seed: 3)
        let rows = claims.run(claim)
        #expect(!rows.isEmpty && claims.events > 0)
        for row in rows { #expect(row.isOK, "\(row.name): \(row.obtained), not \(row.expected)") }
    }

    @Test func oneSeedIsOneStory() {
        let runs = (0..<2).map { _ in
            var claims = HubClaims(hubs: 40, seed: 5)
            let rows = claims.run(.crash)
            return rows.map(\.obtained) + ["\(claims.events)"]
        }
        #expect(runs[0] == runs[1])
        var other = HubClaims(hubs: 40, seed: 6)
        _ = other.run(.crash)
        #expect("\(other.events)" != runs[0].last)
    }
}
