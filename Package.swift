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
    targets: [
        // Tier 0
        .target(name: "Primitives", swiftSettings: pure),
        .target(name: "Wire", dependencies: ["Primitives"], swiftSettings: pure),

        // Tests
        .testTarget(
            name: "PrimitivesTests",
            dependencies: ["Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "WireTests",
            dependencies: ["Primitives", "Wire"],
            exclude: ["Vectors"],
            swiftSettings: house
        ),
    ],
    swiftLanguageModes: [.v6]
)
