/// How soon each planted bug was caught, for people and for programs.
struct MutantsReport {
    /// The seed that caught a bug, and how.
    struct Catch {
        /// Seeds that were run, this one included.
        let seeds: UInt64
        /// What the first violation says.
        let check: String
    }

    private let seedsMax: UInt64
    private let ranges: Int
    private var bugs: [(bug: PlantedBug, catches: [Catch?])] = []

    init(seedsMax: UInt64, ranges: Int) {
        self.seedsMax = seedsMax
        self.ranges = ranges
    }

    /// Takes in what became of `bug` in each range.
    mutating func add(_ bug: PlantedBug, _ catches: [Catch?]) { bugs.append((bug, catches)) }

    var planted: Int { bugs.count }

    /// Bugs that were caught in every range.
    var caught: Int { bugs.count { Self.isCaught($0.catches) } }

    private static func isCaught(_ catches: [Catch?]) -> Bool {
        catches.allSatisfy { $0 != nil }
    }

    /// The median of all ranges, the lower of two; nil when it is one in which nothing was found.
    private static func median(_ catches: [Catch?]) -> UInt64? {
        let counts = catches.map { $0?.seeds ?? .max }.sorted()
        let middle = counts[(counts.count - 1) / 2]
        return middle == .max ? nil : middle
    }

    /// The first words of what was said most often, without numbers.
    private static func check(_ catches: [Catch?]) -> String? {
        let words = catches.compactMap { $0.map { firstWords(of: $0.check) } }
        return words.max { left, right in
            words.count { $0 == left } < words.count { $0 == right }
        }
    }

    private static let wordsMax = 10

    private static func firstWords(of text: String) -> String {
        // What stands in brackets are values.
        let line = text.prefix { $0 != "\n" && $0 != "(" }
        let words = line.split(separator: " ").prefix(wordsMax).map { word in
            let isNumber = word.contains { $0.isNumber } && !word.contains { $0 > "f" }
            return isNumber ? "N" : String(word)
        }
        return words.joined(separator: " ")
    }

    /// A line for each bug.
    var lines: [String] {
        bugs.map { bug, catches in
            let counts = catches.map { $0.map { "\($0.seeds)" } ?? "-" }.joined(separator: " ")
            let median = Self.median(catches).map { "\($0)" } ?? "-"
            return "\(bug.name): \(median) seeds (\(counts)): \(Self.check(catches) ?? "survives")"
        }
    }

    var text: String {
        (lines + ["\(caught) of \(planted) planted bugs caught"]).joined(separator: "\n")
    }

    var json: String {
        let list = bugs.map { bug, catches in
            let seeds = catches.map { $0.map { "\($0.seeds)" } ?? "null" }.joined(separator: ", ")
            return """
                {"name": \(quote(bug.name)), "effect": \(quote(bug.effect)), \
                "file": \(quote(bug.file)), \
                "behaviour": \(bug.behaviour.map(quote) ?? "null"), \
                "caught": \(Self.isCaught(catches)), \
                "medianSeeds": \(Self.median(catches).map { "\($0)" } ?? "null"), \
                "seeds": [\(seeds)], \
                "check": \(Self.check(catches).map(quote) ?? "null")}
                """
        }
        return """
            {"planted": \(planted), "caught": \(caught), "ranges": \(ranges), \
            "seedsMax": \(seedsMax), "bugs": [\(list.joined(separator: ", "))]}
            """
    }

    private func quote(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"", "\\": quoted += "\\\(character)"
            case _ where character.value < 0x20: quoted += " "
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "\""
    }
}
