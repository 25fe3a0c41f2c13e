import CZlib

/// Why no picture could be made.
package enum PlotError: Error, CustomStringConvertible {
    /// Zlib refused, with its error code.
    case compression(code: Int)
    /// So many samples came in place of those that were asked for.
    case samples(wanted: Int, given: Int)

    package var description: String {
        switch self {
        case .compression(let code):
            "a picture could not be compressed (zlib error \(code)); free some memory and try again"
        case .samples(let wanted, let given):
            "\(given) samples were read where \(wanted) are needed; is the file being changed?"
        }
    }
}

extension Canvas {
    /// The picture as a PNG file: 8 bits for each of red, green and blue.
    /// - Source: W3C, *Portable Network Graphics (PNG) Specification*, second edition.
    package func png() throws(PlotError) -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        var header: [UInt8] = []
        header.append(bigEndian: width)
        header.append(bigEndian: height)
        // 8 bits, colours, and the only compression, set of filters and order of rows there is
        // without interlacing.
        header += [8, 2, 0, 0, 0]
        file.append(chunk: "IHDR", header)
        file.append(chunk: "IDAT", try compressed(unfilteredRows))
        file.append(chunk: "IEND", [])
        return file
    }

    /// The rows as they are, each behind the number of the filter that does nothing.
    ///
    /// Cells of a waterfall repeat whole rows, which zlib finds by itself; differences of noise
    /// take more room.
    private var unfilteredRows: [UInt8] {
        let rowCount = 3 * width
        var rows: [UInt8] = []
        rows.reserveCapacity((rowCount + 1) * height)
        for y in 0..<height {
            rows.append(0)
            rows += pixels[(y * rowCount)..<((y + 1) * rowCount)]
        }
        return rows
    }

    private func compressed(_ bytes: [UInt8]) throws(PlotError) -> [UInt8] {
        var count = compressBound(uLong(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(count))
        let code = compress2(&output, &count, bytes, uLong(bytes.count), 9)
        guard code == Z_OK else { throw .compression(code: Int(code)) }
        return Array(output.prefix(Int(count)))
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: Int) {
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Appends the length of `content`, then name and content, and the check sum of these two.
    fileprivate mutating func append(chunk name: String, _ content: [UInt8]) {
        let body = Array(name.utf8) + content
        append(bigEndian: content.count)
        self += body
        append(bigEndian: Int(crc32(0, body, uInt(body.count))))
    }
}
