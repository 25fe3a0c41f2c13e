import Foundation
import Identity
import PeerNode
import Primitives
import TestSupport
import Wire

/// A job whose statements real keys sign, so that exports can be made by hand.
struct Notary {
    let grid: TestGrid
    /// The first one is the steward.
    let peers: [PeerID]

    init(units: UInt32 = 8, policy: Policy = .strict, nonce: UInt64 = 1) {
        let project = SigningKey(seed: Digest(1, 0, 0, 0))
        let workers = (2..<10).map { SigningKey(seed: Digest($0, 0, 0, 0)) }
        var keys = SortedTable<Digest, SigningKey>()
        for key in [project] + workers { keys[key.publicKey] = key }
        peers = workers.map { PeerID($0.publicKey) }
        grid = TestGrid(
            units: units,
            policy: policy,
            submitter: peers[0],
            nonce: nonce,
            project: ProjectID(project.publicKey),
            signer: { [keys] bytes, signer in
                guard let key = keys[signer] else { preconditionFailure("nobody has that key") }
                return key.sign(bytes)
            }
        )
    }

    var manifest: Item { .manifest(grid.signedManifest) }

    /// A certificate of two equal results on `units`.
    func quorum(
        on units: [UInt32],
        round: UInt32 = 0,
        variant: UInt64 = 0
    ) -> Signed<Certificate> {
        grid.sign(
            grid.quorum(
                of: peers[0],
                round: round,
                on: units,
                by: [peers[1], peers[2]],
                variant: variant
            )
        )
    }

    /// A certificate with its opening.
    func opened(_ certificate: Signed<Certificate>) -> [Item] {
        [.certificate(certificate), .opening(grid.opening(of: certificate))]
    }

    func round(
        _ number: UInt32,
        on unit: UInt32,
        _ votes: [(Int, variant: UInt64?)]
    ) -> TestRound {
        TestRound(
            number,
            of: peers[0],
            on: [unit],
            votes: votes.map { (peers[$0.0], variant: $0.variant) }
        )
    }

    /// A vote that further workers settled; the second worker said something else.
    func panel(on unit: UInt32) -> Item {
        .certificate(
            grid.sign(
                grid.certificate(
                    .panel,
                    of: peers[0],
                    units: [unit],
                    rounds: [
                        round(1, on: unit, [(1, 0), (2, 1)]), round(2, on: unit, [(3, 0)]),
                        round(3, on: unit, [(4, 0)]), round(7, on: unit, [(5, 0)]),
                    ]
                )
            )
        )
    }

    /// A vote of which one member never revealed.
    func panelWithSilence(on unit: UInt32) -> Item {
        .certificate(
            grid.sign(
                grid.certificate(
                    .panel,
                    of: peers[0],
                    units: [unit],
                    rounds: [
                        round(4, on: unit, [(1, 0), (2, nil)]), round(5, on: unit, [(3, 0)]),
                        round(8, on: unit, [(4, 0)]),
                    ]
                )
            )
        )
    }

    /// A second look by the submitter's own peer, an anchor, in a round of another steward.
    func audit(on unit: UInt32, variant: UInt64) -> Item {
        let votes: [(PeerID, variant: UInt64?)] = [(peers[0], variant: variant)]
        let round = TestRound(0, of: peers[5], on: [unit], votes: votes)
        return .certificate(
            grid.sign(grid.certificate(.audit, of: peers[5], units: [unit], rounds: [round]))
        )
    }

    /// Two votes that contradict each other; the second is that of `workers`, by default an anchor
    /// and another.
    func contradiction(on unit: UInt32, by workers: [Int] = [0, 3]) -> [Item] {
        let second = grid.quorum(
            of: peers[5],
            on: [unit],
            by: workers.map { peers[$0] },
            variant: 1
        )
        let signed = grid.sign(second)
        return opened(quorum(on: [unit]))
            + [.certificate(signed), .opening(grid.opening(of: signed, variant: 1))]
    }

    /// A unit that nobody could decide but the project, with the project's word.
    func ruling(on unit: UInt32) -> [Item] {
        let core = UnitCore(unit: unit, core: TestGrid.core(unit))
        let certificate = grid.certificate(
            .ruling,
            of: peers[0],
            units: [unit],
            rounds: [round(6, on: unit, [(1, 0), (2, 1)])],
            rulings: [core]
        )
        return [.certificate(grid.sign(certificate)), .ruling(grid.ruling(on: core))]
    }

    /// The end of the job.
    func cancel(epoch: UInt64 = TestGrid.epoch) -> Item {
        let cancel = Cancel(project: grid.project, manifest: grid.id, epoch: epoch)
        return .cancel(grid.sign(cancel))
    }

    /// The project takes the word of `peer` for `hours` after the first.
    func anchor(_ peer: Int, hours: UInt64 = 24) -> Item {
        let anchor = Anchor(
            project: grid.project,
            peer: peers[peer],
            until: TestGrid.epoch + hours,
            epoch: TestGrid.epoch
        )
        return .anchor(grid.sign(anchor))
    }

    /// The job pauses, for the `number`th time.
    func hold(_ number: UInt32, isHeld: Bool = true) -> Item {
        let hold = Hold(
            project: grid.project,
            manifest: grid.id,
            number: number,
            isHeld: isHeld,
            epoch: TestGrid.epoch
        )
        return .hold(grid.sign(hold))
    }

    /// The adoption of `peer` by the project's owner; `consenting` signs that it agrees.
    func device(_ peer: Int, consenting: Int? = nil) -> Item {
        let owner = OwnerID(grid.project.digest)
        let bytes = Device.consentBytes(network: grid.network, owner: owner)
        let device = Device(
            owner: owner,
            peer: peers[peer],
            consent: grid.signature(of: bytes, by: peers[consenting ?? peer].digest),
            epoch: TestGrid.epoch
        )
        return .device(grid.sign(device))
    }

    /// The end of the key `old`, which foresaw `foreseen`, or else its successor.
    func revoke(_ old: Int, by successor: Int, foreseen: Int? = nil) -> Item {
        let record = grid.record(
            of: peers[old],
            incarnation: 0,
            successor: peers[foreseen ?? successor]
        )
        let revoke = Revoke(
            successor: peers[successor],
            record: record,
            epoch: TestGrid.epoch
        )
        return .revoke(grid.sign(revoke))
    }

    /// A vote of one, in a job that asks for no more.
    func single(on units: [UInt32]) -> Signed<Certificate> {
        let round = TestRound(0, of: peers[0], on: units, votes: [(peers[1], variant: 0)])
        return grid.sign(
            grid.certificate(.single, of: peers[0], units: units, rounds: [round])
        )
    }

    /// The proof that a worker promised two results for a unit.
    func fault(of worker: Int) -> Item {
        .fault(grid.fault(of: peers[worker], by: peers[0]))
    }

    /// Two certificates of one steward for one unit, and what they prove of it and both workers.
    func provenContradiction() -> [Item] {
        let votes = [quorum(on: [0]), quorum(on: [0], variant: 1)]
        let certificates = votes.map { Item.certificate($0) }
        guard let pair = Contradiction(votes[0], votes[1]) else {
            preconditionFailure("the votes differ")
        }
        return certificates + [.fault(Fault(.certificates(pair))), fault(of: 1), fault(of: 2)]
    }

    /// Every kind of item and every kind of vote, in two jobs.
    static func everything() -> [Item] {
        let strict = Notary()
        let single = Notary(policy: .single, nonce: 2)
        return [strict.manifest, single.manifest, single.cancel()]
            + strict.opened(strict.quorum(on: [0, 1])) + [strict.panel(on: 2)]
            + strict.ruling(on: 3) + [strict.panelWithSilence(on: 4)]
            + [strict.audit(on: 1, variant: 0)] + strict.contradiction(on: 5)
            + strict.opened(strict.quorum(on: [6])) + [strict.audit(on: 6, variant: 1)]
            + single.opened(single.single(on: [0, 2]))
            + [strict.hold(0), strict.hold(1, isHeld: false), strict.device(3)]
            + [strict.revoke(4, by: 6), strict.revoke(6, by: 7)]
            // The fourth key is that of a machine whose last one is an anchor.
            + strict.contradiction(on: 7, by: [3, 4]) + [strict.anchor(7), single.fault(of: 1)]
    }
}

/// An export that a test makes byte by byte.
struct ExportDraft {
    var network = Notary().grid.network
    var epoch = TestGrid.epoch
    var items: [Item]
    var lines: [ExportLine] = []
    /// What stands between the lines and the end.
    var tail: [ExportElement] = []
    /// Stated in place of the number of items.
    var itemCount: UInt64?

    /// The items in a ledger's order: all of them are of one epoch.
    init(_ items: [Item]) { self.items = items.sorted { $0.id < $1.id } }

    /// The same with the board that an audit gives.
    func withBoard() async throws -> ExportDraft {
        var draft = self
        draft.lines = try await Self.audit(bytes).board
        return draft
    }

    var elements: [ExportElement] {
        let late = tail.count { if case .item = $0 { true } else { false } }
        let header = ExportHeader(
            network: network,
            epoch: epoch,
            itemCount: itemCount ?? UInt64(items.count + late)
        )
        return [.header(header)] + items.map { .item($0) } + lines.map { .line($0) } + tail
    }

    var bytes: Bytes { Self.close(elements.flatMap(\.bytes)) }

    /// `bytes` with an end that has the right hash.
    static func close(_ bytes: Bytes) -> Bytes {
        let open = bytes + ExportElement.end(.zero).bytes.dropLast(ExportElement.hashByteCount)
        return bytes + ExportElement.end(SHA256.hash(open)).bytes
    }

    /// What an audit of `bytes`, as a file, says.
    static func audit(_ bytes: Bytes, network: NetworkID? = nil) async throws -> AuditReport {
        let folder = try TestFolder()
        let path = "\(folder.path)/export"
        try Data(bytes).write(to: URL(filePath: path))
        return try await Audit.export(at: path, network: network, epoch: TestGrid.epoch)
    }

    /// The places of the elements of `bytes`, which is an export.
    static func places(in bytes: Bytes) throws -> [Range<Int>] {
        var places: [Range<Int>] = []
        while (places.last?.upperBound ?? 0) < bytes.count {
            var decoder = CBORDecoder(bytes, at: places.last?.upperBound ?? 0)
            let start = decoder.position
            _ = try ExportElement(from: &decoder)
            places.append(start..<decoder.position)
        }
        return places
    }
}
