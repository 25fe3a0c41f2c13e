import Foundation
import Kernels
import Subprocesses
import Testing

/// The pictures and the comma-separated values of `starling search`.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SearchPlotsTests {
    private struct Report: Decodable {
        struct Row: Decodable {
            let snr: Float
        }
        let hits: [Row]
    }

    private let folder: Folder

    init() throws { folder = try Folder() }

    private func file(toneCount: Int, source: String? = nil) throws -> String {
        let maker = SyntheticFilterbank(seed: 3, channelCount: 2_048, toneCount: toneCount)
        let samples = maker.make().file.dropFirst(maker.header.encoded().count)
        var header = maker.header
        if let source { header.sourceName = source }
        return try folder.write(header.encoded() + samples, to: "small.fil")
    }

    private func report(of file: String) async throws -> (json: Data, hits: [Report.Row]) {
        let json = try await Program.run(["search", file, "--json"]).output
        return (json, try JSONDecoder().decode(Report.self, from: json).hits)
    }

    @Test func bandAndStrongestHitsAreDrawn() async throws {
        let input = try file(toneCount: 3)
        let plain = try await Program.run(["search", input])
        let hits = try await report(of: input).hits
        try #require(hits.count >= 2)
        let pictures = folder.file("pictures")
        let whole = ["search", input, "--coarse-channels", "1"]
        let all = try await Program.run(whole + ["--plots", pictures])
        #expect(all.status == 0 && all.output == plain.output && all.errors.isEmpty)
        let names = (1...hits.count).map { "hit-00000\($0).png" }
        #expect(try contents(of: pictures) == ["band.png"] + names)
        let few = folder.file("few")
        let one = try await Program.run(["search", input, "--plots", few, "--plots-max", "1"])
        let strongest = try #require(hits.indices.max { hits[$0].snr < hits[$1].snr })
        #expect(try contents(of: few) == ["band.png", names[strongest]])
        #expect(one.errors.contains("\(hits.count - 1) of \(hits.count) hits have no picture"))
        for name in ["band.png", names[strongest]] {
            let (first, second) = ("\(pictures)/\(name)", "\(few)/\(name)")
            let bytes = try Data(contentsOf: URL(filePath: first))
            #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]))
            #expect(try Data(contentsOf: URL(filePath: second)) == bytes)
        }
    }

    private func contents(of path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func searchWithoutHitsDrawsTheBandAlone() async throws {
        let input = try file(toneCount: 0)
        let pictures = folder.file("pictures")
        let outcome = try await Program.run(
            ["search", input, "--snr", "1000", "--plots", pictures]
        )
        #expect(outcome.status == 0)
        #expect(try contents(of: pictures) == ["band.png"])
    }

    @Test func folderThatCannotBeMadeIsNamed() async throws {
        let input = try file(toneCount: 1)
        let missing = folder.file("a/b")
        for (path, message) in [
            (missing, "cannot make the folder \(missing)"), (input, "\(input) is not a folder"),
        ] {
            let outcome = try await Program.run(["search", input, "--plots", path])
            #expect(outcome.status == 1 && outcome.output.isEmpty)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
        }
    }

    @Test func refusedSearchMakesNoFolder() async throws {
        let input = try folder.write([1, 2, 3], to: "other.fil")
        let pictures = folder.file("pictures")
        let outcome = try await Program.run(["search", input, "--plots", pictures])
        #expect(outcome.status == 1)
        #expect(try folder.names == ["other.fil"])
    }

    @Test func commaSeparatedValuesAreTheRowsOfTheJSON() async throws {
        let source = #"M31, the "great" nebula"#
        let input = try file(toneCount: 3, source: source)
        let output = folder.file("hits.csv")
        let outcome = try await Program.run(["search", input, "--csv", "--output", output])
        #expect(outcome.status == 0)
        let json = try folder.write(try await report(of: input).json, to: "hits.json")
        let python = try Subprocess(
            "/usr/bin/env",
            ["python3", "-c", Self.comparison, output, json, source]
        )
        #expect(python.wait().status == 0)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.hasPrefix("file,source,coarseChannel,index,driftHertzPerSecond,snr,"))
        #expect(text.contains(#"small.fil,"M31, the ""great"" nebula",0,"#))
        // Every line ends with a carriage return, so a line feed stands nowhere alone.
        #expect(text.utf8.split(separator: 0x0a).allSatisfy { $0.last == 0x0d })
    }

    /// Reads the table with Python's own reader, and holds it against the JSON.
    private static let comparison = """
        import csv, json, sys
        table, report, source = sys.argv[1:]
        rows = list(csv.DictReader(open(table, newline="")))
        hits = json.load(open(report))["hits"]
        assert len(rows) == len(hits) > 1, (rows, hits)
        for row, hit in zip(rows, hits):
            assert row.pop("file") == "small.fil" and row.pop("source") == source, row
            assert {key: float(text) for key, text in row.items()} == hit, (row, hit)
        """
}
