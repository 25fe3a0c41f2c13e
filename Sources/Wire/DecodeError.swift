/// Why bytes from outside were refused; `at` is the offset of the first byte that is wrong.
package enum DecodeError: Error, Hashable, Sendable {
    /// The input ends inside an item.
    case truncated(at: Int)
    /// The input goes on after the last item.
    case trailing(count: Int)
    /// The item is of another CBOR type than the format says.
    case unexpectedType(at: Int, expected: String)
    /// Valid CBOR, but not in its one deterministic form (RFC 8949 §4.2.1).
    case notDeterministic(at: Int)
    /// A length or count is beyond its limit.
    case tooLong(at: Int, limit: Int)
    /// A map holds another key than the one due, so a field is missing or unknown.
    case unexpectedKey(at: Int, expected: UInt64)
    /// A number is outside the range of its field.
    case outOfRange(at: Int, field: String)
    /// A list that must ascend without repeats does not.
    case notAscending(at: Int, field: String)
    /// Text that is not UTF-8, or a name that is not printable ASCII.
    case invalidText(at: Int)
    /// A message or statement kind that this version does not know.
    case unknownKind(UInt64)
}

extension DecodeError {
    /// What is wrong, in words without a place.
    package var reason: String {
        switch self {
        case .truncated: "it ends too early"
        case .trailing(let count): "\(count) bytes follow its end"
        case .unexpectedType(_, let expected): "another type stands where it needs: \(expected)"
        case .notDeterministic: "a value is not in its one deterministic form"
        case .tooLong(_, let limit): "a length is above its limit of \(limit)"
        case .unexpectedKey(_, let expected): "key \(expected) is missing"
        case .outOfRange(_, let field): "a value is out of range: \(field)"
        case .notAscending(_, let field): "a list does not ascend: \(field)"
        case .invalidText: "a text is not what the format allows"
        case .unknownKind(let kind): "kind \(kind) is not known to this version"
        }
    }
}
