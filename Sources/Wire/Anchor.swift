package import Primitives

/// ANCHOR: a project takes a peer's word in its jobs, as if their manifests named it, for a time.
package struct Anchor: StatementBody {
    package static let kind = StatementKind.anchor

    /// The project, which signs.
    package let project: ProjectID
    /// The peer whose word it takes.
    package let peer: PeerID
    /// The last epoch in which it counts; not before `epoch`, and at most `Limits.anchorHours`
    /// after it.
    package let until: UInt64
    /// UTC hours since 1970: the first in which it counts.
    package let epoch: UInt64

    /// The word of `project` for `peer`, from `epoch` to `until`.
    package init(project: ProjectID, peer: PeerID, until: UInt64, epoch: UInt64) {
        self.project = project
        self.peer = peer
        self.until = until
        self.epoch = epoch
    }

    /// Whether it may last from `epoch` to `until`.
    package static func isSpan(from epoch: UInt64, until: UInt64) -> Bool {
        until >= epoch && until - epoch <= Limits.anchorHours
    }

    package var signer: Digest { project.digest }

    package var slots: [Slot] {
        [Slot(.anchor, signer: signer, count: 1) { $0.identifier(peer) }]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(4)
        encoder.unsigned(1)
        encoder.identifier(project)
        encoder.unsigned(2)
        encoder.identifier(peer)
        encoder.unsigned(3)
        encoder.unsigned(until)
        encoder.unsigned(4)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 4)
        try decoder.key(1)
        project = try decoder.identifier()
        try decoder.key(2)
        peer = try decoder.identifier()
        try decoder.key(3)
        let start = decoder.position
        until = try decoder.unsigned()
        try decoder.key(4)
        epoch = try decoder.unsigned()
        guard Self.isSpan(from: epoch, until: until) else {
            throw .outOfRange(at: start, field: "until")
        }
    }
}
