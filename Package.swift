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

        // Tier 2
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CZeroMQ"),
        .target(
            name: "Identity",
            dependencies: ["Primitives", "COpenSSL"],
            swiftSettings: house
        ),
        .target(
            name: "Transport",
            dependencies: ["Primitives", "CZeroMQ"],
            swiftSettings: house
        ),

        // Tests
        .testTarget(
            name: "PrimitivesTests",
            dependencies: ["Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "IdentityTests",
            dependencies: ["Identity", "Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: ["Transport", "Primitives", "CZeroMQ"],
            swiftSettings: house
        ),
    ],
    swiftLanguageModes: [.v6]
)
