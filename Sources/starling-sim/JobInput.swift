import FilterbankFiles
import FoundationEssentials
import Glibc
import JobFiles
import Kernels
import Primitives

/// A job as its file tells it, with its units worked out.
struct JobInput {
    let request: JobRequest
    let unitCount: UInt32
    /// Operations of the largest unit, which is what a manifest states.
    let operationsPerUnit: UInt64
    /// Operations of all units.
    let operations: UInt64

    /// Why a job cannot be read.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The job of the file at `path`; the file that it names is read once.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "cannot read \(path); name a job file")
        }
        let description = try JobFile.read(Bytes(data), at: path)
        do throws(JobDescription.Flaw) {
            request = try description.request(in: FileManager.default.currentDirectoryPath)
        } catch {
            throw Failure(description: "\(path): \(error.reason)")
        }
        let plan = try Self.plan(of: request)
        unitCount = UInt32(plan.unitCount)
        operationsPerUnit = plan.runs.map(\.operationsEach).max() ?? 1
        operations = plan.operations
    }

    private static func plan(of request: JobRequest) throws -> UnitPlan {
        let descriptor = open(request.file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(description: "cannot open \(request.file): \(reason)")
        }
        do {
            let name = request.file.split(separator: "/").last.map(String.init) ?? request.file
            let file = try FilterbankFile(
                descriptor: descriptor,
                name: name,
                hdf5: Hdf5Command.program
            )
            let choice = file.filterbank.coarseChannelChoice(request.rules.method)
            let settings = request.settings(coarseChannels: choice.number)
            let pack = try DriftPack(file.filterbank, name: name, settings, isShipped: true)
            let dataset = try pack.dataset()
            let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
            guard plan.unitCount > 0 else {
                throw Failure(description: "no channel can reach the threshold; lower snr")
            }
            return plan
        } catch {
            throw Failure(description: "\(request.file): \(error)")
        }
    }
}
