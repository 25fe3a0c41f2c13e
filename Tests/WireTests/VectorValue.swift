import FoundationEssentials
import Primitives
import Wire

/// A value of the vector file, and what a Swift value looks like in it.
enum VectorValue: Hashable, Decodable, Sendable {
    case null
    case bool(Bool)
    case number(UInt64)
    /// Text, or bytes in hexadecimal digits.
    case text(String)
    case list([VectorValue])
    case fields([String: VectorValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(UInt64.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([VectorValue].self) {
            self = .list(list)
        } else {
            self = .fields(try value.decode([String: VectorValue].self))
        }
    }

    /// Every stored property of `value`, by name and all the way down.
    ///
    /// Bytes, digests and signatures are hexadecimal text; an enumeration with a raw value is its
    /// number, one with a payload has one field, named as the case.
    init(describing value: Any) {
        if let digest = value as? Digest {
            self = .text(digest.description)
        } else if let identifier = value as? any Identifier {
            self = .text(identifier.description)
        } else if let signature = value as? Signature {
            self = .text(hexadecimal(signature.bytes))
        } else if type(of: value) == Bytes.self, let bytes = value as? Bytes {
            self = .text(hexadecimal(bytes))
        } else if let text = value as? String {
            self = .text(text)
        } else if let bool = value as? Bool {
            self = .bool(bool)
        } else if let number = value as? any UnsignedInteger {
            self = .number(UInt64(number))
        } else if let named = value as? any RawRepresentable, let raw = named.rawValue as? UInt8 {
            self = .number(UInt64(raw))
        } else {
            self.init(childrenOf: value)
        }
    }

    private init(childrenOf value: Any) {
        let mirror = Mirror(reflecting: value)
        let values = mirror.children.map { VectorValue(describing: $0.value) }
        switch mirror.displayStyle {
        case .optional:
            self = values.first ?? .null
        case .collection, .tuple:
            self = .list(values)
        case .enum where values.isEmpty:
            self = .text("\(value)")
        default:
            let labels = mirror.children.map { $0.label ?? "" }
            var fields = Dictionary(uniqueKeysWithValues: zip(labels, values))
            // Kept beside the fields of a core, and no field of the format itself.
            if value is Core { fields["hash"] = nil }
            if value is Opening || value is Fault { fields["id"] = nil }
            self = .fields(fields)
        }
    }

    subscript(name: String) -> VectorValue {
        if case .fields(let fields) = self { fields[name] ?? .null } else { .null }
    }

    var list: [VectorValue] { if case .list(let list) = self { list } else { [] } }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var number: UInt64? { if case .number(let number) = self { number } else { nil } }

    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    var bytes: Bytes? { text.flatMap { Primitives.bytes(hexadecimal: $0) } }

    var digest: Digest? { text.flatMap { Digest(hexadecimal: $0) } }
}

/// The committed vectors, which Vectors/make.py writes.
enum Vectors {
    static func load() throws -> VectorValue {
        let here = #filePath
        let folder = here[..<(here.lastIndex(of: "/") ?? here.startIndex)]
        let data = try Data(contentsOf: URL(filePath: "\(folder)/Vectors/vectors.json"))
        return try JSONDecoder().decode(VectorValue.self, from: data)
    }
}
