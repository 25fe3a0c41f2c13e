import Foundation
import Kernels
import PeerCore
import PeerNode
import Primitives
import Testing
import Wire
import WorkUnits

/// What people can see of a peer, and when they hear of changes.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ViewTests {
    @Test func everyListenerHearsAtOnceAndOfChanges() async throws {
        let first = try TestNode(places: 0)
        var streams = (0..<3).map { _ in first.node.changes.makeAsyncIterator() }
        for index in streams.indices { #expect(await streams[index].next() != nil) }
        let second = try TestNode(join: [first.node.address], places: 0)
        for index in streams.indices {
            while await first.node.linkedCount == 0 { _ = await streams[index].next() }
        }
        try await second.end()
        try await first.end()
        // The end of the peer ends every stream, and those that are asked for later.
        for index in streams.indices { while await streams[index].next() != nil {} }
        var later = first.node.changes.makeAsyncIterator()
        #expect(await later.next() != nil)
        #expect(await later.next() == nil)
    }

    @Test func finalityIsToldThoughNothingElseHappens() async throws {
        // Alone, without links, nothing but time makes a verdict final.
        let alone = try TestNode()
        var terms = JobTerms()
        terms.policy = .single
        let search = try SmallSearch()
        let id = try await alone.node.submit(search.packed, terms)
        let view = await alone.node.first { node -> JobView? in
            guard let job = await node.job(id), job.isOver else { return nil }
            return job
        }
        #expect(view?.stage == .complete)
        #expect(view?.unitsThatNeedUs == 0)
        let result = try #require(try await alone.node.result(of: 0, of: id))
        #expect(result.winners == [alone.node.id])
        try await alone.end()
    }

    @Test func jobOfTwoReplicasWaitsForWorkersAndSaysSo() async throws {
        let alone = try TestNode()
        let id = try await alone.node.submit(try SmallSearch().packed)
        let unit = try #require(
            await alone.node.first { node -> UnitView? in
                guard let unit = await node.unit(0, of: id),
                    !unit.cast.isEmpty || !unit.seats.isEmpty
                else { return nil }
                return unit.waits.contains { $0.wait == .workers(1) } ? unit : nil
            }
        )
        #expect(unit.stage == .open)
        #expect(unit.certificates.isEmpty)
        #expect(unit.seats.contains { $0.worker == alone.node.id })
        #expect(await alone.node.donors(to: id) == [alone.node.id])
        let job = try #require(await alone.node.job(id))
        #expect(job.stage == .open)
        #expect(job.fileName == "small.fil")
        #expect(job.unitsThatNeedUs == job.progress.unitCount)
        #expect(await alone.node.unit(job.progress.unitCount, of: id) == nil)
        try await alone.end()
    }

    @Test func outvotedWorkerStandsInTheStoryOfItsUnit() async throws {
        let submitter = try TestNode()
        let liar = try TestNode(
            join: [submitter.node.address],
            tamper: { truth in
                UnitOutput(result: [1], operations: truth.operations, evidence: .zero)
            }
        )
        let helpers = try (0..<2).map { _ in try TestNode(join: [submitter.node.address]) }
        let node = submitter.node
        try await node.until { await $0.linkedCount == 3 }
        let id = try await node.submit(try SmallSearch().packed)
        // While it is open, the steward sees both results and waits for one more worker.
        let open = await node.first { node -> UnitView? in
            let units = await node.waitingUnits(of: id, limit: 100)
            if let job = await node.job(id), job.isOver { return nil }
            return units.first { unit in
                Set(unit.cast.map(\.core.resultHash)).count == 2 && unit.stage == .open
            }
        }
        let disputed = try #require(open)
        #expect(disputed.cast.contains { $0.worker == liar.node.id })
        #expect(!disputed.waits.isEmpty)
        try await node.until { await $0.unit(disputed.unit, of: id)?.stage == .final }
        let unit = try #require(await node.unit(disputed.unit, of: id))
        // One more worker settles it, or the submitter where nobody is left to ask.
        #expect([[.panel], [.ruling]].contains(unit.certificates.map(\.kind)))
        let votes = unit.certificates[0].votes
        #expect(votes.filter { $0.didWin == false }.map(\.peer) == [liar.node.id])
        #expect(votes.count { $0.didWin == true } >= 2)
        #expect(unit.waits.isEmpty)
        // Another peer tells the same story from its own ledger.
        try await helpers[0].node.until {
            await $0.unit(disputed.unit, of: id)?.certificates == unit.certificates
        }
        for member in helpers + [liar, submitter] { try await member.end() }
    }

    @Test func pausedPeerTakesNothingUntilItIsResumed() async throws {
        let alone = try TestNode()
        await alone.node.pause(for: nil)
        var terms = JobTerms()
        terms.policy = .single
        let id = try await alone.node.submit(try SmallSearch().packed, terms)
        #expect(await alone.node.status().pause?.until == nil)
        #expect(await alone.node.donors(to: id) == [])
        #expect(await alone.node.work().isEmpty)
        await alone.node.resume()
        try await alone.node.until { await $0.job(id)?.isOver == true }
        try await alone.end()
    }

    @Test func timedPauseEndsByItself() async throws {
        let alone = try TestNode()
        await alone.node.pause(for: .milliseconds(20))
        #expect(await alone.node.pause?.until != nil)
        try await alone.node.until { await $0.pause == nil }
        try await alone.end()
    }

    @Test func estimateCountsWhoCanCompute() async throws {
        let search = try SmallSearch().packed
        try await withGrid(3) { nodes in
            var terms = JobTerms()
            let strict = await nodes[0].estimate(search, terms)
            #expect(strict.unitCount == search.plan.unitCount)
            #expect(strict.replicas == 2)
            #expect(strict.operations == 2 * search.plan.operations)
            #expect(strict.donors.count == 3)
            #expect(strict.transferByteCount == 2 * strict.datasetByteCount)
            let whole = try #require(strict.span)
            terms.policy = .single
            let single = try #require(await nodes[0].estimate(search, terms).span)
            #expect(single < whole)
        }
        let alone = try TestNode()
        try await alone.node.until { await $0.isReady }
        let estimate = await alone.node.estimate(search, JobTerms())
        #expect(estimate.donors.count == 1)
        #expect(estimate.span == nil)
        try await alone.end()
    }

    /// Two jobs of which each unit needs one result.
    private func submitTwoJobs(to node: Node) async throws -> (ManifestID, ManifestID) {
        var terms = JobTerms()
        terms.policy = .single
        let first = try await node.submit(try SmallSearch(seed: 1).packed, terms)
        return (first, try await node.submit(try SmallSearch(seed: 2).packed, terms))
    }

    @Test func firstJobIsServedBeforeAnyOther() async throws {
        let submitter = try TestNode(places: 0)
        let node = submitter.node
        let (others, wanted) = try await submitTwoJobs(to: node)
        let worker = try TestNode(join: [node.address], firstJob: wanted)
        let order = await node.first { node -> (JobView, JobView)? in
            guard let first = await node.job(wanted), let other = await node.job(others) else {
                return nil
            }
            let isDone = first.progress.certified == first.progress.unitCount
            #expect(isDone || other.progress.certified == 0)
            return isDone && other.isOver ? (first, other) : nil
        }
        #expect(order != nil)
        #expect(await worker.node.status().firstJob == nil)
        try await worker.end()
        try await submitter.end()
    }

    @Test func firstJobOnHoldLetsOthersGoFirst() async throws {
        let submitter = try TestNode(places: 0)
        let node = submitter.node
        let (others, wanted) = try await submitTwoJobs(to: node)
        try await node.hold(wanted)
        let worker = try TestNode(join: [node.address], firstJob: wanted)
        try await node.until { await $0.job(others)?.isOver == true }
        #expect(await node.progress(of: wanted)?.certified == 0)
        #expect(await node.unit(0, of: wanted)?.waits.isEmpty == false)
        #expect(await worker.node.status().firstJob == wanted)
        try await node.release(wanted)
        try await node.until { await $0.job(wanted)?.isOver == true }
        try await worker.node.until { await $0.status().firstJob == nil }
        try await worker.end()
        try await submitter.end()
    }

    @Test func failedDialIsRemembered() async throws {
        let first = try TestNode(places: 0)
        let second = try TestNode(join: [first.node.address], places: 0)
        try await second.node.until { await $0.linkedCount == 1 }
        let linked = try #require(await second.node.peer(first.node.id))
        #expect(linked.isLinked)
        #expect(linked.roundTrip != nil)
        try await first.end()
        let view = try #require(
            await second.node.first { node -> PeerView? in
                let found = await node.story(of: first.node.id, eventsMax: 1)?.view
                return found?.dialFailure == nil ? nil : found
            }
        )
        #expect(!view.isLinked)
        #expect(view.roundTrip == nil)
        try await second.end()
    }

    @Test(arguments: ["", "&job=", "&job=00", "starling://127.0.0.1:1/&job="])
    func linkThatIsNoneIsRefused(text: String) throws {
        #expect(JobLink(text) == nil)
        let digits = String(repeating: "ab", count: 32)
        #expect(JobLink(text + digits) == nil)
        let address = "starling://127.0.0.1:4711/\(digits)?curve=\(digits)"
        let link = try #require(JobLink("\(address)&job=\(digits)"))
        #expect(link.description == "\(address)&job=\(digits)")
        #expect(link.address.description == address)
    }
}
