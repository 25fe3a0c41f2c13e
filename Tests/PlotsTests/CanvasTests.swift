import Plots
import Testing

/// What is drawn arrives in the file, and text is text.
struct CanvasTests {
    @Test func anotherProgramReadsThePixels() throws {
        var canvas = Canvas(width: 131, height: 57)
        for index in 0..<40 {
            let shade = UInt8(index * 6)
            canvas.fill(
                Box(left: 3 * index, top: index % 7, width: 9, height: 30),
                Colour(shade, 255 - shade, shade / 2)
            )
        }
        canvas.stroke([[Point(3, 50), Point(120, 4)]], thickness: 2, Colour(250, 10, 10))
        canvas.write("Drift", at: Point(40, 40), size: 2)
        let picture = try Picture(canvas.png())
        #expect((picture.width, picture.height) == (131, 57))
        #expect(picture.bytes == canvas.pixels)
    }

    @Test func smallestPictureIsOneWhitePixel() throws {
        let picture = try Picture(Canvas(width: 0, height: -3).png())
        #expect((picture.width, picture.height) == (1, 1))
        #expect(picture.colour(0, 0) == Colour(255, 255, 255))
    }

    @Test func everyLetterHasAShapeOfItsOwn() {
        var shapes: Set<[UInt8]> = []
        let letters = (0x21...0x7e).map { String(UnicodeScalar(UInt8($0))) } + ["−", "σ", "µ"]
        for letter in letters {
            var canvas = Canvas(width: 40, height: 40)
            canvas.write(letter, at: Point(10, 26), size: 2)
            shapes.insert(canvas.pixels)
        }
        #expect(shapes.count == letters.count)
    }

    @Test func unknownLettersAreQuestionMarks() {
        var (unknown, known) = (Canvas(width: 40, height: 40), Canvas(width: 40, height: 40))
        unknown.write("ß", at: Point(10, 26))
        known.write("?", at: Point(10, 26))
        #expect(unknown.pixels == known.pixels)
    }

    @Test func turnedTextRunsUpwards() throws {
        var canvas = Canvas(width: 60, height: 60)
        canvas.write("drift", at: Point(30, 30), .middle, isTurned: true)
        let label = try #require(canvas.labels.first)
        #expect(label.height > 2 * label.width)
        #expect(label.right <= 35 && label.top > 0 && label.bottom < 60)
    }

    @Test func nothingIsDrawnOutsideTheCanvas() {
        var canvas = Canvas(width: 20, height: 20)
        canvas.fill(Box(left: -5, top: 15, width: 1_000, height: 1_000), Colour(0, 0, 0))
        canvas.stroke(
            [[Point(-1e30, 5), Point(1e30, 5)], [Point(.nan, 1), Point(.infinity, 2)]],
            thickness: 1,
            Colour(0, 0, 0)
        )
        canvas.write("a long text that ends far outside", at: Point(10, 10))
        #expect(canvas.pixels.count == 1_200)
        #expect(canvas.pixels[3 * 16 * 20] == 0)
    }

    @Test func coloursOfTheMapDifferAndGrowLighter() {
        #expect(Set(ColourMap.colours).count == 256)
        let shades = ColourMap.colours.map { colour in
            2 * Int(colour.red) + 5 * Int(colour.green) + Int(colour.blue)
        }
        for step in stride(from: 8, to: 256, by: 8) { #expect(shades[step] > shades[step - 8]) }
        #expect(ColourMap.colour(of: .nan) == ColourMap.colours[0])
        #expect(ColourMap.colour(of: .infinity) == ColourMap.colours[255])
    }
}
