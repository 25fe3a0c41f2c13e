import Logging

/// The logger of parts that say nothing to people: what matters is printed by the command itself.
enum QuietLog {
    static let logger = Logger(label: "starling") { _ in SwiftLogNoOpLogHandler() }
}
