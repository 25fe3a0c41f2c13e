/// Every bound of the wire formats, in one place.
package enum Limits {
    /// Units in one manifest.
    package static let unitsPerManifest: UInt32 = 1_000_000
    /// Units in one shard, the part of a manifest that one steward schedules.
    package static let unitsPerShard: UInt32 = 256
    /// Shards of one manifest.
    package static let shardsPerManifest =
        (unitsPerManifest + unitsPerShard - 1) / unitsPerShard
    /// Units that one lease, signature or certificate covers.
    package static let unitsPerBundle = 64
    /// Bytes of a dataset: 64 GiB.
    package static let datasetByteCount: UInt64 = 64 << 30
    /// Bytes of a chunk, the leaf of a dataset's hash tree: 256 KiB.
    package static let chunkByteCount = 256 << 10
    /// Hashes in the proof of one chunk: 2¹⁸ chunks make 64 GiB.
    package static let proofHashes = 18
    /// Bytes of one unit's result: 16 MiB.
    package static let resultByteCount: UInt64 = 16 << 20
    /// Bytes of one frame on a link: 384 KiB.
    package static let frameByteCount = 384 << 10
    /// Bytes of one signed statement: 64 KiB.
    package static let statementByteCount = 64 << 10
    /// Bytes of the first frame on a link: 4 KiB.
    package static let helloByteCount = 4 << 10
    /// Bytes of a beacon's datagram; one has 199 at most.
    package static let beaconByteCount = 256
    /// Hours for which a beacon counts: as long as a record does.
    package static let beaconLifeEpochs: UInt64 = 24
    /// Bytes of a manifest's parameters.
    package static let parameterByteCount = 32 << 10
    /// Bytes of any name, in printable ASCII: workload, kernel, variant, engine, endpoint, reducer.
    package static let nameByteCount = 255
    /// Endpoints, engines and kernels that one record lists, each.
    package static let recordListCount = 32
    /// Anchors and recognised projects that one manifest lists, each.
    package static let manifestListCount = 64
    /// Dimensions of a dataset's shape.
    package static let shapeCount = 8
    /// Members of one commit set, and sets of one certificate.
    package static let membersPerSet = 16
    /// Sets that one certificate spans: the first vote and every panel seat.
    package static let setsPerCertificate = 32
    /// Entries of one certificate.
    package static let entriesPerCertificate = 64
    /// Ranges in one reconciliation message.
    package static let rangesPerReconciliation = 256
    /// Keys in one reconciliation message or fetch.
    package static let keysPerReconciliation = 1_024
    /// Holders of chunks that one lease names.
    package static let holdersPerLease = 8
    /// Sealed units that one claim lists.
    package static let sealedPerClaim = 256
    /// Seconds that one unit may take: a week.
    package static let secondsPerUnit: UInt64 = 7 * 86_400
    /// Times that a seat's admission may double.
    package static let wideningMax: UInt8 = 63
    /// Times that one job may be held or go on, counted together.
    package static let holdsPerManifest: UInt32 = 1_000
    /// Hours for which one ANCHOR counts at most, beyond its first: ten years.
    package static let anchorHours: UInt64 = 10 * 365 * 24
    /// Rings on which hubs stand, and alerts of one eviction at most.
    package static let alertsPerEviction = 8
    /// Epochs that a clock may be off: an item further in the future is refused for now.
    package static let epochSkew: UInt64 = 1
}
