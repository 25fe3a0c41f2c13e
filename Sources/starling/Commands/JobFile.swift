import FoundationEssentials
import Kernels
import PeerNode
import Primitives
import Yams

/// What a job file or the command line says of a job; what it leaves out is nil.
struct JobDescription {
    /// What is wrong with one value.
    struct Flaw: Error {
        let reason: String
    }

    /// The keys, sorted.
    static let keys = [
        "anchor", "boxcar", "coarse-channels", "compat", "deadline", "file", "max-drift", "name",
        "operations-per-mib", "policy", "priority", "snr", "workload",
    ]

    private(set) var file: String?
    private var maxDrift: Double?
    private var snr: Float?
    private var coarseChannels: Int?
    private var rules = SearchRules()
    private var operationsPerMebibyte: UInt64?
    private var name: String?
    private var priority: UInt8?
    private var policy: JobPolicy?
    private var deadlineHours: UInt64?
    private var anchor: String?

    /// The name of the only workload, without its version.
    private static let workload = "drift-search"
    /// Letters of a name.
    private static let nameCountMax = 100

    /// Takes the text of one of `keys`.
    mutating func set(_ key: String, to text: String) throws(Flaw) {
        switch key {
        case "workload":
            guard [Self.workload, DriftSearch.id.description].contains(text) else {
                throw Flaw(reason: "'\(text)' is no workload; it must be \(Self.workload)")
            }
        case "file": file = text
        case "max-drift":
            guard let number = Double(text), number.isFinite, number > 0 else {
                throw Flaw(reason: "'\(text)' is no number above zero")
            }
            maxDrift = number
        case "snr":
            guard let number = Float(text), number.isFinite, number > 0 else {
                throw Flaw(reason: "'\(text)' is no number above zero")
            }
            snr = number
        case "coarse-channels":
            guard let number = Int(text), number > 0 else {
                throw Flaw(reason: "'\(text)' is no whole number above zero")
            }
            coarseChannels = number
        case "operations-per-mib":
            guard let number = Double(text), number >= 1, number < 1e18 else {
                throw Flaw(reason: "'\(text)' is no number of operations; write 2e8")
            }
            operationsPerMebibyte = UInt64(number)
        case "compat": try rules.set(compat: text)
        case "boxcar": try rules.set(boxcar: text)
        case "anchor": anchor = text
        case "name", "priority", "policy", "deadline": try setTerm(key, to: text)
        default:
            let known = Self.keys.joined(separator: ", ")
            throw Flaw(reason: "'\(key)' is not known; the keys are \(known)")
        }
    }

    private mutating func setTerm(_ key: String, to text: String) throws(Flaw) {
        switch key {
        case "name":
            guard text.count <= Self.nameCountMax, text == Printable.text(text) else {
                throw Flaw(
                    reason: "a name has at most \(Self.nameCountMax) letters, all printable"
                )
            }
            name = text
        case "priority":
            guard let number = UInt8(text) else {
                throw Flaw(reason: "'\(text)' is no whole number from 0 to 255")
            }
            priority = number
        case "policy":
            guard let known = JobPolicy(rawValue: text) else {
                let choice = JobPolicy.allCases.map(\.rawValue).joined(separator: " or ")
                throw Flaw(reason: "'\(text)' is no policy; it must be \(choice)")
            }
            policy = known
        default:
            guard let seconds = Span.seconds(text) else {
                throw Flaw(reason: "'\(text)' is no length of time; write 12h or 7d")
            }
            deadlineHours = (seconds + 3_599) / 3_600
        }
    }

    /// Paths that do not start at the root start from `folder`.
    mutating func startPaths(from folder: String) {
        if let file, !file.hasPrefix("/") { self.file = "\(folder)/\(file)" }
    }

    /// Takes over what `other` says.
    mutating func take(_ other: JobDescription) {
        file = other.file ?? file
        maxDrift = other.maxDrift ?? maxDrift
        snr = other.snr ?? snr
        coarseChannels = other.coarseChannels ?? coarseChannels
        rules.take(other.rules)
        operationsPerMebibyte = other.operationsPerMebibyte ?? operationsPerMebibyte
        name = other.name ?? name
        priority = other.priority ?? priority
        policy = other.policy ?? policy
        deadlineHours = other.deadlineHours ?? deadlineHours
        anchor = other.anchor ?? anchor
    }

    /// The request for the peer, with defaults for what nobody said; the file must be readable.
    func request() throws -> JobRequest {
        guard let file else { throw CommandFailure("the job names no file; add file or --file") }
        // Opened here first: libhdf5 may not outlive a damaged file, and the peer must.
        _ = try InputPath.filterbank(file)
        let folder = FileManager.default.currentDirectoryPath
        let settings = DriftSettings()
        let terms = JobTerms()
        return JobRequest(
            file: file.hasPrefix("/") ? file : "\(folder)/\(file)",
            maxDrift: maxDrift ?? settings.maxDrift,
            snr: snr ?? settings.threshold,
            coarseChannels: coarseChannels,
            rules: rules,
            operationsPerMebibyte: operationsPerMebibyte,
            policy: policy ?? .strict,
            priority: priority ?? terms.priority,
            deadlineHours: deadlineHours ?? terms.deadlineHours,
            anchor: anchor,
            name: name
        )
    }
}

/// Reads job files: YAML, one mapping of known keys to plain values.
enum JobFile {
    private static let byteCountMax = 1 << 20

    static func read(_ path: String) throws -> JobDescription {
        let bytes = try InputPath.read(path)
        guard bytes.count <= byteCountMax else {
            throw CommandFailure("\(path): a job file has at most \(byteCountMax) bytes")
        }
        var description = JobDescription()
        for (key, value) in try entries(of: bytes, path) {
            let line = key.mark.map { ", line \($0.line)" } ?? ""
            guard let name = key.scalar?.string, let text = value.scalar?.string else {
                throw CommandFailure("\(path)\(line): a key and one plain value are expected")
            }
            do throws(JobDescription.Flaw) {
                try description.set(name, to: text)
            } catch {
                let subject = JobDescription.keys.contains(name) ? "\(name): " : ""
                throw CommandFailure("\(path)\(line): \(subject)\(error.reason)")
            }
        }
        description.startPaths(from: folder(of: path))
        return description
    }

    private static func entries(of bytes: Bytes, _ path: String) throws -> [(Yams.Node, Yams.Node)]
    {
        let text = String(decoding: bytes, as: UTF8.self)
        let root: Yams.Node?
        do {
            root = try compose(yaml: text)
        } catch let error as YamlError {
            throw CommandFailure("\(path)\(sentence(error, text))")
        }
        guard case .mapping(let mapping)? = root else {
            throw CommandFailure("\(path): a job file is a list of keys and values, as file: x.fil")
        }
        return mapping.map { ($0.key, $0.value) }
    }

    /// Where the YAML breaks off, and why.
    private static func sentence(_ error: YamlError, _ text: String) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ", line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let keys, _):
            let key = keys.first ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let last = lines.lastIndex { $0.hasPrefix(key) }.map { ", line \($0 + 1)" } ?? ""
            return "\(last): the key '\(Printable.text(key))' stands there twice"
        default:
            return ": \(error)"
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "" : String(path[..<slash])
    }
}
