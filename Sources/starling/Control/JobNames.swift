import Foundation
import Primitives
import Synchronization

/// What this peer's owner calls jobs: kept in the peer's folder, known to nobody else.
final class JobNames: Sendable {
    private let path: String
    private let names: Mutex<[String: String]>

    /// Names that are kept; a job without one goes by its file's name.
    private static let namesMax = 10_000

    /// The names in `folder`; a file that cannot be read holds none.
    init(in folder: PeerFolder) {
        path = "\(folder.path)/names.json"
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        names = Mutex((try? ControlLine.decode(bytes)) ?? [:])
    }

    /// What a job is called, if it was given a name.
    subscript(job: ManifestID) -> String? { names.withLock { $0[job.description] } }

    /// Names a job, for now and for later starts.
    func set(_ name: String, for job: ManifestID) throws {
        try names.withLock { names in
            guard names.count < Self.namesMax else {
                throw CommandFailure("\(path) holds \(Self.namesMax) names already; remove some")
            }
            names[job.description] = name
            try OutputFile.write(try ControlLine.encode(names), to: path)
        }
    }
}
