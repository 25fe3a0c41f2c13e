package import Primitives

/// A built-in workload: how its input is cut into units, how a unit runs, how results are joined.
///
/// ```
/// file ──pack──▶ parameters + dataset ──plan──▶ units ──init, step…, finish──▶ outputs
///                                                outputs, in order ──reduce──▶ ──report──▶ table
/// ```
/// Every function is pure: equal arguments give equal bytes on every machine.
package protocol Kernel: Sendable {
    /// What a submitter chooses.
    associatedtype Settings: Sendable

    /// The name and version that a manifest states.
    static var id: KernelID { get }

    /// Orders the samples of `file` by unit, and settles all that the units have in common.
    static func pack(_ file: InputFile, _ settings: Settings) throws(InputError) -> Dataset

    /// The units of a dataset: how many, which bytes, how many operations each.
    static func plan(
        _ parameters: Parameters,
        _ shape: InputShape
    ) throws(ManifestError) -> UnitPlan

    /// A unit that has done nothing yet.
    init(_ unit: UnitInput) throws(KernelError)

    /// A unit that continues from a saved `state`; its result is the same as without the break.
    init(resuming state: Bytes, _ unit: UnitInput) throws(KernelError)

    /// Works for at most about a second; `state` may be saved afterwards.
    mutating func step() throws(KernelError) -> Progress

    /// A checkpoint that `init(resuming:_:)` takes back; none of a unit that a self-check refuses.
    var state: Bytes { get throws(KernelError) }

    /// The result of a unit whose last step reported that it is finished; none of one that a
    /// self-check refuses.
    consuming func finish() throws(KernelError) -> UnitOutput

    /// Adds the output of unit `index` to `partial`; indices arrive in order, from zero.
    static func reduce(
        _ partial: consuming Aggregate,
        _ next: UnitOutput,
        index: Int
    ) throws(KernelError) -> Aggregate

    /// The file that the submitter gets, from the outputs of all units.
    static func report(
        _ aggregate: Aggregate,
        _ parameters: Parameters
    ) throws(KernelError) -> Bytes
}
