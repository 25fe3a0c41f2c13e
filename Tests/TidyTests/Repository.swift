import Foundation

/// The files of this repository, read once for all rules.
struct Repository: Sendable {
    /// A text file.
    struct Page: Sendable {
        /// Where it is, relative to the root of the repository.
        let path: String
        let text: String
    }

    /// The repository that this very file belongs to.
    static let own = Repository(root: rootOfThisFile())

    /// The folder with Package.swift in it.
    let root: URL
    /// Every text file that is not built, fetched or hidden by git, ordered by path.
    let pages: [Page]

    init(root: URL) {
        self.root = root
        pages = Repository.paths(under: root).compactMap { path in
            Repository.text(of: root.appending(path: path)).map { Page(path: path, text: $0) }
        }
    }

    /// The Swift files under Sources, Tests, Benchmarks and Fuzz.
    var swiftFiles: [SwiftFile] {
        pages.filter { $0.path.hasSuffix(".swift") && isCode($0.path) }
            .map { SwiftFile(path: $0.path, text: $0.text) }
    }

    /// The Swift files under Sources.
    var sources: [SwiftFile] { swiftFiles.filter { $0.area == "Sources" } }

    /// The text files whose names end like `suffix`.
    func pages(endingIn suffix: String) -> [Page] { pages.filter { $0.path.hasSuffix(suffix) } }

    /// The names of the folders directly under `folder`, sorted.
    func folders(in folder: String) -> [String] {
        let url = root.appending(path: folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { isFolder(url.appending(path: $0)) }.sorted()
    }

    /// Whether there is a file or a folder at `path`.
    func contains(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    private func isFolder(_ url: URL) -> Bool {
        (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
    }

    private func isCode(_ path: String) -> Bool {
        ["Sources/", "Tests/", "Benchmarks/", "Fuzz/"].contains(where: path.hasPrefix)
    }

    private static func rootOfThisFile() -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    private static func paths(under root: URL) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var paths: [String] = []
        while let path = walk.nextObject() as? String {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            if isSkipped(name) {
                walk.skipDescendants()
            } else {
                paths.append(path)
            }
        }
        return paths.sorted()
    }

    /// What .gitignore keeps out, and git's own folder.
    private static func isSkipped(_ name: String) -> Bool {
        name == ".git" || name == "Package.resolved" || name == "__pycache__"
            || name.hasPrefix(".build") || name.hasPrefix(".venv")
    }

    /// Larger files are data that nobody wrote by hand.
    private static let byteCountMax = 1 << 20

    /// The text of the file at `url`; nil for a folder, for data and for bytes that are no text.
    private static func text(of url: URL) -> String? {
        let size = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
        guard size <= byteCountMax, let bytes = try? Data(contentsOf: url), !bytes.contains(0)
        else { return nil }
        return String(bytes: bytes, encoding: .utf8)
    }
}
