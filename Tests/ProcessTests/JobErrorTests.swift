import Foundation
import Glibc
import Kernels
import Testing

/// What commands about jobs and keys say when they cannot do what they were told.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct JobErrorTests {
    private let folder: Folder
    private let input: String

    init() throws {
        folder = try Folder()
        let made = SyntheticFilterbank(seed: 3, channelCount: 256, toneCount: 1).make()
        input = try folder.write(made.file, to: "small.fil")
    }

    private func expect(
        _ outcome: Program.Outcome,
        _ messages: String...,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == 1, sourceLocation: location)
        #expect(outcome.output.isEmpty, sourceLocation: location)
        for message in messages {
            #expect(
                outcome.errors.contains(message),
                "\(outcome.errors)",
                sourceLocation: location
            )
        }
    }

    // MARK: - Ids

    @Test func idsAreFoundByTheirBeginningOrTheErrorHelps() async throws {
        let donor = try await Donor(cores: 0)
        let unknown = String(repeating: "0", count: 64)
        expect(try await donor.outcome("cancel", unknown), "no job \(unknown) is known here")
        expect(try await donor.outcome("why", unknown), "no job and no peer \(unknown) is known")
        for wrong in ["xyz", "", "3fa8/", "3fa8/x", unknown + "0", "-1"] where wrong != "-1" {
            expect(try await donor.outcome("why", wrong), "'\(wrong)' ")
        }
        expect(try await donor.outcome("results", "../../etc"), "is no id")
        expect(try await donor.outcome("watch", "starling://nowhere"), "is not a job link")
        expect(try await donor.outcome("watch"), "no known job is open")
        for anchor in [(unknown, "no peer \(unknown) is known here"), ("xyz", "'xyz' is no id")] {
            let submit = ["submit", "--file", input, "--anchor", anchor.0]
            for arguments in [submit, submit + ["--dry-run"]] {
                expect(
                    try await Program.run(arguments + ["--folder", donor.folder]),
                    anchor.1
                )
            }
        }
        // Of seventeen ids two begin with the same digit.
        var ids: [String] = []
        for _ in 0..<17 {
            let id = try await donor.text("submit", "--quiet", "--file", input)
            ids.append(id.trimmingCharacters(in: .newlines))
        }
        let digits = Dictionary(grouping: ids) { $0.prefix(1) }
        let (digit, matches) = try #require(digits.first { $0.value.count > 1 })
        let ambiguous = try await donor.outcome("cancel", String(digit))
        expect(ambiguous, "\(digit) is the beginning of \(matches.count) ids; write more digits:")
        for id in matches.prefix(10) { #expect(ambiguous.errors.contains("\n  job \(id)")) }
        let job = try await donor.object(Job.self, "cancel", ids[0].uppercased())
        #expect(job.job == ids[0])
        #expect(try await donor.end().status == 0)
    }

    // MARK: - Job files

    @Test(arguments: [
        ("", ": a job file is a list of keys and values"),
        ("- a\n- b\n", ": a job file is a list of keys and values"),
        ("file: x.fil\nsnr: loud\n", ", line 2: snr: 'loud' is no number above zero"),
        (
            "file: x.fil\n\nmax-drfit: 4\n",
            ", line 3: 'max-drfit' is not known; the keys are anchor, boxcar"
        ),
        ("file: x.fil\npolicy: loose\n", ", line 2: policy: 'loose' is no policy"),
        ("file: x.fil\npriority: 300\n", ", line 2: priority: '300' is no whole number"),
        ("file: x.fil\ndeadline: friday\n", ", line 2: deadline: 'friday' is no length of time"),
        ("file: x.fil\nworkload: mine\n", ", line 2: workload: 'mine' is no workload"),
        ("file: x.fil\nname: \"a\\u001bb\"\n", ", line 2: name: a name has"),
        ("file: [a, b]\n", ", line 1: a key and one plain value are expected"),
        ("file: x.fil\nsnr: 3\nsnr: 4\n", ", line 3: the key 'snr' stands there twice"),
        ("file: \"x.fil\nsnr: 3\n", "line "),
        ("file: x.fil\n\tsnr: 3\n", ", line 2: "),
        ("snr: 3\n", "the job names no file"),
    ])
    func wrongJobFileIsNamedWithItsLine(text: String, message: String) async throws {
        let path = try folder.write(text.utf8, to: "job.yaml")
        let outcome = try await Program.run(["submit", path, "--folder", folder.path])
        expect(outcome, message)
        if !message.hasPrefix("the job") { expect(outcome, path) }
    }

    @Test func jobFileThatIsNoneIsNamed() async throws {
        let missing = folder.file("none.yaml")
        expect(try await Program.run(["submit", missing]), "cannot open \(missing)")
        let binary = try folder.write([0xff, 0xfe, 0, 1, 2, 3], to: "binary.yaml")
        expect(try await Program.run(["submit", binary]), binary)
        let large = try folder.write([UInt8](repeating: 97, count: 2 << 20), to: "large.yaml")
        expect(try await Program.run(["submit", large]), "at most 1048576 bytes")
    }

    @Test func fileOfAJobStartsFromTheJobFilesFolder() async throws {
        let path = try folder.write("file: none.fil\n".utf8, to: "job.yaml")
        let missing = try await Program.run(["submit", path])
        expect(missing, "cannot open \(folder.path)/none.fil: No such file or directory")
        // Options go before the file.
        let other = folder.file("other.fil")
        expect(try await Program.run(["submit", path, "--file", other]), "cannot open \(other)")
        expect(
            try await Program.run(["submit", "--file", folder.path]),
            "cannot read \(folder.path): it is not a regular file"
        )
    }

    @Test func fileThatCannotBeSearchedIsRefusedByThePeer() async throws {
        let donor = try await Donor(cores: 0)
        let text = try folder.write("no filterbank".utf8, to: "text.fil")
        expect(try await donor.outcome("submit", "--file", text), text, "not a SIGPROC")
        expect(try await donor.outcome("submit", "--file", text, "--dry-run"), "not a SIGPROC")
        expect(
            try await donor.outcome("submit", "--file", input, "--coarse-channels", "7"),
            input
        )
        #expect(try await donor.object(Jobs.self, "jobs").jobs.isEmpty)
        #expect(try await donor.end().status == 0)
    }

    @Test func outputFolderThatIsMissingIsNamedBeforeAnythingIsAsked() async throws {
        let output = folder.file("nowhere/table.dat")
        let outcome = try await Program.run(["results", "ab", "--output", output])
        expect(outcome, "cannot write \(output): No such file or directory")
    }

    // MARK: - Keys

    @Test func keysAreBackedUpAndRestored() async throws {
        let home = try Folder()
        let donor = try await Donor(cores: 0, in: home)
        let id = try await donor.object(Status.self, "status").peer
        let shown = try await donor.text("key", "show")
        #expect(shown.contains(" \(id)  \(donor.folder)/peer.key\n"))
        let backup = home.file("backup")
        #expect(try await donor.text("key", "backup", backup).contains("act as this peer"))
        var status = stat()
        #expect(stat(backup, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        expect(
            try await donor.outcome("key", "backup", backup),
            "there is a file \(backup) already, and keys are never overwritten"
        )
        #expect(try await donor.end().status == 0)
        let other = home.file("other")
        let restored = try await Program.run(["key", "restore", backup, "--folder", other])
        #expect(restored.status == 0, "\(restored.errors)")
        let again = try await Donor(cores: 0, in: home, named: "other")
        #expect(try await again.object(Status.self, "status").peer == id)
        #expect(try await again.end().status == 0)
        let third = try await Donor(cores: 0, in: home, named: "third")
        #expect(try await third.end().status == 0)
        let kept = FileManager.default.contents(atPath: "\(third.folder)/peer.key")
        expect(
            try await third.outcome("key", "restore", backup),
            "there is a file \(third.folder)/peer.key already"
        )
        #expect(FileManager.default.contents(atPath: "\(third.folder)/peer.key") == kept)
        let nowhere = home.file("nowhere")
        expect(
            try await Program.run(["key", "show", "--folder", nowhere]),
            "there is no key file \(nowhere)/peer.key; start the peer once to make one"
        )
    }
}
