import Testing

/// Each rule of the house fails on the smallest code that breaks it, and lets its neighbour pass.
@Suite struct RuleTests {
    // MARK: Imports

    @Test(arguments: [
        ("Sources/Primitives/A.swift", "import Foundation"),
        ("Sources/Wire/A.swift", "import Membership"),
        ("Sources/Membership/A.swift", "package import WorkUnits"),
        ("Sources/WorkUnits/A.swift", "import struct Ledger.Credit"),
        ("Sources/Ledger/A.swift", "@preconcurrency import Membership"),
        ("Sources/PeerCore/A.swift", "import Synchronization"),
        ("Sources/Kernels/A.swift", "import Wire"),
        ("Sources/Kernels/A.swift", "import Glibc"),
        ("Sources/Simulator/A.swift", "import Transport"),
        ("Sources/Identity/A.swift", "import CZeroMQ"),
        ("Sources/PeerNode/A.swift", "import COpenSSL"),
        ("Sources/PeerNode/A.swift", "import GRDB"),
        ("Sources/PeerNode/A.swift", "import Hummingbird"),
        ("Sources/Transport/A.swift", "#if os(Linux)\n    import Dashboard\n#endif"),
        ("Tests/LedgerTests/A.swift", "import Identity"),
    ])
    func importOutsideTheTableIsFound(path: String, text: String) {
        #expect(ImportRule.findings(in: SwiftFile(path: path, text: text)).count == 1)
    }

    @Test(arguments: [
        ("Sources/Wire/A.swift", "package import Primitives"),
        ("Sources/Store/A.swift", "import GRDB"),
        ("Sources/Transport/A.swift", "import CZeroMQ"),
        ("Sources/Wire/A.swift", "// import Foundation\nlet text = \"import Foundation\""),
        ("Tests/WireTests/A.swift", "import Foundation\nimport Testing\nimport Wire"),
    ])
    func importOfTheTableIsAllowed(path: String, text: String) {
        #expect(ImportRule.findings(in: SwiftFile(path: path, text: text)).isEmpty)
    }

    @Test(arguments: ["Sources/Novelty/A.swift", "Tests/NoveltyTests/A.swift"])
    func unknownTargetIsFound(path: String) throws {
        let findings = ImportRule.findings(in: SwiftFile(path: path, text: ""))
        #expect(try #require(findings.first).remedy.contains("add it to"))
    }

    @Test func threeMachinesNeverMeet() {
        for machine in ["Membership", "WorkUnits", "Ledger"] {
            #expect(ImportRule.sources[machine] == ["Primitives", "Wire"])
        }
    }

    @Test(arguments: [
        ("GRDB", "Store"), ("CZeroMQ", "Transport"), ("COpenSSL", "Identity"),
        ("CZlib", "FilterbankFiles Plots"), ("Hummingbird", "Dashboard"),
    ])
    func librariesHaveFewUsers(library: String, users: String) {
        let found = ImportRule.sources.filter { $0.value.contains(library) }.map(\.key)
        #expect(found.sorted().joined(separator: " ") == users)
    }

    @Test func targetsAreHeldAgainstThePage() {
        let page = """
            | tier | target | purpose |
            |---|---|---|
            | 0 | `Wire` | messages |
            | 2 | `Store` | *(planned)* database |
            | 2 | `Novelty` | nobody knows |
            """
        let rows = TargetTable.rows(in: page)
        #expect(rows.map(\.target) == ["Wire", "Store", "Novelty"])
        #expect(rows.map(\.isPlanned) == [false, true, false])
        let findings = TargetTable.findings(rows: rows, existing: ["Store", "Wire"])
        #expect(findings.contains { $0.line == 4 && $0.remedy.contains("exists") })
        #expect(findings.contains { $0.line == 5 && $0.remedy.contains("add Novelty") })
        #expect(findings.contains { $0.remedy.contains("row for Primitives") })
    }

    // MARK: Purity

    @Test(arguments: [
        "func f() async {}",
        "let x = await f()",
        "actor Peer {}",
        "Task { f() }",
        "let birth: Date",
        "let clock = ContinuousClock()",
        "let time = clock.now",
        "let dice = Int.random(in: 0..<6)",
        "let order = peers.shuffled()",
        "let seed = key.hashValue",
        "print(key)",
        "let text = \"\\(getenv(name))\"",
        "let share: Double",
        "let share = 0.5",
        "let tiny = 1e-9",
        "let table: Dictionary<Int, Int>",
        "let peers = Set(list)",
        "let table: [Int: [Int]]",
        "func f() -> [Digest: Int] { fatalError() }",
        "let empty: Table = [:]",
        "// tidy-allow-hash-table:\nlet peers: Set<Int>",
        "nonisolated(unsafe) var count = 0",
    ])
    func impurityIsFound(text: String) {
        let file = SwiftFile(path: "Sources/WorkUnits/A.swift", text: text)
        #expect(PurityRule.findings(in: file).count == 1)
    }

    @Test(arguments: [
        "// await the Date\nlet text = \"print(Date.now)\"",
        "let text = #\"Task \"quoted\" actor\"#",
        "let text = \"\"\"\n    async \"quoted\" await\n    \"\"\"",
        "/* Task /* nested */ Date */ let x = 1",
        "let second = pair.1.0",
        "let mask = 0xe5 + 1_000",
        "let value = table[key, default: 0]",
        "let list = [flag ? 1 : 2, other ? 3 : 4]",
        "let list = [f(of: 1), g { (x: Int) in x }]",
        "let peers: Set<Int>  // tidy-allow-hash-table: asked for members only",
        "// tidy-allow-hash-table: asked for members only\nlet peers: Set<Int>",
        "let now = Instant.zero",
    ])
    func purityIsAllowed(text: String) {
        let file = SwiftFile(path: "Sources/WorkUnits/A.swift", text: text)
        #expect(PurityRule.findings(in: file).isEmpty)
    }

    @Test func kernelsAndSimulatorMayUseFloatingPoint() {
        for target in ["Kernels", "Simulator"] {
            let path = "Sources/\(target)/A.swift"
            let float = SwiftFile(path: path, text: "let share: Double = 0.5")
            #expect(PurityRule.findings(in: float).isEmpty)
            let clock = SwiftFile(path: path, text: "let start = ContinuousClock.now")
            #expect(PurityRule.findings(in: clock).count == 2)
        }
    }

    @Test func driversAreNotPure() {
        let file = SwiftFile(path: "Sources/PeerNode/A.swift", text: "await print(Date.now)")
        #expect(PurityRule.findings(in: file).isEmpty)
    }

    // MARK: Sizes

    @Test func longLineIsFound() {
        let line = String(repeating: "é", count: 100)
        #expect(SizeRule.findings(path: "A.swift", lines: [line]).isEmpty)
        #expect(SizeRule.findings(path: "A.swift", lines: ["", line + "é"]).map(\.line) == [2])
    }

    @Test func longFileIsFound() {
        let lines = [String](repeating: "", count: 600)
        #expect(SizeRule.findings(path: "A.swift", lines: lines).isEmpty)
        #expect(SizeRule.findings(path: "A.swift", lines: lines + [""]).count == 1)
    }

    @Test(arguments: [
        "func f(then g: () -> Int = { 1 }) -> Int", "init()", "subscript(x: Int) -> Int",
    ])
    func longFunctionIsFound(head: String) {
        let body = { String(repeating: "    g()\n", count: $0) }
        let good = SwiftFile(path: "Sources/Wire/A.swift", text: "\(head) {\n\(body(68))}\n")
        #expect(SizeRule.functions(in: good).isEmpty)
        let bad = SwiftFile(path: "Sources/Wire/A.swift", text: "\n\(head) {\n\(body(69))}\n")
        #expect(SizeRule.functions(in: bad).map(\.line) == [2])
    }

    @Test func requirementHasNoLength() {
        let text =
            "protocol P {\n    func f()\n}\nstruct S {\n\(String(repeating: "\n", count: 80))}"
        let file = SwiftFile(path: "Sources/Wire/A.swift", text: text)
        #expect(SizeRule.functions(in: file).isEmpty)
    }

    // MARK: Documentation

    @Test(arguments: [
        "package struct Digest {}",
        "/// A table.\n\npackage struct Table {}",
        "// Not a comment for readers.\npublic let x = 1",
        "///\npackage func f() {}",
        "@inlinable package init() {}",
        "@discardableResult\npackage func f() -> Int { 1 }",
        "package private(set) var count = 0",
        "package static func > (left: Self, right: Self) -> Bool { true }",
        "package static let zero = 0",
    ])
    func undocumentedDeclarationIsFound(text: String) {
        let file = SwiftFile(path: "Sources/Wire/A.swift", text: text)
        #expect(DocumentationRule.findings(in: file).count == 1)
    }

    @Test(arguments: [
        "/// A digest.\npackage struct Digest {}",
        "/// Adds.\n@discardableResult\n@inlinable\npackage func f() -> Int { 1 }",
        "/// A walk:\n/// ```\n/// ───▶\n/// ```\npackage struct Walk {}",
        "struct Hidden {}\nprivate let x = 1",
        "package import Primitives",
        "package static func == (left: Self, right: Self) -> Bool { true }",
        "package static func < (left: Self, right: Self) -> Bool { true }",
        "package func hash(into hasher: inout Hasher) {}",
        "package var description: String { text }",
        "internal package(set) var x = 1",
        "// package struct Old {}\nlet text = \"package struct Old\"",
        "/// A choice between two.\npackage enum Choice {\n    case left, right\n}",
    ])
    func documentedDeclarationIsAllowed(text: String) {
        let file = SwiftFile(path: "Sources/Wire/A.swift", text: text)
        #expect(DocumentationRule.findings(in: file).isEmpty)
    }

    @Test func documentedRequirementCoversItsWitnesses() {
        let text = """
            /// A name.
            package protocol Name {
                /// The bytes.
                var bytes: Bytes { get }
                /// Names what the bytes name.
                init(_ bytes: Bytes)
                var secret: Bytes { get }
            }
            /// A peer's name.
            package struct PeerName: Name {
                package let bytes: Bytes
                package init(_ bytes: Bytes) {}
                package init(_ text: String) {}
                package var secret: Bytes { [] }
            }
            """
        let file = SwiftFile(path: "Sources/Wire/A.swift", text: text)
        let requirements = DocumentationRule.requirements(in: file)
        let findings = DocumentationRule.findings(in: file, requirements: requirements)
        #expect(findings.map(\.line) == [13, 14])
    }

    // MARK: Verification

    @Test(arguments: [
        "let message = Verified(body)",
        "let message = Verified<Message>(body)",
        "let message = Verified.init(body)",
        "struct Trusting: SignatureVerifier {}",
        "extension Trusting: Sendable, SignatureVerifier {}",
        "extension Rumour: Checkable {}",
        "final class Trusting<Key: Hashable>: SignatureVerifier {}",
    ])
    func verifiedValueFromNowhereIsFound(text: String) {
        let core = SwiftFile(path: "Sources/PeerNode/A.swift", text: text)
        #expect(VerificationRule.findings(in: core).count == 1)
        let maker = SwiftFile(path: "Sources/Identity/A.swift", text: text)
        #expect(VerificationRule.findings(in: maker).isEmpty)
    }

    @Test(arguments: [
        "func receive(_ message: Verified<Message>) {}",
        "func check(by verifier: some SignatureVerifier) {}",
        "struct Gate<Check: SignatureVerifier> { let check: Check }",
        "// Verified(body)",
    ])
    func takingVerifiedValuesIsAllowed(text: String) {
        let file = SwiftFile(path: "Sources/PeerCore/A.swift", text: text)
        #expect(VerificationRule.findings(in: file).isEmpty)
    }

    // MARK: Pages

    @Test func markerOfUnfinishedWorkIsFound() {
        for marker in MarkerRule.markers {
            let text = "fine\n# \(marker): later\n\(marker)S and pseudo\(marker)\n"
            #expect(MarkerRule.findings(path: "Makefile", text: text).map(\.line) == [2])
        }
    }

    @Test func decisionRecordWithoutItsHeadingsIsFound() {
        let whole = "# 1\n\n## Motivation\n\n## Choice\n\n## Alternatives\n\n## Consequences\n"
        let path = "docs/decisions/0001-pure-core.md"
        #expect(PageRule.decision(path: path, text: whole).isEmpty)
        #expect(PageRule.decision(path: path, text: "# 1\n\n## Motivation\n").count == 1)
    }

    @Test(arguments: ["1-core.md", "0001.md", "0001-Core.md", "0001-pure_core.md", "0001-core.txt"])
    func misnamedDecisionRecordIsFound(name: String) {
        let whole = PageRule.headings.joined(separator: "\n")
        #expect(PageRule.decision(path: "docs/decisions/\(name)", text: whole).count == 1)
    }

    @Test func sharedDecisionNumberIsFound() {
        let paths = ["docs/decisions/0001-a.md", "docs/decisions/0001-b.md"]
        #expect(PageRule.sharedNumbers(paths: paths).map(\.file) == ["docs/decisions/0001-b.md"])
    }

    @Test func deadLinkIsFound() {
        let text = """
            [good](GLOSSARY.md#peer) [up](../README.md) [web](https://swift.org) [here](#top)
            `[code](nowhere.md)`
            ```
            [fenced](nowhere.md)
            ```
            [bad](nowhere.md)
            [outside](../../README.md)
            """
        let known = ["docs/GLOSSARY.md", "README.md"]
        let findings = PageRule.links(path: "docs/A.md", text: text) { known.contains($0) }
        #expect(findings.map(\.line) == [6, 7])
    }

    @Test func unsortedGlossaryIsFound() {
        let text =
            "| term | meaning |\n|---|---|\n| Hub | a |\n| epoch | b |\n| peer | c |\n| Peer | d |"
        let findings = PageRule.glossary(path: "docs/GLOSSARY.md", text: text)
        #expect(findings.map(\.line) == [4, 6])
        #expect(PageRule.terms(in: text).map(\.term) == ["Hub", "epoch", "peer", "Peer"])
    }
}
