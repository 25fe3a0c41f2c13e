import Kernels
import Primitives

/// What a job file or the command line says of a job; what it leaves out is nil.
package struct JobDescription {
    /// What is wrong with one value.
    package struct Flaw: Error {
        /// A sentence's end: what it is, and what it must be.
        package let reason: String
    }

    /// The keys, sorted.
    package static let keys = [
        "anchor", "boxcar", "coarse-channels", "compat", "deadline", "file", "max-drift", "name",
        "operations-per-mib", "policy", "priority", "ringers", "snr", "workload",
    ]

    /// The file to search.
    package private(set) var file: String?
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
    private var ringers: UInt32?

    /// The name of the only workload, without its version.
    private static let workload = "drift-search"
    /// Letters of a name.
    private static let nameCountMax = 100

    /// Nothing is said.
    package init() {}

    /// Takes the text of one of `keys`.
    package mutating func set(_ key: String, to text: String) throws(Flaw) {
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
        case "ringers":
            guard let number = UInt32(text) else {
                throw Flaw(reason: "'\(text)' is no number of units")
            }
            ringers = number
        case "name", "priority", "policy", "deadline": try setTerm(key, to: text)
        default:
            let known = Self.keys.joined(separator: ", ")
            throw Flaw(reason: "'\(key)' is not known; the keys are \(known)")
        }
    }

    private mutating func setTerm(_ key: String, to text: String) throws(Flaw) {
        switch key {
        case "name":
            guard text.count <= Self.nameCountMax, text == Plain.text(text) else {
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
    package mutating func startPaths(from folder: String) {
        if let file, !file.hasPrefix("/") { self.file = "\(folder)/\(file)" }
    }

    /// Takes over what `other` says.
    package mutating func take(_ other: JobDescription) {
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
        ringers = other.ringers ?? ringers
    }

    /// The request, with defaults for what nobody said; paths start from `folder`.
    package func request(in folder: String) throws(Flaw) -> JobRequest {
        guard let file else { throw Flaw(reason: "the job names no file; add file or --file") }
        let settings = DriftSettings()
        return JobRequest(
            file: file.hasPrefix("/") ? file : "\(folder)/\(file)",
            maxDrift: maxDrift ?? settings.maxDrift,
            snr: snr ?? settings.threshold,
            coarseChannels: coarseChannels,
            rules: rules,
            operationsPerMebibyte: operationsPerMebibyte,
            policy: policy ?? .strict,
            priority: priority,
            deadlineHours: deadlineHours,
            anchor: anchor,
            ringers: ringers ?? 0,
            name: name
        )
    }
}
