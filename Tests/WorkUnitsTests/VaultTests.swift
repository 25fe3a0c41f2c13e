import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

@Suite struct VaultTests {
    private let grid = TestGrid()
    private let me = TestGrid.peer(2)

    private func promise(
        _ units: [UInt32],
        variant: UInt64 = 0,
        round: UInt32 = 0
    ) -> CommitStatement {
        CommitStatement(
            worker: me,
            manifest: grid.id,
            steward: TestGrid.peer(1),
            round: round,
            units: units,
            commit: Digest(variant, 0, 0, 0)
        )
    }

    /// What the vault says to a wish to sign, in short.
    private enum Answer: Equatable {
        case requested
        case signed(CommitStatement)
        case taken(CommitStatement)
    }

    private func sign(
        _ body: CommitStatement,
        in vault: inout Vault,
        into out: inout Outbox
    ) -> Answer {
        switch vault.sign(body, by: .peer, into: &out) {
        case .requested: return .requested
        case .signed(let signed):
            #expect(signed == grid.sign(signed.body))
            return .signed(signed.body)
        case .taken(let signed):
            #expect(signed == grid.sign(signed.body))
            return .taken(signed.body)
        }
    }

    /// Answers the one sign request in `out`, and returns the rows that it made.
    private func answer(_ out: inout Outbox, to vault: inout Vault) throws -> [JournalRow] {
        let effects = out.drain()
        #expect(effects.count == 1)
        guard case .sign(let request)? = effects.first else {
            Issue.record("nothing is to be signed")
            return []
        }
        #expect(request.key == .peer && request.kind == .commit)
        let signature = grid.signature(for: request, by: me)
        let statement = vault.signed(request.number, signature, into: &out)
        guard case .commit(let signed)? = statement else {
            Issue.record("the statement is of another kind")
            return []
        }
        #expect(signed.body.payload == request.payload)
        return out.drain().compactMap { effect in
            guard case .persist(let row) = effect else {
                Issue.record("a signature has no effect but rows")
                return nil
            }
            return row
        }
    }

    @Test func aBodyIsSignedOnceAndComesBackForEver() throws {
        var vault = Vault()
        var out = Outbox()
        let body = promise([1, 2])
        #expect(sign(body, in: &vault, into: &out) == .requested)
        // One statement, and one slot for each unit of its bundle.
        #expect(try answer(&out, to: &vault).count == 3)
        for _ in 0..<2 { #expect(sign(body, in: &vault, into: &out) == .signed(body)) }
        #expect(out.effects.isEmpty)
    }

    @Test func whileASignatureIsAwaitedNothingElseIsAskedFor() throws {
        var vault = Vault()
        var out = Outbox()
        #expect(sign(promise([1]), in: &vault, into: &out) == .requested)
        #expect(sign(promise([1]), in: &vault, into: &out) == .requested)
        #expect(sign(promise([1], variant: 1), in: &vault, into: &out) == .requested)
        _ = try answer(&out, to: &vault)
        #expect(sign(promise([1], variant: 1), in: &vault, into: &out) == .taken(promise([1])))
        #expect(out.effects.isEmpty)
    }

    @Test func aSecondBodyForASlotGetsTheFirst() throws {
        var vault = Vault()
        var out = Outbox()
        _ = sign(promise([1]), in: &vault, into: &out)
        _ = try answer(&out, to: &vault)
        #expect(sign(promise([1], variant: 1), in: &vault, into: &out) == .taken(promise([1])))
        #expect(sign(promise([1], variant: 2), in: &vault, into: &out) == .taken(promise([1])))
        #expect(out.effects.isEmpty)
    }

    @Test func bundlesThatOverlapInOneUnitCannotBothBeSigned() throws {
        var vault = Vault()
        var out = Outbox()
        let first = promise([1, 2, 3])
        _ = sign(first, in: &vault, into: &out)
        _ = try answer(&out, to: &vault)
        for units: [UInt32] in [[3, 4], [0, 1], [2], [1, 2, 3, 4], [0, 2]] {
            #expect(sign(promise(units), in: &vault, into: &out) == .taken(first))
        }
        #expect(out.effects.isEmpty)
        #expect(sign(promise([4, 5]), in: &vault, into: &out) == .requested)
        _ = try answer(&out, to: &vault)
        #expect(sign(promise([3], round: 1), in: &vault, into: &out) == .requested)
        _ = try answer(&out, to: &vault)
        #expect(out.effects.isEmpty)
    }

    @Test func aRestoredVaultGivesTheSameAnswers() throws {
        var random = PRNG(seed: 9)
        var vault = Vault()
        var out = Outbox()
        var journal = TestJournal()
        func draw(_ random: inout PRNG) -> CommitStatement {
            let first = UInt32(random.below(6))
            let units = Array(first...(first + UInt32(random.below(3))))
            return promise(units, variant: random.below(2), round: UInt32(random.below(3)))
        }
        for _ in 0..<60 {
            let body = draw(&random)
            if sign(body, in: &vault, into: &out) == .requested {
                for row in try answer(&out, to: &vault) { journal.write(row) }
            }
            var restored = Vault()
            try restored.restore(journal.rows.reversed())
            let other = draw(&random)
            // A vault is a value: asking copies leaves both as they are.
            var (left, right) = (vault, restored)
            var (leftOut, rightOut) = (Outbox(), Outbox())
            let expected = sign(other, in: &left, into: &leftOut)
            #expect(sign(other, in: &right, into: &rightOut) == expected)
            #expect(leftOut.effects.count == rightOut.effects.count)
            let stored: Signed<CommitStatement>? = vault.statement(in: body.slots)
            let again: Signed<CommitStatement>? = restored.statement(in: body.slots)
            #expect(stored == again)
            #expect(stored != nil || body.slots.count > 1, "the first slot may be free")
        }
    }

    @Test func aSignatureThatNobodyAskedForIsIgnored() throws {
        var vault = Vault()
        var out = Outbox()
        #expect(vault.signed(7, TestGrid.wrongSignature, into: &out) == nil)
        _ = sign(promise([1]), in: &vault, into: &out)
        _ = try answer(&out, to: &vault)
        #expect(vault.signed(1, TestGrid.wrongSignature, into: &out) == nil)
        #expect(sign(promise([1]), in: &vault, into: &out) == .signed(promise([1])))
        #expect(out.effects.isEmpty)
    }

    @Test func aRequestThatACrashSwallowedIsMadeAgain() throws {
        var vault = Vault()
        var out = Outbox()
        _ = sign(promise([1]), in: &vault, into: &out)
        _ = out.drain()
        var restored = Vault()
        try restored.restore([])
        #expect(sign(promise([1], variant: 1), in: &restored, into: &out) == .requested)
        #expect(try answer(&out, to: &restored).count == 2)
        #expect(out.effects.isEmpty)
    }
}
