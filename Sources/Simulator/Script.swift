import Primitives

/// One life of a network, written down: how it is laid out, and what goes wrong in it.
///
/// ```
/// starling-sim script 1
/// seed 7
/// peers 3
/// units 1
/// crash 3/1000
/// mishaps 1
/// 4206318000 crash 2 0
/// ```
/// Options that are not named are those of a network in which nothing goes wrong. Each mishap has
/// its nanosecond, its kind, whom it befalls, and how often it might have happened to the same at
/// that very time before. Without `mishaps` the dice of the seed decide.
package struct Script: Hashable, Sendable {
    /// How the network is laid out.
    package var options: Options
    /// What goes wrong, in order of time; nil when the dice decide.
    package var mishaps: [Mishap]?

    private static let head = "starling-sim script 1"

    /// A life of `options`, with `mishaps` or what the dice bring.
    package init(_ options: Options, mishaps: [Mishap]? = nil) {
        self.options = options
        self.mishaps = mishaps
    }

    /// The text that `init(text:)` reads.
    package var text: String {
        let quiet = Options(quiet: 0, peers: 0, units: 0, liars: 0, anchors: 0)
        var lines = [Self.head]
        for field in Options.fields where field.read(options) != field.read(quiet) {
            lines.append("\(field.name) \(field.read(options))")
        }
        if let mishaps {
            lines.append("mishaps \(mishaps.count)")
            lines += mishaps.map(\.text)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The life that a text tells of.
    package init(text: String) throws(ScriptError) {
        var options = Options(quiet: 0, peers: 0, units: 0, liars: 0, anchors: 0)
        var mishaps: [Mishap]?
        var count = 0
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == Self.head else { throw .line(1) }
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let words = line.split(separator: " ").map(String.init)
            if mishaps != nil {
                guard let mishap = Mishap(words) else { throw .line(index + 1) }
                mishaps?.append(mishap)
            } else if words.count == 2, words[0] == "mishaps", let number = Int(words[1]) {
                mishaps = []
                count = number
            } else if words.count != 2 || !options.set(words[0], to: words[1]) {
                throw .line(index + 1)
            }
        }
        guard mishaps?.count ?? 0 == count else { throw .cutOff }
        guard options.isPossible else { throw .impossible }
        self.init(options, mishaps: mishaps)
    }
}

/// Why a text is no script.
package enum ScriptError: Error, Hashable, Sendable {
    /// A line says something else.
    case line(Int)
    /// There are fewer or more mishaps than it says.
    case cutOff
    /// A machine has a part that no machine can have, such as one beyond the last.
    case impossible
}

extension Mishap {
    /// The line of a script.
    var text: String { "\(at.nanoseconds) \(kind) \(subject) \(ordinal)" }

    /// The mishap that the words of a line name.
    init?(_ words: [String]) {
        guard words.count == 4, let nanoseconds = UInt64(words[0]),
            let kind = Kind.allCases.first(where: { "\($0)" == words[1] }),
            let subject = Int(words[2]), subject >= 0, let ordinal = Int(words[3])
        else { return nil }
        self.init(
            at: Instant(nanoseconds: nanoseconds),
            kind: kind,
            subject: subject,
            ordinal: ordinal
        )
    }
}
