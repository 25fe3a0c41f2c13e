import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// A ledger with its job, and short words for what is put into it.
struct LedgerFixture {
    let grid: TestGrid
    var ledger: CreditLedger

    /// Longer than any test's verdict must stand.
    static let settle = TimeSpan.seconds(10)
    static let start = Instant(nanoseconds: 1_000_000_000)

    init(_ grid: TestGrid = TestGrid(units: 8), ledger: CreditLedger = CreditLedger()) {
        self.grid = grid
        self.ledger = ledger
    }

    /// A ledger that knows its job.
    static func withJob(_ grid: TestGrid = TestGrid(units: 8)) -> LedgerFixture {
        var fixture = LedgerFixture(grid)
        fixture.take(.manifest(grid.signedManifest))
        return fixture
    }

    @discardableResult
    mutating func insert(
        _ item: Item,
        epoch: UInt64 = TestGrid.epoch,
        at now: Instant = start
    ) -> CreditLedger.Insertion {
        do throws(VerificationError) {
            let checked = try Verified(checking: item, with: grid.verifier, in: grid.network)
            return ledger.insert(checked, epoch: epoch, at: now)
        } catch {
            Issue.record("an item of a test is not what it claims: \(error)")
            return .refused
        }
    }

    /// Inserts an item that must be new.
    mutating func take(_ item: Item, at now: Instant = start) {
        #expect(insert(item, at: now) == .accepted([]))
    }

    /// Inserts a certificate, and the opening of one that does not open itself.
    mutating func certify(
        _ certificate: Certificate,
        opening variant: UInt64? = 0,
        at now: Instant = start
    ) {
        let signed = grid.sign(certificate)
        take(.certificate(signed), at: now)
        guard let variant, certificate.openings.isEmpty else { return }
        take(.opening(grid.opening(of: signed, variant: variant)), at: now)
    }

    /// The boards when everything has settled, in the hour of the job.
    var boards: Boards { boards(epoch: TestGrid.epoch) }

    /// The boards when everything has settled.
    func boards(of project: ProjectID? = nil, epoch: UInt64) -> Boards {
        let late = Self.start.advanced(by: .seconds(1_000))
        return ledger.boards(of: project, epoch: epoch, at: late, settle: Self.settle)
    }

    /// The board of hosts when everything has settled.
    var board: [BoardRow] { boards.hosts }

    func row(of peer: PeerID) -> BoardRow? { board.first { $0.peer == peer } }

    func verdict(on unit: UInt32) -> Verdict { ledger.verdict(on: unit, of: grid.id) }

    /// A panel of `steward` that `variant` won against `loser`; workers are numbered from `first`.
    func panel(
        on units: [UInt32],
        variant: UInt64,
        against loser: UInt64,
        workers first: UInt64,
        of steward: PeerID = TestGrid.peer(1)
    ) -> Certificate {
        let worker = (first..<first + 5).map { TestGrid.peer($0) }
        let split = TestRound(
            0,
            of: steward,
            on: units,
            votes: [(worker[0], variant: variant), (worker[1], variant: loser)]
        )
        let more = (1...3).map { number in
            TestRound(
                UInt32(number),
                of: steward,
                on: units,
                votes: [(worker[number + 1], variant: variant)]
            )
        }
        return grid.certificate(.panel, of: steward, units: units, rounds: [split] + more)
    }

    /// A ruling for `variant` on `unit`, against what two workers found.
    func ruling(
        on unit: UInt32,
        variant: UInt64,
        voters: [(PeerID, variant: UInt64?)],
        of steward: PeerID = TestGrid.peer(1)
    ) -> Certificate {
        grid.certificate(
            .ruling,
            of: steward,
            units: [unit],
            rounds: [TestRound(0, of: steward, on: [unit], votes: voters)],
            rulings: [UnitCore(unit: unit, core: TestGrid.core(unit, variant: variant))]
        )
    }
}

extension TestGrid {
    /// A quorum certificate of two equal results, and its opening.
    func openedQuorum(
        on units: [UInt32],
        by workers: [UInt64],
        epoch: UInt64,
        variant: UInt64 = 0,
        of steward: UInt64 = 1
    ) -> [Item] {
        let certificate = quorum(
            of: Self.peer(steward),
            on: units,
            by: workers.map(Self.peer),
            variant: variant,
            epoch: epoch
        )
        let signed = sign(certificate)
        return [.certificate(signed), .opening(opening(of: signed, variant: variant))]
    }

    /// A panel certificate of rounds with one voter each, but for the first with two.
    func panel(
        on unit: UInt32,
        _ votes: [(UInt64, variant: UInt64)],
        epoch: UInt64
    ) -> Item {
        let steward = Self.peer(3)
        let cast = votes.map { (Self.peer($0.0), variant: UInt64?.some($0.variant)) }
        let first = TestRound(
            0,
            of: steward,
            on: [unit],
            votes: Array(cast.prefix(2)),
            epoch: epoch
        )
        let more = cast.dropFirst(2).enumerated().map { index, vote in
            TestRound(UInt32(index + 1), of: steward, on: [unit], votes: [vote], epoch: epoch)
        }
        let rounds = [first] + more
        return .certificate(
            sign(certificate(.panel, of: steward, units: [unit], rounds: rounds))
        )
    }
}
