/// Nothing but a signature check makes a `Verified` value.
///
/// Wire declares the type and says what each value's check covers, Identity checks real signatures,
/// and the simulator stands in for it.
enum VerificationRule {
    static let makers = ["Wire", "Identity", "Simulator"]

    /// The protocols with which somebody else could let a value pass unchecked.
    private static let gates = ["SignatureVerifier", "Checkable"]

    /// Where `file` makes a `Verified` value, or a type that may.
    static func findings(in file: SwiftFile) -> [Finding] {
        guard file.area == "Sources", !makers.contains(file.target) else { return [] }
        var findings: [Finding] = []
        for index in file.tokens.indices {
            let line = file.tokens[index].line
            if makesVerified(index, in: file) {
                let remedy = "only \(makers.joined(separator: ", ")) make `Verified`; take one"
                findings.append(file.finding(line, remedy))
            }
            if let gate = gate(at: index, in: file) {
                let remedy = "only \(makers.joined(separator: ", ")) conform to `\(gate)`"
                findings.append(file.finding(line, remedy))
            }
        }
        return findings
    }

    /// Whether `Verified(`, `Verified<…>(` or `Verified.init` begins at `index`.
    private static func makesVerified(_ index: Int, in file: SwiftFile) -> Bool {
        guard file.text(index) == "Verified" else { return false }
        let next = indexAfterAngles(at: index + 1, in: file)
        guard next < file.tokens.count, file.tokens[next].isAdjacent else { return false }
        return file.text(next) == "("
            || file.text(next) == "." && file.text(next + 1) == "init"
    }

    /// The gate that the type or extension that begins at `index` conforms to, if any.
    private static func gate(at index: Int, in file: SwiftFile) -> String? {
        let keywords = ["struct", "class", "enum", "actor", "extension"]
        guard keywords.contains(file.text(index)) else { return nil }
        var position = index + 1
        var isInherited = false
        while position < file.tokens.count {
            switch file.text(position) {
            case "{", "}", "where": return nil
            case ":": isInherited = true
            case "<":
                position = indexAfterAngles(at: position, in: file)
                continue
            default:
                if isInherited && gates.contains(file.text(position)) { return file.text(position) }
            }
            position += 1
        }
        return nil
    }

    /// The index after `<…>` when one begins at `index`, else `index`.
    private static func indexAfterAngles(at index: Int, in file: SwiftFile) -> Int {
        guard file.text(index) == "<" else { return index }
        var depth = 0
        for position in index..<file.tokens.count {
            if file.text(position) == "<" { depth += 1 }
            if file.text(position) == ">" { depth -= 1 }
            if depth == 0 { return position + 1 }
        }
        return file.tokens.count
    }
}
