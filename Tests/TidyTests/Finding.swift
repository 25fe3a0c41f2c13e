/// One place in the repository that breaks a rule, and what to do about it.
struct Finding: Equatable, CustomStringConvertible {
    /// The file, relative to the root of the repository.
    let file: String
    /// The line, counted from one.
    let line: Int
    /// What is wrong, and the remedy.
    let remedy: String

    /// `file:line: remedy`, the form that editors make a link of.
    var description: String { "\(file):\(line): \(remedy)" }
}
