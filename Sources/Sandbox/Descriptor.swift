import CLinux
import Glibc

/// A file descriptor with one owner, closed with it.
struct Descriptor: ~Copyable {
    let number: Int32

    /// Becomes the owner of `number`.
    init(owning number: Int32) { self.number = number }

    deinit { if number >= 0 { _ = close(number) } }

    /// Lets reads and writes return at once when they would have to wait.
    func stopWaiting() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }

    /// Reads up to `count` bytes and appends them to `bytes`; a signal does not interrupt it.
    func read(upTo count: Int, into bytes: inout [UInt8]) -> Transfer {
        var failure: Int32 = 0
        var got = 0
        let part = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                got = Glibc.read(number, buffer.baseAddress, count)
                failure = got < 0 ? errno : 0
            } while failure == EINTR
            filled = max(0, got)
        }
        bytes += part
        return Transfer(count: got, failure: failure)
    }

    /// Writes bytes of `bytes` from `offset` on; a signal does not interrupt it.
    func write(_ bytes: [UInt8], from offset: Int, upTo count: Int) -> Transfer {
        bytes.withUnsafeBytes { buffer in
            let length = min(count, buffer.count - offset)
            while true {
                let done = Glibc.write(number, buffer.baseAddress?.advanced(by: offset), length)
                guard done < 0 else { return .moved(done) }
                if errno != EINTR { return Transfer(count: done, failure: errno) }
            }
        }
    }
}

/// A pipe whose ends do not survive an `exec`, and are no standard descriptors.
struct Pipe: ~Copyable {
    /// Where bytes go in.
    let entrance: Descriptor
    /// Where bytes come out.
    let exit: Descriptor

    init() throws(UnitFailure) {
        var numbers: [Int32] = [-1, -1]
        guard pipe2(&numbers, O_CLOEXEC) == 0 else { throw .system("make a pipe", errno) }
        let output = Self.aboveStandard(Descriptor(owning: numbers[0]))
        let input = Self.aboveStandard(Descriptor(owning: numbers[1]))
        guard output.number >= 0, input.number >= 0 else {
            throw .system("copy a descriptor", EMFILE)
        }
        exit = output
        entrance = input
    }

    /// Closes the exit; the entrance does not wait any more.
    consuming func keepEntrance() -> Descriptor {
        entrance.stopWaiting()
        return entrance
    }

    /// Closes the entrance; the exit does not wait any more.
    consuming func keepExit() -> Descriptor {
        exit.stopWaiting()
        return exit
    }

    /// The descriptor itself, or a copy when it has the number of a standard one.
    ///
    /// That happens in a program that was started without them. It is −1 when there is no room.
    private static func aboveStandard(_ descriptor: consuming Descriptor) -> Descriptor {
        guard descriptor.number <= STDERR_FILENO else { return descriptor }
        return Descriptor(owning: fcntl(descriptor.number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1))
    }
}

/// What became of an attempt to read or to write.
enum Transfer: Hashable {
    /// So many bytes moved; none, when a reader is at the end.
    case moved(Int)
    /// It would have had to wait.
    case wouldWait
    /// The number of the system's error.
    case failed(Int32)

    init(count: Int, failure: Int32) {
        if count >= 0 {
            self = .moved(count)
        } else if failure == EAGAIN {
            self = .wouldWait
        } else {
            self = .failed(failure)
        }
    }
}
