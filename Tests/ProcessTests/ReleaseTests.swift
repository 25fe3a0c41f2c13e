import Foundation
import Kernels
import Testing

/// The results of a job that its owner needs no longer.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReleaseTests {
    @Test func resultsAreReleasedOnceTheTableIsWritten() async throws {
        let inputs = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 8_192, toneCount: 16).make()
        let input = try inputs.write(made.file, to: "small.fil")
        let first = try await Donor()
        let second = try await Donor(["--join", try await first.address()])
        let said = try await first.text(
            "submit",
            "--file",
            input,
            "--wait",
            "--quiet",
            "--coarse-channels",
            "1"
        )
        let id = String(said.prefix(64))
        let short = id.prefix(8)
        let datasets = "\(first.folder)/datasets"
        func datasetNames() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: datasets)
        }

        // What is refused drops nothing.
        let partial = try await first.outcome("results", id, "--partial", "--release")
        #expect(partial.status == 64)
        #expect(partial.errors.contains("the table must be whole"))
        let foreign = try await second.outcome("results", id, "--wait", "--release")
        #expect(foreign.status == 1)
        #expect(foreign.errors.contains("which alone can release its results"))
        let lost = inputs.file("none/hits.dat")
        #expect(try await first.outcome("results", id, "--release", "--output", lost).status == 1)
        #expect(try await first.object(Jobs.self, "jobs").jobs.map(\.stage) == ["complete"])
        #expect(try datasetNames().count == 1)

        let output = inputs.file("hits.dat")
        let released = try await first.outcome("results", id, "--output", output, "--release")
        #expect(released.status == 0)
        #expect(released.errors.contains("the results of job \(short) are released"))
        #expect(released.errors.contains("other peers keep theirs until"))
        let table = try await Program.run(["search", input, "--coarse-channels", "1"])
        #expect(FileManager.default.contents(atPath: output) == table.output)
        // The drop follows the answer.
        while try !datasetNames().isEmpty { try await Task.sleep(for: .milliseconds(10)) }

        try await expectReleased(id, at: first)
        #expect(try await second.object(Jobs.self, "jobs").jobs.map(\.stage) == ["complete"])
        #expect(try await first.end().status == 0)
        let again = try await Donor(in: first.home)
        try await expectReleased(id, at: again)
        for donor in [again, second] { #expect(try await donor.end().status == 0) }
    }

    private func expectReleased(_ id: String, at donor: Donor) async throws {
        #expect(try await donor.object(Jobs.self, "jobs").jobs.map(\.stage) == ["released"])
        #expect(try await donor.text("jobs").contains("  released  "))
        #expect(try await donor.text("why", id).contains("this peer has dropped them"))
        for flag in ["--partial", "--wait", "--release"] {
            let late = try await donor.outcome("results", id, flag)
            #expect(late.status == 1 && late.output.isEmpty)
            #expect(late.errors.contains("are released: this peer has dropped them"))
        }
        #expect(try await donor.outcome("watch", id).status == 0)
        for verb in ["hold", "release", "cancel"] {
            let late = try await donor.outcome(verb, id)
            #expect(late.errors.contains("there is nothing to \(verb)"))
        }
    }
}
