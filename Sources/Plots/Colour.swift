import Glibc

/// A colour of 8 bits for each of red, green and blue, as screens show them (sRGB).
package struct Colour: Hashable, Sendable {
    /// The amounts of the three lights.
    package let red: UInt8, green: UInt8, blue: UInt8

    /// A colour of these lights.
    package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    static let white = Colour(255, 255, 255)
    static let ink = Colour(32, 34, 40)
    static let faint = Colour(226, 228, 232)
    static let line = Colour(38, 92, 150)
    static let area = Colour(178, 206, 232)
    static let accent = Colour(214, 72, 40)
}

/// Colours for numbers from 0 to 1, from dark blue over green to light yellow.
///
/// Equal differences of the number look equally large: lightness in OKLab rises linearly, while the
/// hue turns once from violet to yellow. It also reads in grey.
/// - Source: B. Ottosson, *A perceptual color space for image processing* (2020), for OKLab.
package enum ColourMap {
    /// The colours in the order of their numbers, 256 of them, all different.
    package static let colours: [Colour] = (0..<256).map { colour(Double($0) / 255) }

    /// The colour of `fraction`, which is cut to 0 to 1; what is no number is 0.
    package static func colour(of fraction: Double) -> Colour {
        guard fraction > 0 else { return colours[0] }
        return colours[Int((min(fraction, 1) * 255).rounded())]
    }

    private static func colour(_ fraction: Double) -> Colour {
        let lightness = 0.20 + 0.74 * fraction
        let hue = (292 - 184 * fraction) * Double.pi / 180
        // Screens cannot show every colour: some of these are a little paler than the others.
        var chroma = 0.115 + 0.05 * fraction * fraction * fraction
        var lights = linearLights(lightness, chroma, hue)
        while chroma > 0, lights.contains(where: { $0 < 0 || $0 > 1 }) {
            chroma -= 0.002
            lights = linearLights(lightness, max(0, chroma), hue)
        }
        let bytes = lights.map { UInt8((255 * encoded(min(max($0, 0), 1))).rounded()) }
        return Colour(bytes[0], bytes[1], bytes[2])
    }

    private static func linearLights(
        _ lightness: Double,
        _ chroma: Double,
        _ hue: Double
    ) -> [Double] {
        let (a, b) = (chroma * cos(hue), chroma * sin(hue))
        let long = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
        let medium = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
        let short = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
        return [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    }

    private static func cube(_ number: Double) -> Double { number * number * number }

    /// The light as sRGB encodes it.
    private static func encoded(_ light: Double) -> Double {
        light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
    }
}
