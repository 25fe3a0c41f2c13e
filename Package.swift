// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target of this package.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Settings of the pure tiers and of the kernels: every unsafe construct is marked `unsafe`.
let pure: [SwiftSetting] = house + [.strictMemorySafety()]

let package = Package(
    name: "starling",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Tier 0
        .target(name: "Primitives", swiftSettings: pure),

        // Tier 1k
        .target(name: "Kernels", dependencies: ["Primitives"], swiftSettings: pure),

        // Tier 3
        .executableTarget(
            name: "starling",
            dependencies: [
                "Kernels",
                "Primitives",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house
        ),

        // Tests
        .testTarget(
            name: "PrimitivesTests",
            dependencies: ["Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "KernelsTests",
            dependencies: ["Kernels", "Primitives"],
            exclude: ["Cases"],
            swiftSettings: house
        ),
    ],
    swiftLanguageModes: [.v6]
)
