import Foundation
import Plots
import Subprocesses
import Testing

/// A picture as another program reads it.
struct Picture {
    let width: Int
    let height: Int
    private let pixels: [UInt8]

    /// Has Python read `file`.
    init(_ file: [UInt8]) throws {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "starling-plots-\(UUID().uuidString).png")
        try Data(file).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Reader/read_png.py")
        let run = try Subprocess.output(
            of: "/usr/bin/env",
            ["python3", script.path, path.path]
        )
        let data = run.bytes
        try #require(run.ending.status == 0)
        let lineEnd = try #require(data.firstIndex(of: UInt8(ascii: "\n")))
        let sizes = String(decoding: data[..<lineEnd], as: UTF8.self).split(separator: " ")
            .compactMap { Int($0) }
        try #require(sizes.count == 2)
        (width, height) = (sizes[0], sizes[1])
        pixels = Array(data[(lineEnd + 1)...])
        try #require(pixels.count == 3 * width * height)
    }

    func colour(_ x: Int, _ y: Int) -> Colour {
        let place = 3 * (y * width + x)
        return Colour(pixels[place], pixels[place + 1], pixels[place + 2])
    }

    var bytes: [UInt8] { pixels }
}

/// Noise around 10 with a deviation near 1, and tones in it.
struct Sky {
    let stepCount: Int
    let channelCount: Int
    private(set) var power: [Float]

    init(stepCount: Int, channelCount: Int) {
        self.stepCount = stepCount
        self.channelCount = channelCount
        var state: UInt64 = 1
        power = (0..<(stepCount * channelCount)).map { _ in
            var sum: Float = 0
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                sum += Float(state >> 40) / Float(1 << 24)
            }
            return sum + 4
        }
    }

    /// Adds a tone that moves by `shift` channels a step; it ends at the band's ends.
    mutating func add(tone strength: Float, from channel: Int, shift: Double) {
        for step in 0..<stepCount {
            let place = channel + Int((shift * Double(step)).rounded())
            guard (0..<channelCount).contains(place) else { continue }
            power[step * channelCount + place] += strength
        }
    }

    var samples: Samples {
        Samples(stepCount: stepCount, channelCount: channelCount) { step, channels in
            let row = step * channelCount
            return Array(power[(row + channels.lowerBound)..<(row + channels.upperBound)])
        }
    }
}

extension Observation {
    /// Channels of ±`hertz` and steps of 10 seconds from 1 420 megahertz.
    static func test(hertz: Double = -2.5, seconds: Double = 10) -> Observation {
        Observation(
            file: "night.fil",
            source: "Proxima",
            firstChannelMegahertz: 1_420,
            channelMegahertz: hertz / 1e6,
            stepSeconds: seconds
        )
    }
}
