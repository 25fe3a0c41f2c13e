/// The letters of all pictures: drawn with a pen, at any size.
///
/// It knows printable ASCII, − (minus), σ and µ; any other character is drawn as a question mark.
package enum Typeface {
    /// Pixels of a capital's height at size 1.
    static let capitalHeight = 9.0

    /// Pixels that `text` takes on a line at `size`.
    package static func width(of text: String, size: Double) -> Double {
        let advances = text.map { glyph(of: $0).width + spacing }
        return max(0, advances.reduce(0, +) - spacing) * size
    }

    /// The strokes of `text` at size 1, the first letter from x = 0, with the base line at y = 0.
    static func strokes(of text: String) -> [[Point]] {
        var strokes: [[Point]] = []
        var x = 0.0
        for character in text {
            let glyph = glyph(of: character)
            for stroke in glyph.strokes {
                strokes.append(stroke.map { Point($0.x + x, $0.y - capitalHeight) })
            }
            x += glyph.width + spacing
        }
        return strokes
    }

    private static let spacing = 2.3
    private static let space = Glyph(character: " ", width: 1.8, strokes: [])

    /// Sorted by character.
    private static let glyphs: [Glyph] = ([space] + drawings.compactMap(Glyph.init))
        .sorted { $0.character < $1.character }

    private static func glyph(of character: Character) -> Glyph {
        find(character) ?? find("?") ?? space
    }

    private static func find(_ character: Character) -> Glyph? {
        var (low, high) = (0, glyphs.count)
        while low < high {
            let middle = (low + high) / 2
            if glyphs[middle].character < character { low = middle + 1 } else { high = middle }
        }
        guard low < glyphs.count, glyphs[low].character == character else { return nil }
        return glyphs[low]
    }
}

/// One character's shape.
private struct Glyph: Sendable {
    let character: Character
    let width: Double
    let strokes: [[Point]]
}

extension Glyph {
    /// Reads a line of `Typeface.drawings`; nil when it is not as described there.
    init?(_ drawing: String) {
        guard let character = drawing.first else { return nil }
        let parts = drawing.dropFirst().split(separator: "|")
        guard let first = parts.first, let width = Double(first.drop { $0 == " " }) else {
            return nil
        }
        self.init(
            character: character,
            width: width,
            strokes: parts.dropFirst().map { Self.stroke($0) }
        )
    }

    private static func stroke(_ text: Substring) -> [Point] {
        var points: [Point] = []
        var bend: Point?
        for word in text.split(separator: " ") {
            let numbers = word.drop { $0 == "~" }.split(separator: ",").compactMap { Double($0) }
            precondition(numbers.count == 2, "a glyph's point has two numbers")
            let point = Point(numbers[0], numbers[1])
            if word.first == "~" {
                bend = point
            } else if let control = bend, let begin = points.last {
                points += curve(from: begin, control, to: point)
                bend = nil
            } else {
                points.append(point)
            }
        }
        return points
    }

    /// Points of a quadratic curve behind its begin.
    private static func curve(from begin: Point, _ control: Point, to end: Point) -> [Point] {
        (1...6).map { index in
            let t = Double(index) / 6
            let (first, second, third) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
            return Point(
                first * begin.x + second * control.x + third * end.x,
                first * begin.y + second * control.y + third * end.y
            )
        }
    }
}

/// Which point of a text stands at its place.
package enum Anchor: Sendable {
    /// The begin, the middle or the end of its base line.
    case begin, middle, end

    fileprivate var fraction: Double {
        switch self {
        case .begin: 0
        case .middle: 0.5
        case .end: 1
        }
    }
}

extension Canvas {
    /// Writes one line of text, its base line at `place`; turned, it runs upwards.
    package mutating func write(
        _ text: String,
        at place: Point,
        _ anchor: Anchor = .begin,
        size: Double = 1.1,
        _ colour: Colour = .ink,
        isTurned: Bool = false
    ) {
        let width = Typeface.width(of: text, size: size)
        let shift = -width * anchor.fraction
        let begin = Point(
            (isTurned ? place.x : place.x + shift).rounded() + 0.5,
            (isTurned ? place.y - shift : place.y).rounded() + 0.5
        )
        let paths = Typeface.strokes(of: text).map { stroke in
            stroke.map { point in
                isTurned
                    ? Point(begin.x + size * point.y, begin.y - size * point.x)
                    : Point(begin.x + size * point.x, begin.y + size * point.y)
            }
        }
        guard !paths.isEmpty else { return }
        note(label: Box(around: paths.flatMap(\.self), reach: size / 2))
        stroke(paths, thickness: 1.2 * size, colour)
    }
}
