import Primitives
import Wire

/// Where items come from that are audited: each is read again when its turn comes.
enum AuditSource: Sendable {
    /// The ledger of a peer in this process; places are indices.
    case ledger([Item])
    /// An export; places are offsets.
    case export(ExportFile)

    /// The item of `record`, read from its bytes.
    func item(of record: AuditRecord) throws -> Item {
        let bytes: Bytes
        switch self {
        case .ledger(let items):
            bytes = ExportElement.item(items[Int(record.offset)]).bytes
        case .export(let file):
            bytes = try file.read(Int(record.byteCount), at: record.offset)
        }
        var decoder = CBORDecoder(bytes)
        if let item = try? Item(from: &decoder), item.id == record.id { return item }
        switch self {
        case .ledger: preconditionFailure("an item encodes to bytes that decode to itself")
        case .export(let file): throw ExportError.changed(path: file.path)
        }
    }

    /// Where `record` stands in the file, if there is one.
    func offset(of record: AuditRecord) -> UInt64? {
        switch self {
        case .ledger: nil
        case .export: record.offset
        }
    }
}

/// What an audit remembers of an item while it is not read.
struct AuditRecord: Sendable {
    /// SHA-256 of the payload.
    let id: ItemID
    /// Its place in the source.
    let offset: UInt64
    /// Its length in a file.
    let byteCount: UInt32
    /// Its place in its group: what others refer to comes first.
    let rank: UInt8
    /// The items that it is judged with.
    var group: UInt32
    /// Whether the same item stands before it.
    var isRepeated = false
}

/// All items of a source, in groups that can be judged one by one.
///
/// The certificates of a shard, with their openings and rulings, are a group: neither verdicts nor
/// slots reach across shards. Everything else is group 0, above all the manifests.
struct AuditIndex: Sendable {
    /// The items in the order of the source.
    private(set) var records: [AuditRecord] = []
    /// How many items there are of each kind.
    private(set) var counts = SortedTable<String, Int>()
    /// The networks that manifests name.
    private(set) var networks = SortedTable<NetworkID, Int>()
    /// The job of each group; nil for group 0.
    private(set) var jobs: [ManifestID?] = [nil]
    private var numbers: [Shard: UInt32] = [:]
    /// Openings, until the group of their certificate is known.
    private var openings: [(index: Int, certificate: ItemID)] = []
    /// The indices of records by id, and then by place.
    private var byID: [UInt32] = []
    /// The indices of records by group, rank, and place.
    private var byGroup: [UInt32] = []
    /// Where each group begins in `byGroup`, and where the last one ends.
    private var bounds: [Int] = []

    private struct Shard: Hashable {
        let manifest: ManifestID
        let number: UInt32
    }

    /// Takes in the next item of the source.
    mutating func add(_ item: Item, at offset: UInt64, byteCount: UInt64) {
        counts[item.name, default: 0] += 1
        var group: UInt32 = 0
        var rank: UInt8 = 1
        switch item {
        case .manifest(let signed):
            networks[signed.body.network, default: 0] += 1
            rank = 0
        case .certificate(let signed):
            group = number(signed.body.manifest, unit: signed.body.units[0])
        case .ruling(let signed):
            group = number(signed.body.manifest, unit: signed.body.unit)
        case .opening(let opening):
            openings.append((records.count, opening.certificate))
            rank = 2
        default:
            break
        }
        records.append(
            AuditRecord(
                id: item.id,
                offset: offset,
                byteCount: UInt32(byteCount),
                rank: rank,
                group: group
            )
        )
    }

    /// Forms the groups, once every item is in.
    mutating func close() {
        byID = (0..<UInt32(records.count)).sorted { left, right in
            let (first, second) = (records[Int(left)].id, records[Int(right)].id)
            return first != second ? first < second : left < right
        }
        for (first, second) in zip(byID, byID.dropFirst())
        where records[Int(first)].id == records[Int(second)].id {
            records[Int(second)].isRepeated = true
        }
        for (index, certificate) in openings {
            records[index].group = self.index(of: certificate).map { records[$0].group } ?? 0
        }
        openings = []
        let kept = (0..<UInt32(records.count)).filter { !records[Int($0)].isRepeated }
        byGroup = kept.sorted { left, right in
            let (first, second) = (records[Int(left)], records[Int(right)])
            return (first.group, first.rank, left) < (second.group, second.rank, right)
        }
        bounds = Array(repeating: 0, count: jobs.count + 1)
        for index in byGroup { bounds[Int(records[Int(index)].group) + 1] += 1 }
        for group in jobs.indices { bounds[group + 1] += bounds[group] }
    }

    /// How many groups there are.
    var groupCount: Int { jobs.count }

    /// The records of a group, what others refer to first; without repetitions.
    func members(of group: Int) -> ArraySlice<UInt32> { byGroup[bounds[group]..<bounds[group + 1]] }

    /// The record of the first item with `id`.
    func index(of id: ItemID) -> Int? {
        var low = 0
        var high = byID.count
        while low < high {
            let middle = (low + high) / 2
            if records[Int(byID[middle])].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < byID.count, records[Int(byID[low])].id == id else { return nil }
        return Int(byID[low])
    }

    private mutating func number(_ manifest: ManifestID, unit: UInt32) -> UInt32 {
        let shard = Shard(manifest: manifest, number: unit / Limits.unitsPerShard)
        if let known = numbers[shard] { return known }
        let number = UInt32(jobs.count)
        jobs.append(manifest)
        numbers[shard] = number
        return number
    }
}
