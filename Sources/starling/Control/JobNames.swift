import Foundation
import Primitives
import Synchronization

/// What this peer's owner calls jobs: kept in the peer's folder, known to nobody else.
final class JobNames: Sendable {
    private let path: String
    private let names: Mutex<[String: String]>
    /// Whether the file holds something else, which is not to be overwritten.
    private let isUnreadable: Bool

    /// Names that are kept; a job without one goes by its file's name.
    private static let namesMax = 10_000

    /// The names in `folder`; a file that cannot be read holds none, and stays as it is.
    init(in folder: PeerFolder) {
        path = "\(folder.path)/names.json"
        var known: [String: String]? = [:]
        if FileManager.default.fileExists(atPath: path) {
            known = FileManager.default.contents(atPath: path)
                .flatMap { try? ControlLine.decode($0) }
        }
        isUnreadable = known == nil
        names = Mutex(known ?? [:])
    }

    /// What a job is called, if it was given a name.
    subscript(job: ManifestID) -> String? { names.withLock { $0[job.description] } }

    /// Names a job, for now and for later starts.
    func set(_ name: String, for job: ManifestID) throws {
        guard !isUnreadable else {
            throw CommandFailure(
                "\(path) cannot be read, and no name is added to it; repair or remove it, and "
                    + "start the peer again"
            )
        }
        try names.withLock { names in
            guard names.count < Self.namesMax else {
                throw CommandFailure("\(path) holds \(Self.namesMax) names already; remove some")
            }
            names[job.description] = name
            try OutputFile.write(try ControlLine.encode(names), to: path)
        }
    }
}
