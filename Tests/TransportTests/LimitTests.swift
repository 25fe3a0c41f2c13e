import Dispatch
import Foundation
import Primitives
import Synchronization
import Testing
import Transport

/// Every bound of `TransportLimits` is reached once.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct LimitTests {
    @Test func onlySoManyConnectionsAreAccepted() async throws {
        let hub = try TestPeer(2) { $0.limits.inboundLinksMax = 2 }
        let clients = try (7..<9).map { name in
            let client = try RawClient(hub)
            _ = try client.introduce(as: UInt64(name))
            return client
        }
        let leaf = try TestPeer(1, listens: false)
        try leaf.dial(hub)
        #expect(try await leaf.dialFailure() == "our key is refused there")
        _ = consume clients
        try await leaf.linked(with: hub.id)
    }

    @Test func connectionsBeyondTheBoundAreCutAtOnce() async throws {
        let hub = try TestPeer(2) { $0.limits.connectionsMax = 2 }
        let first = try RawClient(hub)
        _ = try first.introduce(as: 7)
        let second = try RawClient(hub)
        _ = try second.introduce(as: 8)
        #expect(try RawClient(hub).isDisconnected())
        first.send([[0x10, 1]])
        try await hub.event {
            $0 == .received(from: PeerID(Digest(0, 0, 0, 7)), frames: [[1]])
        }
        withExtendedLifetime(second) {}
    }

    @Test func banThatEndsFirstMakesRoom() async throws {
        let hub = try TestPeer(2) { $0.limits.bansMax = 1 }
        let offenders = try (0..<2).map { _ in try RawClient(hub) }
        for offender in offenders {
            offender.send([[0xff]])
            _ = try await hub.refusal()
        }
        let forgotten = try TestPeer(5, listens: false, keys: offenders[0].keys)
        try forgotten.dial(hub)
        try await forgotten.linked(with: hub.id)
        let banned = try TestPeer(6, listens: false, keys: offenders[1].keys)
        try banned.dial(hub)
        #expect(try await banned.dialFailure() == "our key is refused there")
    }

    @Test func ordersBeyondTheBoundAreNotTaken() throws {
        let leaf = try TestPeer(1, listens: false) { $0.limits.commandsMax = 0 }
        #expect(!leaf.transport.disconnect(leaf.id))
        #expect(!leaf.transport.ban(leaf.id))
    }

    @Test func bytesBeyondTheBoundsAreNotQueued() async throws {
        for isPerPeer in [true, false] {
            let (leaf, hub) = try await linkedPair {
                if isPerPeer {
                    $0.limits.outgoingBytesPerPeerMax = 10
                } else {
                    $0.limits.outgoingBytesMax = 10
                }
            }
            let tooMuch = Bytes(repeating: 1, count: 11)
            #expect(leaf.transport.send(to: hub.id, frames: [tooMuch]) == .queueFull)
            #expect(leaf.transport.send(to: hub.id, frames: [[1, 2]]) == .queued)
            try await hub.event { $0 == .received(from: leaf.id, frames: [[1, 2]]) }
        }
    }

    @Test func onePeerHasOnlySoManyLinks() async throws {
        let hub = try TestPeer(2) { $0.limits.inboundLinksPerPeerMax = 2 }
        let keys = CurveKeyPair.generate()
        let clients = try (0..<3).map { _ in
            let client = try RawClient(hub, keys: keys)
            _ = try client.introduce(as: 7)
            return client
        }
        #expect(clients[0].isDisconnected())
        clients[1].send([[0x10, 1]])
        clients[2].send([[0x10, 2]])
        var sum = 0
        while sum < 3 {
            try await hub.event {
                #expect($0 != .unlinked(PeerID(Digest(0, 0, 0, 7))))
                guard case .received(_, let frames) = $0 else { return false }
                sum += Int(frames[0][0])
                return true
            }
        }
    }

    @Test func onlySoManyEndpointsAreDialled() throws {
        let leaf = try TestPeer(1, listens: false) { $0.limits.dialsMax = 2 }
        let key = CurveKeyPair.generate().publicKey
        try leaf.transport.dial(endpoint: "127.0.0.1:1", curveKey: key)
        try leaf.transport.dial(endpoint: "127.0.0.1:2", curveKey: key)
        try leaf.transport.dial(endpoint: "tcp://127.0.0.1:2", curveKey: key)
        #expect(throws: TransportError.tooManyDials(maximum: 2)) {
            try leaf.transport.dial(endpoint: "127.0.0.1:3", curveKey: key)
        }
    }

    @Test func framesOverTheBoundsAreNeverSent() async throws {
        let (leaf, hub) = try await linkedPair()
        let tooLong = Bytes(repeating: 0, count: TransportLimits().frameBytesMax + 1)
        #expect(leaf.transport.send(to: hub.id, frames: [tooLong]) == .invalid)
        #expect(leaf.transport.send(to: hub.id, frames: []) == .invalid)
        #expect(leaf.transport.send(to: hub.id, frames: [[], [], [], []]) == .invalid)
        #expect(leaf.transport.send(to: leaf.id, frames: [[]]) == .noLink)
    }

    @Test func peerThatReadsNothingFillsOnlyItsOwnQueue() async throws {
        let hub = try TestPeer(2)
        let sink = try RawClient(hub)
        let sinkPeer = try sink.introduce(as: 7)
        try await hub.linked(with: sinkPeer)
        let frame = Bytes(repeating: 0, count: 300 << 10)
        var outcome = SendOutcome.queued
        while outcome == .queued {
            outcome = hub.transport.send(to: sinkPeer, frames: [frame])
            await Task.yield()
        }
        #expect(outcome == .queueFull)
        try await expectServes(hub)
    }

    @Test(arguments: [(events: 16, bytes: 1 << 30), (events: 1 << 20, bytes: 1 << 20)])
    func fullMailboxStopsTheSenderAndLosesNothing(room: (events: Int, bytes: Int)) async throws {
        let hub = try TestPeer(2) {
            $0.limits.mailboxEventsMax = room.events
            $0.limits.mailboxBytesMax = room.bytes
            $0.limits.highWaterMark = 4
        }
        let leaf = try TestPeer(1, listens: false) { $0.limits.highWaterMark = 4 }
        try leaf.dial(hub)
        try await leaf.linked(with: hub.id)
        // More than the mailbox, libzmq and the system's buffers hold together.
        let frame = Bytes(repeating: 0, count: 64 << 10)
        var sentCount: UInt32 = 0
        var refusals = 0
        while refusals < 1000 {
            let mark = withUnsafeBytes(of: sentCount.littleEndian) { Bytes($0) }
            switch leaf.transport.send(to: hub.id, frames: [mark, frame]) {
            case .queued:
                sentCount += 1
                refusals = 0
            case .queueFull: refusals += 1
            case .noLink, .invalid: Issue.record("the link was lost")
            }
            await Task.yield()
        }
        #expect(sentCount > 16)
        try await hub.linked(with: leaf.id)
        for number in 0..<sentCount {
            let mark = withUnsafeBytes(of: number.littleEndian) { Bytes($0) }
            let event = await hub.transport.events.next()
            #expect(event == .received(from: leaf.id, frames: [mark, frame]))
        }
    }

    @Test func floodDoesNotStarveOthers() async throws {
        let hub = try TestPeer(2)
        let flooder = try RawClient(hub)
        let flooding = try flooder.introduce(as: 7)
        let frame: Bytes = [0x10] + Bytes(repeating: 0, count: 200)
        // On a thread of its own: a task that never waits would take a thread from all the others.
        let isOver = Atomic(false)
        let ended = DispatchSemaphore(value: 0)
        Thread {
            if let client = try? RawClient(hub), (try? client.introduce(as: 8)) != nil {
                while !isOver.load(ordering: .relaxed) { client.send([frame], waits: false) }
            }
            ended.signal()
        }.start()
        defer { isOver.store(true, ordering: .relaxed) }
        let good = try TestPeer(1, listens: false)
        try good.dial(hub)
        try await good.linked(with: hub.id)
        for number in 0..<100 as Range<UInt8> {
            #expect(good.transport.send(to: hub.id, frames: [[number]]) == .queued)
            try await hub.event { $0 == .received(from: good.id, frames: [[number]]) }
            #expect(hub.transport.send(to: good.id, frames: [[number]]) == .queued)
            try await good.event { $0 == .received(from: hub.id, frames: [[number]]) }
        }
        isOver.store(true, ordering: .relaxed)
        await withCheckedContinuation { done in
            DispatchQueue.global().async {
                ended.wait()
                done.resume()
            }
        }
        #expect(hub.transport.send(to: flooding, frames: [[1]]) == .queued)
    }

    @Test func listOfAllowedKeysKeepsOthersOut() async throws {
        let member = CurveKeyPair.generate()
        let hub = try TestPeer(2) { $0.allowed = [member.publicKey] }
        let stranger = try TestPeer(1, listens: false)
        try stranger.dial(hub)
        #expect(try await stranger.dialFailure() == "our key is refused there")
        let friend = try TestPeer(3, listens: false, keys: member)
        try friend.dial(hub)
        try await friend.linked(with: hub.id)
    }
}
