import Membership
import Primitives
import TestSupport
import Testing
import Wire

@Suite struct HubTableTests {
    private let grid = TestGrid()
    private let me = TestGrid.peer(50)
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let epoch = TestGrid.epoch

    private func insert(
        _ record: Signed<Record>,
        into table: inout HubTable,
        epoch: UInt64 = TestGrid.epoch
    ) throws -> HubTable.Insertion {
        let checked = try Verified(checking: record, with: grid.verifier, in: grid.network)
        return table.insert(checked, epoch: epoch)
    }

    private func table(hubs: some Sequence<UInt64>) throws -> HubTable {
        var table = HubTable(me: me)
        for hub in hubs {
            let record = grid.record(of: TestGrid.peer(hub))
            #expect(try insert(record, into: &table) == .accepted)
        }
        return table
    }

    // MARK: - Records

    @Test func theNewestIncarnationWinsInAnyOrder() throws {
        let peer = TestGrid.peer(1)
        let records = (1...3).map { grid.record(of: peer, incarnation: $0) }
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
            var table = HubTable(me: me)
            var newest: UInt64 = 0
            for index in order {
                let incarnation = UInt64(index) + 1
                let expected: HubTable.Insertion = incarnation > newest ? .accepted : .known
                newest = max(newest, incarnation)
                #expect(try insert(records[index], into: &table) == expected)
            }
            #expect(table.record(of: peer) == records[2])
            #expect(table.count == 1 && table.records == [records[2]])
            #expect(table.itemKeys == [ItemKey(epoch: epoch, id: records[2].id)])
            #expect(table.messages(at: table.itemKeys[0]) == [.record(records[2])])
        }
    }

    @Test func aSecondBodyOfOneIncarnationChangesNothing() throws {
        let peer = TestGrid.peer(1)
        let first = grid.record(of: peer)
        var table = HubTable(me: me)
        #expect(try insert(first, into: &table) == .accepted)
        let second = grid.record(of: peer, endpoints: ["tcp://10.0.0.2:7000"])
        #expect(try insert(second, into: &table) == .known)
        #expect(table.record(of: peer) == first)
    }

    @Test func expiredAndFutureRecordsAreRefused() throws {
        var table = HubTable(me: me)
        let peer = TestGrid.peer(1)
        let expired = grid.record(of: peer, epoch: epoch - 5, expiry: epoch - 1)
        #expect(try insert(expired, into: &table) == .refused)
        let future = grid.record(of: peer, epoch: epoch + 2, expiry: epoch + 9)
        #expect(try insert(future, into: &table) == .refused)
        #expect(table.count == 0)
        let lastHour = grid.record(of: peer, epoch: epoch - 5, expiry: epoch)
        #expect(try insert(lastHour, into: &table) == .accepted)
        let skewed = grid.record(of: TestGrid.peer(2), epoch: epoch + 1, expiry: epoch + 9)
        #expect(try insert(skewed, into: &table) == .accepted)
    }

    @Test func recordsExpireButOnesOwnStays() throws {
        var table = HubTable(me: me)
        for peer in [me, TestGrid.peer(1)] {
            _ = try insert(grid.record(of: peer, expiry: epoch + 1), into: &table)
        }
        _ = try insert(grid.record(of: TestGrid.peer(2), expiry: epoch + 2), into: &table)
        #expect(table.expire(epoch: epoch + 1).isEmpty)
        #expect(table.count == 3)
        #expect(table.expire(epoch: epoch + 2) == [TestGrid.peer(1)])
        #expect(table.records.map(\.body.peer) == [TestGrid.peer(2), me])
        #expect(table.itemKeys.count == 2)
    }

    @Test func aFullTableTakesNewsOfItsHubsOnly() throws {
        var table = HubTable(me: me)
        for number in 0..<UInt64(HubTable.hubsMax) {
            _ = table.insert(grid.record(of: TestGrid.peer(number)).verifiedHere, epoch: epoch)
        }
        #expect(table.count == HubTable.hubsMax)
        let stranger = grid.record(of: TestGrid.peer(UInt64(HubTable.hubsMax)))
        #expect(try insert(stranger, into: &table) == .refused)
        let news = grid.record(of: TestGrid.peer(7), incarnation: 2)
        #expect(try insert(news, into: &table) == .accepted)
        #expect(table.count == HubTable.hubsMax && table.itemKeys.count == HubTable.hubsMax)
        #expect(table.reconciliationPeriod == .seconds(60))
    }

    @Test func thePeriodGrowsWithTheTableBetweenItsBounds() throws {
        #expect(HubTable(me: me).reconciliationPeriod == .seconds(1))
        #expect(try table(hubs: 0..<10).reconciliationPeriod == .seconds(3))
        #expect(try table(hubs: 0..<10).settleSpan == .seconds(6))
    }

    // MARK: - Dialling

    @Test func theLowerKeyDialsFirst() throws {
        var table = try table(hubs: [49, 51])
        #expect(table.deadline == .zero)
        #expect(table.hubsToDial(at: start).map(\.peer) == [TestGrid.peer(51)])
        let later = start.advanced(by: HubTable.dialSpanMin)
        #expect(table.deadline == later)
        #expect(
            table.hubsToDial(at: later).map(\.peer) == [TestGrid.peer(49), TestGrid.peer(51)]
        )
    }

    @Test func theWaitBetweenAttemptsDoublesUpToItsBound() throws {
        var table = try table(hubs: [51])
        var now = start
        var waits: [UInt64] = []
        for _ in 0..<8 {
            #expect(table.hubsToDial(at: now).count == 1)
            // Else it would be told of that in between.
            _ = table.noticeAbsences(at: start.advanced(by: HubTable.absenceSpan))
            let next = try #require(table.deadline)
            let early = Instant(nanoseconds: next.nanoseconds - 1)
            #expect(table.hubsToDial(at: early).isEmpty)
            waits.append(next.since(now).milliseconds / 1_000)
            now = next
        }
        #expect(waits == [2, 4, 8, 16, 32, 60, 60, 60])
        #expect(HubTable.dialSpanMax == .seconds(60))
    }

    @Test func aLinkEndsTheAttemptsAndItsLossBeginsThemAgain() throws {
        var table = try table(hubs: [51])
        let peer = TestGrid.peer(51)
        for _ in 0..<4 { _ = table.hubsToDial(at: table.deadline ?? start) }
        table.linked(peer)
        #expect(table.isLinked(peer) && table.linkedPeers == [peer])
        #expect(table.deadline == nil)
        #expect(table.hubsToDial(at: start.advanced(by: .seconds(600))).isEmpty)
        let lost = start.advanced(by: .seconds(900))
        table.unlinked(peer, at: lost)
        #expect(!table.isLinked(peer))
        #expect(table.hubsToDial(at: lost).isEmpty)
        #expect(table.deadline == lost.advanced(by: HubTable.dialSpanMin))
        #expect(table.hubsToDial(at: lost.advanced(by: HubTable.dialSpanMin)).count == 1)
    }

    @Test func aTableThatTakesOverAnothersRecordsDialsAsIfItHadBeenTold() throws {
        var told = try table(hubs: [49, 50, 51, 52])
        told.linked(TestGrid.peer(52))
        var known = HubTable(me: me, knowing: told)
        #expect(known.itemKeys == told.itemKeys && known.linkedPeers.isEmpty)
        var fresh = try table(hubs: [49, 50, 51, 52])
        for seconds in [UInt64(0), 2, 4, 20, 30] {
            let now = start.advanced(by: .seconds(seconds))
            #expect(known.deadline == fresh.deadline)
            let (news, freshNews) = (
                known.noticeAbsences(at: now), fresh.noticeAbsences(at: now)
            )
            #expect(news == freshNews)
            let (due, freshDue) = (known.hubsToDial(at: now), fresh.hubsToDial(at: now))
            #expect(due == freshDue)
        }
    }

    @Test func anEndpointThatIsNewIsDialled() throws {
        var table = HubTable(me: me)
        let peer = TestGrid.peer(51)
        _ = try insert(grid.record(of: peer, endpoints: []), into: &table)
        #expect(table.hubsToDial(at: start).isEmpty)
        _ = table.noticeAbsences(at: start.advanced(by: HubTable.absenceSpan))
        #expect(table.deadline == nil)
        _ = try insert(grid.record(of: peer, incarnation: 9), into: &table)
        #expect(table.deadline == .zero)
        #expect(table.hubsToDial(at: start).map(\.peer) == [peer])
    }

    @Test func nobodyDialsItselfOrWhoCannotBeReached() throws {
        var table = try table(hubs: [50])
        let hidden = grid.record(of: TestGrid.peer(51), endpoints: [])
        _ = try insert(hidden, into: &table)
        #expect(table.deadline == nil)
        #expect(table.hubsToDial(at: start.advanced(by: .seconds(60))).isEmpty)
    }

    // MARK: - Placement

    private func ranking(
        _ table: HubTable,
        shard: UInt32 = 0,
        keepers: [PeerID] = []
    ) -> [PeerID] {
        table.stewards(of: grid.id, shard: shard, keepers: keepers)
    }

    @Test func nextStewardActsForOneThatHasNoLinkForLong() throws {
        let stewards = [1, 2, 3].map { TestGrid.peer($0) }
        var table = try table(hubs: 1...3)
        for steward in stewards { table.linked(steward) }
        #expect(table.acting(of: stewards) == stewards[0])
        table.unlinked(stewards[0], at: start)
        let isEarly = table.noticeAbsences(at: start.advanced(by: .seconds(19)))
        #expect(!isEarly)
        #expect(table.acting(of: stewards) == stewards[0])
        let late = start.advanced(by: HubTable.absenceSpan)
        let isNews = (0..<2).map { _ in table.noticeAbsences(at: late) }
        #expect(isNews == [true, false])
        #expect(table.acting(of: stewards) == stewards[1])
        #expect(table.acting(of: [stewards[0], me, stewards[1]]) == me)
        #expect(table.acting(of: [stewards[0]]) == stewards[0], "there is nobody else")
        table.linked(stewards[0])
        #expect(table.acting(of: stewards) == stewards[0])
    }

    @Test func keepersAreStewardsBeforeAllOthers() throws {
        let table = try table(hubs: 0..<20)
        for shard in UInt32(0)..<20 {
            let anchors = [TestGrid.peer(3), TestGrid.peer(17)]
            let ranked = ranking(table, shard: shard, keepers: anchors)
            #expect(ranked.count == HubTable.stewardsPerShard)
            #expect(Set(ranked.prefix(2)) == Set(anchors))
            #expect(!anchors.contains(ranked[2]))
            #expect(ranked[2] == ranking(table, shard: shard).first { !anchors.contains($0) })
        }
    }

    @Test func aKeeperThatIsNotInTheTableIsNoSteward() throws {
        let table = try table(hubs: 0..<3)
        let ranked = ranking(table, keepers: [TestGrid.peer(30)])
        #expect(Set(ranked) == Set((0..<3).map { TestGrid.peer($0) }))
    }

    @Test func leavesAreNoStewards() throws {
        var table = HubTable(me: me)
        for number in UInt64(0)..<10 {
            let role: Role = number < 8 ? .leaf : .hub
            _ = try insert(grid.record(of: TestGrid.peer(number), role: role), into: &table)
        }
        let leaf = TestGrid.peer(0)
        #expect(Set(ranking(table, keepers: [leaf])) == [TestGrid.peer(8), TestGrid.peer(9)])
    }

    @Test func everyPeerComesToTheSameRanking() throws {
        var random = PRNG(seed: 3)
        let forward = try table(hubs: 0..<30)
        for _ in 0..<5 {
            var order = Array(UInt64(0)..<30)
            for index in stride(from: order.count - 1, to: 0, by: -1) {
                order.swapAt(index, Int(random.below(UInt64(index + 1))))
            }
            var other = HubTable(me: TestGrid.peer(7))
            for hub in order { _ = try insert(grid.record(of: TestGrid.peer(hub)), into: &other) }
            other.linked(TestGrid.peer(2))
            for shard in UInt32(0)..<16 {
                #expect(ranking(other, shard: shard) == ranking(forward, shard: shard))
            }
        }
    }

    @Test func aHubThatJoinsOrLeavesMovesOnlyItsOwnShards() throws {
        let small = try table(hubs: 0..<12)
        let large = try table(hubs: 0..<13)
        let newcomer = TestGrid.peer(12)
        var moved = 0
        for shard in UInt32(0)..<200 {
            let (before, after) = (ranking(small, shard: shard), ranking(large, shard: shard))
            #expect(
                after.filter { $0 != newcomer }
                    == Array(before.prefix(after.contains(newcomer) ? 2 : 3))
            )
            if before[0] != after[0] {
                #expect(after[0] == newcomer)
                moved += 1
            }
        }
        // One shard in thirteen is expected: 15 of 200.
        #expect((5...30).contains(moved))
    }

    @Test func shardsSpreadOverTheHubs() throws {
        let table = try table(hubs: 0..<8)
        var counts = SortedTable<PeerID, Int>()
        for shard in UInt32(0)..<400 {
            counts[ranking(table, shard: shard)[0], default: 0] += 1
        }
        #expect(counts.count == 8)
        #expect(counts.values.allSatisfy { (25...75).contains($0) })
    }
}
