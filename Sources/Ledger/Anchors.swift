package import Primitives
package import Wire

/// Whose word projects take beside those whom a manifest names: what ANCHOR says.
///
/// A pure function of the statements that it was told, in whatever order.
package struct Anchors: Sendable {
    private var named = SortedTable<ProjectID, SortedTable<PeerID, Naming>>()

    private struct Naming: Sendable {
        let anchor: Anchor
        /// The place of the ANCHOR among all items: of several for one peer the first counts.
        let key: ItemKey
    }

    /// Nobody is named.
    init() {}

    /// Takes in what a project says, and returns the first hour in which that changes anything.
    mutating func name(_ anchor: Anchor, at key: ItemKey) -> UInt64? {
        if let earlier = named[anchor.project]?[anchor.peer], earlier.key < key { return nil }
        named[anchor.project, default: SortedTable()][anchor.peer] =
            Naming(anchor: anchor, key: key)
        // What it replaces begins in no earlier hour, since keys begin with theirs.
        return anchor.epoch
    }

    /// Whether `project` takes the word of a machine that has or had one of `keys`, in an hour.
    func areNamed(_ keys: [PeerID], by project: ProjectID, at epoch: UInt64) -> Bool {
        guard let peers = named[project] else { return false }
        return keys.contains { peers[$0]?.anchor.covers(epoch) == true }
    }

    /// The keys that `project` takes the word of in an hour, ascending.
    func peers(of project: ProjectID, at epoch: UInt64) -> [PeerID] {
        all(of: project).filter { $0.covers(epoch) }.map(\.peer)
    }

    /// What `project` has said, whenever that counts, ascending by peer.
    package func all(of project: ProjectID) -> [Anchor] {
        named[project]?.values.map(\.anchor) ?? []
    }

    /// What any project has said of the very key `peer`, ascending by project.
    func namings(of peer: PeerID) -> [Anchor] { named.values.compactMap { $0[peer]?.anchor } }

    /// What `project` has said of the very key `peer`.
    package func naming(of peer: PeerID, by project: ProjectID) -> Anchor? {
        named[project]?[peer]?.anchor
    }
}

extension Anchor {
    /// Whether it counts in an hour.
    package func covers(_ hour: UInt64) -> Bool { epoch <= hour && hour <= until }
}
