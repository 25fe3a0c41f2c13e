package import Primitives

/// CANCEL: the project ends its job; nothing more is computed.
package struct Cancel: StatementBody {
    package static let kind = StatementKind.cancel

    /// The project, which signs.
    package let project: ProjectID
    /// The job.
    package let manifest: ManifestID
    /// UTC hours since 1970.
    package let epoch: UInt64

    /// The end of `manifest`.
    package init(project: ProjectID, manifest: ManifestID, epoch: UInt64) {
        self.project = project
        self.manifest = manifest
        self.epoch = epoch
    }

    package var signer: Digest { project.digest }

    package var slots: [Slot] {
        [Slot(.cancel, signer: signer, count: 1) { $0.identifier(manifest) }]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(3)
        encoder.unsigned(1)
        encoder.identifier(project)
        encoder.unsigned(2)
        encoder.identifier(manifest)
        encoder.unsigned(3)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 3)
        try decoder.key(1)
        project = try decoder.identifier()
        try decoder.key(2)
        manifest = try decoder.identifier()
        try decoder.key(3)
        epoch = try decoder.unsigned()
    }
}

/// HOLD: the project holds its job, or lets it go on; of several the highest number counts.
package struct Hold: StatementBody {
    package static let kind = StatementKind.hold

    /// The project, which signs.
    package let project: ProjectID
    /// The job.
    package let manifest: ManifestID
    /// Grows by one with each HOLD of the job, from 0; below `Limits.holdsPerManifest`.
    package let number: UInt32
    /// Whether the job is held; it goes on otherwise.
    package let isHeld: Bool
    /// UTC hours since 1970.
    package let epoch: UInt64

    /// A hold of `manifest`, or the end of one.
    package init(
        project: ProjectID,
        manifest: ManifestID,
        number: UInt32,
        isHeld: Bool,
        epoch: UInt64
    ) {
        self.project = project
        self.manifest = manifest
        self.number = number
        self.isHeld = isHeld
        self.epoch = epoch
    }

    package var signer: Digest { project.digest }

    package var slots: [Slot] {
        [
            Slot(.hold, signer: signer, count: 2) { encoder in
                encoder.identifier(manifest)
                encoder.unsigned(UInt64(number))
            }
        ]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(5)
        encoder.unsigned(1)
        encoder.identifier(project)
        encoder.unsigned(2)
        encoder.identifier(manifest)
        encoder.unsigned(3)
        encoder.unsigned(UInt64(number))
        encoder.unsigned(4)
        encoder.bool(isHeld)
        encoder.unsigned(5)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 5)
        try decoder.key(1)
        project = try decoder.identifier()
        try decoder.key(2)
        manifest = try decoder.identifier()
        try decoder.key(3)
        let numberMax = UInt64(Limits.holdsPerManifest - 1)
        number = UInt32(try decoder.unsigned(upTo: numberMax, field: "number"))
        try decoder.key(4)
        isHeld = try decoder.bool()
        try decoder.key(5)
        epoch = try decoder.unsigned()
    }
}

/// RULING: the submitter's last word on a unit of its own job, which it computed itself.
package struct Ruling: StatementBody {
    package static let kind = StatementKind.ruling

    /// The project, which signs.
    package let project: ProjectID
    /// The job.
    package let manifest: ManifestID
    /// The unit.
    package let unit: UInt32
    /// What is true.
    package let core: Core
    /// UTC hours since 1970.
    package let epoch: UInt64

    /// The truth about `unit`.
    package init(
        project: ProjectID,
        manifest: ManifestID,
        unit: UInt32,
        core: Core,
        epoch: UInt64
    ) {
        self.project = project
        self.manifest = manifest
        self.unit = unit
        self.core = core
        self.epoch = epoch
    }

    package var signer: Digest { project.digest }

    package var slots: [Slot] { Self.slots(project: project, manifest: manifest, unit: unit) }

    /// The slot of the ruling of `project` on a unit.
    package static func slots(project: ProjectID, manifest: ManifestID, unit: UInt32) -> [Slot] {
        [
            Slot(.ruling, signer: project.digest, count: 2) { encoder in
                encoder.identifier(manifest)
                encoder.unsigned(UInt64(unit))
            }
        ]
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(7)
        encoder.unsigned(1)
        encoder.identifier(project)
        encoder.unsigned(2)
        encoder.identifier(manifest)
        encoder.unsigned(3)
        encoder.unsigned(UInt64(unit))
        encoder.unsigned(4)
        encoder.digest(core.resultHash)
        encoder.unsigned(5)
        encoder.unsigned(core.operations)
        encoder.unsigned(6)
        encoder.digest(core.evidence)
        encoder.unsigned(7)
        encoder.unsigned(epoch)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 7)
        try decoder.key(1)
        project = try decoder.identifier()
        try decoder.key(2)
        manifest = try decoder.identifier()
        try decoder.key(3)
        unit = try decoder.unit()
        try decoder.key(4)
        let resultHash = try decoder.digest()
        try decoder.key(5)
        let operations = try decoder.unsigned()
        try decoder.key(6)
        core = Core(
            resultHash: resultHash,
            operations: operations,
            evidence: try decoder.digest()
        )
        try decoder.key(7)
        epoch = try decoder.unsigned()
    }
}
