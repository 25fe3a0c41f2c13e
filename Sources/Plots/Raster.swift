/// A grid of pixels that holds the largest sample of all that fall onto each.
struct Raster {
    let columnCount: Int, rowCount: Int
    /// Row by row.
    private(set) var cells: [Float]
    private let channels: Range<Int>
    private let stepCount: Int
    private let isMirrored: Bool

    /// A raster of at most `columnMax` × `rowMax` cells.
    ///
    /// Mirrored, the last channel comes first: so frequencies always ascend.
    init(
        channels: Range<Int>,
        stepCount: Int,
        columnMax: Int,
        rowMax: Int,
        isMirrored: Bool
    ) {
        self.channels = channels
        self.stepCount = stepCount
        self.isMirrored = isMirrored
        columnCount = min(channels.count, columnMax)
        rowCount = min(stepCount, rowMax)
        cells = Array(repeating: -.infinity, count: columnCount * rowCount)
    }

    /// Takes in the samples of all channels at `step`.
    mutating func add(_ samples: [Float], step: Int) {
        let row = step * rowCount / stepCount * columnCount
        for (index, sample) in samples.enumerated() {
            let place = isMirrored ? samples.count - 1 - index : index
            let cell = row + place * columnCount / channels.count
            cells[cell] = max(cells[cell], sample)
        }
    }

    /// Paints all cells over `box`, each as the colour of what `fraction` makes of it.
    func draw(_ canvas: inout Canvas, _ box: Box, fraction: (Float) -> Double) {
        for row in 0..<rowCount {
            let (top, bottom) = (row * box.height / rowCount, (row + 1) * box.height / rowCount)
            let colours = cells[(row * columnCount)..<((row + 1) * columnCount)].map { cell in
                ColourMap.colour(of: fraction(cell))
            }
            canvas.fill(
                Box(
                    left: box.left,
                    top: box.top + top,
                    width: box.width,
                    height: bottom - top
                ),
                columns: (0..<box.width).map { colours[$0 * columnCount / box.width] }
            )
        }
    }
}
