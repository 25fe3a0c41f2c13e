import ArgumentParser
import JobFiles

/// Options that tell by whose rules a search is made.
struct RuleOptions: ParsableArguments {
    @Option(help: "Search by the rules of another program: turboseti. (default: our own)")
    var compat: String?

    @Option(
        parsing: .unconditional,
        help: "Channels of the widest sums against smearing: 1, 2, 4, 8 or 16. (default: 16)"
    )
    var boxcar: String?

    func validate() throws {
        _ = try rules()
    }

    /// What they say.
    func rules() throws -> SearchRules {
        var rules = SearchRules()
        for (key, value) in [("compat", compat), ("boxcar", boxcar)] {
            guard let value else { continue }
            do throws(JobDescription.Flaw) {
                try key == "compat" ? rules.set(compat: value) : rules.set(boxcar: value)
            } catch {
                throw ValidationError("--\(key): \(error.reason)")
            }
        }
        return rules
    }
}
