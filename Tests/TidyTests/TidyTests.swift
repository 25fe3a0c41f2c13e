import Testing

/// The rules of the house, held against the whole repository.
///
/// `RuleTests` shows that each can fail.
@Suite struct TidyTests {
    private let repository = Repository.own

    @Test func repositoryIsFound() {
        #expect(repository.contains("Package.swift"))
        #expect(repository.sources.contains { $0.path == "Sources/Primitives/Digest.swift" })
    }

    @Test func importsFollowTheTable() {
        expectNone(repository.swiftFiles.flatMap(ImportRule.findings(in:)))
    }

    @Test func everyTargetIsInTheTables() throws {
        let page = repository.pages.first { $0.path == "docs/ARCHITECTURE.md" }
        let rows = TargetTable.rows(in: try #require(page).text)
        // Benchmarks that compare with other programs are Python.
        let benchmarks = repository.folders(in: "Benchmarks").filter { name in
            repository.swiftFiles.contains { $0.path.hasPrefix("Benchmarks/\(name)/") }
        }
        let existing =
            repository.folders(in: "Sources") + benchmarks + repository.folders(in: "Fuzz")
        var findings = TargetTable.findings(rows: rows, existing: existing)
        for target in repository.folders(in: "Tests") where target != "Golden" {
            guard ImportRule.allowed(area: "Tests", target: target) == nil else { continue }
            let remedy = "add the target to Tests/TidyTests/ImportRule.swift"
            findings.append(Finding(file: "Tests/\(target)", line: 1, remedy: remedy))
        }
        expectNone(findings)
    }

    @Test func pureTiersKnowNothingOfTheWorld() {
        expectNone(repository.swiftFiles.flatMap(PurityRule.findings(in:)))
    }

    @Test func linesAndFilesAreShort() {
        let endings = [".swift", ".c", ".h"]
        let code = repository.pages.filter { page in endings.contains(where: page.path.hasSuffix) }
        expectNone(
            code.flatMap { page in
                SizeRule.findings(path: page.path, lines: SwiftFile.lines(of: page.text))
            }
        )
    }

    @Test func functionsAreShort() {
        expectNone(repository.swiftFiles.flatMap(SizeRule.functions(in:)))
    }

    @Test func visibleDeclarationsAreDocumented() {
        let sources = repository.sources
        var requirements: Set<String> = []
        for file in sources { requirements.formUnion(DocumentationRule.requirements(in: file)) }
        expectNone(
            sources.flatMap { DocumentationRule.findings(in: $0, requirements: requirements) }
        )
    }

    @Test func onlySignatureChecksMakeVerifiedValues() {
        expectNone(repository.swiftFiles.flatMap(VerificationRule.findings(in:)))
    }

    @Test func nothingIsMarkedAsUnfinished() {
        expectNone(
            repository.pages.flatMap { MarkerRule.findings(path: $0.path, text: $0.text) }
        )
    }

    @Test func decisionRecordsHaveTheirForm() {
        let records = repository.pages.filter { $0.path.hasPrefix("docs/decisions/") }
        #expect(!records.isEmpty)
        expectNone(records.flatMap { PageRule.decision(path: $0.path, text: $0.text) })
        expectNone(PageRule.sharedNumbers(paths: records.map(\.path)))
    }

    @Test func relativeLinksLeadSomewhere() {
        let pages = repository.pages(endingIn: ".md")
        expectNone(
            pages.flatMap {
                PageRule.links(path: $0.path, text: $0.text, exists: repository.contains)
            }
        )
    }

    @Test func glossaryIsSorted() throws {
        let page = try #require(repository.pages.first { $0.path == "docs/GLOSSARY.md" })
        #expect(!PageRule.terms(in: page.text).isEmpty)
        expectNone(PageRule.glossary(path: page.path, text: page.text))
    }

    private func expectNone(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
