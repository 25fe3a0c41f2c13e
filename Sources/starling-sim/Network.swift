import ArgumentParser
import Simulator

/// `starling-sim network`: what the design claims of hubs by the thousand, and what comes out.
struct Network: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries what is claimed of networks of many hubs, in virtual time.",
        discussion: """
            Each hub is the membership code that ships, with a latency of 60 ms (median, \
            lognormal, sigma 0.5) to every other and five round trips for a new link. Ledgers and \
            work are not part of it. Prints a row for each claim: what is expected, what came \
            out, and whether that is as good; exits with 1 if something is not.
            """
    )

    @Option(help: "Hubs of the network, 20 to 10000.")
    var hubs = 1_000

    @Option(help: "What to try: flood, crash, evict, stalls, idle or all.")
    var claim = "all"

    @Option(help: "What chance follows from.")
    var seed: UInt64 = 1

    @Flag(help: "Print JSON, one object for all rows.")
    var json = false

    func validate() throws {
        guard (20...10_000).contains(hubs) else {
            throw ValidationError("--hubs takes a number from 20 to 10000.")
        }
        guard claims != nil else {
            let names = HubClaim.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--claim takes \(names) or all.")
        }
    }

    private var claims: [HubClaim]? {
        claim == "all" ? HubClaim.allCases : HubClaim(rawValue: claim).map { [$0] }
    }

    func run() throws {
        var trials = HubClaims(hubs: hubs, seed: seed)
        var rows: [ClaimRow] = []
        let start = ContinuousClock.now
        for claim in claims ?? [] {
            complain("trying \(claim.rawValue) with \(hubs) hubs")
            let new = trials.run(claim)
            rows += new
            if !json { for row in new { print(line(row)) } }
        }
        let seconds = (ContinuousClock.now - start).components.seconds
        if json {
            let list = rows.map { row in
                "{\"name\": \"\(row.name)\", \"expected\": \"\(row.expected)\", "
                    + "\"obtained\": \"\(row.obtained)\", \"ok\": \(row.isOK)}"
            }
            print(
                "{\"hubs\": \(hubs), \"seed\": \(seed), \"events\": \(trials.events), "
                    + "\"seconds\": \(seconds), \"rows\": [\(list.joined(separator: ", "))]}"
            )
        }
        guard rows.allSatisfy(\.isOK) else { throw ExitCode.failure }
    }

    private func line(_ row: ClaimRow) -> String {
        "\(row.isOK ? "ok     " : "NOT OK ")\(row.name): \(row.obtained), expected \(row.expected)"
    }
}
