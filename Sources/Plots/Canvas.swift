/// A place on a canvas, pixels from its upper left corner; pixel centres lie at halves.
package struct Point: Hashable, Sendable {
    /// To the right, and down.
    package var x: Double, y: Double

    /// The place `x` to the right and `y` down.
    package init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }

    var isFinite: Bool { x.isFinite && y.isFinite }
}

/// A rectangle of whole pixels.
package struct Box: Hashable, Sendable {
    /// The first column and row.
    package var left: Int, top: Int
    /// Columns and rows, not negative.
    package var width: Int, height: Int

    /// The rectangle of `width` × `height` pixels from (`left`, `top`).
    package init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = max(0, width)
        self.height = max(0, height)
    }

    /// The first column to the right of it.
    package var right: Int { left + width }
    /// The first row below it.
    package var bottom: Int { top + height }

    /// What both have in common; it may be empty.
    func intersection(_ other: Box) -> Box {
        let (first, upper) = (max(left, other.left), max(top, other.top))
        return Box(
            left: first,
            top: upper,
            width: min(right, other.right) - first,
            height: min(bottom, other.bottom) - upper
        )
    }

    /// The smallest box around `points`, and `reach` beyond them.
    init(around points: [Point], reach: Double) {
        // A canvas is smaller by far; the bounds keep hostile numbers from overflowing.
        func bounded(_ number: Double) -> Int { Int(min(max(number, -1e6), 1e6)) }
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        let left = bounded(((xs.min() ?? 0) - reach).rounded(.down))
        let top = bounded(((ys.min() ?? 0) - reach).rounded(.down))
        self.init(
            left: left,
            top: top,
            width: bounded(((xs.max() ?? 0) + reach).rounded(.up)) - left,
            height: bounded(((ys.max() ?? 0) + reach).rounded(.up)) - top
        )
    }
}

/// A picture in the making.
package struct Canvas: Sendable {
    /// Columns and rows.
    package let width: Int, height: Int
    /// Red, green and blue of each pixel, row by row.
    package private(set) var pixels: [UInt8]
    /// Where text stands, in the order in which it was written.
    package private(set) var labels: [Box] = []

    /// A white canvas of at least one pixel.
    package init(width: Int, height: Int) {
        self.width = max(1, width)
        self.height = max(1, height)
        pixels = Array(repeating: 255, count: 3 * self.width * self.height)
    }

    var bounds: Box { Box(left: 0, top: 0, width: width, height: height) }

    /// Paints every pixel of `box` that lies on the canvas.
    package mutating func fill(_ box: Box, _ colour: Colour) {
        let visible = box.intersection(bounds)
        var row: [UInt8] = []
        row.reserveCapacity(3 * visible.width)
        for _ in 0..<visible.width {
            row.append(colour.red)
            row.append(colour.green)
            row.append(colour.blue)
        }
        paste(row, over: visible)
    }

    /// Paints all rows of `box` alike, with one colour for each of its columns.
    mutating func fill(_ box: Box, columns: [Colour]) {
        let visible = box.intersection(bounds)
        let first = visible.left - box.left
        let row = columns[first..<(first + visible.width)].flatMap { [$0.red, $0.green, $0.blue] }
        paste(row, over: visible)
    }

    private mutating func paste(_ row: [UInt8], over visible: Box) {
        guard visible.width > 0 else { return }
        for y in visible.top..<visible.bottom {
            let place = 3 * (y * width + visible.left)
            pixels.replaceSubrange(place..<(place + row.count), with: row)
        }
    }

    /// Draws lines of `thickness` pixels through the points of each path, with smooth edges.
    ///
    /// Paths of one call that cross are painted once. Nothing is drawn outside `clip`.
    package mutating func stroke(
        _ paths: [[Point]],
        thickness: Double,
        _ colour: Colour,
        within clip: Box? = nil
    ) {
        let paths = paths.map { $0.filter(\.isFinite) }.filter { !$0.isEmpty }
        guard !paths.isEmpty else { return }
        let reach = thickness / 2 + 1
        let box = Box(around: paths.flatMap(\.self), reach: reach)
            .intersection(clip ?? bounds).intersection(bounds)
        guard box.width > 0, box.height > 0 else { return }
        var coverage = Coverage(box)
        for path in paths {
            for index in 0..<max(1, path.count - 1) {
                let end = path[min(index + 1, path.count - 1)]
                coverage.add(from: path[index], to: end, radius: thickness / 2)
            }
        }
        blend(coverage, colour)
    }

    /// Paints a disc.
    mutating func disc(at centre: Point, radius: Double, _ colour: Colour, within clip: Box) {
        stroke([[centre]], thickness: 2 * radius, colour, within: clip)
    }

    /// Notes that text stands in `box`.
    mutating func note(label box: Box) { labels.append(box) }

    private mutating func blend(_ coverage: Coverage, _ colour: Colour) {
        let lights = [Double(colour.red), Double(colour.green), Double(colour.blue)]
        for y in 0..<coverage.box.height {
            for x in 0..<coverage.box.width {
                let share = coverage.shares[y * coverage.box.width + x]
                guard share > 0 else { continue }
                let place = 3 * ((coverage.box.top + y) * width + coverage.box.left + x)
                for light in 0..<3 {
                    let below = Double(pixels[place + light])
                    let mixed = below + (lights[light] - below) * share
                    pixels[place + light] = UInt8(mixed.rounded())
                }
            }
        }
    }
}

/// How much of each pixel of a box lines cover.
private struct Coverage {
    let box: Box
    /// From 0 to 1, row by row.
    var shares: [Double]

    init(_ box: Box) {
        self.box = box
        shares = Array(repeating: 0, count: box.width * box.height)
    }

    mutating func add(from begin: Point, to end: Point, radius: Double) {
        let part = Box(around: [begin, end], reach: radius + 1).intersection(box)
        let (dx, dy) = (end.x - begin.x, end.y - begin.y)
        let squaredLength = dx * dx + dy * dy
        for y in part.top..<part.bottom {
            for x in part.left..<part.right {
                let (px, py) = (Double(x) + 0.5 - begin.x, Double(y) + 0.5 - begin.y)
                var along = squaredLength > 0 ? (px * dx + py * dy) / squaredLength : 0
                along = min(max(along, 0), 1)
                let (ox, oy) = (px - along * dx, py - along * dy)
                let distance = (ox * ox + oy * oy).squareRoot()
                let share = min(max(radius + 0.5 - distance, 0), min(1, 2 * radius))
                let place = (y - box.top) * box.width + x - box.left
                shares[place] = max(shares[place], share)
            }
        }
    }
}
