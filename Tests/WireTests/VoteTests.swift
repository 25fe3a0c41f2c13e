import Primitives
import Testing
import Wire

@Suite struct VoteTests {
    private func worker(_ number: UInt64) -> PeerID { PeerID(Digest(number, 0, 0, 1)) }

    private func core(_ number: UInt64) -> Digest { Digest(number, 0, 0, 2) }

    private func votes(_ pairs: [(UInt64, UInt64)]) -> [Vote] {
        pairs.map { Vote(worker: worker($0), core: core($1)) }
    }

    private func expect(
        _ pairs: [(UInt64, UInt64)],
        core expected: UInt64,
        margin: Int,
        count: Int,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let standing = lead(of: votes(pairs))
        #expect(standing?.core == core(expected), sourceLocation: location)
        #expect(standing?.margin == margin, sourceLocation: location)
        #expect(standing?.count == count, sourceLocation: location)
    }

    @Test func nobodyLeadsAnEmptyVote() {
        #expect(lead(of: []) == nil)
    }

    @Test func oneVoteLeadsByOne() {
        expect([(1, 7)], core: 7, margin: 1, count: 1)
    }

    @Test func aQuorumOfEqualResultsLeadsByItsSize() {
        expect([(1, 7), (2, 7)], core: 7, margin: 2, count: 2)
    }

    @Test(arguments: [
        // Votes for the leader, for others, and whether that settles a dispute.
        (2, [0], false), (3, [0], true), (3, [1], false), (4, [1], true), (4, [1, 1], true),
        (5, [2], false), (6, [2], false), (7, [2], true), (7, [2, 1], true), (7, [3], false),
    ])
    func aLeadOfThreeSettlesAndOfFiveWhereLosersAgree(
        leader: UInt64,
        others: [UInt64],
        isSettled: Bool
    ) {
        var pairs = (0..<leader).map { ($0, UInt64(1)) }
        for (choice, count) in others.enumerated() {
            pairs += (0..<count).map { (100 * UInt64(choice + 1) + $0, UInt64(choice + 2)) }
        }
        #expect(lead(of: votes(pairs))?.settles(.standard) == isSettled)
    }

    @Test func anEvenVoteLeadsByNothingAndNamesTheSmallerCore() {
        expect([(1, 9), (2, 7)], core: 7, margin: 0, count: 1)
        expect([(1, 7), (2, 9)], core: 7, margin: 0, count: 1)
    }

    @Test func twoAgainstOneIsNoPanel() {
        expect([(1, 7), (2, 9), (3, 9)], core: 9, margin: 1, count: 2)
    }

    @Test func aWorkerThatRepeatsItselfCountsOnce() {
        expect([(1, 7), (1, 7), (1, 7), (2, 9)], core: 7, margin: 0, count: 1)
    }

    @Test func aWorkerThatSaysTwoThingsCountsForNeither() {
        #expect(lead(of: votes([(1, 7), (1, 9)])) == nil)
        expect([(1, 7), (1, 9), (2, 9)], core: 9, margin: 1, count: 1)
        // Going back to the first word does not help.
        #expect(lead(of: votes([(1, 7), (1, 9), (1, 7)])) == nil)
    }

    @Test(arguments: 0..<200) func leadIsTheDumbModels(seed: UInt64) {
        var random = PRNG(seed: seed)
        let voters = 1 + random.below(8)
        let choices = 1 + random.below(4)
        var pairs: [(UInt64, UInt64)] = []
        for _ in 0..<random.below(24) {
            pairs.append((random.below(voters), random.below(choices)))
        }
        var said: [UInt64: Set<UInt64>] = [:]
        for (voter, choice) in pairs { said[voter, default: []].insert(choice) }
        var counts: [UInt64: Int] = [:]
        for words in said.values where words.count == 1 {
            for word in words { counts[word, default: 0] += 1 }
        }
        let ranking = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let standing = lead(of: votes(pairs))
        #expect(standing?.core == ranking.first.map { core($0.key) })
        #expect(standing?.count == ranking.first?.value)
        let second = ranking.dropFirst().first?.value ?? 0
        #expect(standing?.margin == ranking.first.map { $0.value - second })
        for index in stride(from: pairs.count - 1, to: 0, by: -1) {
            pairs.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        #expect(lead(of: votes(pairs)) == standing, "the order of votes does not matter")
    }
}
