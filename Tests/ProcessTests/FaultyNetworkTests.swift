import Glibc
import Testing

/// The network that other tests break: it must break what they name, and nothing else.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FaultyNetworkTests {
    /// This process, which dials.
    private static let dialler = 0
    /// Nobody's process: it only listens.
    private static let listener = 1

    private let network: FaultyNetwork
    private let door: CInt

    init() throws {
        let (descriptor, port) = try LocalSocket.listening()
        door = descriptor
        network = try FaultyNetwork(peers: 2)
        network.place(Self.dialler, port: 0, process: getpid())
        network.place(Self.listener, port: port, process: 0)
    }

    /// A connection through the network, and its other end.
    private func connection() throws -> (near: CInt, far: CInt) {
        let near = try #require(LocalSocket.connected(to: network.port(of: Self.listener)))
        let far = accept(door, nil, nil)
        try #require(far >= 0)
        return (near, far)
    }

    private func say(_ text: String, to descriptor: CInt) {
        #expect(send(descriptor, text, text.utf8.count, CInt(MSG_NOSIGNAL)) == text.utf8.count)
    }

    /// What comes next; empty at the end of the connection.
    private func hear(_ count: Int, from descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &bytes, count, CInt(MSG_WAITALL))
        return String(decoding: bytes.prefix(max(got, 0)), as: UTF8.self)
    }

    private func isSilent(_ descriptor: CInt) -> Bool {
        var byte: UInt8 = 0
        let flags = CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)
        return recv(descriptor, &byte, 1, flags) == -1 && errno == EAGAIN
    }

    @Test func heldWayKeepsBackWhatItIsToldAndTheOtherWayGoesOn() throws {
        let (near, far) = try connection()
        defer { for end in [near, far, door] { close(end) } }
        say("first", to: near)
        #expect(hear(5, from: far) == "first")
        network.hold(from: Self.dialler, to: Self.listener)
        say("second", to: near)
        say("answer", to: far)
        #expect(hear(6, from: near) == "answer")
        #expect(isSilent(far))
        // It waits in the network only once it has been read there.
        while isSilent(far) { network.letThrough(from: Self.dialler, to: Self.listener) }
        #expect(hear(6, from: far) == "second")
        say("third", to: near)
        say("again", to: far)
        #expect(hear(5, from: near) == "again")
        network.release(from: Self.dialler, to: Self.listener)
        #expect(hear(5, from: far) == "third")
    }

    @Test func heldWordsAreLostWithTheirSpeaker() throws {
        let (near, far) = try connection()
        defer { for end in [far, door] { close(end) } }
        network.hold(from: Self.dialler, to: Self.listener)
        say("unheard", to: near)
        close(near)
        #expect(hear(7, from: far) == "")
    }

    @Test func delayedWordsArriveInTheirOrderAndNotBefore() throws {
        let (near, far) = try connection()
        defer { for end in [near, far, door] { close(end) } }
        let span = Duration.milliseconds(30)
        network.delay(from: Self.dialler, to: Self.listener, by: span)
        let begin = ContinuousClock.now
        for word in ["one", "two"] { say(word, to: near) }
        #expect(hear(6, from: far) == "onetwo")
        #expect(ContinuousClock.now - begin >= span)
    }

    @Test func droppedConnectionEndsAndTheNextOneStands() throws {
        let (near, far) = try connection()
        network.drop(Self.dialler, Self.listener)
        #expect(hear(1, from: near) == "" && hear(1, from: far) == "")
        let (again, other) = try connection()
        defer { for end in [near, far, again, other, door] { close(end) } }
        say("heard", to: again)
        #expect(hear(5, from: other) == "heard")
    }

    @Test func partedPeersGetNoAnswerUntilTheNetworkHeals() throws {
        let (near, far) = try connection()
        network.part([Self.dialler], from: [Self.listener])
        #expect(hear(1, from: near) == "" && hear(1, from: far) == "")
        let silent = try #require(LocalSocket.connected(to: network.port(of: Self.listener)))
        say("hello", to: silent)
        while network.unansweredCount == 0 { sched_yield() }
        #expect(isSilent(silent))
        network.heal()
        #expect(hear(1, from: silent) == "", "who dialled meanwhile must dial again")
        let (again, other) = try connection()
        defer { for end in [near, far, silent, again, other, door] { close(end) } }
        say("heard", to: again)
        #expect(hear(5, from: other) == "heard")
    }
}
