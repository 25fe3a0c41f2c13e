import Primitives
import Wire

/// One data item inside well-formed CBOR: its head, and where it ends.
struct CBORSpan {
    let start: Int
    let headCount: Int
    let end: Int
    let major: UInt8
    let argument: UInt64
    /// Spans of the items inside, in order.
    let children: [CBORSpan]

    /// The item at `start` of `bytes`, which are well-formed and of definite lengths.
    init(_ bytes: Bytes, at start: Int = 0) {
        let first = bytes[start]
        major = first >> 5
        let short = first & 31
        let extra = short < 24 ? 0 : 1 << Int(short - 24)
        argument =
            extra == 0
            ? UInt64(short)
            : bytes[start + 1...start + extra].reduce(0) { $0 << 8 | UInt64($1) }
        headCount = 1 + extra
        self.start = start
        var position = start + headCount
        var children: [CBORSpan] = []
        switch major {
        case 2, 3: position += Int(argument)
        case 4, 5, 6:
            for _ in 0..<(major == 6 ? 1 : argument * UInt64(major - 3)) {
                children.append(CBORSpan(bytes, at: position))
                position = children[children.count - 1].end
            }
        default: break
        }
        end = position
        self.children = children
    }

    /// This item and everything inside it.
    var all: [CBORSpan] { [self] + children.flatMap(\.all) }
}

/// The ways in which an encoder may go wrong, or an attacker do wrong, with the structure kept.
enum Mutation: CaseIterable {
    case longerHead, indefinite, countUp, countDown, hugeCount, swapChildren, repeatChild
    case extraChild, dropChild, replace, invalidText, insert, wrapInTag, numberUp, flipByte

    private static let replacements: [Bytes] = [
        [0xf6], [0xf7], [0xf4], [0xf5], [0xf9, 0x3c, 0x00], [0xfa, 0, 0, 0, 0],
        [0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], [0x20], [0x3b] + Bytes(repeating: 0xff, count: 8),
        [0x00], [0x1b] + Bytes(repeating: 0xff, count: 8), [0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0],
        [0x40], [0x60], [0x80], [0xa0], [0xa1, 0x01, 0x01], [0xc0, 0x00], [0xd2, 0x84], [0xff],
        [0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0], [0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0], [0xe0], [0xf8, 0x20],
        Bytes(repeating: 0x81, count: 300) + [0x00], Bytes(repeating: 0xc1, count: 300),
        Bytes(repeating: 0x9f, count: 300), [0x5f, 0x41, 0x00, 0xff], [0x1c], [0x00, 0x00],
    ]

    /// `bytes` with this done to the item `span` of it; nil when it does not apply there.
    func applied(to bytes: Bytes, at span: CBORSpan, _ generator: inout PRNG) -> Bytes? {
        let hasCount = (2...5).contains(span.major)
        switch self {
        case .longerHead:
            return Self.longerHead(of: span, &generator).map { head(span, $0, bytes) }
        case .indefinite:
            guard hasCount else { return nil }
            let body = Bytes(bytes[span.start + span.headCount..<span.end])
            return splice(bytes, span.start..<span.end, [span.major << 5 | 31] + body + [0xff])
        case .countUp:
            guard hasCount, span.argument < 255 else { return nil }
            return head(span, Self.head(span.major, span.argument + 1), bytes)
        case .countDown:
            guard hasCount, span.argument > 0 else { return nil }
            return head(span, Self.head(span.major, span.argument - 1), bytes)
        case .hugeCount:
            guard hasCount else { return nil }
            let count = UInt64(1) << (31 + generator.below(33))
            return head(span, Self.head(span.major, count), bytes)
        case .replace:
            let choice = Int(generator.below(UInt64(Self.replacements.count)))
            return splice(bytes, span.start..<span.end, Self.replacements[choice])
        case .invalidText:
            guard span.major == 3, span.argument > 0 else { return nil }
            return splice(bytes, span.end - 1..<span.end, [0xff])
        case .insert:
            return splice(bytes, span.start..<span.start, generator.bytes(generator.count(1...3)))
        case .wrapInTag:
            return splice(bytes, span.start..<span.start, [0xd8, 0x18])
        case .numberUp:
            guard span.major == 0 else { return nil }
            let number = generator.below(2) == 0 ? span.argument &+ 1 : generator.next()
            return head(span, Self.head(0, number), bytes)
        case .flipByte:
            let offset = span.start + Int(generator.below(UInt64(span.end - span.start)))
            return splice(bytes, offset..<offset + 1, generator.bytes(1))
        case .swapChildren, .repeatChild, .extraChild, .dropChild:
            return rearranged(bytes, span, &generator)
        }
    }

    /// Mutations of the items inside a map or an array; in a map they move a key with its value.
    private func rearranged(_ bytes: Bytes, _ span: CBORSpan, _ generator: inout PRNG) -> Bytes? {
        guard span.major == 4 || span.major == 5 else { return nil }
        let width = Int(span.major) - 3
        var parts: [Bytes] = []
        for index in stride(from: 0, to: span.children.count, by: width) {
            let end = span.children[index + width - 1].end
            parts.append(Bytes(bytes[span.children[index].start..<end]))
        }
        let at = parts.isEmpty ? 0 : Int(generator.below(UInt64(parts.count)))
        switch self {
        case .swapChildren:
            guard parts.count > 1 else { return nil }
            parts.swapAt(at, (at + 1) % parts.count)
        case .repeatChild:
            guard !parts.isEmpty else { return nil }
            parts.insert(parts[at], at: at)
        case .extraChild:
            parts.append(width == 2 ? [0x18, 0x63, 0x00] : [0x00])
        default:
            guard !parts.isEmpty else { return nil }
            parts.remove(at: at)
        }
        let body = parts.reduce([], +)
        let count = Self.head(span.major, UInt64(parts.count))
        return splice(bytes, span.start..<span.end, count + body)
    }

    private func head(_ span: CBORSpan, _ head: Bytes, _ bytes: Bytes) -> Bytes {
        splice(bytes, span.start..<span.start + span.headCount, head)
    }

    private func splice(_ bytes: Bytes, _ range: Range<Int>, _ new: Bytes) -> Bytes {
        bytes[..<range.lowerBound] + new + bytes[range.upperBound...]
    }

    private static func head(_ major: UInt8, _ argument: UInt64) -> Bytes {
        var encoder = CBOREncoder()
        encoder.unsigned(argument)
        return [encoder.bytes[0] | major << 5] + encoder.bytes.dropFirst()
    }

    /// A head that says the same in more bytes than it needs.
    private static func longerHead(of span: CBORSpan, _ generator: inout PRNG) -> Bytes? {
        let lengths = [1, 2, 4, 8].filter { $0 >= span.headCount }
        guard !lengths.isEmpty, span.major != 7 else { return nil }
        let length = lengths[Int(generator.below(UInt64(lengths.count)))]
        let code = UInt8(24 + length.trailingZeroBitCount)
        let argument = (0..<length).map { index in
            UInt8(truncatingIfNeeded: span.argument >> UInt64(8 * (length - 1 - index)))
        }
        return [span.major << 5 | code] + argument
    }
}
