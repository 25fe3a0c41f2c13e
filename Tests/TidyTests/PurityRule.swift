import Foundation

/// What the pure tiers do without: the world reaches them through arguments alone.
///
/// Imports are the business of ``ImportRule``; this rule is about what needs no import.
enum PurityRule {
    /// One thing that the pure tiers do without.
    struct Ban: Sendable {
        let words: [String]
        /// Names that are banned behind a dot only: `.now`.
        let members: [String]
        let remedy: String
    }

    private static let deterministic = [
        Ban(
            words: [
                "async", "await", "actor", "Task", "TaskGroup", "withTaskGroup",
                "withThrowingTaskGroup", "AsyncStream", "AsyncSequence", "MainActor",
                "nonisolated",
            ],
            members: [],
            remedy: "concurrency belongs to the drivers; take a value, return effects"
        ),
        Ban(
            words: ["Date", "Clock", "ContinuousClock", "SuspendingClock"],
            members: ["now"],
            remedy: "the core has no clock; take `at now: Instant` as an argument"
        ),
        Ban(
            words: ["SystemRandomNumberGenerator", "RandomNumberGenerator"],
            members: ["random", "randomElement", "shuffle", "shuffled", "hashValue"],
            remedy: "runs must repeat exactly; draw from a PRNG that is passed in"
        ),
        Ban(
            words: ["print", "debugPrint", "dump", "readLine", "getenv", "CommandLine"],
            members: [],
            remedy: "the core neither talks nor looks around; return an effect, take an argument"
        ),
    ]

    private static let wholeNumbers = Ban(
        words: ["Double", "Float", "Float16", "Float32", "Float64", "Float80", "CGFloat"],
        members: [],
        remedy: "no floating point in decisions, hashes or anything signed; use integers or Ratio"
    )

    private static let unordered =
        "iteration order of a hash table differs in every process; use SortedTable or a sorted "
        + "array, or write `// \(exemption) <reason>` on this line or the one above"

    /// What a comment says where a hash table is right after all: nobody iterates over it.
    static let exemption = "tidy-allow-hash-table:"

    /// The targets that must be deterministic and know nothing of the world.
    static let pureTargets = wholeNumberTargets + ["Primitives", "Kernels", "Simulator"]

    /// The targets that decide, hash or sign.
    static let wholeNumberTargets = ["Wire", "Membership", "WorkUnits", "Ledger", "PeerCore"]

    /// What `file` holds that its target does without.
    static func findings(in file: SwiftFile) -> [Finding] {
        guard file.area == "Sources", pureTargets.contains(file.target) else { return [] }
        let isWhole = wholeNumberTargets.contains(file.target)
        let bans = isWhole ? deterministic + [wholeNumbers] : deterministic
        var findings = hashTables(in: file)
        for index in file.tokens.indices {
            let token = file.tokens[index]
            for ban in bans where isBanned(index, by: ban, in: file) {
                findings.append(file.finding(token.line, "`\(token.text)`: \(ban.remedy)"))
            }
            if isWhole && token.isFloatingPoint {
                findings.append(
                    file.finding(token.line, "`\(token.text)`: \(wholeNumbers.remedy)")
                )
            }
        }
        return findings.sorted { $0.line < $1.line }
    }

    private static func isBanned(_ index: Int, by ban: Ban, in file: SwiftFile) -> Bool {
        let text = file.text(index)
        return ban.words.contains(text) || ban.members.contains(text) && file.text(index - 1) == "."
    }

    private static func hashTables(in file: SwiftFile) -> [Finding] {
        var findings: [Finding] = []
        for index in file.tokens.indices {
            let token = file.tokens[index]
            let isNamed = token.text == "Dictionary" || token.text == "Set"
            guard isNamed || isDictionary(at: index, in: file) else { continue }
            guard !isExempt(token.line, in: file) else { continue }
            let name = isNamed ? token.text : "[Key: Value]"
            findings.append(file.finding(token.line, "`\(name)`: \(unordered)"))
        }
        return findings
    }

    /// Whether the bracket at `index` opens a dictionary's type or literal: a colon stands directly
    /// in it, and neither is it a subscript nor the colon part of `a ? b : c`.
    private static func isDictionary(at index: Int, in file: SwiftFile) -> Bool {
        guard file.text(index) == "[", !isSubscript(index, in: file) else { return false }
        var choices = 0
        var position = index + 1
        while position < file.tokens.count {
            switch file.text(position) {
            case "(", "[", "{":
                position = file.indexAfterBracket(at: position)
                continue
            case "]":
                return false
            case "?":
                if !file.tokens[position].isAdjacent { choices += 1 }
            case ":":
                if choices == 0 { return true }
                choices -= 1
            default:
                break
            }
            position += 1
        }
        return false
    }

    private static func isSubscript(_ index: Int, in file: SwiftFile) -> Bool {
        guard index > 0, file.tokens[index].isAdjacent else { return false }
        let before = file.tokens[index - 1]
        return before.kind != .sign || [")", "]", "}", "?", "!", ">"].contains(before.text)
    }

    private static func isExempt(_ line: Int, in file: SwiftFile) -> Bool {
        for number in [line, line - 1] where number >= 1 {
            let comment = "// " + exemption
            guard let start = file.lines[number - 1].range(of: comment) else { continue }
            let reason = file.lines[number - 1][start.upperBound...]
            if reason.contains(where: \.isLetter) { return true }
        }
        return false
    }
}
