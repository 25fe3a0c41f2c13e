/// Bugs that were planted in this build on purpose: none, but in the copy that `Mutants/plant`
/// makes, where another file stands in the place of this one.
enum PlantedBugs {
    static let all: [PlantedBug] = []

    /// Switches on the bug `number`, from 1, and no other.
    static func plant(_ number: Int) {}
}
