import Foundation
import Kernels
import Testing

/// What `starling audit --json` writes.
private struct Report: Decodable {
    struct Finding: Decodable {
        let offset: Int?
        let statement: String
        let problem: String
        let explanation: String
    }

    struct Line: Decodable {
        let won: Int
    }

    struct Units: Decodable {
        let certified: Int
    }

    let certificates: Int
    let validCertificates: Int
    let units: Units
    let board: [Line]
    let findings: [Finding]
    let findingCount: Int
    let isGood: Bool
}

/// A demo whose ledger is written and audited, as a person does it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AuditCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func ledgerOfADemoIsAudited() async throws {
        let path = folder.file("ledger.cbor")
        let made = SyntheticFilterbank(seed: 3, channelCount: 8_192, toneCount: 16).make()
        let input = try folder.write(made.file, to: "small.fil")
        let arguments = ["demo", "--peers", "3", "--input", input, "--coarse-channels", "16"]
        let demo = try await Program.run(arguments + ["--export", path])
        #expect(demo.status == 0, "\(demo.errors)")

        let right = try await Program.run(["audit", path])
        #expect(right.status == 0)
        #expect(right.errors.isEmpty)
        let text = String(decoding: right.output, as: UTF8.self)
        #expect(text.contains("right: every statement proves itself"))

        let (status, report) = try await audit(path)
        #expect(status == 0)
        #expect(report.isGood)
        #expect(report.certificates > 0)
        #expect(report.validCertificates == report.certificates)
        // Two for each unit, and one more where somebody looked at the vote again.
        let range = 2 * report.units.certified...3 * report.units.certified
        #expect(range.contains(report.board.reduce(0) { $0 + $1.won }))

        let other = try await Program.run(["audit", path, "--network", "another"])
        #expect(other.status == 1)
        try await expectFlipIsFound(in: path)
    }

    /// Changes one bit in the middle of the export.
    private func expectFlipIsFound(in path: String) async throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[bytes.count / 2] ^= 4
        let changed = try folder.write(bytes, to: "changed.cbor")
        let (status, report) = try await audit(changed)
        #expect(status == 1)
        #expect(!report.isGood)
        #expect(report.findingCount == report.findings.count)
        #expect(report.findings.contains { $0.problem == "wrong-hash" && $0.statement == "end" })
        let outcome = try await Program.run(["audit", changed])
        #expect(outcome.status == 1)
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        for finding in report.findings {
            let place = finding.offset.map { "byte \($0): " } ?? ""
            let line = lines.first {
                $0.hasPrefix(place + finding.statement) && $0.hasSuffix(finding.explanation)
            }
            #expect(line != nil, "\(finding)")
        }
        #expect(lines.last?.hasPrefix("WRONG: ") == true)
    }

    private func audit(_ path: String) async throws -> (status: Int32, report: Report) {
        let outcome = try await Program.run(["audit", "--json", path])
        #expect(!outcome.isKilled)
        return (outcome.status, try JSONDecoder().decode(Report.self, from: outcome.output))
    }

    @Test func otherFileIsNamedAsNoExport() async throws {
        let path = try folder.write("GIF89a and what follows it".utf8, to: "other")
        let outcome = try await Program.run(["audit", path])
        #expect(outcome.status == 1)
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains("byte 0: header: the file does not begin with the header"))
    }

    @Test func fileThatCannotBeReadIsNoVerdict() async throws {
        let missing = folder.file("nothing")
        for (path, reason) in [
            (missing, "cannot open \(missing): No such file or directory"),
            (folder.path, "cannot read \(folder.path): it is not a regular file"),
        ] {
            let outcome = try await Program.run(["audit", path])
            #expect(outcome.status == 2)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors == "Error: \(reason)\n")
        }
    }

    @Test func exportIntoAMissingFolderIsRefusedBeforeAnythingElse() async throws {
        let path = folder.file("nowhere/ledger.cbor")
        let outcome = try await Program.run(["demo", "--export", path])
        #expect(outcome.status == 1)
        #expect(outcome.errors == "Error: cannot write \(path): No such file or directory\n")
    }
}
