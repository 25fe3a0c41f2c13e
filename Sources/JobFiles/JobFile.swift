package import Primitives
import Yams

/// Why a job file is not taken: a sentence that begins with its path and, where there is one, the
/// line.
package struct JobFileError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Reads job files: YAML, one mapping of known keys to plain values.
package enum JobFile {
    private static let byteCountMax = 1 << 20

    /// What `bytes` say, which stand in the file at `path`.
    package static func read(_ bytes: Bytes, at path: String) throws(JobFileError)
        -> JobDescription
    {
        guard bytes.count <= byteCountMax else {
            throw JobFileError("\(path): a job file has at most \(byteCountMax) bytes")
        }
        var description = JobDescription()
        for (key, value) in try entries(of: bytes, path) {
            let line = key.mark.map { ", line \($0.line)" } ?? ""
            guard let name = key.scalar?.string, let text = value.scalar?.string else {
                throw JobFileError("\(path)\(line): a key and one plain value are expected")
            }
            do throws(JobDescription.Flaw) {
                try description.set(name, to: text)
            } catch {
                let subject = JobDescription.keys.contains(name) ? "\(name): " : ""
                throw JobFileError("\(path)\(line): \(subject)\(error.reason)")
            }
        }
        description.startPaths(from: folder(of: path))
        return description
    }

    private static func entries(
        of bytes: Bytes,
        _ path: String
    ) throws(JobFileError) -> [(Yams.Node, Yams.Node)] {
        let text = String(decoding: bytes, as: UTF8.self)
        let root: Yams.Node?
        do {
            root = try compose(yaml: text)
        } catch let error as YamlError {
            throw JobFileError("\(path)\(sentence(error, text))")
        } catch {
            throw JobFileError("\(path): \(error)")
        }
        guard case .mapping(let mapping)? = root else {
            throw JobFileError("\(path): a job file is a list of keys and values, as file: x.fil")
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
            return "\(last): the key '\(Plain.text(key))' stands there twice"
        default:
            return ": \(error)"
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "" : String(path[..<slash])
    }
}
