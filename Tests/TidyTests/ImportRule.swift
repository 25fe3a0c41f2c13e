/// Who may import whom.
///
/// This table is the one that docs/ARCHITECTURE.md explains.
enum ImportRule {
    private static let tier0 = ["Primitives", "Wire"]
    private static let tier1 = ["Membership", "WorkUnits", "Ledger", "PeerCore"]

    /// What a driver or an edge may use of the system, beside what its row says.
    private static let platform = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization",
        "SystemPackage",
        "Collections", "DequeModule", "HeapModule", "OrderedCollections",
    ]

    /// The modules that each target under Sources, Benchmarks and Fuzz may import; `Swift` itself
    /// needs no import.
    static let sources: [String: [String]] = [
        // Tier 0
        "Primitives": [],
        "Wire": ["Primitives"],
        // Tier 1
        "Membership": tier0,
        "WorkUnits": tier0,
        "Ledger": tier0,
        "PeerCore": tier0 + ["Membership", "WorkUnits", "Ledger"],
        // Tier 1k
        "Kernels": ["Primitives", "CKernels"],
        "CKernels": [],
        // Tier 2
        "CZeroMQ": [],
        "COpenSSL": [],
        "CLinux": [],
        "CWasmtime": [],
        "CZlib": [],
        "Identity": tier0 + ["COpenSSL"] + platform,
        "Transport": tier0 + ["CZeroMQ"] + platform,
        "Store": tier0 + ["GRDB"] + platform,
        "Plots": ["CZlib"] + platform,
        "Subprocesses": ["CLinux"] + platform,
        "Sandbox": ["Primitives", "Kernels", "CLinux", "CWasmtime"] + platform,
        "FilterbankFiles": ["Primitives", "Kernels", "Subprocesses", "CZlib"] + platform,
        "JobFiles": tier0 + ["Kernels", "Yams"] + platform,
        "PeerNode": tier0 + tier1 + ["Kernels", "Identity", "Transport", "Store", "Sandbox"]
            + ["ServiceLifecycle", "Logging", "Metrics"] + platform,
        // Tier 3
        "Dashboard": ["PeerNode", "Hummingbird"] + tier0 + platform,
        "starling": ["PeerNode", "Store", "Dashboard", "Kernels", "WorkUnits", "Ledger"] + tier0
            + [
                "FilterbankFiles", "JobFiles", "PeerCore", "Plots", "Simulator", "Subprocesses",
                "ArgumentParser", "ServiceLifecycle", "UnixSignals", "Logging",
            ]
            + platform,
        "starling-executor": ["Sandbox", "Glibc", "Musl"],
        // Development
        "Simulator": tier0 + tier1,
        "starling-sim": [
            "Simulator", "Subprocesses", "ArgumentParser", "JobFiles", "FilterbankFiles", "Kernels",
        ] + tier0 + tier1 + platform,
        "starling-bench": [
            "PeerNode", "Store", "Transport", "Kernels", "PeerCore", "Subprocesses",
            "ArgumentParser",
        ] + tier0 + platform,
        "TestSupport": ["Simulator", "Testing"] + tier0 + tier1 + platform,
        "FuzzTargets": ["Kernels", "JobFiles", "TestSupport"] + tier0 + tier1,
        "starling-fuzz": ["FuzzTargets", "Primitives"] + platform,
    ]

    /// Test targets that are not named after one target, or that need more than it may import.
    static let tests: [String: [String]] = [
        "TidyTests": [],
        "SimulationTests": ["Simulator"] + tier0 + tier1,
        "ProcessTests": ["Kernels", "Primitives"],
        "StoreTests": tier0 + ["Store", "GRDB", "Identity"],
    ]

    /// The imports of `file` that the table does not allow.
    static func findings(in file: SwiftFile) -> [Finding] {
        guard let allowed = allowed(area: file.area, target: file.target) else {
            return [
                file.finding(
                    1,
                    "target \(file.target) is not in the table; add it to "
                        + "Tests/TidyTests/ImportRule.swift and to docs/ARCHITECTURE.md"
                )
            ]
        }
        var findings: [Finding] = []
        for (module, line) in imports(of: file) where !allowed.contains(module) {
            let choice = allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", ")
            findings.append(
                file.finding(
                    line,
                    "\(file.target) must not import \(module); it may import \(choice)"
                )
            )
        }
        return findings
    }

    /// The modules that `file` imports, with their lines.
    static func imports(of file: SwiftFile) -> [(module: String, line: Int)] {
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        var imports: [(module: String, line: Int)] = []
        for index in file.tokens.indices where file.text(index) == "import" {
            let name = kinds.contains(file.text(index + 1)) ? index + 2 : index + 1
            imports.append((file.text(name), file.tokens[index].line))
        }
        return imports
    }

    /// What the target may import; nil when nobody has said.
    static func allowed(area: String, target: String) -> [String]? {
        guard area == "Tests" else { return sources[target] }
        let common = ["Testing", "TestSupport", "Subprocesses"] + platform
        if let extra = tests[target] { return extra + common }
        let subject = String(target.dropLast("Tests".count))
        guard target.hasSuffix("Tests"), let reach = sources[subject] else { return nil }
        return reach + [subject] + common
    }
}
