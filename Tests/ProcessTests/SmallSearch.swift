import Foundation
import Kernels
import Testing

/// A search that takes a moment in a debug build, and the table that any grid must find.
struct SmallSearch: Sendable {
    let units: Int
    let table: Data
    private let folder: Folder
    private let input: String

    /// Makes the input, and searches it without a grid.
    init(units: Int, channelCount: Int = 8_192) async throws {
        self.units = units
        folder = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: channelCount, toneCount: 16).make()
        input = try folder.write(made.file, to: "small.fil")
        let search = try await Program.run(["search", input, "--coarse-channels", "\(units)"])
        try #require(search.status == 0, "\(search.errors)")
        table = search.output
    }

    /// Submits it once more; the job's id.
    func submit(
        at donor: Donor,
        policy: String = "strict",
        anchor: String? = nil,
        ringers: Int = 0
    ) async throws -> String {
        let outcome = try await Program.run(
            [
                "submit", "--file", input, "--coarse-channels", "\(units)", "--policy", policy,
                "--ringers", "\(ringers)", "--folder", donor.folder, "--json",
            ] + (anchor.map { ["--anchor", $0] } ?? [])
        )
        try #require(outcome.status == 0, "\(outcome.errors)")
        let submission = try JSONDecoder().decode(Submission.self, from: outcome.output)
        #expect(submission.units == units)
        return submission.job
    }
}
