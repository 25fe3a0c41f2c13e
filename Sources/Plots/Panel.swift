/// One direction of a panel: what it shows, from where to where.
struct Axis: Sendable {
    /// What it shows, with its unit.
    let title: String
    /// The numbers at the left or lower end, and at the right or upper end.
    let low: Double, high: Double
    /// Round numbers in between.
    var ticks: Ticks

    /// An axis from `low` to another number `high`; the two may be in any order.
    init(_ title: String, from low: Double, to high: Double, countMax: Int = 9) {
        // Whoever has a single number to show sees it in the middle.
        let isFlat = !(low - high).isFinite || low == high
        let reach = isFlat && low.isFinite ? max(0.5, low.magnitude / 2) : 0.5
        let middle = low.isFinite ? low : 0
        self.title = title
        self.low = isFlat ? middle - reach : low
        self.high = isFlat ? middle + reach : high
        ticks = Ticks(
            from: min(self.low, self.high),
            to: max(self.low, self.high),
            countMax: countMax
        )
    }

    /// How far along the axis `number` is; 0 at `low`, 1 at `high`.
    func fraction(_ number: Double) -> Double { (number - low) / (high - low) }
}

/// A framed drawing with two axes.
struct Panel: Sendable {
    /// The inside of the frame.
    let box: Box
    var horizontal: Axis
    let vertical: Axis

    init(_ box: Box, _ horizontal: Axis, _ vertical: Axis) {
        self.box = box
        self.horizontal = horizontal
        self.vertical = vertical
        // As many numbers as stand beside each other.
        var countMax = 9
        while countMax > 2, widest * Double(self.horizontal.ticks.values.count) > room {
            countMax -= 1
            self.horizontal.ticks = Ticks(
                from: min(horizontal.low, horizontal.high),
                to: max(horizontal.low, horizontal.high),
                countMax: countMax
            )
        }
    }

    private var room: Double { Double(box.width) }

    private var widest: Double {
        let widths = horizontal.ticks.labels.map { Typeface.width(of: $0, size: Self.textSize) }
        return (widths.max() ?? 0) + 24
    }

    static let textSize = 1.1

    /// The place of a pair of numbers.
    func place(_ x: Double, _ y: Double) -> Point {
        Point(
            Double(box.left) + horizontal.fraction(x) * Double(box.width),
            Double(box.bottom) - vertical.fraction(y) * Double(box.height)
        )
    }

    /// Faint lines at the vertical axis' numbers, to be drawn before the content.
    func drawGrid(_ canvas: inout Canvas) {
        for value in vertical.ticks.values {
            let y = Int(place(horizontal.low, value).y)
            canvas.fill(Box(left: box.left, top: y, width: box.width, height: 1), .faint)
        }
    }

    /// The frame and both axes, to be drawn over the content.
    func drawAxes(_ canvas: inout Canvas) {
        drawFrame(&canvas, box)
        drawHorizontal(&canvas)
        drawVertical(&canvas)
    }

    private func drawHorizontal(_ canvas: inout Canvas) {
        for (value, label) in zip(horizontal.ticks.values, horizontal.ticks.labels) {
            let x = place(value, vertical.low).x
            let column = min(max(Int(x), box.left), box.right - 1)
            canvas.fill(Box(left: column, top: box.bottom + 1, width: 1, height: 5), .ink)
            canvas.write(label, at: Point(x, Double(box.bottom) + 20), .middle)
        }
        let middle = Double(box.left) + Double(box.width) / 2
        canvas.write(horizontal.title, at: Point(middle, Double(box.bottom) + 40), .middle)
    }

    private func drawVertical(_ canvas: inout Canvas) {
        var widest = 0.0
        for (value, label) in zip(vertical.ticks.values, vertical.ticks.labels) {
            let y = place(horizontal.low, value).y
            let row = min(max(Int(y), box.top), box.bottom - 1)
            canvas.fill(Box(left: box.left - 6, top: row, width: 5, height: 1), .ink)
            canvas.write(label, at: Point(Double(box.left) - 11, y + 5), .end)
            widest = max(widest, Typeface.width(of: label, size: Self.textSize))
        }
        canvas.write(
            vertical.title,
            at: Point(
                max(18, Double(box.left) - max(50, 24 + widest)),
                Double(box.top) + Double(box.height) / 2
            ),
            .middle,
            isTurned: true
        )
    }
}

/// One pixel of ink around `box`.
func drawFrame(_ canvas: inout Canvas, _ box: Box) {
    for top in [box.top - 1, box.bottom] {
        canvas.fill(Box(left: box.left - 1, top: top, width: box.width + 2, height: 1), .ink)
    }
    for left in [box.left - 1, box.right] {
        canvas.fill(Box(left: left, top: box.top - 1, width: 1, height: box.height + 2), .ink)
    }
}

/// A bar that tells which number a colour stands for, with numbers and title to its right.
struct ColourBar: Sendable {
    let box: Box
    let title: String
    /// Where numbers stand, as fractions of the bar from below, and their texts.
    let marks: [(fraction: Double, label: String)]

    func draw(_ canvas: inout Canvas) {
        for row in 0..<box.height {
            let fraction = 1 - (Double(row) + 0.5) / Double(box.height)
            canvas.fill(
                Box(left: box.left, top: box.top + row, width: box.width, height: 1),
                ColourMap.colour(of: fraction)
            )
        }
        drawFrame(&canvas, box)
        var widest = 0.0
        for mark in marks {
            let y = Double(box.bottom) - mark.fraction * Double(box.height)
            let row = min(max(Int(y), box.top), box.bottom - 1)
            canvas.fill(Box(left: box.right + 1, top: row, width: 5, height: 1), .ink)
            canvas.write(mark.label, at: Point(Double(box.right) + 10, y + 5))
            widest = max(widest, Typeface.width(of: mark.label, size: Panel.textSize))
        }
        canvas.write(
            title,
            at: Point(
                Double(box.right) + 29 + widest,
                Double(box.top) + Double(box.height) / 2
            ),
            .middle,
            isTurned: true
        )
    }
}
