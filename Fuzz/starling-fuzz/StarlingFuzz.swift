import Foundation
import FuzzTargets
import Primitives

/// What libFuzzer calls with each input.
private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// libFuzzer's own `main`, for programs that have another one.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<Arguments>,
    _ callback: Callback
) -> CInt

/// The target that this process fuzzes: libFuzzer's callback has no room for it.
nonisolated(unsafe) private var target = FuzzTarget.decoders

/// `starling-fuzz TARGET seeds FOLDER VECTORS` writes inputs to begin with; anything else after the
/// target is libFuzzer's: folders, files and flags.
@main
struct StarlingFuzz {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count > 1, let named = FuzzTarget(rawValue: words[1]) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("usage: starling-fuzz TARGET seeds FOLDER VECTORS\n       starling-fuzz TARGET …")
            print("targets: \(names)")
            exit(2)
        }
        target = named
        if words.count == 5, words[2] == "seeds" {
            try writeSeeds(to: words[3], vectors: words[4])
        } else {
            exit(fuzz(words))
        }
    }

    /// Hands over to libFuzzer, which sees the words without the target's name.
    private static func fuzz(_ words: [String]) -> CInt {
        var list = ([words[0]] + words.dropFirst(2)).map { unsafe strdup($0) } + [nil]
        var count = CInt(list.count - 1)
        return unsafe list.withUnsafeMutableBufferPointer { buffer in
            guard var start = buffer.baseAddress else { return 2 }
            return runDriver(&count, &start) { bytes, count in
                let input = Bytes(UnsafeBufferPointer(start: bytes, count: count))
                let violations = target.violations(of: input)
                if !violations.isEmpty { fatalError(violations.joined(separator: "\n")) }
                return 0
            }
        }
    }

    /// One file for each seed, those of the vectors' values included.
    private static func writeSeeds(to folder: String, vectors: String) throws {
        let root = URL(filePath: folder)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(filePath: vectors))
        )
        let values = texts(in: json).compactMap { bytes(hexadecimal: $0) }
        let seeds = target.seeds + values.flatMap { target.seeds(of: $0) }
        for seed in seeds {
            let name = SHA256.hash(seed).description.prefix(40)
            try Data(seed).write(to: root.appending(path: String(name)))
        }
    }

    /// Every text in a JSON value.
    private static func texts(in value: Any) -> [String] {
        switch value {
        case let text as String: [text]
        case let list as [Any]: list.flatMap { texts(in: $0) }
        case let fields as [String: Any]: fields.values.flatMap { texts(in: $0) }
        default: []
        }
    }
}
