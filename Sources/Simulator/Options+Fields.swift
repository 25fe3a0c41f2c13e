import Primitives
import Wire

extension Options {
    /// An option by its name, as a script writes it.
    struct Field {
        let name: String
        let read: (Options) -> String
        /// Sets it; false when the text is not one of its values.
        let write: (inout Options, String) -> Bool

        fileprivate init<Value: OptionValue>(
            _ name: String,
            _ path: WritableKeyPath<Options, Value>
        ) {
            self.name = name
            read = { $0[keyPath: path].optionText }
            write = { options, text in
                guard let value = Value(optionText: text) else { return false }
                options[keyPath: path] = value
                return true
            }
        }
    }

    /// Every option.
    static var fields: [Field] { sizes + faults + events }

    private static var sizes: [Field] {
        [
            Field("seed", \.seed), Field("peers", \.peers), Field("units", \.units),
            Field("chunks", \.chunks), Field("liars", \.liars), Field("anchors", \.anchors),
            Field("delay-max", \.delayMax), Field("fault-span", \.faultSpan),
            Field("hour-span", \.hourSpan), Field("commit-max", \.commitMax),
            Field("through-bytes", \.throughBytes), Field("work", \.work),
            Field("policy", \.policy), Field("quick-trust", \.isTrustQuick),
            Field("seniors-min", \.seniorsMin), Field("audits", \.audits),
            Field("lies-after", \.liesAfter), Field("fixed", \.isFixed), Field("thin", \.isThin),
            Field("networks", \.networks), Field("ringers", \.ringers),
        ]
    }

    private static var faults: [Field] {
        [
            Field("loss", \.loss), Field("duplication", \.duplication),
            Field("crash", \.crash), Field("link-failure", \.linkFailure),
            Field("stall", \.stall), Field("refusal", \.refusal),
            Field("grid-loss", \.gridLoss), Field("sleep", \.sleep),
            Field("departure", \.departure),
            Field("fast-clock", \.fastClock), Field("clock-jump", \.clockJump),
            Field("bit-flip", \.bitFlip), Field("full-disk", \.fullDisk),
            Field("drift", \.drift), Field("partition", \.partition),
        ]
    }

    private static var events: [Field] {
        [
            Field("cancelled", \.isCancelled), Field("held", \.isHeld),
            Field("siblings", \.areSiblings), Field("succeeded", \.isSucceeded),
            Field("released", \.isReleased), Field("hostile", \.isHostile),
            Field("byzantine", \.byzantine), Field("behaviour", \.behaviour),
            Field("errors", \.errors), Field("measured", \.isMeasured),
            Field("lost", \.lost), Field("disk-failure", \.diskFailure),
            Field("vault-torn", \.isVaultTorn), Field("named", \.named),
        ]
    }

    /// Sets the option of `name`; false when there is none, or when it has no such value.
    mutating func set(_ name: String, to text: String) -> Bool {
        guard let field = Self.fields.first(where: { $0.name == name }) else { return false }
        return field.write(&self, text)
    }

    /// Whether every machine that has a part is there, and has no other part that excludes it.
    var isPossible: Bool {
        let last = peers - 1 - strangers
        let parts = [lost, diskFailure, isSucceeded ? 1 + liars : nil].compactMap { $0 }
        return (2...Fate.peersMax).contains(peers) && units > 0 && chunks > 0
            && (0...1).contains(liars)
            && liars <= last && (0...peers).contains(anchors) && drift >= 0 && drift < 1_000
            && (strangers == 0 || peers > 1 + strangers + anchors)
            && (!areSiblings || peers > 2 && byzantine == 0)
            && byzantine >= 0 && (byzantine == 0) == (behaviour == nil)
            && (byzantine == 0 || !isHostile)
            && seniorsMin > 0 && liesAfter >= 0 && networks >= 0
            && (policy != .single || liars == 0)
            && faultSpan > .zero && hourSpan > .zero && delayMax > .zero
            && parts.allSatisfy { (1...last).contains($0) } && distinct(parts).count == parts.count
            && named.map { (1...last).contains($0) } != false
            && diskFailure.map { $0 > liars } != false
            && (!isFixed || isSteady)
    }

    /// Whether every machine stays, with its links, its keys and its disk.
    private var isSteady: Bool {
        let leaving = [crash, linkFailure, fullDisk, departure].contains { $0.numerator > 0 }
        return !leaving && lost == nil && diskFailure == nil && !isSucceeded && !isHostile
            && partition == .none
    }
}

/// What an option may be.
private protocol OptionValue {
    /// Its text in a script, of one word.
    var optionText: String { get }
    init?(optionText: String)
}

extension Int: OptionValue {
    var optionText: String { "\(self)" }
    init?(optionText: String) { self.init(optionText) }
}

extension UInt32: OptionValue {
    var optionText: String { "\(self)" }
    init?(optionText: String) { self.init(optionText) }
}

extension UInt64: OptionValue {
    var optionText: String { "\(self)" }
    init?(optionText: String) { self.init(optionText) }
}

extension Bool: OptionValue {
    var optionText: String { self ? "yes" : "no" }
    init?(optionText: String) {
        guard optionText == "yes" || optionText == "no" else { return nil }
        self = optionText == "yes"
    }
}

extension Ratio: OptionValue {
    var optionText: String { "\(numerator)/\(denominator)" }
    init?(optionText: String) {
        let parts = optionText.split(separator: "/").compactMap { UInt64($0) }
        guard parts.count == 2, parts[1] > 0 else { return nil }
        self.init(parts[0], of: parts[1])
    }
}

extension TimeSpan: OptionValue {
    var optionText: String { "\(nanoseconds)" }
    init?(optionText: String) {
        guard let nanoseconds = UInt64(optionText) else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}

extension Options.Partition: OptionValue {
    private static let all = [Self.none, .islands, .oneWay, .flapping]

    var optionText: String { "\(self)" }
    init?(optionText: String) {
        guard let value = Self.all.first(where: { "\($0)" == optionText }) else { return nil }
        self = value
    }
}

extension Policy: OptionValue {
    private static let all = [Self.strict, .adaptive, .single]

    var optionText: String { "\(self)" }
    init?(optionText: String) {
        guard let value = Self.all.first(where: { "\($0)" == optionText }) else { return nil }
        self = value
    }
}

extension Behaviour: OptionValue {
    var optionText: String { rawValue }
    init?(optionText: String) { self.init(rawValue: optionText) }
}

extension Optional: OptionValue where Wrapped: OptionValue {
    var optionText: String { map(\.optionText) ?? "none" }
    init?(optionText: String) {
        if optionText == "none" {
            self = .none
        } else {
            guard let value = Wrapped(optionText: optionText) else { return nil }
            self = value
        }
    }
}
