import Foundation
import PeerNode
import Primitives
import Subprocesses
import TestSupport
import Testing
import Wire

/// `docs/verify_export.py`, which was written from the protocol's page alone, must agree with the
/// audit.
@Suite(.timeLimit(.minutes(10)))
struct AuditScriptTests {
    private let script: Script

    init() throws { script = try Script() }

    @Test func bothFindEverythingRight() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let verdict = try await script.run(on: draft.bytes)
        #expect(verdict.status == 0, "\(verdict.text)")
        #expect(verdict.lines.last == "right")
        for line in draft.lines {
            let row = "\(line.peer) \(line.operations) \(line.won) \(line.lost)"
            #expect(verdict.lines.contains(row))
        }
        let audit = try await ExportDraft.audit(draft.bytes)
        for kind in audit.kinds {
            #expect(verdict.lines.contains { $0.hasSuffix(" \(kind.count) \(kind.name)") })
        }
        #expect(verdict.lines.contains { $0.hasSuffix(" \(audit.signatures) signatures") })
    }

    /// A ledger may hold what its culprits have signed, as long as it says so.
    @Test func bothTakeContradictionsThatFaultsProve() async throws {
        let notary = Notary()
        let items = [notary.manifest] + notary.provenContradiction()
        let draft = try await ExportDraft(items).withBoard()
        let audit = try await ExportDraft.audit(draft.bytes)
        #expect(audit.findings == [])
        let verdict = try await script.run(on: draft.bytes)
        #expect(verdict.status == 0, "\(verdict.text)")
        #expect(verdict.lines.contains { $0.hasSuffix(" \(audit.signatures) signatures") })
        for count in 1...3 {
            let part = try await ExportDraft(Array(items.dropLast(count))).withBoard()
            #expect(try await !ExportDraft.audit(part.bytes).isGood)
            #expect(try await script.run(on: part.bytes).status == 1)
        }
    }

    @Test(arguments: Forgery.allCases)
    func bothFindTheForgery(_ forgery: Forgery) async throws {
        // It does not ask the clock.
        guard forgery != .futureHeader else { return }
        let draft = try await forgery.draft(Notary())
        let verdict = try await script.run(on: draft.bytes)
        #expect(verdict.status == 1, "\(verdict.text)")
        let subject = try #require(forgery.findings[0].split(separator: " ").first)
        let named = verdict.lines.filter { $0.hasPrefix("byte ") }
        #expect(
            named.contains { $0.contains(subject) || $0.contains(": bytes: ") },
            "\(verdict.text)"
        )
    }

    @Test func bothFindChangedBytes() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        var generator = PRNG(seed: 3)
        for _ in 0..<20 {
            var bytes = draft.bytes
            let position = Int(generator.below(UInt64(bytes.count)))
            bytes[position] ^= 1 << UInt8(generator.below(8))
            #expect(try await script.run(on: bytes).status == 1, "byte \(position)")
            #expect(try await !ExportDraft.audit(bytes).isGood, "byte \(position)")
        }
    }

    @Test func itNamesTheStatement() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let places = try ExportDraft.places(in: draft.bytes)
        for (index, item) in draft.items.enumerated() {
            var bytes = draft.bytes
            let place = places[index + 1]
            // The signature stands at the end of an envelope, and an opening's last core at its.
            bytes[place.upperBound - 1] ^= 1
            let verdict = try await script.run(on: bytes)
            let begin = "byte \(place.lowerBound): \(item.name) "
            #expect(verdict.lines.contains { $0.hasPrefix(begin) }, "\(verdict.text)")
        }
    }

    @Test(arguments: [0, 1, 100, 1_000])
    func bothFindThatTheFileWasCutOff(count: Int) async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let verdict = try await script.run(on: Array(draft.bytes[..<count]))
        #expect(verdict.status == 1)
        #expect(verdict.text.contains("it has no end"))
    }
}

/// Runs the script with an interpreter that has its modules.
private struct Script: Sendable {
    struct Verdict: Sendable {
        let status: Int32
        let text: String

        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    private let interpreter: String
    private let path: String

    /// Debian's packages belong to Debian's interpreter, which need not be the first one.
    private static let interpreters = ["/usr/bin/python3", "/usr/local/bin/python3", "python3"]

    init() throws {
        path =
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/verify_export.py").path
        let found = Self.interpreters.first { interpreter in
            let modules = ["-c", "import cbor2, cryptography"]
            return (try? Self.run([interpreter] + modules))?.status == 0
        }
        guard let found else {
            throw MissingModules()
        }
        interpreter = found
    }

    /// What the script says about `bytes`.
    func run(on bytes: Bytes) async throws -> Verdict {
        let folder = try TestFolder()
        let file = "\(folder.path)/export"
        try Data(bytes).write(to: URL(filePath: file))
        return try Self.run([interpreter, path, file])
    }

    private static func run(_ command: [String]) throws -> Verdict {
        let run = try Subprocess.output(of: "/usr/bin/env", command, withErrors: true)
        return Verdict(
            status: run.ending.status,
            text: String(decoding: run.bytes, as: UTF8.self)
        )
    }

    private struct MissingModules: Error, CustomStringConvertible {
        let description =
            "no python3 has the modules cbor2 and cryptography; run Deploy/setup --tests, or "
            + "install the packages python3-cbor2 and python3-cryptography"
    }
}
