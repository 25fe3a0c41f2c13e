/// The name and version of a kernel; a change of any result bit is a new version.
package struct KernelID: Hashable, Sendable, CustomStringConvertible {
    /// The workload's name, lower-case words joined by hyphens.
    package let name: String
    /// The version, from one.
    package let version: Int

    /// The kernel `name` in `version`.
    package init(name: String, version: Int) {
        self.name = name
        self.version = version
    }

    /// The name, a slash and the version, as in `drift-search/1`.
    package var description: String { "\(name)/\(version)" }
}
